package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestCaseE2_MembersThatAreNoUsers(t *testing.T) {
	t.Parallel()
	t.Run("entra", func(t *testing.T) {
		t.Parallel()
		c := entra().companyOf(t, 10, []object{person("e1", "Ana", "Lopez")}, group("g-1", "Mixed",
			object{"@odata.type": "#microsoft.graph.device", "id": "d1"}, object{"@odata.type": "#microsoft.graph.servicePrincipal", "id": "s1"},
			"e1", object{"@odata.type": "#microsoft.graph.user", "id": "gone"}))
		run := c.configure(withGroups("g-1"))
		require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
		require.Equal(t, directory.Counts{Created: 1, GroupsCreated: 1, MembershipsAdded: 1, MembershipsSkipped: 3}, run.changed())
		require.Equal(t, []string{"ana.lopez@corp.example"}, c.membersOf("g-1"))
		require.Contains(t, run.note("members_skipped"), "gone", "who is listed and not there has a line")
		require.Equal(t, directory.Counts{}, parkless(without(c.succeeds().changed())))
	})
	t.Run("google", func(t *testing.T) {
		t.Parallel()
		c := google().companyOf(t, 10, []object{person("1", "Ana", "Lopez")}, group("g-1", "Mixed",
			object{"kind": "admin#directory#member", "id": "77", "email": "pat@partner.example", "type": "USER", "role": "MEMBER"},
			object{"kind": "admin#directory#member", "id": "1", "email": "ana.lopez@corp.example", "type": "USER", "role": "MEMBER", "status": "ACTIVE"}))
		run := c.configure(withGroups("g-1"))
		require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
		require.Equal(t, directory.Counts{Created: 1, GroupsCreated: 1, MembershipsAdded: 1, MembershipsSkipped: 1}, run.changed())
		require.Equal(t, []string{"ana.lopez@corp.example"}, c.membersOf("g-1"))
		require.NotContains(t, c.users(""), "pat@partner.example")
		require.Contains(t, run.note("members_skipped"), "77")
		require.NotContains(t, run.note("members_skipped"), "@")
	})
	t.Run("the whole customer", func(t *testing.T) {
		t.Parallel()
		c := google().companyOf(t, 10, append(crowd(2), person("e-9", "Sue", "Spended", object{"enabled": false})),
			group("g-1", "Everyone", object{"kind": "admin#directory#member", "id": "C01corp01", "role": "MEMBER", "type": "CUSTOMER"}))
		run := c.configure(withGroups("g-1"))
		require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
		require.Equal(t, []string{"pat.number00@corp.example", "pat.number01@corp.example"}, c.membersOf("g-1"), "all who are active, and they alone")

		c.edit(ofGroups("g-1"))
		require.Equal(t, directory.Counts{}, parkless(c.succeeds().changed()), "everybody is in scope")
		c.joins(person("e-3", "Cy", "Young"))
		c.succeeds()
		require.Len(t, c.membersOf("g-1"), 3)
	})
}

func TestCaseE3_GroupsAreKnownByTheirIDs(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.companyOf(t, 10, crowd(3), group("g-1", "Design", "e-00", "e-01"))
		c.configure(withGroups())
		before := c.groups()["g-1"]
		c.renames("g-1", "Design & Research")
		run := c.succeeds()
		require.Equal(t, directory.Counts{GroupsUpdated: 1}, run.changed(), "no membership is written")
		require.Equal(t, object{"name": "Design"}, c.groupChanges(run)["g-1"].Before)
		require.Equal(t, object{"name": "Design & Research"}, c.groupChanges(run)["g-1"].After)
		require.Equal(t, syncedGroup{ID: before.ID, Name: "Design & Research", SourceID: "g-1", Members: 2}, c.groups()["g-1"])
		require.Len(t, c.groups(), 1)

		c.forms(group("g-2", "Design & Research", "e-02"))
		require.Equal(t, directory.Counts{GroupsCreated: 1, MembershipsAdded: 1}, c.succeeds().changed())
		require.Equal(t, before.ID, c.groups()["g-1"].ID)
		require.Equal(t, []string{"pat.number00@corp.example", "pat.number01@corp.example"}, c.membersOf("g-1"))
		require.Equal(t, []string{"pat.number02@corp.example"}, c.membersOf("g-2"))
	})
}

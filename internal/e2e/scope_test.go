package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestA6_GroupsToChooseFromAreSearched(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.companyOf(t, 10, crowd(2), group("g-1", "Design", "e-00"), group("g-2", "Designated drivers"), group("g-3", "Sales"))
		found := func(search string) map[string]string {
			names := map[string]string{}
			all(c, "/v1/connections/"+c.connection+"/groups?search="+search, func(g syncedGroup) { names[g.ID] = g.Name })
			return names
		}
		require.Equal(t, map[string]string{"g-1": "Design", "g-2": "Designated drivers"}, found("design"))
		require.Len(t, found(""), 3)
		require.Empty(t, found("nowhere"))
		refusal := c.refused(http.StatusUnprocessableEntity, http.MethodPost, "/v1/configurations", c.settings(ofGroups("g-1", "g-404")))
		require.Len(t, refusal.Errors, 1)
		require.Equal(t, "scope.group_ids[1]", refusal.Errors[0].Field)
	})
}

func TestA6_PeopleOfChosenGroups(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.companyOf(t, 10, crowd(5), group("g-1", "Design", "e-00", "e-01"), group("g-2", "Sales", "e-01", "e-02"), group("g-3", "Others", "e-03"))
		run := c.configure(ofGroups("g-1", "g-2"))
		require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
		require.Equal(t, 3, run.Counts.Fetched)
		require.Equal(t, directory.Counts{Created: 3}, run.changed())
		require.Equal(t, []string{"pat.number00@corp.example", "pat.number01@corp.example", "pat.number02@corp.example"}, c.addresses())
		require.Empty(t, c.groups(), "groups are synced only when asked for")
	})
}

// Nested groups count for who is in scope and who is a member alike, when people come and when they
// stay.
func TestCaseE1_NestedGroups(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.companyOf(t, 10, []object{person("u1", "Uma", "One"), person("u2", "Uri", "Two"), person("u3", "Una", "Three")},
			group("A", "A", "B"), group("B", "B", "u1", "C"), group("C", "C", "u2", "A")) // in a circle, too
		c.requests()
		run := c.configure(ofGroups("A"), withGroups("A"))
		require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
		require.Equal(t, directory.Counts{Created: 2, GroupsCreated: 1, MembershipsAdded: 2}, without(run.changed()))
		everybody := []string{"uma.one@corp.example", "uri.two@corp.example"}
		require.Equal(t, everybody, c.addresses())
		require.Equal(t, everybody, c.membersOf("A"))
		require.Len(t, c.groups(), 1)
		for path := range c.requests() {
			require.NotContains(t, []string{v.users + "A", v.users + "B", v.users + "C"}, path, "a group is no person")
		}
		require.Equal(t, directory.Counts{}, without(c.succeeds().changed()))
		require.Equal(t, everybody, c.membersOf("A"))

		c.regroups("C")
		require.Equal(t, directory.Counts{Deactivated: 1}, without(c.succeeds().changed()))
		require.Equal(t, directory.Deactivated, c.user("uri.two@corp.example").Status)
	})
}

// without are counts without members that are no people: each provider lists other ones of them.
func without(counts directory.Counts) directory.Counts {
	counts.MembershipsSkipped = 0
	return counts
}

func TestA7_GroupsWithTheirMemberships(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.companyOf(t, 10, crowd(4), group("g-1", "Design", "e-00", "e-01"), group("g-2", "Sales", "e-01", "e-02"), group("g-3", "Empty"))
		run := c.configure(withGroups())
		require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
		require.Equal(t, directory.Counts{Created: 4, GroupsCreated: 3, MembershipsAdded: 4}, run.changed())
		require.Equal(t, []string{"pat.number00@corp.example", "pat.number01@corp.example"}, c.membersOf("g-1"))
		require.Equal(t, []string{"pat.number01@corp.example", "pat.number02@corp.example"}, c.membersOf("g-2"))
		require.Empty(t, c.membersOf("g-3"))
		require.Len(t, c.user("pat.number01@corp.example").Groups, 2)

		c.regroups("g-1", "e-01", "e-03")
		c.forms(group("g-4", "New", "e-00"))
		c.simulate(http.MethodDelete, "groups/g-3", nil)
		run = c.succeeds()
		require.Equal(t, directory.Counts{GroupsCreated: 1, GroupsDeleted: 1, MembershipsAdded: 2, MembershipsRemoved: 1}, run.changed())
		require.Equal(t, []string{"pat.number01@corp.example", "pat.number03@corp.example"}, c.membersOf("g-1"))
		require.Equal(t, []string{"pat.number00@corp.example"}, c.membersOf("g-4"))
		require.NotContains(t, c.groups(), "g-3")
		require.Equal(t, directory.ActionCreate, c.groupChanges(run)["g-4"].Action)
		require.Equal(t, "New", c.groupChanges(run)["g-4"].After["name"])
		require.Equal(t, directory.ActionDelete, c.groupChanges(run)["g-3"].Action)
		require.Equal(t, directory.Counts{}, c.succeeds().changed())
	})
}

func TestA7_TheScopeFillsTheListWhichStaysEditable(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.companyOf(t, 10, crowd(3), group("g-1", "Design", "e-00", "e-01"), group("g-2", "Sales", "e-01", "e-02"))
		c.configure(ofGroups("g-1"), withGroups())
		require.Equal(t, []string{"g-1"}, c.saved().Groups.GroupIDs, "choosing groups for the scope fills the list")
		require.Len(t, c.membersOf("g-1"), 2)

		c.edit(withGroups("g-2"))
		require.Equal(t, []string{"g-2"}, c.saved().Groups.GroupIDs)
		require.Equal(t, []string{"g-1"}, c.saved().Scope.GroupIDs)
		require.Equal(t, directory.Counts{GroupsCreated: 1, GroupsDeleted: 1, MembershipsAdded: 1, MembershipsRemoved: 2}, parkless(c.succeeds().changed()))
		require.Equal(t, []string{"pat.number01@corp.example"}, c.membersOf("g-2"), "who is out of scope is not in the account")
		require.NotContains(t, c.groups(), "g-1")
	})
}

// parkless are counts without who waits to join a group.
func parkless(counts directory.Counts) directory.Counts {
	counts.MembershipsParked = 0
	return counts
}

func TestF10_WhoIsParkedJoinsWhenTheScopeWidens(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.companyOf(t, 10, crowd(3), group("g-1", "Design", "e-00"), group("g-2", "Everybody", "e-00", "e-01", "e-02"))
		run := c.configure(ofGroups("g-1"), withGroups("g-2"))
		require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
		require.Equal(t, directory.Counts{Created: 1, GroupsCreated: 1, MembershipsAdded: 1, MembershipsParked: 2}, run.changed())
		require.Equal(t, 2, c.groups()["g-2"].Parked)
		require.Equal(t, []string{"pat.number00@corp.example"}, c.membersOf("g-2"))

		c.edit(ofGroups("g-1", "g-2"))
		require.Equal(t, directory.Counts{Created: 2, MembershipsAdded: 2}, c.succeeds().changed())
		require.Len(t, c.membersOf("g-2"), 3)
		require.Zero(t, c.groups()["g-2"].Parked)
	})
}

// Who cannot be taken over is parked too, and joins as soon as the record is right.
func TestF10_WhoseRecordHadAnErrorJoinsOnceItIsRight(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.companyOf(t, 10, []object{person("e-00", "Pat", "Number00"), person("e-01", "Li", "Noname", object{"last": nil})}, group("g-1", "Design", "e-00", "e-01"))
		run := c.configure(withGroups("g-1"))
		require.Equal(t, directory.RunPartialSuccess, run.Status, run.Reason)
		require.Equal(t, directory.Counts{Created: 1, Failed: 1, GroupsCreated: 1, MembershipsAdded: 1, MembershipsParked: 1}, run.changed())
		c.edits("e-01", object{"last": "Named"})
		require.Equal(t, directory.Counts{Created: 1, MembershipsAdded: 1}, c.succeeds().changed())
		require.Len(t, c.membersOf("g-1"), 2)
	})
}

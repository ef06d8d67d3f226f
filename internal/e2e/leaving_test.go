package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestA14_WhoIsGoneFromTheDirectory(t *testing.T) {
	for preference, want := range map[string]struct {
		counts directory.Counts
		action directory.Action
		status directory.UserStatus
	}{
		"deactivate": {directory.Counts{Deactivated: 1}, directory.ActionDeactivate, directory.Deactivated},
		"delete":     {directory.Counts{Deleted: 1}, directory.ActionDelete, directory.Deleted},
	} {
		t.Run(preference, func(t *testing.T) {
			onBoth(t, func(t *testing.T, v vendor) {
				c := v.company(t, person("e-1", "Ana", "Lopez"), person("e-2", "Bo", "Nilsson"))
				c.configure(object{"on_source_delete": preference})
				id := c.user("ana.lopez@corp.example").ID
				c.accept("ana.lopez@corp.example")
				c.leaves("e-1")
				run := c.succeeds()
				require.Equal(t, want.counts, run.changed())
				gone := c.changes(run)["e-1"]
				require.Equal(t, want.action, gone.Action)
				require.Equal(t, id, gone.Subject.ID)
				require.Equal(t, object{"status": "active"}, gone.Before)
				require.Equal(t, object{"status": string(want.status)}, gone.After)
				require.Equal(t, map[directory.UserStatus]int{directory.Invited: 1, want.status: 1}, c.statuses())
				require.Equal(t, directory.Counts{}, c.succeeds().changed())

				c.joins(person("e-1", "Ana", "Lopez"))
				require.Equal(t, directory.Counts{Reactivated: 1}, c.succeeds().changed())
				require.Equal(t, id, c.user("ana.lopez@corp.example").ID)
				require.Equal(t, directory.Active, c.user("ana.lopez@corp.example").Status)
			})
		})
	}
}

func TestA14_WhoLeavesTheScopeCountsAsDeleted(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.companyOf(t, 10, crowd(3), group("g-1", "Staff", "e-00", "e-01", "e-02"))
		c.configure(ofGroups("g-1"), object{"on_source_delete": "delete"})
		c.regroups("g-1", "e-00", "e-01")
		require.Equal(t, directory.Counts{Deleted: 1}, c.succeeds().changed())
		require.Equal(t, map[directory.UserStatus]int{directory.Invited: 2, directory.Deleted: 1}, c.statuses())
		c.regroups("g-1", "e-00", "e-01", "e-02")
		require.Equal(t, directory.Counts{Reactivated: 1}, c.succeeds().changed())
	})
}

func TestA14_DisabledAndEnabledAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("e-1", "Ana", "Lopez"), person("e-2", "Bo", "Nilsson"))
		c.configure(object{"on_source_delete": "delete"})
		ana := c.user("ana.lopez@corp.example")
		c.accept(ana.Email)

		c.edits("e-1", object{"enabled": false})
		out := c.succeeds()
		require.Equal(t, directory.Counts{Deactivated: 1}, out.changed())
		require.Equal(t, directory.Deactivated, c.user(ana.Email).Status, "deactivated whatever the setting says")
		require.Equal(t, object{"status": "active"}, c.changes(out)["e-1"].Before)
		require.Equal(t, object{"status": "deactivated"}, c.changes(out)["e-1"].After)

		c.edits("e-1", object{"enabled": true, "last": "Ruiz"})
		back := c.succeeds()
		require.Equal(t, directory.Counts{Reactivated: 1}, back.changed())
		require.Equal(t, directory.ActionReactivate, c.changes(back)["e-1"].Action)
		require.Equal(t, object{"status": "deactivated", "last_name": "Lopez"}, c.changes(back)["e-1"].Before)
		require.Equal(t, object{"status": "active", "last_name": "Ruiz"}, c.changes(back)["e-1"].After)
		require.Equal(t, ana.ID, c.user(ana.Email).ID)
		require.Equal(t, directory.Active, c.user(ana.Email).Status)
	})
}

func TestCaseD2_DisabledPeople(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		people := []object{
			person("e-1", "Ana", "Lopez"), person("e-2", "Bo", "Nilsson"),
			person("e-3", "Nick", "Never", object{"enabled": false}),
			person("e-8", "Ex", "Colleague", object{"enabled": false, "email": "x@corp.example"}), person("e-9", "New", "Colleague", object{"email": "x@corp.example"}),
			person("e-10", "Yan", "One", object{"email": "y@corp.example"}), person("e-11", "Yan", "Two", object{"email": "Y@corp.example"}),
		}
		if v.provider == directory.Google {
			people[2] = person("e-3", "Nick", "Never", object{"archived": true})
		}
		c := v.company(t, people...)
		run := c.configure()
		require.Equal(t, directory.RunPartialSuccess, run.Status, run.Reason)
		require.Equal(t, directory.Counts{Fetched: 7, Created: 4, Unchanged: 1, Failed: 2}, run.Counts)
		changes := c.changes(run)
		for _, id := range []string{"e-10", "e-11"} {
			require.Equal(t, directory.ActionError, changes[id].Action)
			require.Len(t, changes[id].Problems, 1)
			require.Contains(t, changes[id].Problems[0].Message, "belongs to 2 people")
		}
		require.Equal(t, "New", c.user("x@corp.example").FirstName)
		require.Equal(t, directory.Deactivated, c.user("nick.never@corp.example").Status)
		c.invitation("ana.lopez@corp.example")
		require.NotContains(t, c.invitations(), "nick.never@corp.example")

		byHand := c.user("bo.nilsson@corp.example")
		c.call(http.MethodPost, "/v1/users/"+byHand.ID+"/deactivate", nil, nil)
		c.edits("e-2", object{"last": "Nilson"})
		c.syncNow()
		now := c.user("bo.nilsson@corp.example")
		require.Equal(t, directory.Deactivated, now.Status, "whom an admin took out, no sync brings back")
		require.Equal(t, "Nilson", now.LastName)
	})
}

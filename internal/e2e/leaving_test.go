package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestA14_WhoIsGoneFromTheDirectory(t *testing.T) {
	t.Parallel()
	for preference, want := range map[string]struct {
		counts directory.Counts
		action directory.Action
		status directory.UserStatus
	}{
		"deactivate": {directory.Counts{Fetched: 1, Unchanged: 1, Deactivated: 1}, directory.ActionDeactivate, directory.Deactivated},
		"delete":     {directory.Counts{Fetched: 1, Unchanged: 1, Deleted: 1}, directory.ActionDelete, directory.Deleted},
	} {
		t.Run(preference, func(t *testing.T) {
			t.Parallel()
			c := newCompany(t, person("e-1", "Ana", "Lopez"), person("e-2", "Bo", "Nilsson"))
			c.configure(object{"on_source_delete": preference})
			id := c.user("ana.lopez@corp.example").ID
			c.accept("ana.lopez@corp.example")
			c.simulate(http.MethodDelete, "users/e-1", nil)
			run := c.syncNow()
			require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
			require.Equal(t, want.counts, run.Counts)
			gone := c.changes(run)["e-1"]
			require.Equal(t, want.action, gone.Action)
			require.Equal(t, id, gone.Subject.ID)
			require.Equal(t, object{"status": "active"}, gone.Before)
			require.Equal(t, object{"status": string(want.status)}, gone.After)
			require.Equal(t, map[directory.UserStatus]int{directory.Invited: 1, want.status: 1}, c.statuses())
			require.Equal(t, directory.Counts{Fetched: 1, Unchanged: 1}, c.syncNow().Counts)

			c.simulate(http.MethodPost, "users", person("e-1", "Ana", "Lopez"))
			back := c.syncNow()
			require.Equal(t, directory.Counts{Fetched: 2, Unchanged: 1, Reactivated: 1}, back.Counts)
			require.Equal(t, id, c.user("ana.lopez@corp.example").ID)
			require.Equal(t, directory.Active, c.user("ana.lopez@corp.example").Status)
		})
	}
}

func TestA14_DisabledAndEnabledAgain(t *testing.T) {
	t.Parallel()
	c := newCompany(t, person("e-1", "Ana", "Lopez"), person("e-2", "Bo", "Nilsson"))
	c.configure(object{"on_source_delete": "delete"})
	ana := c.user("ana.lopez@corp.example")
	c.accept(ana.Email)

	c.simulate(http.MethodPatch, "users/e-1", object{"accountEnabled": false})
	out := c.syncNow()
	require.Equal(t, directory.Counts{Fetched: 2, Unchanged: 1, Deactivated: 1}, out.Counts)
	require.Equal(t, directory.Deactivated, c.user(ana.Email).Status, "deactivated whatever the setting says")
	require.Equal(t, object{"status": "active"}, c.changes(out)["e-1"].Before)
	require.Equal(t, object{"status": "deactivated"}, c.changes(out)["e-1"].After)

	c.simulate(http.MethodPatch, "users/e-1", object{"accountEnabled": true, "surname": "Ruiz"})
	back := c.syncNow()
	require.Equal(t, directory.Counts{Fetched: 2, Unchanged: 1, Reactivated: 1}, back.Counts)
	require.Equal(t, directory.ActionReactivate, c.changes(back)["e-1"].Action)
	require.Equal(t, object{"status": "deactivated", "last_name": "Lopez"}, c.changes(back)["e-1"].Before)
	require.Equal(t, object{"status": "active", "last_name": "Ruiz"}, c.changes(back)["e-1"].After)
	require.Equal(t, ana.ID, c.user(ana.Email).ID)
	require.Equal(t, directory.Active, c.user(ana.Email).Status)
}

func TestCaseD2_DisabledPeople(t *testing.T) {
	t.Parallel()
	c := newCompany(t,
		person("e-1", "Ana", "Lopez"), person("e-2", "Bo", "Nilsson"),
		person("e-3", "Nick", "Never", object{"accountEnabled": false}),
		person("e-8", "Ex", "Colleague", object{"accountEnabled": false, "mail": "x@corp.example"}), person("e-9", "New", "Colleague", object{"mail": "x@corp.example"}),
		person("e-10", "Yan", "One", object{"mail": "y@corp.example"}), person("e-11", "Yan", "Two", object{"mail": "Y@corp.example"}))
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
	c.simulate(http.MethodPatch, "users/e-2", object{"surname": "Nilson"})
	c.syncNow()
	now := c.user("bo.nilsson@corp.example")
	require.Equal(t, directory.Deactivated, now.Status, "whom an admin took out, no sync brings back")
	require.Equal(t, "Nilson", now.LastName)
}

package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestF9_RestoredFromTheRecycleBin(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.companyOf(t, 10, crowd(3), group("g-1", "Design", "e-00", "e-01"))
		c.configure(withGroups(), object{"on_source_delete": "delete"})
		ana, bo := c.user("pat.number00@corp.example"), c.user("pat.number01@corp.example")
		c.accept(ana.Email)
		c.leaves("e-00")
		c.leaves("e-01")
		require.Equal(t, directory.Counts{Deleted: 2}, c.succeeds().changed())
		require.NotContains(t, c.users(""), ana.Email, "deleted users are listed only when asked for")
		require.Len(t, c.users("status=deleted"), 2)
		require.Empty(t, c.membersOf("g-1"))

		c.call(http.MethodPost, "/v1/users/"+ana.ID+"/restore", nil, nil)
		now := c.user(ana.Email)
		require.Equal(t, ana.ID, now.ID)
		require.Equal(t, directory.Active, now.Status)
		require.Equal(t, ana.Groups, now.Groups, "with the groups of before")
		c.refused(http.StatusConflict, http.MethodPost, "/v1/users/"+ana.ID+"/restore", nil)

		c.call(http.MethodPost, "/v1/users/"+bo.ID+"/restore", nil, nil)
		require.Equal(t, directory.Invited, c.user(bo.Email).Status)
		c.await("a second invitation", func() bool { return len(c.invitations()[bo.Email]) == 2 })
		require.Equal(t, directory.Counts{}, c.syncAll().changed(), "the sync leaves alone whom an admin restored")
		require.Equal(t, directory.Active, c.user(ana.Email).Status)

		c.joins(person("e-00", "Pat", "Number00"))
		require.Equal(t, directory.Counts{Adopted: 1}, without(c.succeeds().changed()), "who comes back is known by their address")
		require.Equal(t, ana.ID, c.user(ana.Email).ID)
	})
}

func TestF9_AnAddressThatIsTakenMeanwhile(t *testing.T) {
	t.Parallel()
	c := newCompany(t, person("1001", "Sam", "Old", object{"email": "sam@corp.example"}), person("e-1", "Ana", "Lopez"))
	c.configure(object{"on_source_delete": "delete"})
	old := c.user("sam@corp.example")
	c.leaves("1001")
	c.joins(person("2002", "Sam", "New", object{"email": "sam@corp.example"}))
	require.Equal(t, directory.Counts{Created: 1, Deleted: 1}, c.succeeds().changed())
	require.Equal(t, "address_taken", c.refused(http.StatusConflict, http.MethodPost, "/v1/users/"+old.ID+"/restore", nil).Code)
}

func TestF9_PurgedAfterTheDaysOfTheAccount(t *testing.T) {
	t.Parallel()
	c := newGoogleCompany(t, crowd(3)...)
	c.configure(object{"on_source_delete": "delete"})
	c.call(http.MethodPatch, "/v1/account", object{"recycle_bin_days": 10}, nil)
	old, recent := c.user("pat.number00@corp.example"), c.user("pat.number01@corp.example")
	c.leaves("e-00")
	c.leaves("e-01")
	c.succeeds()
	for id, days := range map[string]int{old.ID: 11, recent.ID: 9} {
		_, err := c.database().ExecContext(t.Context(), `UPDATE users SET deleted_at = now() - $2 * interval '1 day' WHERE id = $1`, id, days)
		require.NoError(t, err)
	}
	plain := c.temporal()
	maintenance, err := plain.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "maintenance/" + c.account.ID, TaskQueue: "rollcall"}, "Maintenance")
	require.NoError(t, err)
	c.await("the purge", func() bool { return len(c.users("status=deleted")) == 1 })
	require.NoError(t, plain.TerminateWorkflow(t.Context(), maintenance.GetID(), "", "the round is over"))
	c.refused(http.StatusNotFound, http.MethodGet, "/v1/users/"+old.ID, nil)
	require.Equal(t, directory.Deleted, c.userByID(recent.ID).Status)

	c.joins(person("e-00", "Pat", "Number00"))
	require.Equal(t, directory.Counts{Created: 1}, c.succeeds().changed(), "who was purged is somebody new")
}

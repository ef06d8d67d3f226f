package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const (
	listOfUsers   = "/v1.0/users"
	listOfChanges = "/v1.0/users/delta"
)

func TestCaseA2_OnlyWhoChangedIsRead(t *testing.T) {
	t.Parallel()
	c := newCompany(t, crowd(5)...)
	first := c.configure()
	require.Equal(t, directory.FullRead, first.Mode)

	c.requests()
	c.edits("e-00", object{"last": "Newname"})
	c.leaves("e-01")
	c.joins(person("e-9", "Cy", "Young"))
	run := c.succeeds()
	require.Equal(t, directory.Incremental, run.Mode)
	require.Equal(t, directory.Counts{Fetched: 2, Created: 1, Updated: 1, Deactivated: 1}, run.Counts)
	asked := c.requests()
	require.Zero(t, asked[listOfUsers], "the list is not read")
	require.Equal(t, 1, asked[listOfChanges])
	require.Equal(t, 1, asked["/v1.0/users/e-01"], "who is told to be removed is looked up before they are taken out")
	require.Zero(t, asked["/v1.0/users/e-02"])
	require.Equal(t, directory.Deactivated, c.user("pat.number01@corp.example").Status)

	run = c.succeeds()
	require.Equal(t, directory.Incremental, run.Mode)
	require.Equal(t, directory.Counts{}, run.Counts)
	require.Equal(t, 5, len(c.users("status=invited")), "absence from the changes is no deletion")
	require.Equal(t, directory.Incremental, c.succeeds().Mode)
	run = c.succeeds()
	require.Equal(t, directory.FullRead, run.Mode, "every fourth run reads everybody")
	require.Equal(t, directory.Counts{Fetched: 5, Unchanged: 5}, run.Counts)
	require.Equal(t, directory.Incremental, c.succeeds().Mode)
}

func TestCaseA2_AnExpiredLinkIsFollowedByAFullRead(t *testing.T) {
	t.Parallel()
	c := newCompany(t, crowd(3)...)
	c.configure()
	c.edits("e-00", object{"last": "Newname"})
	c.leaves("e-02")
	run := c.syncAll()
	require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
	require.Equal(t, directory.FullRead, run.Mode)
	require.Equal(t, directory.Counts{Fetched: 2, Updated: 1, Unchanged: 1, Deactivated: 1}, run.Counts)
	require.Contains(t, run.note("full_resync"), "full resync")
	require.Len(t, c.runs(), 2, "in the same run")
	require.Equal(t, directory.Incremental, c.succeeds().Mode)
}

// A link is kept after all of its run was taken over, and only then.
func TestCaseA2_TheLinkIsOfTheLastGoodRun(t *testing.T) {
	t.Parallel()
	c := newCompany(t, crowd(3)...)
	c.configure()
	c.edits("e-00", object{"last": "Newname"})
	c.fault(object{"path": "^" + listOfUsers + "/e-00", "status": 403})
	failed := c.syncNow()
	require.Equal(t, directory.RunFailure, failed.Status, failed.Reason)
	require.Equal(t, "Number00", c.user("pat.number00@corp.example").LastName)
	c.calm()
	run := c.succeeds()
	require.Equal(t, directory.FullRead, run.Mode)
	require.Equal(t, directory.Counts{Fetched: 3, Updated: 1, Unchanged: 2}, run.Counts)
	require.Equal(t, "Newname", c.user("pat.number00@corp.example").LastName)

	stale := `UPDATE configurations SET changes_at = now() - interval '5 days 1 hour' WHERE id = $1`
	_, err := c.database().ExecContext(t.Context(), stale, c.sync)
	require.NoError(t, err)
	require.Equal(t, directory.FullRead, c.succeeds().Mode, "a link older than five days is not used")

	c.edit(object{"on_source_delete": "delete"})
	require.Equal(t, directory.FullRead, c.succeeds().Mode, "nor is one of other settings")
}

// Removed and restored between two runs, and told twice: what counts is what the directory says now.
func TestCaseA2_WhoWasToldToBeRemovedAndIsThere(t *testing.T) {
	t.Parallel()
	c := newCompany(t, crowd(2)...)
	c.configure()
	c.leaves("e-01")
	c.joins(person("e-01", "Pat", "Number01"))
	run := c.succeeds()
	require.Equal(t, directory.Incremental, run.Mode)
	require.Equal(t, directory.Counts{}, run.changed())
	require.Equal(t, map[directory.UserStatus]int{directory.Invited: 2}, c.statuses())
}

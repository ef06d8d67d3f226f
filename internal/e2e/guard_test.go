package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestF2_TooManyRemovalsWaitForApproval(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, crowd(40)...)
		c.configure(guarded(500, 20))
		c.serve(crowd(30))
		all := map[directory.UserStatus]int{directory.Invited: 40}

		run := c.held()
		require.Contains(t, run.Reason, "10 of 40")
		require.Equal(t, all, c.statuses())
		told := c.notices(directory.NoticeRunHeld)
		require.Len(t, told, 1)
		require.Equal(t, run.ID, told[0].RunID)
		require.Contains(t, told[0].Message, "10 of 40")
		mail := c.mailed(owner, 1)[0]
		require.Contains(t, mail.Subject, "awaits approval")
		require.Contains(t, mail.Text, "10 of 40")

		run = c.decide(run, "reject")
		require.Equal(t, directory.RunCancelled, run.Status)
		require.Equal(t, all, c.statuses(), "rejected, all stay")
		require.Equal(t, directory.OutcomeRejected, c.changes(run)["e-39"].Outcome)

		run = c.decide(c.held(), "approve")
		require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
		require.Equal(t, directory.Counts{Deactivated: 10}, run.changed())
		require.Equal(t, map[directory.UserStatus]int{directory.Invited: 30, directory.Deactivated: 10}, c.statuses())
		require.Len(t, c.notices(directory.NoticeRunHeld), 2)
	})
}

func TestF2_TheGuardHasANumberToo(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, crowd(12)...)
		c.configure(guarded(2, 100))
		c.serve(crowd(9))
		run := c.held()
		require.Contains(t, run.Reason, "3 of 12")
		c.edit(guarded(3, 100))
		require.Equal(t, directory.RunCancelled, c.decide(run, "reject").Status)
		require.Equal(t, directory.Counts{Deactivated: 3}, c.succeeds().changed())
	})
}

// Three people a run are few each time, and too many together: 9 of the 40 of the window's beginning.
func TestF12_ASlowLeakTripsTheGuard(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, crowd(40)...)
		c.configure(guarded(500, 20))
		for _, left := range []int{37, 34} {
			c.serve(crowd(left))
			require.Equal(t, directory.Counts{Deactivated: 3}, c.succeeds().changed())
		}
		c.serve(crowd(31))
		run := c.held()
		require.Contains(t, run.Reason, "3 of 34")
		require.Contains(t, run.Reason, "after 6 in the 7 days before")
		require.Equal(t, directory.RunSuccess, c.decide(run, "approve").Status)

		c.serve(crowd(30))
		require.Equal(t, directory.Counts{Deactivated: 1}, c.succeeds().changed(), "what an admin approved does not count again")
	})
}

package store_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// F8: who is missing is looked up; who is there after all is an error of that record.
func TestF8MissingPeopleAreLookedUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	records := people(6)
	b.sync(records...)
	run := b.openRun(directory.KindSync)
	_, err := b.store.StagePage(ctx, stagePage(run, "", "p2", records[:1]...))
	require.NoError(t, err)
	missing, _, err := b.store.Missing(ctx, run)
	require.NoError(t, err)
	require.Zero(t, missing, "nobody is missing while pages are to come")
	_, err = b.store.StagePage(ctx, stagePage(run, "p2", "", records[1:3]...))
	require.NoError(t, err)
	missing, _, err = b.store.Missing(ctx, run)
	require.NoError(t, err)
	require.Equal(t, 3, missing)
	ids, err := b.store.MissingIDs(ctx, run, 2)
	require.NoError(t, err)
	require.Equal(t, []string{"id-000003", "id-000004"}, ids)

	require.NoError(t, b.store.SetStage(ctx, run, directory.StageVerify, 3))
	absences := map[string]directory.Absence{"id-000003": directory.AbsenceGone, "id-000004": directory.AbsencePresent, "stranger": directory.AbsenceGone}
	for range 2 {
		require.NoError(t, b.store.StageAbsences(ctx, run, absences))
	}
	ids, err = b.store.MissingIDs(ctx, run, 2)
	require.NoError(t, err)
	require.Equal(t, []string{"id-000005"}, ids)

	told := map[string]directory.Absence{}
	_, err = b.store.Plan(ctx, run, func(c reconcile.Candidate) reconcile.Decision { return reconcile.Decide(c, b.settings) },
		func(m reconcile.Missing) reconcile.Decision {
			told[m.SourceID] = m.Absence
			return reconcile.DecideMissing(m, b.settings)
		}, func(int) {})
	require.NoError(t, err)
	require.Equal(t, map[string]directory.Absence{
		"id-000003": directory.AbsenceGone, "id-000004": directory.AbsencePresent, "id-000005": directory.AbsenceUnverified}, told)
	require.NoError(t, b.store.StageAbsences(ctx, run, map[string]directory.Absence{"id-000005": directory.AbsencePresent}))
	closed := b.settle(run)
	require.Equal(t, directory.RunPartialSuccess, closed.Status)
	require.Equal(t, []int{2, 1}, []int{closed.Counts.Deactivated, closed.Counts.Failed})
	require.Equal(t, reconcile.CodeStillThere, b.changes(run)[0].Problems[0].Code)
	require.Equal(t, directory.Invited, b.userOf("id-000004").Status)
	require.Equal(t, 2, b.count(`SELECT count(*) FROM links WHERE absent`))
	requireCode(t, b.store.StageAbsences(ctx, uuid.NewString(), absences), directory.KindNotFound, "not_found")

	// They are there again: no trace of the absence is left.
	b.sync(records...)
	require.Zero(t, b.count(`SELECT count(*) FROM links WHERE absent`))
	require.Zero(t, b.count(`SELECT count(*) FROM staged_absent`))
}

// Whom a run would not take out needs no looking up.
func TestF8OnlyWhoWouldGoIsLookedUp(t *testing.T) {
	t.Parallel()
	for onDelete, want := range map[directory.OnSourceDelete][]int{directory.DeactivateUser: {1, 1}, directory.DeleteUser: {1, 2}} {
		t.Run(string(onDelete), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.edit(func(s *directory.Settings) { s.OnSourceDelete = onDelete })
			b.sync(disabled(person("1", "a@corp.example")), person("2", "b@corp.example"), person("3", "c@corp.example"))
			run := b.openRun(directory.KindSync)
			b.stage(run, person("2", "b@corp.example"))
			in, all, err := b.store.Missing(t.Context(), run)
			require.NoError(t, err)
			require.Equal(t, want, []int{in, all})
			ids, err := b.store.MissingIDs(t.Context(), run, 10)
			require.NoError(t, err)
			require.Len(t, ids, all)
		})
	}
}

// F8: who is out, whom the guard does not count, is deleted when they were looked up alone.
func TestF8NobodyIsDeletedUnseenWhomTheGuardDoesNotCount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.edit(func(s *directory.Settings) { s.OnSourceDelete = directory.DeleteUser })
	b.settings.OnSourceDelete = directory.DeleteUser
	left := disabled(person("1", "a@corp.example"))
	b.sync(left, person("2", "b@corp.example"), person("3", "c@corp.example"))

	run := b.openRun(directory.KindSync)
	b.stage(run, person("2", "b@corp.example"))
	require.Equal(t, store.PlanSummary{Unchanged: 1, Changes: 1, Removals: 1, Linked: 2}, b.plan(run), "the guard counts all who would be deleted")
	b.settle(run)
	require.Equal(t, directory.Deactivated, b.userOf("1").Status)
	require.Equal(t, directory.Deleted, b.userOf("3").Status)

	run = b.openRun(directory.KindSync)
	b.stage(run, person("2", "b@corp.example"))
	require.NoError(t, b.store.StageAbsences(t.Context(), run, map[string]directory.Absence{"1": directory.AbsenceGone}))
	b.settle(run)
	require.Equal(t, directory.Deleted, b.userOf("1").Status)
}

// An admin's word on somebody stands, also when the directory lost them after it had disabled them.
func TestWhoAnAdminActivatesStaysThoughTheDirectoryLostThem(t *testing.T) {
	t.Parallel()
	for _, onDelete := range []directory.OnSourceDelete{directory.DeactivateUser, directory.DeleteUser} {
		t.Run(string(onDelete), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			ctx := t.Context()
			b.edit(func(s *directory.Settings) { s.OnSourceDelete = onDelete })
			b.settings.OnSourceDelete = onDelete
			others := people(3)
			b.sync(append(others, person("1", "ana@corp.example"))...)
			b.sync(append(others, disabled(person("1", "ana@corp.example")))...)
			ana := b.userOf("1")
			require.Equal(t, directory.Deactivated, ana.Status)
			require.Zero(t, b.count(`SELECT count(*) FROM links WHERE absent`), "disabled is not absent")

			preview := b.openRun(directory.KindPreview)
			b.stage(preview, others...)
			b.plan(preview)
			require.Zero(t, b.count(`SELECT count(*) FROM links WHERE absent`), "a preview notes nothing")
			run := b.openRun(directory.KindSync)
			b.stage(run, others...)
			if onDelete == directory.DeleteUser {
				require.NoError(t, b.store.StageAbsences(ctx, run, map[string]directory.Absence{"1": directory.AbsenceGone}))
			}
			b.settle(run)
			require.Equal(t, 1, b.count(`SELECT count(*) FROM links WHERE absent AND source_id = '1'`))
			if onDelete == directory.DeleteUser {
				_, err := b.store.RestoreUser(ctx, b.account.ID, ana.ID)
				require.NoError(t, err)
			}
			_, err := b.store.ActivateUser(ctx, b.account.ID, ana.ID)
			require.NoError(t, err)
			for range 2 {
				require.Equal(t, directory.Counts{Fetched: 3, Unchanged: 3}, b.sync(others...).Counts)
				require.Equal(t, directory.Active, b.status(ana.ID))
			}

			// Back in the directory, they are found by their address.
			b.sync(append(others, person("1", "ana@corp.example"))...)
			require.Equal(t, ana.ID, b.userOf("1").ID)
		})
	}
}

// F12: removals of past runs count until an admin approves.
func TestF12RecentRemovals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.sync(people(20)...)
	recent := func(left int) int {
		run := b.openRun(directory.KindPreview)
		b.stage(run, people(left)...)
		recent := b.plan(run).Recent
		_, err := b.store.CloseRun(ctx, run, "", "")
		require.NoError(t, err)
		return recent
	}
	require.Zero(t, recent(20))
	b.sync(people(18)...)
	b.sync(people(17)...)
	require.Equal(t, 3, recent(10), "a preview removes nobody, and sees what was")
	require.Equal(t, 3, recent(17))

	run := b.openRun(directory.KindSync)
	b.stage(run, people(7)...)
	require.Equal(t, store.PlanSummary{Unchanged: 7, Changes: 10, Removals: 10, Linked: 17, Recent: 3}, b.plan(run))
	require.NoError(t, b.store.HoldRun(ctx, run, directory.RunAwaitingApproval, "Too many.", ""))
	require.NoError(t, b.store.HoldRun(ctx, run, directory.RunRunning, "", "Ann Admin"))
	b.apply(run, 100)
	_, err := b.store.CloseRun(ctx, run, "", "")
	require.NoError(t, err)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM runs WHERE approved_by = 'Ann Admin' AND approved_at IS NOT NULL AND removals = 10`))
	require.Equal(t, 3, recent(7), "what was approved does not count again")

	_, err = b.db.Exec(`UPDATE runs SET finished_at = now() - interval '8 days' WHERE removals = 2`)
	require.NoError(t, err)
	require.Equal(t, 1, recent(7), "without a window of its own, seven days")
	b.edit(func(s *directory.Settings) { s.Guard.WindowDays = 9 })
	require.Equal(t, 3, recent(7))
}

package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// openOf opens a run that is of another one.
func (b *bench) openOf(kind directory.RunKind, trigger directory.Trigger, of string) (string, error) {
	b.t.Helper()
	b.runs++
	id := uuid.NewString()
	_, err := b.store.OpenRun(b.t.Context(), store.NewRun{ID: id, ConfigurationID: b.config.ID, Number: b.runs, Kind: kind, Trigger: trigger, OfRun: of,
		RequestedBy: "A test", WorkflowID: "w", WorkflowRunID: "r"})
	return id, err
}

func (b *bench) rerun(of string) string {
	b.t.Helper()
	id, err := b.openOf(directory.KindSync, directory.TriggerRerun, of)
	require.NoError(b.t, err)
	require.NoError(b.t, b.store.TakeOver(b.t.Context(), id))
	return id
}

// stagedBy counts what a run has staged, by table.
func (b *bench) stagedBy(run string) map[string]int {
	b.t.Helper()
	out := map[string]int{}
	for _, table := range []string{"staged_users", "staged_absent", "staged_members", "staged_groups", "fetched_pages"} {
		out[table] = b.count(`SELECT count(*) FROM `+table+` WHERE run_id = $1`, run)
	}
	return out
}

func (b *bench) progress(run string) store.FetchProgress {
	b.t.Helper()
	progress, err := b.store.FetchProgress(b.t.Context(), run)
	require.NoError(b.t, err)
	return progress
}

func (b *bench) fail(run string) {
	b.t.Helper()
	b.closeAs(run, directory.RunFailure, "The database did not answer.")
}

// failWhileApplying is a run that read seven people and a group, and failed after it had brought in four.
func (b *bench) failWhileApplying() (run string, began time.Time) {
	b.t.Helper()
	ctx := b.t.Context()
	b.firstSync(people(2)...)
	run = b.openRun(directory.KindSync)
	b.stageGroups(run, synced("g-1", "Design", "id-000001", "id-000006"))
	require.NoError(b.t, b.store.BeginRead(ctx, run, fullRead(deltaLink+"2")))
	require.NoError(b.t, b.store.SetStage(ctx, run, directory.StageFetch, 7))
	b.stage(run, people(7)[1:]...)
	require.NoError(b.t, b.store.StageAbsences(ctx, run, map[string]directory.Absence{"id-000000": directory.AbsenceGone}))
	require.False(b.t, b.progress(run).Ended)
	require.NoError(b.t, b.store.SetStage(ctx, run, directory.StagePlan, 6))
	b.plan(run)
	b.applyStep(run, reconcile.StepPresent, 4)
	b.fail(run)
	require.NoError(b.t, b.db.Get(&began, `UPDATE runs SET read_since = now() - interval '2 hours' WHERE id = $1 RETURNING read_since`, run))
	return run, began
}

func TestE5_RerunTakesOverWhatWasReadAndDoesTheRest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	failed, began := b.failWhileApplying()
	before, read := b.stagedBy(failed), b.progress(failed)
	require.Equal(t, map[string]int{"staged_users": 6, "staged_absent": 1, "staged_members": 2, "staged_groups": 1, "fetched_pages": 2}, before)
	require.Equal(t, store.FetchProgress{Mode: directory.FullRead, Announced: 7, Read: 6, Fetched: 6, Pages: 1, Done: true, Ended: true}, read)
	b.edit(func(s *directory.Settings) { s.Guard.MaxRemovals, s.Name = 3, "Renamed" })
	_, err := b.store.Rerunnable(t.Context(), b.account.ID, failed)
	require.NoError(t, err)

	run := b.rerun(failed)
	require.Equal(t, before, b.stagedBy(run))
	require.Equal(t, read, b.progress(run))
	require.Equal(t, map[string]int{"staged_users": 0, "staged_absent": 0, "staged_members": 0, "staged_groups": 0, "fetched_pages": 0}, b.stagedBy(failed))
	opened, err := b.store.RunContext(t.Context(), run)
	require.NoError(t, err)
	require.Equal(t, failed, *opened.Run.OfRun)
	require.Equal(t, directory.TriggerRerun, opened.Run.Trigger)
	require.Equal(t, 3, opened.Settings.Guard.MaxRemovals, "the present settings hold")

	closed := b.settle(run)
	require.Equal(t, directory.RunSuccess, closed.Status)
	require.Equal(t, directory.Counts{
		Fetched: 6, Created: 1, Unchanged: 5, Deactivated: 1, GroupsFetched: 1, GroupsCreated: 1, MembershipsFetched: 2, MembershipsAdded: 2,
	}, closed.Counts, "who was brought in before the failure is unchanged")
	require.Equal(t, map[string][]string{"g-1": {"id-000001", "id-000006"}}, b.members())
	state := b.readState()
	require.Equal(t, deltaLink+"2", state.ChangesLink)
	require.WithinDuration(t, began, state.ChangesAt, time.Millisecond, "the link is of when the failed run began to read")
}

func TestE5_RerunGoesOnAtTheNextPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	failed := b.openRun(directory.KindSync)
	require.NoError(t, b.store.StageGroups(ctx, failed, []store.StagedGroup{synced("g-1", "Design").StagedGroup}))
	require.NoError(t, b.store.StageMembers(ctx, store.StageMembers{RunID: failed, GroupID: "g-1", People: []string{"id-000000"}, Next: "members-2"}))
	require.NoError(t, b.store.SetStage(ctx, failed, directory.StageFetch, 3))
	_, err := b.store.StagePage(ctx, stagePage(failed, "", "people-2", people(3)[:2]...))
	require.NoError(t, err)
	b.fail(failed)

	// The rerun fails too, and is run again in its turn.
	second := b.rerun(failed)
	b.fail(second)
	third := b.rerun(second)
	require.Equal(t, store.FetchProgress{Mode: directory.FullRead, Cursor: "people-2", Announced: 3, Read: 2, Fetched: 2, Pages: 1}, b.progress(third))
	groups, err := b.store.GroupsToRead(ctx, third, 10)
	require.NoError(t, err)
	require.Len(t, groups, 1)
	require.Equal(t, "members-2", groups[0].Cursor)
	require.NoError(t, b.store.StageMembers(ctx, store.StageMembers{RunID: third, GroupID: "g-1", Cursor: "members-2", People: []string{"id-000002"}}))
	_, err = b.store.StagePage(ctx, stagePage(third, "", "people-2", people(3)[:2]...))
	requireCode(t, err, directory.KindUnavailable, store.CodePageStale)
	_, err = b.store.StagePage(ctx, stagePage(third, "people-2", "", people(3)[2]))
	require.NoError(t, err)
	closed := b.settle(third)
	require.Equal(t, directory.RunSuccess, closed.Status)
	require.Equal(t, 3, closed.Counts.Created)
	require.Equal(t, map[string][]string{"g-1": {"id-000000", "id-000002"}}, b.members())
}

// E5: what an incremental run had read goes on being changes, until the link of its last page.
func TestE5_RerunOfAnIncrementalRun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.firstSync(people(4)...)
	failed := b.openIncremental(deltaLink)
	_, err := b.store.StageChanges(ctx, stageChanges(failed, deltaLink, "next", "", []string{"id-000003"}))
	require.NoError(t, err)
	b.fail(failed)
	require.Empty(t, b.readState().ChangesLink)

	run := b.rerun(failed)
	_, err = b.store.StageChanges(ctx, stageChanges(run, "next", "", deltaLink+"2", nil, person("id-000001", "new@corp.example")))
	require.NoError(t, err)
	closed := b.settle(run)
	require.Equal(t, []int{1, 1}, []int{closed.Counts.Updated, closed.Counts.Deactivated})
	require.Equal(t, deltaLink+"2", b.readState().ChangesLink)
}

func TestE5_WhatCannotRunAgain(t *testing.T) {
	t.Parallel()
	read := func(b *bench) string {
		run := b.openRun(directory.KindSync)
		b.stage(run, people(1)...)
		b.fail(run)
		return run
	}
	for code, spoil := range map[string]func(*bench) string{
		"run_not_failed": func(b *bench) string { return b.sync(people(1)...).ID },
		"configuration_deleted": func(b *bench) string {
			run := read(b)
			require.NoError(b.t, b.store.DestroyConfiguration(b.t.Context(), b.config.ID))
			return run
		},
		"configuration_disabled": func(b *bench) string {
			run := read(b)
			require.NoError(b.t, b.store.SetState(b.t.Context(), b.config.ID, directory.Disabled))
			return run
		},
		"not_the_newest_run": func(b *bench) string {
			run := read(b)
			b.fail(b.openRun(directory.KindUndo))
			return run
		},
		"nothing_staged": func(b *bench) string {
			run := b.openRun(directory.KindSync)
			b.fail(run)
			return run
		},
		"too_old": func(b *bench) string {
			run := read(b)
			_, err := b.db.Exec(`UPDATE runs SET read_since = now() - interval '73 hours' WHERE id = $1`, run)
			require.NoError(b.t, err)
			return run
		},
		"settings_changed": func(b *bench) string {
			run := read(b)
			b.edit(func(s *directory.Settings) { s.OnSourceDelete = directory.DeleteUser })
			return run
		},
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			run := spoil(b)
			_, err := b.store.Rerunnable(t.Context(), b.account.ID, run)
			requireCode(t, err, directory.KindConflict, code)
			if code != "configuration_deleted" {
				require.Contains(t, sentence(err), "Sync now", "each names the way out")
			}
			before := b.stagedBy(run)
			_, err = b.openOf(directory.KindSync, directory.TriggerRerun, run)
			require.Error(t, err)
			require.Equal(t, before, b.stagedBy(run))
			require.Zero(t, b.count(`SELECT count(*) FROM runs WHERE trigger = 'rerun'`))
		})
	}
}

func sentence(err error) string {
	coded, _ := err.(*directory.Error)
	return coded.Sentence()
}

func TestE5_NeitherUndosNorRunsOfOthersRunAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	going := b.openRun(directory.KindSync)
	_, err := b.store.Rerunnable(ctx, b.account.ID, going)
	requireCode(t, err, directory.KindConflict, "run_not_failed")
	b.fail(going)
	undo := b.openRun(directory.KindUndo)
	b.fail(undo)
	_, err = b.store.Rerunnable(ctx, b.account.ID, undo)
	requireCode(t, err, directory.KindConflict, "run_not_failed")
	other, _ := b.newAccount("Other", 10)
	_, err = b.store.Rerunnable(ctx, other.ID, going)
	requireCode(t, err, directory.KindNotFound, "not_found")
}

// E5: a crash while records change hands leaves the old state or the new one, never half of each.
func TestE5_TakingOverIsAllOrNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	failed, _ := b.failWhileApplying()
	before := b.stagedBy(failed)
	_, err := b.db.Exec(`
		CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'crash'; END $$;
		CREATE TRIGGER crash BEFORE UPDATE ON fetched_pages FOR EACH ROW EXECUTE FUNCTION crash()`)
	require.NoError(t, err)
	run, err := b.openOf(directory.KindSync, directory.TriggerRerun, failed)
	require.NoError(t, err)
	untouched := b.progress(run)
	require.Error(t, b.store.TakeOver(t.Context(), run))
	require.Equal(t, before, b.stagedBy(failed))
	require.Equal(t, untouched, b.progress(run))

	_, err = b.db.Exec(`DROP TRIGGER crash ON fetched_pages`)
	require.NoError(t, err)
	for range 2 { // the answer to the first one was lost
		require.NoError(t, b.store.TakeOver(t.Context(), run))
		require.Equal(t, before, b.stagedBy(run))
		require.Equal(t, b.progress(failed), b.progress(run))
	}
	_, err = b.db.Exec(`UPDATE runs SET fetch_cursor = 'further on' WHERE id = $1`, run)
	require.NoError(t, err)
	require.NoError(t, b.store.TakeOver(t.Context(), run))
	require.Equal(t, "further on", b.progress(run).Cursor, "a worker that comes late takes nothing back")
	b.fail(run)
	requireCode(t, b.store.TakeOver(t.Context(), run), directory.KindConflict, "run_ended")
}

func TestF5_UndoOpensAlsoWhileDisabled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	done := b.sync(people(1)...)
	require.NoError(t, b.store.SetState(ctx, b.config.ID, directory.Disabled))
	id, err := b.openOf(directory.KindUndo, directory.TriggerManual, done.ID)
	require.NoError(t, err)
	current, err := b.store.CurrentRun(ctx, b.config.ID)
	require.NoError(t, err)
	require.Equal(t, id, current.ID)
	require.Equal(t, done.ID, *current.OfRun)
	require.Equal(t, 2, current.Number)
	last, err := b.store.LastRun(ctx, b.config.ID)
	require.NoError(t, err)
	require.Equal(t, done.ID, last.ID)

	b.fail(id)
	for _, nobody := range []string{uuid.NewString(), "no id"} {
		_, err = b.openOf(directory.KindUndo, directory.TriggerManual, nobody)
		requireCode(t, err, directory.KindNotFound, "not_found")
	}
	require.NoError(t, b.store.DestroyConfiguration(ctx, b.config.ID))
	_, err = b.openOf(directory.KindUndo, directory.TriggerManual, done.ID)
	requireCode(t, err, directory.KindConflict, "configuration_disabled")
}

func TestF5_NoticesAndReportSayUndo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	done := b.sync(people(1)...)
	id, err := b.openOf(directory.KindUndo, directory.TriggerManual, done.ID)
	require.NoError(t, err)
	require.NoError(t, b.store.HoldRun(ctx, id, directory.RunAwaitingApproval, "Too many.", ""))
	b.fail(id)
	titles, messages := map[directory.NotificationKind]string{}, map[directory.NotificationKind]string{}
	for _, n := range b.told(b.owner()) {
		titles[n.Kind], messages[n.Kind] = n.Title, n.Message
	}
	require.Equal(t, "An undo of the directory sync “Staff” awaits approval", titles[directory.NoticeRunHeld])
	require.Equal(t, "Run 2, an undo of the directory sync “Staff” (Corp), has stopped before it changed anything.", strings.Split(messages[directory.NoticeRunHeld], "\n")[0])
	require.Equal(t, "An undo of the directory sync “Staff” failed", titles[directory.NoticeRunFailed])
	require.Contains(t, messages[directory.NoticeRunFailed], "Run 2, an undo of the directory sync “Staff” (Corp), failed.")
	require.Contains(t, messages[directory.NoticeRunFailed], "then undo again.")

	report, _, err := b.store.MakeReport(ctx, b.account.ID, time.Now().Add(time.Minute), false)
	require.NoError(t, err)
	require.Equal(t, 1, report.Failures)
	require.Equal(t, []directory.RunKind{directory.KindUndo, directory.KindSync}, []directory.RunKind{report.Runs[0].Kind, report.Runs[1].Kind})
}

// Who was synced on demand since is newer than what was read: put back, a leaver would be let in again.
func TestE5_WhatWasReadBeforeASyncOfOnePersonIsNotTakenOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(people(3)...)
	run := b.openRun(directory.KindSync)
	b.stage(run, people(3)...)
	b.plan(run)
	b.fail(run)
	_, err := b.store.Rerunnable(t.Context(), b.account.ID, run)
	require.NoError(t, err)
	b.syncMissing("id-000002", directory.AbsenceGone)
	_, err = b.store.Rerunnable(t.Context(), b.account.ID, run)
	requireCode(t, err, directory.KindConflict, "person_synced_since")
}

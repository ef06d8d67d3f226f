package store_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

func TestOpenRunTwiceOpensOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.sync(people(3)...)
	in := store.NewRun{ID: uuid.NewString(), ConfigurationID: b.config.ID, Number: 2, Kind: directory.KindSync, Trigger: directory.TriggerManual,
		RequestedBy: "Ann Admin", WorkflowID: "w", WorkflowRunID: "r"}
	for range 2 {
		opened, err := b.store.OpenRun(ctx, in)
		require.NoError(t, err)
		require.Equal(t, in.ID, opened.Run.ID)
		require.Equal(t, directory.RunRunning, opened.Run.Status)
		require.Equal(t, "Ann Admin", opened.Run.RequestedBy)
		require.Equal(t, b.source.ID, opened.Connection.ID)
		require.Equal(t, "tenant-1", opened.Connection.Tenant.ID)
		require.Len(t, opened.Fields, 3)
	}
	require.Equal(t, 2, b.count(`SELECT count(*) FROM runs`))
	current, err := b.store.CurrentRun(ctx, b.config.ID)
	require.NoError(t, err)
	require.Equal(t, in.ID, current.ID)
	last, err := b.store.LastRun(ctx, b.config.ID)
	require.NoError(t, err)
	require.Equal(t, 3, last.Counts.Created)
}

func TestOpenRunClosesOneThatWasForgotten(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	forgotten := b.openRun(directory.KindSync)
	preview := b.openRun(directory.KindPreview)
	current, err := b.store.CurrentRun(ctx, b.config.ID)
	require.NoError(t, err)
	require.Equal(t, forgotten, current.ID, "a preview leaves the run alone")

	b.openRun(directory.KindSync)
	run, err := b.store.Run(ctx, b.account.ID, forgotten)
	require.NoError(t, err)
	require.Equal(t, directory.RunFailure, run.Status)
	require.Contains(t, run.Reason, "The run stopped before it was finished.")
	run, err = b.store.Run(ctx, b.account.ID, preview)
	require.NoError(t, err)
	require.Equal(t, directory.RunRunning, run.Status)

	_, err = b.store.StagePage(ctx, stagePage(forgotten, "", "", people(1)...))
	requireCode(t, err, directory.KindConflict, "run_ended")
}

// A preview that never ended ends when the configuration is next used, a day later.
func TestOpenRunClosesForgottenPreviews(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	for _, kind := range []directory.RunKind{directory.KindPreview, directory.KindSync} {
		forgotten, fresh := b.openRun(directory.KindPreview), b.openRun(directory.KindPreview)
		b.stageGroups(forgotten, synced("g-1", "Design", "id-000000"))
		b.stage(forgotten, people(2)...)
		b.plan(forgotten)
		_, err := b.db.Exec(`UPDATE runs SET started_at = now() - interval '25 hours' WHERE id = $1`, forgotten)
		require.NoError(t, err)
		opened := b.openRun(kind)
		run, err := b.store.Run(ctx, b.account.ID, forgotten)
		require.NoError(t, err)
		require.Equal(t, directory.RunFailure, run.Status)
		require.Equal(t, "The preview was never finished. Start it again.", run.Reason)
		require.Zero(t, b.count(`SELECT (SELECT count(*) FROM staged_users) + (SELECT count(*) FROM staged_groups) + (SELECT count(*) FROM fetched_pages)`))
		for _, id := range []string{fresh, opened} {
			run, err = b.store.Run(ctx, b.account.ID, id)
			require.NoError(t, err)
			require.Equal(t, directory.RunRunning, run.Status)
		}
	}
	require.Zero(t, b.count(`SELECT count(*) FROM notifications`), "nobody is told of a preview")
}

func TestB4DisabledConfigurationOpensNoRun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.store.SetState(t.Context(), b.config.ID, directory.Disabled))
	_, err := b.store.OpenRun(t.Context(), store.NewRun{ID: uuid.NewString(), ConfigurationID: b.config.ID, Number: 1, Kind: directory.KindSync, Trigger: directory.TriggerManual})
	requireCode(t, err, directory.KindConflict, "configuration_disabled")
	require.Zero(t, b.count(`SELECT count(*) FROM runs`))
}

func TestB2Stages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	run := b.openRun(directory.KindSync)
	_, err := b.store.StagePage(ctx, stagePage(run, "", "next", people(3)...))
	require.NoError(t, err)
	require.NoError(t, b.store.SetStage(ctx, run, directory.StageFetch, 12))
	got, err := b.store.Run(ctx, b.account.ID, run)
	require.NoError(t, err)
	require.Equal(t, []int{3, 12, 3}, []int{got.StageDone, got.StageTotal, got.Counts.Fetched})

	require.NoError(t, b.store.HoldRun(ctx, run, directory.RunAwaitingApproval, "Too many.", ""))
	got, err = b.store.Run(ctx, b.account.ID, run)
	require.NoError(t, err)
	require.Equal(t, directory.RunAwaitingApproval, got.Status)
	require.Equal(t, "Too many.", got.Reason)
	_, err = b.store.ApplyBatch(ctx, run, 3, 10)
	requireCode(t, err, directory.KindConflict, "run_not_running")
	require.NoError(t, b.store.HoldRun(ctx, run, directory.RunRunning, "", ""))

	for range 2 {
		closed, err := b.store.CloseRun(ctx, run, directory.RunFailure, "The directory does not answer.")
		require.NoError(t, err)
		require.Equal(t, directory.RunFailure, closed.Status)
		require.Equal(t, directory.StageDone, closed.Stage)
		require.NotNil(t, closed.FinishedAt)
	}
	require.Equal(t, 3, b.count(`SELECT count(*) FROM staged_users`), "what a failed run staged stays for a rerun")
	requireCode(t, b.store.SetStage(ctx, run, directory.StagePlan, 0), directory.KindConflict, "run_ended")
	requireCode(t, b.store.HoldRun(ctx, run, directory.RunRunning, "", ""), directory.KindConflict, "run_ended")
	b.sync(people(3)...)
	require.Zero(t, b.count(`SELECT count(*) FROM staged_users`))
	require.Zero(t, b.count(`SELECT count(*) FROM fetched_pages`))
}

func TestB6RunsArePagedNewestFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var want []string
	for range 7 {
		run := b.openRun(directory.KindPreview)
		want = append([]string{run}, want...)
	}
	var got []string
	for cursor := ""; ; {
		page, err := b.store.Runs(t.Context(), b.account.ID, store.RunFilter{ConfigurationID: b.config.ID, Limit: 3, Cursor: cursor})
		require.NoError(t, err)
		for _, r := range page.Items {
			got = append(got, r.ID)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	require.Equal(t, want, got)
	_, err := b.store.Runs(t.Context(), b.account.ID, store.RunFilter{Cursor: "bm9wZQ"})
	requireCode(t, err, directory.KindMalformed, "cursor_invalid")
}

func TestF3PreviewPlansAndChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	run := b.openRun(directory.KindPreview)
	b.stage(run, people(4)...)
	require.Equal(t, 4, b.plan(run).Changes)
	_, err := b.store.ApplyBatch(ctx, run, 3, 10)
	requireCode(t, err, directory.KindConflict, "run_not_running")
	closed, err := b.store.CloseRun(ctx, run, "", "")
	require.NoError(t, err)
	require.Equal(t, directory.RunSuccess, closed.Status)
	require.Equal(t, 4, closed.Counts.Created)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM users`))
	page, err := b.store.Changes(ctx, b.account.ID, store.ChangeFilter{})
	require.NoError(t, err)
	require.Empty(t, page.Items, "the sync log tells what happened")
	page, err = b.store.Changes(ctx, b.account.ID, store.ChangeFilter{RunID: run})
	require.NoError(t, err)
	require.Len(t, page.Items, 4)
}

func TestF2RejectPlan(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	run := b.openRun(directory.KindSync)
	b.stage(run, people(4)...)
	b.plan(run)
	require.NoError(t, b.store.RejectPlan(ctx, run))
	result, err := b.store.ApplyBatch(ctx, run, 3, 10)
	require.NoError(t, err)
	require.Zero(t, result)
	for _, c := range b.changes(run) {
		require.Equal(t, directory.OutcomeRejected, c.Outcome)
	}
	require.Equal(t, 1, b.count(`SELECT count(*) FROM users`))
}

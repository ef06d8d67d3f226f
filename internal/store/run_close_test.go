package store_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
	"github.com/rollcall-sync/rollcall/internal/store"
)

func TestCloseRunRejectsWhatWasNotApplied(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.sync(people(6)...)
	run := b.openRun(directory.KindSync)
	b.stageGroups(run, synced("g-1", "Design", "id-000000"))
	b.stage(run, people(1)...)
	b.plan(run)
	b.applyStep(run, reconcile.StepMissing, 2)
	for range 2 {
		closed, err := b.store.CloseRun(ctx, run, directory.RunCancelled, "Cancelled.")
		require.NoError(t, err)
		require.Equal(t, directory.Counts{Fetched: 1, Unchanged: 1, Deactivated: 2, GroupsFetched: 1, MembershipsFetched: 1}, closed.Counts)
	}
	require.Equal(t, 2, b.count(`SELECT removals FROM runs WHERE id = $1`, run))
	outcomes := map[directory.Outcome]int{}
	for _, c := range b.changes(run) {
		outcomes[c.Outcome]++
	}
	require.Equal(t, map[directory.Outcome]int{directory.OutcomeApplied: 2, directory.OutcomeRejected: 5}, outcomes)
	require.Equal(t, 2, b.count(`SELECT (SELECT count(*) FROM staged_groups) + (SELECT count(*) FROM staged_members)`))
	b.sync(people(1)...)
	require.Zero(t, b.count(`SELECT (SELECT count(*) FROM staged_groups) + (SELECT count(*) FROM staged_members)`))
}

// F13: the preview of an edit has settings of its own, and may be of a disabled configuration.
func TestF13PreviewOfAnEdit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	require.NoError(t, b.store.SetState(ctx, b.config.ID, directory.Disabled))
	edited := b.config.Settings
	edited.Name, edited.Guard.WindowDays = "Edited", 30
	id := uuid.NewString()
	_, err := b.store.OpenRun(ctx, store.NewRun{ID: id, ConfigurationID: b.config.ID, Kind: directory.KindPreview, Trigger: directory.TriggerManual,
		WorkflowID: "preview/" + id, Settings: &edited})
	require.NoError(t, err)
	for _, runID := range []string{"first", "second"} {
		opened, err := b.store.OpenRun(ctx, store.NewRun{ID: id, ConfigurationID: b.config.ID, Kind: directory.KindPreview, Trigger: directory.TriggerManual,
			WorkflowID: "preview/" + id, WorkflowRunID: runID})
		require.NoError(t, err)
		require.Equal(t, edited, opened.Settings)
		require.Equal(t, "first", opened.Run.WorkflowRunID)
	}
	_, err = b.store.OpenRun(ctx, store.NewRun{ID: uuid.NewString(), ConfigurationID: b.config.ID, Kind: directory.KindSync, Trigger: directory.TriggerManual})
	requireCode(t, err, directory.KindConflict, "configuration_disabled")
}

package workflows_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/rollcall-sync/rollcall/activities"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
	"github.com/rollcall-sync/rollcall/workflows"
)

// of has a signal about a run sent.
func (w *world) of(d time.Duration, signal, runID string) {
	w.env.RegisterDelayedCallback(func() { w.env.SignalWorkflow(signal, workflows.Request{RequestedBy: "Ana", RunID: runID}) }, d)
}

// done are the runs as kind, trigger and the run that they are of.
func (w *world) done() [][3]string {
	var out [][3]string
	for _, r := range w.runs {
		out = append(out, [3]string{string(r.Kind), string(r.Trigger), r.OfRun})
	}
	return out
}

func TestF5_UndoIsARunOfItsOwnAlsoWhileDisabled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.of(time.Hour, workflows.SignalUndo, "r-2")
	w.at(90*time.Minute, workflows.SignalDisable)
	w.of(100*time.Minute, workflows.SignalRerun, "r-2")
	w.at(9*24*time.Hour, workflows.SignalDelete)
	w.live(workflows.DirectorySyncInput{Disabled: true, Runs: 3})
	require.NoError(t, w.env.GetWorkflowError())
	require.Equal(t, [][3]string{{"undo", "manual", "r-2"}}, w.done(), "and nothing but the undo runs")
	require.Equal(t, 4, w.runs[0].Number)
	require.Equal(t, workflows.RunID("c-1", 4), w.runs[0].RunID)
	require.Equal(t, "Ana", w.runs[0].RequestedBy)
	require.Equal(t, monday.Add(time.Hour), w.starts[0].UTC())
	require.Zero(t, w.cancelled, "disabling stops syncs, not an undo")
}

func TestF5_UndosQueueBehindARunAndBeforeASync(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.at(10*time.Minute, workflows.SignalSyncNow)
	w.of(11*time.Minute, workflows.SignalUndo, "r-7")
	w.of(12*time.Minute, workflows.SignalUndo, "r-6")
	w.of(13*time.Minute, workflows.SignalUndo, "r-7")
	w.of(14*time.Minute, workflows.SignalRerun, "r-5")
	w.env.RegisterDelayedCallback(func() { require.True(t, w.query(t).Queued) }, 15*time.Minute)
	w.of(90*time.Minute, workflows.SignalUndo, "r-7") // it is going, and may be about to end
	w.at(10*time.Hour, workflows.SignalDelete)
	w.live(firstRun())
	require.NoError(t, w.env.GetWorkflowError())
	require.Equal(t, [][3]string{{"sync", "first", ""}, {"undo", "manual", "r-7"}, {"undo", "manual", "r-6"}, {"undo", "manual", "r-7"}, {"sync", "manual", ""}}, w.done())
	require.Equal(t, 1, w.mostGoing)
}

func TestF5_DeleteEndsAnUndoAndThoseThatAreQueued(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.of(time.Minute, workflows.SignalUndo, "r-1")
	w.of(2*time.Minute, workflows.SignalUndo, "r-2")
	w.at(3*time.Minute, workflows.SignalDelete)
	w.of(4*time.Minute, workflows.SignalUndo, "r-3")
	w.live(workflows.DirectorySyncInput{Runs: 3})
	require.NoError(t, w.env.GetWorkflowError())
	require.Len(t, w.runs, 1)
	require.Equal(t, 1, w.cancelled)
	require.Equal(t, 1, w.destroyed)
}

func TestF5_TerminatedUndoIsClosedAsOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.runErr = errors.New("terminated")
	w.of(time.Minute, workflows.SignalUndo, "r-1")
	w.at(5*time.Hour, workflows.SignalDelete)
	w.live(workflows.DirectorySyncInput{Runs: 1})
	require.NoError(t, w.env.GetWorkflowError())
	require.Equal(t, []activities.CloseRunInput{{
		RunID: workflows.RunID("c-1", 2), Status: directory.RunFailure,
		Reason: "The run was ended from outside before it was complete. Undo again to have the rest put back.",
	}}, w.closed)
}

func TestE5_RerunIsARunOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.of(time.Minute, workflows.SignalRerun, "r-3")
	w.at(5*time.Hour, workflows.SignalDelete)
	w.live(workflows.DirectorySyncInput{Runs: 3})
	require.NoError(t, w.env.GetWorkflowError())
	require.Equal(t, [][3]string{{"sync", "rerun", "r-3"}}, w.done())
	require.Equal(t, "Ana", w.runs[0].RequestedBy)
}

// What arrives in the very moment of a continue-as-new is taken along, and done by the execution after it.
func TestF5_ContinueAsNewCarriesUndosAndRerun(t *testing.T) {
	t.Parallel()
	first := newWorld(t)
	first.runTime = 0
	first.env.SetContinueAsNewSuggested(true)
	carried := workflows.DirectorySyncInput{
		AccountID: "a-1", ConfigurationID: "c-1", Provider: directory.Entra, Runs: 6, Disabled: true,
		Undos: []workflows.Due{{Kind: directory.KindUndo, Trigger: directory.TriggerManual, OfRun: "r-1"}},
		Due:   &workflows.Due{Trigger: directory.TriggerRerun, OfRun: "r-6"},
	}
	first.live(carried)
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, first.env.GetWorkflowError(), &again)
	require.Equal(t, [][3]string{{"undo", "manual", "r-1"}}, first.done())
	var next workflows.DirectorySyncInput
	require.NoError(t, testDecode(again, &next))
	carried.Undos, carried.Runs = nil, 7
	require.Equal(t, carried, next, "a sync that is due waits until the configuration is enabled")

	second := newWorld(t)
	second.at(time.Minute, workflows.SignalEnable)
	second.at(5*time.Hour, workflows.SignalDelete)
	second.live(next)
	require.NoError(t, second.env.GetWorkflowError())
	require.Equal(t, [][3]string{{"sync", "rerun", "r-6"}}, second.done())
	require.Equal(t, 8, second.runs[0].Number)
}

func TestF5_UndoReadsNothing(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	s.planned = activities.Planned{Changes: 3, Groups: 1, Memberships: 2}
	s.run(directory.KindUndo)
	require.NoError(t, s.env.GetWorkflowError())
	require.Equal(t, []string{
		"open", "plan undo", "provision", "apply 1", "apply 2", "apply 3", "apply 3", "apply 3", "deprovision", "apply 4",
		"memberships", "apply 5", "apply 6", "apply 7", "apply 8",
	}, s.calls)
	require.Equal(t, []activities.CloseRunInput{{RunID: "r-1"}}, s.closed)
	require.Equal(t, 1, s.woken)
}

func TestF5_UndoIsHeldAndApprovedAsASync(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	s.planned = activities.Planned{Changes: 8, Removals: 5, Held: "too many"}
	s.env.RegisterDelayedCallback(func() { s.env.SignalWorkflow(workflows.SignalApprove, workflows.Request{RequestedBy: "Ana"}) }, time.Hour)
	s.run(directory.KindUndo)
	require.NoError(t, s.env.GetWorkflowError())
	require.Equal(t, []string{"open", "plan undo", "hold true", "hold false", "provision"}, s.calls[:5])
	require.Equal(t, []activities.HoldInput{{RunID: "r-1", Reason: "too many"}, {RunID: "r-1", By: "Ana"}}, s.holds)

	s = newScript(t)
	s.planned = activities.Planned{Changes: 8, Removals: 5, Held: "too many"}
	s.env.RegisterDelayedCallback(func() { s.env.SignalWorkflow(workflows.SignalReject, nil) }, time.Hour)
	s.run(directory.KindUndo)
	require.NoError(t, s.env.GetWorkflowError())
	require.Equal(t, []string{"open", "plan undo", "hold true"}, s.calls)
	require.Equal(t, 1, s.rejected)
}

func TestF5_FailedUndoSaysWhatToDo(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	s.planErr = temporal.NewNonRetryableApplicationError("pq: secret detail", "internal", errors.New("cause"))
	s.run(directory.KindUndo)
	require.Error(t, s.env.GetWorkflowError())
	require.Equal(t, directory.RunFailure, s.closed[0].Status)
	require.Equal(t, "Rollcall could not complete the undo because of an internal error. Undo again; if that does not help, the operators find the cause in the log of the worker.", s.closed[0].Reason)
}

// E5: a run that failed is done again from the stage where it did; the source is asked for what is left.
func TestE5_RerunGoesOnWhereTheRunFailed(t *testing.T) {
	t.Parallel()
	reading := []string{"open", "take over", "begin", "fetch", "verify", "plan"}
	for name, c := range map[string]struct {
		taken activities.TakenOver
		want  []string
	}{
		"while it read":        {activities.TakenOver{}, reading},
		"in the plan or later": {activities.TakenOver{Read: true, Fetched: 12}, []string{"open", "take over", "plan"}},
	} {
		s := newScript(t)
		s.taken = c.taken
		s.rerun()
		require.NoError(t, s.env.GetWorkflowError(), name)
		require.Equal(t, append(slices.Clone(c.want), "provision"), s.calls[:len(c.want)+1], name)
		require.Equal(t, "r-0", s.opening.OfRun, name)
		require.Equal(t, directory.TriggerRerun, s.opening.Trigger, name)
	}
}

func TestE5_RerunKnowsThatGroupsWereRead(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	s.taken = activities.TakenOver{Read: true, Groups: 2, Fetched: 12}
	s.batches = map[int]int{reconcile.StepJoin: 1}
	s.rerun()
	require.NoError(t, s.env.GetWorkflowError())
	require.Equal(t, []string{"open", "take over", "plan", "provision", "apply 1", "apply 2", "apply 3", "deprovision", "apply 4", "park"}, s.calls)
	answer, err := s.env.QueryWorkflow(workflows.QueryStatus)
	require.NoError(t, err)
	var status workflows.RunStatus
	require.NoError(t, answer.Get(&status))
	require.Equal(t, []int{2, 12}, []int{status.Groups, status.Fetched})
}

func (s *script) rerun() {
	s.env.ExecuteWorkflow(workflows.SyncRunName, workflows.SyncRunInput{
		RunID: "r-1", AccountID: "a-1", ConfigurationID: "c-1", Provider: directory.Entra, Number: 2, Kind: directory.KindSync,
		Trigger: directory.TriggerRerun, OfRun: "r-0",
	})
}

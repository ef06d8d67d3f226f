package workflows_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/rollcall-sync/rollcall/activities"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/workflows"
)

// monday is the start of the test environment's clock: Monday 2026-06-01 00:00 UTC.
var monday = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

// world stands in for everything outside of DirectorySync: it records what the workflow did, and
// its runs take runTime.
type world struct {
	env     *testsuite.TestWorkflowEnvironment
	runTime time.Duration
	runErr  error

	mu        sync.Mutex
	runs      []workflows.SyncRunInput
	starts    []time.Time
	going     int
	mostGoing int
	cancelled int
	closed    []activities.CloseRunInput
	states    []directory.ConfigurationState
	destroyed int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{env: new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment(), runTime: time.Hour}
	w.env.SetStartTime(monday)
	w.env.SetTestTimeout(time.Minute)
	workflows.Register(aliased{w.env})
	w.env.RegisterWorkflowWithOptions(w.syncRun, workflow.RegisterOptions{Name: workflows.SyncRunName})
	w.env.RegisterActivityWithOptions(w.scheduleNextRun, activity.RegisterOptions{Name: "ScheduleNextRun"})
	w.env.RegisterActivityWithOptions(w.destroy, activity.RegisterOptions{Name: "DestroyConfiguration"})
	w.env.RegisterActivityWithOptions(w.closeRun, activity.RegisterOptions{Name: "CloseRun"})
	return w
}

// aliased registers all workflows but SyncRun, for which the world has its own.
type aliased struct {
	*testsuite.TestWorkflowEnvironment
}

func (a aliased) RegisterWorkflowWithOptions(w any, options workflow.RegisterOptions) {
	if options.Name != workflows.SyncRunName {
		a.TestWorkflowEnvironment.RegisterWorkflowWithOptions(w, options)
	}
}

func (a aliased) RegisterDynamicWorkflow(any, workflow.DynamicRegisterOptions) {}

func (w *world) syncRun(ctx workflow.Context, in workflows.SyncRunInput) (workflows.SyncRunResult, error) {
	w.mu.Lock()
	w.runs, w.starts = append(w.runs, in), append(w.starts, workflow.Now(ctx))
	w.going++
	w.mostGoing = max(w.mostGoing, w.going)
	w.mu.Unlock()
	err := workflow.Sleep(ctx, w.runTime)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.going--
	if err != nil {
		w.cancelled++
		return workflows.SyncRunResult{}, err
	}
	return workflows.SyncRunResult{Status: directory.RunSuccess}, w.runErr
}

// scheduleNextRun is due every Tuesday 04:42 in Singapore (case I1).
func (w *world) scheduleNextRun(_ context.Context, in activities.ScheduleInput) (activities.NextRun, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if in.Disabled {
		w.states = append(w.states, directory.Disabled)
		return activities.NextRun{}, nil
	}
	w.states = append(w.states, directory.Enabled)
	after := w.env.Now()
	if in.After.After(after) {
		after = in.After
	}
	at, err := directory.Schedule{Weekday: "tuesday", Time: "04:42", TimeZone: "Asia/Singapore"}.Next(after)
	return activities.NextRun{At: at, Words: "Tuesday 04:42 Asia/Singapore"}, err
}

func (w *world) destroy(context.Context, activities.OfConfiguration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.destroyed++
	return nil
}

func (w *world) closeRun(_ context.Context, in activities.CloseRunInput) (activities.ClosedRun, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = append(w.closed, in)
	return activities.ClosedRun{Status: in.Status}, nil
}

func (w *world) at(d time.Duration, signal string) {
	w.env.RegisterDelayedCallback(func() { w.env.SignalWorkflow(signal, workflows.Request{RequestedBy: "Ana"}) }, d)
}

func (w *world) live(in workflows.DirectorySyncInput) {
	in.AccountID, in.ConfigurationID, in.Provider = "a-1", "c-1", directory.Entra
	w.env.ExecuteWorkflow(workflows.DirectorySyncName, in)
}

func firstRun() workflows.DirectorySyncInput {
	return workflows.DirectorySyncInput{Due: &workflows.Due{Trigger: directory.TriggerFirst}}
}

func (w *world) triggers() []directory.Trigger {
	var out []directory.Trigger
	for _, r := range w.runs {
		out = append(out, r.Trigger)
	}
	return out
}

func TestA13_RunsEveryWeekAtTheSameLocalTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.at(15*24*time.Hour, workflows.SignalDelete)
	w.live(firstRun())
	require.NoError(t, w.env.GetWorkflowError())
	require.Equal(t, []directory.Trigger{directory.TriggerFirst, directory.TriggerSchedule, directory.TriggerSchedule, directory.TriggerSchedule}, w.triggers())
	require.Equal(t, []time.Time{
		monday,
		time.Date(2026, 6, 1, 20, 42, 0, 0, time.UTC), // Tuesday 04:42 in Singapore
		time.Date(2026, 6, 8, 20, 42, 0, 0, time.UTC),
		time.Date(2026, 6, 15, 20, 42, 0, 0, time.UTC),
	}, inUTC(w.starts))
	require.Equal(t, 1, w.destroyed)
}

func inUTC(times []time.Time) []time.Time {
	var out []time.Time
	for _, at := range times {
		out = append(out, at.UTC())
	}
	return out
}

func TestCaseI3_SyncNowWhileRunningQueuesOneFollowUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.at(10*time.Minute, workflows.SignalSyncNow)
	w.at(11*time.Minute, workflows.SignalSyncNow)
	w.at(12*time.Minute, workflows.SignalSyncNow)
	w.env.RegisterDelayedCallback(func() {
		status := w.query(t)
		require.True(t, status.Queued)
		require.Equal(t, "directory-sync/c-1/run/1", status.Running)
	}, 13*time.Minute)
	w.at(5*time.Hour, workflows.SignalDelete)
	w.live(firstRun())
	require.NoError(t, w.env.GetWorkflowError())
	require.Equal(t, []directory.Trigger{directory.TriggerFirst, directory.TriggerManual}, w.triggers())
	require.Equal(t, "Ana", w.runs[1].RequestedBy)
	require.Equal(t, 1, w.mostGoing)
}

func (w *world) query(t *testing.T) workflows.Status {
	t.Helper()
	answer, err := w.env.QueryWorkflow(workflows.QueryStatus)
	require.NoError(t, err)
	var status workflows.Status
	require.NoError(t, answer.Get(&status))
	return status
}

func TestCaseI3_WeeklySlotDuringARunIsTakenOnceAfterIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.runTime = 22 * time.Hour
	w.at(3*24*time.Hour, workflows.SignalDelete)
	w.live(firstRun())
	require.NoError(t, w.env.GetWorkflowError())
	require.Equal(t, []directory.Trigger{directory.TriggerFirst, directory.TriggerSchedule}, w.triggers())
	require.Equal(t, 1, w.mostGoing)
}

func TestB4_DisabledRunsNeitherOnScheduleNorOnDemand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.at(30*time.Minute, workflows.SignalDisable)
	w.at(31*time.Minute, workflows.SignalSyncNow)
	w.env.RegisterDelayedCallback(func() { require.Equal(t, directory.Disabled, w.query(t).State) }, 24*time.Hour)
	w.at(9*24*time.Hour, workflows.SignalEnable)
	w.at(10*24*time.Hour, workflows.SignalSyncNow)
	w.at(11*24*time.Hour, workflows.SignalDelete)
	w.live(firstRun())
	require.NoError(t, w.env.GetWorkflowError())
	require.Equal(t, 1, w.cancelled, "the running one is stopped")
	require.Equal(t, []directory.Trigger{directory.TriggerFirst, directory.TriggerManual}, w.triggers())
	require.Equal(t, monday.Add(10*24*time.Hour), w.starts[1].UTC())
	require.Equal(t, []directory.ConfigurationState{directory.Enabled, directory.Disabled, directory.Enabled}, w.states)
}

func TestB5_DeleteStopsTheRunBeforeCredentialsAreDestroyed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.at(30*time.Minute, workflows.SignalDelete)
	w.at(31*time.Minute, workflows.SignalSyncNow)
	w.live(firstRun())
	require.NoError(t, w.env.GetWorkflowError())
	require.Equal(t, 1, w.cancelled)
	require.Equal(t, 1, w.destroyed)
	require.Len(t, w.runs, 1)
}

func TestTerminatedRunIsClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.runErr = errors.New("terminated")
	w.at(5*time.Hour, workflows.SignalDelete)
	w.live(firstRun())
	require.NoError(t, w.env.GetWorkflowError())
	require.Len(t, w.closed, 1)
	require.Equal(t, directory.RunFailure, w.closed[0].Status)
	require.Equal(t, workflows.RunID("c-1", 1), w.closed[0].RunID)
}

func TestContinueAsNewCarriesTheWholeStateAndTheSecondExecutionGoesOn(t *testing.T) {
	t.Parallel()
	first := newWorld(t)
	first.env.SetContinueAsNewSuggested(true)
	first.at(30*time.Minute, workflows.SignalSyncNow)
	first.live(workflows.DirectorySyncInput{Due: &workflows.Due{Trigger: directory.TriggerFirst}, Runs: 6})
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, first.env.GetWorkflowError(), &again)
	require.Len(t, first.runs, 2, "the run that was asked for while one was going is done first")

	var carried workflows.DirectorySyncInput
	require.NoError(t, testDecode(again, &carried))
	require.Equal(t, workflows.DirectorySyncInput{AccountID: "a-1", ConfigurationID: "c-1", Provider: directory.Entra, Runs: 8}, carried)

	second := newWorld(t)
	second.at(time.Minute, workflows.SignalSyncNow)
	second.at(5*time.Hour, workflows.SignalDelete)
	second.live(carried)
	require.NoError(t, second.env.GetWorkflowError())
	require.Equal(t, 9, second.runs[0].Number)
}

func TestDisabledStaysDisabledAcrossContinueAsNew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.at(time.Minute, workflows.SignalSyncNow)
	w.at(30*24*time.Hour, workflows.SignalDelete)
	w.live(workflows.DirectorySyncInput{Disabled: true, Runs: 3})
	require.NoError(t, w.env.GetWorkflowError())
	require.Empty(t, w.runs)
}

func TestPlainSignalWithoutPayload(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env.RegisterDelayedCallback(func() { w.env.SignalWorkflow(workflows.SignalSyncNow, nil) }, time.Minute)
	w.at(5*time.Hour, workflows.SignalDelete)
	w.live(workflows.DirectorySyncInput{})
	require.NoError(t, w.env.GetWorkflowError())
	require.Equal(t, []directory.Trigger{directory.TriggerManual}, w.triggers())
}

func testDecode(again *workflow.ContinueAsNewError, into any) error {
	return converter.GetDefaultDataConverter().FromPayloads(again.Input, into)
}

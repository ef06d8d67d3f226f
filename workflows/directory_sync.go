package workflows

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/rollcall-sync/rollcall/activities"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/engine"
)

var configurations *activities.Configurations

// DirectorySync is the life of a configuration: it waits for its weekly hour, for signals and for
// the run that is going, and sees to it that there is never more than one run at a time.
func DirectorySync(ctx workflow.Context, in DirectorySyncInput) error {
	s := &directorySync{DirectorySyncInput: in, signals: subscribe(ctx), stale: true}
	if err := workflow.SetQueryHandler(ctx, QueryStatus, func() (Status, error) { return s.status(), nil }); err != nil {
		return err
	}
	if err := s.announce(ctx); err != nil {
		return err
	}
	return s.live(ctx)
}

type directorySync struct {
	DirectorySyncInput
	signals signals

	stale   bool // the next weekly run is to be computed anew
	deleted bool

	next       activities.NextRun
	timer      workflow.Future
	clearTimer workflow.CancelFunc

	run       *SyncRunInput // the run that is going
	runDone   workflow.ChildWorkflowFuture
	cancelRun workflow.CancelFunc
}

// live is the loop of the configuration's life; it ends with the configuration, or in a new
// execution with the same state once the history has grown long, which it does between runs only.
func (s *directorySync) live(ctx workflow.Context) error {
	for {
		if s.deleted && s.run == nil {
			return workflow.ExecuteActivity(settling(ctx, "Destroy credentials and forget the configuration"),
				configurations.DestroyConfiguration, activities.OfConfiguration{ConfigurationID: s.ConfigurationID}).Get(ctx, nil)
		}
		if s.stale && !s.deleted {
			if err := s.schedule(ctx); err != nil {
				return err
			}
		}
		s.startDueRun(ctx)
		if s.run == nil && workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return s.rollOver(ctx)
		}
		if err := s.wait(ctx); err != nil {
			return err
		}
	}
}

// wait blocks until something happened, and takes in all that has.
func (s *directorySync) wait(ctx workflow.Context) error {
	var failed error
	selector := workflow.NewSelector(ctx)
	s.signals.addTo(ctx, selector, s)
	selector.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) { failed = ctx.Err() })
	if s.timer != nil {
		selector.AddFuture(s.timer, func(workflow.Future) {
			s.timer, s.stale, s.LastSlot = nil, true, s.next.At
			s.want(Due{Trigger: directory.TriggerSchedule})
		})
	}
	if s.runDone != nil {
		selector.AddFuture(s.runDone, func(f workflow.Future) { failed = s.finishRun(ctx, f.Get(ctx, nil)) })
	}
	selector.Select(ctx)
	for failed == nil && selector.HasPending() {
		selector.Select(ctx)
	}
	return failed
}

// want queues a sync, unless one is queued already or the configuration is disabled. A rerun that is queued
// gives way to what reads everybody anew: it may be refused by the time that it begins.
func (s *directorySync) want(due Due) {
	free := s.Due == nil || s.Due.Trigger == directory.TriggerRerun && due.Trigger != directory.TriggerRerun
	if free && !s.Disabled && !s.deleted {
		s.Due = &due
	}
}

func (s *directorySync) syncNow(r Request) {
	s.want(Due{Trigger: directory.TriggerManual, RequestedBy: r.RequestedBy})
}

func (s *directorySync) rerun(r Request) {
	s.want(Due{Trigger: directory.TriggerRerun, OfRun: r.RunID, RequestedBy: r.RequestedBy})
}

// undo queues an undo, unless the same one is queued already. One that is going may have ended but for its
// last steps, so that it is no reason to leave another one out, which changes nothing where nothing is to do.
func (s *directorySync) undo(r Request) {
	queued := slices.ContainsFunc(s.Undos, func(due Due) bool { return due.OfRun == r.RunID })
	if !queued && !s.deleted {
		s.Undos = append(s.Undos, Due{Kind: directory.KindUndo, Trigger: directory.TriggerManual, OfRun: r.RunID, RequestedBy: r.RequestedBy})
	}
}

func (s *directorySync) disable(Request) {
	s.Disabled, s.Due, s.stale = true, nil, true
	if s.run != nil && s.run.Kind != directory.KindUndo {
		s.stopRun()
	}
}

func (s *directorySync) enable(Request) { s.Disabled, s.stale = false, true }

func (s *directorySync) delete(Request) {
	s.deleted, s.Due, s.Undos = true, nil, nil
	s.stopRun()
}

func (s *directorySync) settingsChanged(Request) { s.stale = true }

func (s *directorySync) stopRun() {
	if s.cancelRun != nil {
		s.cancelRun()
	}
}

// schedule writes down whether the configuration is enabled and when its next weekly run is due,
// and sets the timer for it.
func (s *directorySync) schedule(ctx workflow.Context) error {
	if s.clearTimer != nil {
		s.clearTimer()
		s.timer, s.clearTimer = nil, nil
	}
	in := activities.ScheduleInput{ConfigurationID: s.ConfigurationID, Disabled: s.Disabled, After: s.LastSlot}
	var next activities.NextRun
	if err := workflow.ExecuteActivity(settling(ctx, "Work out the next weekly run"), configurations.ScheduleNextRun, in).Get(ctx, &next); err != nil {
		return err
	}
	s.next, s.stale = next, false
	if s.Disabled {
		workflow.SetCurrentDetails(ctx, "Disabled: runs neither on schedule nor on demand.")
		return s.upsertStatus(ctx)
	}
	timerCtx, cancel := workflow.WithCancel(ctx)
	summary := "Next weekly run: " + next.Words
	s.timer = workflow.NewTimerWithOptions(timerCtx, next.At.Sub(workflow.Now(ctx)), workflow.TimerOptions{Summary: summary})
	s.clearTimer = cancel
	workflow.SetCurrentDetails(ctx, "Enabled. "+summary)
	return s.upsertStatus(ctx)
}

func (s *directorySync) startDueRun(ctx workflow.Context) {
	if s.run != nil || s.deleted {
		return
	}
	due := s.takeDue()
	if due == nil {
		return
	}
	s.Runs++
	s.run = &SyncRunInput{
		RunID: RunID(s.ConfigurationID, s.Runs), AccountID: s.AccountID, ConfigurationID: s.ConfigurationID, Provider: s.Provider,
		Number: s.Runs, Kind: cmp.Or(due.Kind, directory.KindSync), Trigger: due.Trigger, OfRun: due.OfRun, RequestedBy: due.RequestedBy,
	}
	runCtx, cancel := workflow.WithCancel(ctx)
	s.cancelRun = cancel
	summary := fmt.Sprintf("Run %d (%s)", s.Runs, s.run.purpose())
	child := asChild(runCtx, SyncRunID(s.ConfigurationID, s.Runs), summary, s.run.searchAttributes())
	s.runDone = workflow.ExecuteChildWorkflow(child, SyncRunName, *s.run)
}

// takeDue takes the run that is to be started next out of what is due, if there is one.
func (s *directorySync) takeDue() *Due {
	var due *Due
	switch {
	case len(s.Undos) > 0:
		due, s.Undos = &s.Undos[0], s.Undos[1:]
	case !s.Disabled:
		due, s.Due = s.Due, nil
	}
	return due
}

// finishRun clears the way for the next run. A run closes its own row; one that was terminated
// from outside could not, so that is made good here.
func (s *directorySync) finishRun(ctx workflow.Context, result error) error {
	run := s.run
	s.run, s.runDone, s.cancelRun = nil, nil, nil
	if result == nil {
		return nil
	}
	reason := "The run was ended from outside before it was complete. Start it again with Sync now."
	if run.Kind == directory.KindUndo {
		reason = "The run was ended from outside before it was complete. Undo again to have the rest put back."
	}
	in := activities.CloseRunInput{RunID: run.RunID, Status: directory.RunFailure, Reason: reason}
	return workflow.ExecuteActivity(settling(ctx, fmt.Sprintf("See that run %d is closed", run.Number)), syncing.CloseRun, in).Get(ctx, nil)
}

// rollOver goes on in a new execution. Signals that have arrived are taken in first, so that none
// is lost between the two.
func (s *directorySync) rollOver(ctx workflow.Context) error {
	s.signals.drain(s)
	if s.deleted {
		return s.live(ctx)
	}
	return workflow.NewContinueAsNewError(ctx, DirectorySyncName, s.DirectorySyncInput)
}

func (s *directorySync) status() Status {
	status := Status{State: s.state(), Queued: s.Due != nil || len(s.Undos) > 0, Runs: s.Runs}
	if !s.next.At.IsZero() {
		at := s.next.At
		status.NextRunAt = &at
	}
	if s.run != nil {
		status.Running = SyncRunID(s.ConfigurationID, s.run.Number)
	}
	return status
}

func (s *directorySync) state() directory.ConfigurationState {
	if s.Disabled {
		return directory.Disabled
	}
	return directory.Enabled
}

func (s *directorySync) announce(ctx workflow.Context) error {
	return workflow.UpsertTypedSearchAttributes(ctx,
		engine.RollcallAccount.ValueSet(s.AccountID), engine.RollcallConfiguration.ValueSet(s.ConfigurationID),
		engine.RollcallProvider.ValueSet(string(s.Provider)), engine.RollcallStatus.ValueSet(string(s.state())))
}

func (s *directorySync) upsertStatus(ctx workflow.Context) error {
	return workflow.UpsertTypedSearchAttributes(ctx, engine.RollcallStatus.ValueSet(string(s.state())))
}

// RunID is the id of a configuration's run, by its number: the same however often it is asked for.
func RunID(configurationID string, number int) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "rollcall/%s/run/%d", configurationID, number)).String()
}

// purpose says in a word what the run is for: what triggered it or, of an undo, that it is one.
func (in SyncRunInput) purpose() string {
	if in.Kind == directory.KindUndo {
		return string(in.Kind)
	}
	return string(in.Trigger)
}

func (in SyncRunInput) searchAttributes() temporal.SearchAttributes {
	return temporal.NewSearchAttributes(
		engine.RollcallAccount.ValueSet(in.AccountID), engine.RollcallConfiguration.ValueSet(in.ConfigurationID),
		engine.RollcallProvider.ValueSet(string(in.Provider)), engine.RollcallTrigger.ValueSet(string(in.Trigger)),
		engine.RollcallStatus.ValueSet(string(directory.RunRunning)))
}

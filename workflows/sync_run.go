package workflows

import (
	"cmp"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/rollcall-sync/rollcall/activities"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/engine"
)

var syncing *activities.Sync

// SyncRun is one run: open, fetch, verify, plan, guard, provision, deprovision, memberships, notify, close. A
// rerun reads only what the run before had not read, an undo nothing. It fails when the run is a Failure
// and is cancelled when the run was, so that lists of executions say how runs ended.
func SyncRun(ctx workflow.Context, in SyncRunInput) (SyncRunResult, error) {
	r := &syncRun{SyncRunInput: in}
	if err := workflow.SetQueryHandler(ctx, QueryStatus, func() (RunStatus, error) { return r.status, nil }); err != nil {
		return SyncRunResult{}, err
	}
	return r.close(ctx, r.stages(ctx))
}

type syncRun struct {
	SyncRunInput
	status   RunStatus
	begun    activities.Begun
	planned  activities.Planned
	rejected string        // why the plan was rejected; empty when it was not
	waited   time.Duration // for the source, because it asked to
}

// stages does the run. Each stage leaves the database in a state that the next attempt of it can
// take up; a cancellation takes effect between two batches.
func (r *syncRun) stages(ctx workflow.Context) error {
	if err := r.open(ctx); err != nil {
		return err
	}
	if r.Kind != directory.KindUndo {
		if err := r.readAll(ctx); err != nil {
			return err
		}
	}
	if err := r.plan(ctx); err != nil {
		return err
	}
	if r.Kind == directory.KindPreview {
		return nil
	}
	if r.planned.Held != "" {
		if err := r.awaitApproval(ctx); err != nil || r.rejected != "" {
			return err
		}
	}
	if err := r.apply(ctx, directory.StageProvision, r.planned.Changes, activities.ProvisionSteps()); err != nil {
		return err
	}
	if err := r.apply(ctx, directory.StageDeprovision, r.planned.Removals, activities.DeprovisionSteps()); err != nil {
		return err
	}
	return r.memberships(ctx)
}

// readAll reads all of the source that the run needs and, of a rerun, that was not read before.
func (r *syncRun) readAll(ctx workflow.Context) error {
	if r.Trigger == directory.TriggerRerun {
		if ended, err := r.takeOver(ctx); err != nil || ended {
			return err
		}
	}
	whole := workflow.GetVersion(ctx, changeGroups, workflow.DefaultVersion, 1) != workflow.DefaultVersion
	if whole {
		if err := r.begin(ctx); err != nil {
			return err
		}
	}
	if err := r.fetch(ctx); err != nil || !whole {
		return err
	}
	return r.verify(ctx)
}

// takeOver takes over what the run had read that this one is a rerun of, and says whether that is all.
func (r *syncRun) takeOver(ctx workflow.Context) (ended bool, err error) {
	var taken activities.TakenOver
	summary := "Take over what the run before had read"
	if err := workflow.ExecuteActivity(workingOnDatabase(ctx, summary), syncing.TakeOver, activities.OfRun{RunID: r.RunID}).Get(ctx, &taken); err != nil {
		return false, err
	}
	r.begun.Groups = taken.Groups > 0
	r.status.Groups, r.status.Fetched = taken.Groups, taken.Fetched
	r.tell(ctx)
	return taken.Read, nil
}

// changeGroups is the version marker of runs that read groups, look up who is missing, and bring
// memberships up to date. Runs that began before do none of that.
const changeGroups = "groups"

func (r *syncRun) open(ctx workflow.Context) error {
	info := workflow.GetInfo(ctx)
	in := activities.OpenRunInput{
		RunID: r.RunID, AccountID: r.AccountID, ConfigurationID: r.ConfigurationID, Number: r.Number, Kind: r.Kind, Trigger: r.Trigger,
		OfRun: r.OfRun, RequestedBy: r.RequestedBy, WorkflowID: info.WorkflowExecution.ID, WorkflowRunID: info.WorkflowExecution.RunID,
	}
	return workflow.ExecuteActivity(workingOnDatabase(ctx, "Open the run and freeze its settings"), syncing.OpenRun, in).Get(ctx, nil)
}

// begin decides how much is read, and reads the groups that are part of it.
func (r *syncRun) begin(ctx workflow.Context) error {
	r.enter(ctx, directory.StageGroups)
	if err := r.read(ctx, "Check the tenant and decide what to read", syncing.BeginFetch, &r.begun); err != nil || !r.begun.Groups {
		return err
	}
	var listed activities.GroupsListed
	for !listed.Done {
		if err := r.read(ctx, fmt.Sprintf("List groups, after the first %d", listed.Groups), syncing.ListGroups, &listed); err != nil {
			return err
		}
	}
	entered := activities.StageInput{RunID: r.RunID, Stage: directory.StageGroups, Total: listed.Groups}
	if err := workflow.ExecuteActivity(workingOnDatabase(ctx, "Begin to read groups"), syncing.EnterStage, entered).Get(ctx, nil); err != nil {
		return err
	}
	for done := false; !done; {
		var out activities.MembersFetched
		summary := fmt.Sprintf("Fetch members, after the first %d of %d groups", r.status.Groups, listed.Groups)
		if err := r.read(ctx, summary, syncing.FetchMembers, &out); err != nil {
			return err
		}
		r.status.Groups, done = out.Groups, out.Done
		r.tell(ctx)
	}
	return nil
}

// fetch reads page after page into the staging table.
func (r *syncRun) fetch(ctx workflow.Context) error {
	r.enter(ctx, directory.StageFetch)
	people := "people"
	if r.begun.Mode == directory.Incremental {
		people = "people who changed"
	}
	for done := false; !done; {
		var out activities.Fetched
		summary := fmt.Sprintf("Fetch %s, after the first %d", people, r.status.Fetched)
		if err := r.read(ctx, summary, syncing.FetchUsers, &out); err != nil {
			return err
		}
		r.status.Fetched, done = out.Fetched, out.Done
		r.tell(ctx)
	}
	return nil
}

// verify looks up who is missing from what was read.
func (r *syncRun) verify(ctx workflow.Context) error {
	r.enter(ctx, directory.StageVerify)
	for done := false; !done; {
		var out activities.Verified
		if err := r.read(ctx, "Look up who is missing", syncing.VerifyMissing, &out); err != nil {
			return err
		}
		done = out.Done
	}
	return nil
}

// read has an activity ask the source something. A source that asks to wait is waited for here, by
// a timer, so that no worker is held up and the history says what it waits for.
func (r *syncRun) read(ctx workflow.Context, summary string, activity, result any) error {
	for {
		err := workflow.ExecuteActivity(readingSource(ctx, summary), activity, activities.OfRun{RunID: r.RunID}).Get(ctx, result)
		pause, throttled := activities.Throttled(err)
		if !throttled || r.waited >= maxThrottled {
			return err
		}
		r.waited += pause
		if err := r.pause(ctx, pause); err != nil {
			return err
		}
	}
}

// maxThrottled is how long a run is put off by its source before it counts as failed.
const maxThrottled = 24 * time.Hour

func (r *syncRun) pause(ctx workflow.Context, d time.Duration) error {
	r.status.Throttled = true
	defer func() { r.status.Throttled = false }()
	summary := fmt.Sprintf("%s asked to wait %s", r.Provider.Title(), d)
	return workflow.NewTimerWithOptions(ctx, d, workflow.TimerOptions{Summary: summary}).Get(ctx, nil)
}

func (r *syncRun) plan(ctx workflow.Context) error {
	r.enter(ctx, directory.StagePlan)
	summary, plan := fmt.Sprintf("Compare %d people with our users", r.status.Fetched), syncing.PlanRun
	if r.Kind == directory.KindUndo {
		summary, plan = "Compare what the run changed with what is there", syncing.PlanUndo
	}
	if err := workflow.ExecuteActivity(workingOnDatabase(ctx, summary), plan, activities.OfRun{RunID: r.RunID}).Get(ctx, &r.planned); err != nil {
		return err
	}
	r.status.Planned, r.status.Failed = r.planned.Changes+r.planned.Groups+r.planned.Memberships+r.planned.People+r.planned.Roles, r.planned.Failed
	r.tell(ctx)
	return nil
}

// awaitApproval holds the run until an admin has decided. A signal from before it was held is no
// decision about what it holds now.
func (r *syncRun) awaitApproval(ctx workflow.Context) error {
	approve, reject := workflow.GetSignalChannel(ctx, SignalApprove), workflow.GetSignalChannel(ctx, SignalReject)
	for approve.ReceiveAsync(nil) || reject.ReceiveAsync(nil) {
	}
	r.enter(ctx, directory.StageApproval)
	if err := r.hold(ctx, activities.HoldInput{RunID: r.RunID, Reason: r.planned.Held}, directory.RunAwaitingApproval); err != nil {
		return err
	}
	var cancelled error
	var by Request
	selector := workflow.NewSelector(ctx)
	selector.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) { cancelled = ctx.Err() })
	selector.AddReceive(approve, func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, &by) })
	selector.AddReceive(reject, func(c workflow.ReceiveChannel, _ bool) {
		c.Receive(ctx, &by)
		r.rejected = "The planned changes were rejected; all users are as they were."
	})
	selector.Select(ctx)
	switch {
	case cancelled != nil:
		return cancelled
	case r.rejected != "":
		return workflow.ExecuteActivity(workingOnDatabase(ctx, "Reject the plan"), syncing.RejectPlan, activities.OfRun{RunID: r.RunID}).Get(ctx, nil)
	default:
		return r.hold(ctx, activities.HoldInput{RunID: r.RunID, By: cmp.Or(by.RequestedBy, "an administrator")}, directory.RunRunning)
	}
}

// hold writes down whether the run waits for a decision, in the database and for searches.
func (r *syncRun) hold(ctx workflow.Context, in activities.HoldInput, status directory.RunStatus) error {
	summary := "Go on after approval"
	if in.Reason != "" {
		summary = "Hold the run for approval"
	}
	if err := workflow.ExecuteActivity(workingOnDatabase(ctx, summary), syncing.HoldRun, in).Get(ctx, nil); err != nil {
		return err
	}
	return workflow.UpsertTypedSearchAttributes(ctx, engine.RollcallStatus.ValueSet(string(status)))
}

// apply works off the planned changes of the given steps, batch by batch.
func (r *syncRun) apply(ctx workflow.Context, stage directory.Stage, total int, steps []int) error {
	r.enter(ctx, stage)
	entered := activities.StageInput{RunID: r.RunID, Stage: stage, Total: total}
	if err := workflow.ExecuteActivity(workingOnDatabase(ctx, "Begin to "+string(stage)), syncing.EnterStage, entered).Get(ctx, nil); err != nil {
		return err
	}
	for _, step := range steps {
		for batch, more := 1, true; more; batch++ {
			in := activities.ApplyInput{RunID: r.RunID, AccountID: r.AccountID, Step: step}
			summary := fmt.Sprintf("%s, batch %d", activities.StepTitle(step), batch)
			var out activities.Applied
			if err := workflow.ExecuteActivity(workingOnDatabase(ctx, summary), syncing.ApplyChanges, in).Get(ctx, &out); err != nil {
				return err
			}
			r.status.Applied += out.Applied
			r.status.Failed += out.Failed
			r.tell(ctx)
			more = out.Remaining > 0
		}
	}
	return nil
}

// memberships brings groups, who is in them, whom people name, and what roles and organizations follow up to
// date, once the people are.
func (r *syncRun) memberships(ctx workflow.Context) error {
	changes, steps := r.planned.Groups+r.planned.Memberships, activities.MembershipSteps()
	if r.planned.People > 0 {
		changes, steps = changes+r.planned.People, append(steps, activities.PeopleSteps()...)
	}
	if r.planned.Roles > 0 {
		changes, steps = changes+r.planned.Roles, append(steps, activities.RoleSteps()...)
	}
	if changes > 0 {
		if err := r.apply(ctx, directory.StageMemberships, changes, steps); err != nil {
			return err
		}
	}
	if !r.begun.Groups && !r.planned.NamesPeople {
		return nil
	}
	return workflow.ExecuteActivity(workingOnDatabase(ctx, "Note who is not in the account yet"), syncing.ParkMembers, activities.OfRun{RunID: r.RunID}).Get(ctx, nil)
}

// close writes down how the run ended, also when it was cancelled or failed, and has the mail that
// it left delivered.
func (r *syncRun) close(ctx workflow.Context, cause error) (SyncRunResult, error) {
	done, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	r.enter(done, directory.StageNotify)
	in := activities.CloseRunInput{RunID: r.RunID}
	if cause != nil && ctx.Err() != nil {
		cause = ctx.Err() // what was under way may have failed in its own words
	}
	switch {
	case temporal.IsCanceledError(cause):
		in.Status, in.Reason = directory.RunCancelled, "The run was stopped. What it had done until then stays."
	case cause != nil:
		in.Status, in.Reason = directory.RunFailure, activities.Sentence(cause, r.Provider, r.Kind)
	case r.rejected != "":
		in.Status, in.Reason = directory.RunCancelled, r.rejected
	}
	var result SyncRunResult
	if err := workflow.ExecuteActivity(settling(done, "Close the run"), syncing.CloseRun, in).Get(done, &result); err != nil {
		return result, err
	}
	if r.Kind != directory.KindPreview {
		if err := workflow.ExecuteActivity(settling(done, "Have waiting mail delivered"), syncing.WakeMail, activities.OfAccount{AccountID: r.AccountID}).Get(done, nil); err != nil {
			return result, err
		}
	}
	if err := workflow.UpsertTypedSearchAttributes(done, engine.RollcallStatus.ValueSet(string(result.Status))); err != nil {
		return result, err
	}
	workflow.SetCurrentDetails(done, fmt.Sprintf("%s. %s", result.Status, in.Reason))
	return result, r.ending(cause, in.Reason)
}

// ending is the error with which the execution ends, if any.
func (r *syncRun) ending(cause error, reason string) error {
	if cause == nil || temporal.IsCanceledError(cause) {
		return cause
	}
	return temporal.NewNonRetryableApplicationError(reason, activities.ErrorType(cause), nil)
}

func (r *syncRun) enter(ctx workflow.Context, stage directory.Stage) {
	r.status.Stage = stage
	r.tell(ctx)
}

// tell keeps the execution's details in the Web UI at what the run is doing.
func (r *syncRun) tell(ctx workflow.Context) {
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("Stage %s: %d groups and %d people fetched, %d changes planned, %d applied, %d failed.",
		r.status.Stage, r.status.Groups, r.status.Fetched, r.status.Planned, r.status.Applied, r.status.Failed))
}

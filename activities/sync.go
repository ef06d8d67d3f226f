package activities

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
	"github.com/rollcall-sync/rollcall/internal/source"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// Sync are the activities of a run.
type Sync struct {
	Store   *store.Store
	Sources map[directory.Provider]source.Opener
	// Wake has what waits in an account delivered.
	Wake func(ctx context.Context, accountID string) error
	Now  func() time.Time
}

// batchSize is how many changes are one transaction, and one activity in the history.
const batchSize = 2000

// OpenRun writes the run's row and freezes the configuration's settings into it.
func (a *Sync) OpenRun(ctx context.Context, in OpenRunInput) error {
	_, err := a.Store.OpenRun(ctx, store.NewRun{
		ID: in.RunID, ConfigurationID: in.ConfigurationID, Number: in.Number, Kind: in.Kind, Trigger: in.Trigger, OfRun: in.OfRun,
		RequestedBy: in.RequestedBy, WorkflowID: in.WorkflowID, WorkflowRunID: in.WorkflowRunID,
	})
	return asTemporal(ctx, err)
}

// TakeOver gives a rerun what the run that it is of had read.
func (a *Sync) TakeOver(ctx context.Context, in OfRun) (TakenOver, error) {
	defer keepAlive(ctx)()
	taken, err := a.takeOver(ctx, in.RunID)
	return taken, asTemporal(ctx, err)
}

func (a *Sync) takeOver(ctx context.Context, runID string) (TakenOver, error) {
	if err := a.Store.TakeOver(ctx, runID); err != nil {
		return TakenOver{}, err
	}
	progress, err := a.Store.FetchProgress(ctx, runID)
	if err != nil {
		return TakenOver{}, err
	}
	groups, _, _, err := a.Store.GroupProgress(ctx, runID)
	return TakenOver{Read: progress.Ended, Groups: groups, Fetched: progress.Read}, err
}

// PlanRun compares what was fetched with what is there, and writes what is to be done as planned
// changes. A plan that was made is not made again.
func (a *Sync) PlanRun(ctx context.Context, in OfRun) (Planned, error) {
	defer keepAlive(ctx)()
	planned, err := a.planRun(ctx, in.RunID)
	return planned, asTemporal(ctx, err)
}

func (a *Sync) planRun(ctx context.Context, runID string) (Planned, error) {
	run, err := a.Store.RunContext(ctx, runID)
	if err != nil {
		return Planned{}, err
	}
	if err := a.Store.SetStage(ctx, runID, directory.StagePlan, run.Run.Counts.Fetched); err != nil {
		return Planned{}, err
	}
	settings := reconcile.Settings{
		OnSourceDelete: run.Settings.OnSourceDelete,
		CreateOnly:     createOnly(run.Settings.Mappings),
		SourceName:     run.Configuration.Provider.Title(),
	}
	summary, err := a.Store.Plan(ctx, runID,
		func(c reconcile.Candidate) reconcile.Decision { return reconcile.Decide(c, settings) },
		func(m reconcile.Missing) reconcile.Decision { return reconcile.DecideMissing(m, settings) },
		func(done int) { activity.RecordHeartbeat(ctx, done) })
	if err != nil {
		return Planned{}, err
	}
	planned := asPlanned(summary)
	if run.Run.Kind == directory.KindSync {
		planned.Held = held(run.Settings.Guard, planned)
	}
	return planned, nil
}

// PlanUndo compares what the run that this one undoes did with what is there, and writes what is to be
// put back as planned changes. A plan that was made is not made again.
func (a *Sync) PlanUndo(ctx context.Context, in OfRun) (Planned, error) {
	defer keepAlive(ctx)()
	planned, err := a.planUndo(ctx, in.RunID)
	return planned, asTemporal(ctx, err)
}

func (a *Sync) planUndo(ctx context.Context, runID string) (Planned, error) {
	run, err := a.Store.RunContext(ctx, runID)
	if err != nil {
		return Planned{}, err
	}
	if err := a.Store.SetStage(ctx, runID, directory.StagePlan, 0); err != nil {
		return Planned{}, err
	}
	summary, err := a.Store.PlanUndo(ctx, runID, reconcile.Revert, func(done int) { activity.RecordHeartbeat(ctx, done) })
	if err != nil {
		return Planned{}, err
	}
	planned := asPlanned(summary)
	planned.NamesPeople = false // nobody was read whom others name
	planned.Held = held(run.Settings.Guard, planned)
	return planned, nil
}

func asPlanned(s store.PlanSummary) Planned {
	return Planned{
		Unchanged: s.Unchanged, Changes: s.Changes, Failed: s.Failed,
		Removals: s.Removals, Recent: s.Recent, Linked: s.Linked,
		Groups: s.Groups, Memberships: s.Memberships, People: s.People, NamesPeople: s.NamesPeople, Roles: s.Roles,
	}
}

// held is why an admin must approve a plan; empty when nobody must. A plan that takes nobody out
// passes, whatever was before.
func held(guard directory.Guard, p Planned) string {
	if p.Removals == 0 || !reconcile.Exceeds(guard, p.Removals+p.Recent, p.Linked+p.Recent) {
		return ""
	}
	before := ""
	if p.Recent > 0 {
		before = fmt.Sprintf(", after %d in the %d days before", p.Recent, guard.Window())
	}
	return fmt.Sprintf("This run would take out %d of %d users%s, which is more than the guard lets pass (%d users or %d %%). Approve it if that is right, reject it if not.",
		p.Removals, p.Linked, before, guard.MaxRemovals, guard.MaxRemovalPercent)
}

func createOnly(mappings []directory.Mapping) map[string]bool {
	targets := map[string]bool{}
	for _, m := range mappings {
		if !m.SyncUpdates {
			targets[m.Target] = true
		}
	}
	return targets
}

// HoldRun has the run wait for approval and tells those who can give it, or has it go on when
// there is no reason to wait.
func (a *Sync) HoldRun(ctx context.Context, in HoldInput) error {
	return asTemporal(ctx, a.holdRun(ctx, in))
}

func (a *Sync) holdRun(ctx context.Context, in HoldInput) error {
	if in.Reason == "" {
		return a.Store.HoldRun(ctx, in.RunID, directory.RunRunning, "", in.By)
	}
	if err := a.Store.HoldRun(ctx, in.RunID, directory.RunAwaitingApproval, in.Reason, ""); err != nil {
		return err
	}
	run, err := a.Store.RunContext(ctx, in.RunID)
	if err != nil {
		return err
	}
	return a.Wake(ctx, run.Run.AccountID)
}

// EnterStage writes down what the run has come to.
func (a *Sync) EnterStage(ctx context.Context, in StageInput) error {
	return asTemporal(ctx, a.Store.SetStage(ctx, in.RunID, in.Stage, in.Total))
}

// RejectPlan marks all that was planned as rejected.
func (a *Sync) RejectPlan(ctx context.Context, in OfRun) error {
	return asTemporal(ctx, a.Store.RejectPlan(ctx, in.RunID))
}

// ApplyChanges applies the next batch of planned changes of a step, and has what it leaves delivered. Each
// batch is one transaction.
func (a *Sync) ApplyChanges(ctx context.Context, in ApplyInput) (Applied, error) {
	defer keepAlive(ctx)()
	out, err := a.Store.ApplyBatch(ctx, in.RunID, in.Step, batchSize)
	if out.Applied > 0 && in.AccountID != "" {
		if err := a.Wake(ctx, in.AccountID); err != nil { // the next batch wakes again, and so does the end of the run
			slog.WarnContext(ctx, "what waits is delivered later", "account", in.AccountID, "error", err)
		}
	}
	return Applied{Applied: out.Applied, Failed: out.Failed, Remaining: out.Remaining}, asTemporal(ctx, err)
}

// CloseRun writes down how the run ended. A run that is closed stays as it is; one that was never
// opened is none.
func (a *Sync) CloseRun(ctx context.Context, in CloseRunInput) (ClosedRun, error) {
	defer keepAlive(ctx)()
	run, err := a.Store.CloseRun(ctx, in.RunID, in.Status, in.Reason)
	if directory.HasCode(err, "not_found") {
		return ClosedRun{Status: in.Status}, nil
	}
	return ClosedRun{Status: run.Status, Counts: run.Counts}, asTemporal(ctx, err)
}

// ParkMembers notes which members of the groups that were read, and which managers, are not in the
// account yet.
func (a *Sync) ParkMembers(ctx context.Context, in OfRun) error {
	defer keepAlive(ctx)()
	return asTemporal(ctx, a.Store.ParkMembers(ctx, in.RunID))
}

// WakeMail has what waits in the account delivered: mail, and events of webhooks.
func (a *Sync) WakeMail(ctx context.Context, in OfAccount) error {
	return asTemporal(ctx, a.Wake(ctx, in.AccountID))
}

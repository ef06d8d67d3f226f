package admin

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/workflows"
)

// Sync is what became of a request for a run.
type Sync struct {
	Queued bool   // a run is going; this one follows it
	RunID  string // of the run that was started, when it is known already
}

// SyncNow asks for a run. While one is going, one follow-up is queued.
func (a *Admin) SyncNow(ctx context.Context, who directory.Principal, configurationID string) (Sync, error) {
	c, err := a.enabled(ctx, who.AccountID, configurationID)
	if err != nil {
		return Sync{}, err
	}
	before, err := a.newestRun(ctx, c.ID)
	if err != nil {
		return Sync{}, err
	}
	if err := a.signal(ctx, c, workflows.SignalSyncNow, who); err != nil {
		return Sync{}, err
	}
	if before != nil && !before.Status.Ended() {
		return Sync{Queued: true}, nil
	}
	var started Sync
	_, err = await(ctx, runPatience, func(ctx context.Context) (bool, error) {
		run, err := a.newestRun(ctx, c.ID)
		if err != nil || run == nil || before != nil && run.ID == before.ID {
			return false, err
		}
		started.RunID = run.ID
		return true, nil
	})
	return started, err
}

// newestRun is the run that is going, or else the last one; nil when there was none.
func (a *Admin) newestRun(ctx context.Context, configurationID string) (*directory.Run, error) {
	current, err := a.Store.CurrentRun(ctx, configurationID)
	if err != nil || current != nil {
		return current, err
	}
	return a.Store.LastRun(ctx, configurationID)
}

// enabled is the configuration, if it may run.
func (a *Admin) enabled(ctx context.Context, accountID, id string) (directory.Configuration, error) {
	c, err := a.Store.Configuration(ctx, accountID, id)
	if err != nil {
		return c, err
	}
	if c.State == directory.Disabled {
		return c, directory.Conflict("configuration_disabled",
			fmt.Sprintf("This configuration is disabled, so it does not run. Enable it first: POST /v1/configurations/%s/enable.", c.ID))
	}
	return c, nil
}

// ApproveRun lets a run that awaits approval go on.
func (a *Admin) ApproveRun(ctx context.Context, who directory.Principal, id string) (directory.Run, error) {
	return a.decide(ctx, who, id, workflows.SignalApprove)
}

// RejectRun ends a run that awaits approval; all users stay as they are.
func (a *Admin) RejectRun(ctx context.Context, who directory.Principal, id string) (directory.Run, error) {
	return a.decide(ctx, who, id, workflows.SignalReject)
}

func (a *Admin) decide(ctx context.Context, who directory.Principal, id, signal string) (directory.Run, error) {
	run, err := a.Store.Run(ctx, who.AccountID, id)
	if err != nil {
		return directory.Run{}, err
	}
	if run.Status != directory.RunAwaitingApproval {
		return directory.Run{}, notAwaiting(run)
	}
	err = a.Temporal.SignalWorkflow(ctx, run.WorkflowID, "", signal, workflows.Request{RequestedBy: who.Name})
	if gone(err) {
		return directory.Run{}, notAwaiting(run)
	}
	if err != nil {
		return directory.Run{}, unavailable(err)
	}
	return a.awaitRun(ctx, run, func(r directory.Run) bool { return r.Status != directory.RunAwaitingApproval })
}

// CancelRun has a run stop between two batches. What it has applied stays.
func (a *Admin) CancelRun(ctx context.Context, who directory.Principal, id string) (directory.Run, error) {
	run, err := a.Store.Run(ctx, who.AccountID, id)
	if err != nil {
		return directory.Run{}, err
	}
	if run.Status.Ended() {
		return directory.Run{}, ended(run)
	}
	err = a.Temporal.CancelWorkflow(ctx, run.WorkflowID, "")
	if gone(err) {
		return directory.Run{}, ended(run)
	}
	if err != nil {
		return directory.Run{}, unavailable(err)
	}
	return a.awaitRun(ctx, run, func(r directory.Run) bool { return r.Status.Ended() })
}

func (a *Admin) awaitRun(ctx context.Context, run directory.Run, done func(directory.Run) bool) (directory.Run, error) {
	_, err := await(ctx, patience, func(ctx context.Context) (bool, error) {
		now, err := a.Store.Run(ctx, run.AccountID, run.ID)
		if err != nil {
			return false, err
		}
		run = now
		return done(now), nil
	})
	return run, err
}

func notAwaiting(r directory.Run) *directory.Error {
	return directory.Conflict("run_not_awaiting_approval",
		fmt.Sprintf("This run does not wait for approval: its status is %s. Only a run that awaits approval can be approved or rejected.", r.Status))
}

func ended(r directory.Run) *directory.Error {
	return directory.Conflict("run_ended", fmt.Sprintf("This run has ended already, as %s. Only a run that is going can be cancelled.", r.Status))
}

// TemporalURL is the run's execution in the Temporal Web UI; before that has begun, its workflow.
func (a *Admin) TemporalURL(r directory.Run) string {
	workflow := fmt.Sprintf("%s/namespaces/%s/workflows/%s", strings.TrimSuffix(a.TemporalUIURL, "/"), url.PathEscape(a.Namespace), url.PathEscape(r.WorkflowID))
	if r.WorkflowRunID == "" {
		return workflow
	}
	return workflow + "/" + url.PathEscape(r.WorkflowRunID) + "/history"
}

package admin

import (
	"context"
	"fmt"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/workflows"
)

// UndoRun has what a run changed put back, by a run of its own, and returns that run. It waits for no
// other: while one is going it is the conflict "run_in_progress". Further conflicts are those of
// Store.Undoable. Nobody has roles put back that they may not give or take by hand.
func (a *Admin) UndoRun(ctx context.Context, who directory.Principal, id string) (directory.Run, error) {
	roles, err := a.Store.RolesMoved(ctx, who.AccountID, id)
	if err != nil {
		return directory.Run{}, err
	}
	for _, role := range roles {
		if err := mayMove(who.RoleID, directory.RoleMember, role); err != nil {
			return directory.Run{}, err
		}
	}
	return a.follow(ctx, who, id, workflows.SignalUndo, a.Store.Undoable)
}

// RerunRun has a run that failed or was stopped done again from where it stopped, by a run of its own
// that takes over what it had read, and returns that run. The conflicts are those of Store.Rerunnable:
// while another run is going, this is not the newest one.
func (a *Admin) RerunRun(ctx context.Context, who directory.Principal, id string) (directory.Run, error) {
	return a.follow(ctx, who, id, workflows.SignalRerun, a.Store.Rerunnable)
}

// follow starts a run that is of another one, if the check allows it, and waits a little for it to begin.
func (a *Admin) follow(ctx context.Context, who directory.Principal, id, signal string,
	check func(ctx context.Context, accountID, runID string) (directory.Run, error)) (directory.Run, error) {
	of, err := check(ctx, who.AccountID, id)
	if err != nil {
		return directory.Run{}, err
	}
	before, err := a.newestRun(ctx, of.ConfigurationID)
	if err != nil {
		return directory.Run{}, err
	}
	if before != nil && !before.Status.Ended() {
		return directory.Run{}, inProgress(*before)
	}
	c, err := a.Store.Configuration(ctx, who.AccountID, of.ConfigurationID)
	if err != nil {
		return directory.Run{}, err
	}
	if err := a.request(ctx, c, signal, workflows.Request{RequestedBy: who.Name, RunID: of.ID}); err != nil {
		return directory.Run{}, err
	}
	var begun directory.Run
	found, err := await(ctx, patience, func(ctx context.Context) (bool, error) {
		run, err := a.newestRun(ctx, c.ID)
		if err != nil || run == nil || run.OfRun == nil || *run.OfRun != of.ID || before != nil && run.ID == before.ID {
			return false, err
		}
		begun = *run
		return true, nil
	})
	if err == nil && !found {
		return begun, a.notBegun(ctx, of, check)
	}
	return begun, err
}

// notBegun says why a run that was asked for has not begun: another came first and changed what the
// check had found, or nobody has come to it yet.
func (a *Admin) notBegun(ctx context.Context, of directory.Run, check func(ctx context.Context, accountID, runID string) (directory.Run, error)) error {
	if _, err := check(ctx, of.AccountID, of.ID); err != nil {
		return err
	}
	return &directory.Error{
		Kind: directory.KindUnavailable, Code: "run_not_begun",
		Message: "The run was asked for, but has not begun yet: it does as soon as a worker is free.",
		Remedy:  fmt.Sprintf("GET /v1/runs?configuration_id=%s shows it then.", of.ConfigurationID),
	}
}

func inProgress(going directory.Run) *directory.Error {
	what := "is in progress"
	remedy := fmt.Sprintf("Wait until it has ended, or stop it with POST /v1/runs/%s/cancel.", going.ID)
	if going.Status == directory.RunAwaitingApproval {
		what = "awaits approval"
		remedy = fmt.Sprintf("Approve it with POST /v1/runs/%s/approve or reject it with POST /v1/runs/%s/reject.", going.ID, going.ID)
	}
	refused := directory.Conflict("run_in_progress", fmt.Sprintf("Run %d of this configuration %s, and there is one run at a time.", going.Number, what))
	refused.Remedy = remedy
	return refused
}

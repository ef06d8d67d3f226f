package store

import (
	"context"
	"errors"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
)

// PlanUndo decides about everything that the run did which a run undoes, and writes what is to be done
// as planned changes, all or none of it.
//
// Planning again gives the summary of the plan that stands.
func (s *Store) PlanUndo(ctx context.Context, runID string, revert func(reconcile.Applied) reconcile.Decision, heartbeat func(done int)) (PlanSummary, error) {
	return PlanSummary{}, errors.New("not yet")
}

// Undoable is a run that can be undone, or the conflict that says why it cannot: "run_not_ended",
// "nothing_to_undo", "changes_purged" or "configuration_deleted".
func (s *Store) Undoable(ctx context.Context, accountID, runID string) (directory.Run, error) {
	return directory.Run{}, errors.New("not yet")
}

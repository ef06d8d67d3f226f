package store

import (
	"context"
	"fmt"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// HoldRun has an unfinished run wait for approval, for a reason, or go on.
func (s *Store) HoldRun(ctx context.Context, runID string, status directory.RunStatus, reason string) error {
	stage := directory.StageApproval
	if status == directory.RunRunning {
		stage = directory.StageProvision
	}
	_, err := s.db.ExecContext(ctx, `
		UPDATE runs SET status = $2, reason = $3, stage = $4, stage_done = 0, stage_started_at = now()
		WHERE id = $1 AND finished_at IS NULL`, runID, status, reason, stage)
	if err != nil {
		return fmt.Errorf("hold run %s: %w", runID, err)
	}
	return nil
}

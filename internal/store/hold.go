package store

import (
	"context"
	"errors"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// HoldRun is the lead's: has an unfinished run wait for approval, for a reason, or go on.
func (s *Store) HoldRun(ctx context.Context, runID string, status directory.RunStatus, reason string) error {
	return errors.ErrUnsupported
}

package activities

import (
	"context"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// lookUpsPerCall is how many missing people one activity looks up.
const lookUpsPerCall = 500

// VerifyMissing looks up by id who is missing from a complete read, before anybody is taken out for
// it. When more are missing than the guard lets pass, nobody is looked up: an admin decides.
func (a *Sync) VerifyMissing(ctx context.Context, in OfRun) (Verified, error) {
	defer keepAlive(ctx)()
	verified, err := a.verifyMissing(ctx, in.RunID)
	return verified, asTemporal(ctx, err)
}

func (a *Sync) verifyMissing(ctx context.Context, runID string) (Verified, error) {
	in, missing, err := a.Store.Missing(ctx, runID)
	out := Verified{Missing: missing, Done: true}
	if err != nil || missing == 0 {
		return out, err
	}
	f, err := a.openFetch(ctx, runID)
	if err != nil || in > f.run.Settings.Guard.MaxRemovals {
		return out, err
	}
	if err := a.Store.SetStage(ctx, runID, directory.StageVerify, missing); err != nil {
		return out, err
	}
	ids, err := a.Store.MissingIDs(ctx, runID, lookUpsPerCall)
	if err != nil {
		return out, err
	}
	there, gone, err := f.lookUp(ctx, ids)
	if err != nil {
		return out, err
	}
	absences := make(map[string]directory.Absence, len(ids))
	for _, id := range ids {
		absences[id] = directory.AbsencePresent
	}
	for _, id := range gone {
		absences[id] = directory.AbsenceGone
	}
	out.Gone, out.Present, out.Done = len(gone), len(there), len(ids) == missing
	return out, a.Store.StageAbsences(ctx, runID, absences)
}

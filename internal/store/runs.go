package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const runColumns = `id, account_id, configuration_id, number, kind, trigger, of_run, requested_by, status, reason, mode, notes,
	counts || jsonb_build_object('fetched', fetched, 'unchanged', unchanged) AS counts, stage, stage_done, stage_total, stage_started_at, started_at, finished_at, workflow_id, workflow_run_id`

// RunFilter narrows a list of runs.
type RunFilter struct {
	ConfigurationID string // empty: all
	Limit           int    // 0: 50; at most 500
	Cursor          string
}

// Runs is a page of an account's runs, previews too, newest first.
func (s *Store) Runs(ctx context.Context, accountID string, f RunFilter) (Page[directory.Run], error) {
	at, id, err := timeCursor(f.Cursor)
	if err != nil {
		return Page[directory.Run]{}, err
	}
	q := query{text: `SELECT ` + runColumns + ` FROM runs WHERE account_id = $1`, args: []any{accountID}}
	if f.ConfigurationID != "" {
		q.and(`configuration_id = ?`, f.ConfigurationID)
	}
	q.and(`(started_at, id) < (?, ?)`, at, id)
	limit := clampLimit(f.Limit)
	q.add(` ORDER BY started_at DESC, id DESC LIMIT ?`, limit+1)
	var runs []directory.Run
	if err := s.db.SelectContext(ctx, &runs, q.text, q.args...); err != nil {
		return Page[directory.Run]{}, wrap("list runs", found("configuration", err))
	}
	return pageOf(runs, limit, func(r directory.Run) string { return r.StartedAt.UTC().Format(cursorTime) + r.ID }), nil
}

// Run is one of an account's runs.
func (s *Store) Run(ctx context.Context, accountID, id string) (directory.Run, error) {
	var run directory.Run
	err := s.db.GetContext(ctx, &run, `SELECT `+runColumns+` FROM runs WHERE account_id = $1 AND id = $2`, accountID, id)
	return run, wrap("load run", found("run", err))
}

// LastRun is the newest ended run of a configuration that is no preview; nil when there is none.
func (s *Store) LastRun(ctx context.Context, configurationID string) (*directory.Run, error) {
	return s.newestRun(ctx, configurationID, `finished_at IS NOT NULL`)
}

// CurrentRun is the unfinished run of a configuration that is no preview; nil when there is none.
func (s *Store) CurrentRun(ctx context.Context, configurationID string) (*directory.Run, error) {
	return s.newestRun(ctx, configurationID, `finished_at IS NULL`)
}

func (s *Store) newestRun(ctx context.Context, configurationID, condition string) (*directory.Run, error) {
	var run directory.Run
	err := s.db.GetContext(ctx, &run, `
		SELECT `+runColumns+` FROM runs WHERE configuration_id = $1 AND kind <> 'preview' AND `+condition+`
		ORDER BY started_at DESC, id DESC LIMIT 1`, configurationID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, wrap("load run", found("configuration", err))
	}
	return &run, nil
}

// SetStage says what a run does now, of how many; 0 while unknown. Saying it again keeps what is
// done. A run in the approval stage awaits approval, in every other it is running. The total of the fetch
// is what the source announced; with the plan a run has ended to ask its source.
func (s *Store) SetStage(ctx context.Context, runID string, stage directory.Stage, total int) error {
	status := directory.RunRunning
	if stage == directory.StageApproval {
		status = directory.RunAwaitingApproval
	}
	return s.inTx(ctx, "set stage of run", func(tx *sqlx.Tx) error {
		if _, err := lockRun(ctx, tx, runID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
			UPDATE runs SET status = $4, stage = $2, stage_total = $3,
			       stage_done = CASE WHEN stage = $2 THEN stage_done ELSE 0 END,
			       stage_started_at = CASE WHEN stage = $2 THEN stage_started_at ELSE now() END,
			       announced = CASE WHEN $2 = 'fetch' THEN $3 ELSE announced END, read_done = read_done OR $2 = 'plan'
			WHERE id = $1`, runID, stage, total, status)
		return err
	})
}

// HoldRun has an unfinished run wait for approval, for a reason that its recipients are told, or go
// on. By is the admin who approved that it goes on.
func (s *Store) HoldRun(ctx context.Context, runID string, status directory.RunStatus, reason, by string) error {
	stage := directory.StageApproval
	if status == directory.RunRunning {
		stage = directory.StageProvision
	}
	return s.inTx(ctx, "hold run", func(tx *sqlx.Tx) error {
		if _, err := lockRun(ctx, tx, runID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `
			UPDATE runs SET status = $2, reason = $3, stage = $4,
			       approved_by = CASE WHEN $2 = 'running' AND $5 <> '' THEN $5 ELSE approved_by END,
			       approved_at = CASE WHEN $2 = 'running' AND $5 <> '' THEN now() ELSE approved_at END,
			       stage_done = CASE WHEN stage = $4 THEN stage_done ELSE 0 END,
			       stage_started_at = CASE WHEN stage = $4 THEN stage_started_at ELSE now() END
			WHERE id = $1`, runID, status, reason, stage, by); err != nil || status == directory.RunRunning {
			return err
		}
		return noticeHeld(ctx, tx, runID)
	})
}

// openRun is the part of an unfinished run that its steps work with.
type openRun struct {
	ID              string              `db:"id"`
	AccountID       string              `db:"account_id"`
	ConfigurationID string              `db:"configuration_id"`
	ConnectionID    string              `db:"connection_id"`
	Kind            directory.RunKind   `db:"kind"`
	Status          directory.RunStatus `db:"status"`
	FetchCursor     string              `db:"fetch_cursor"`
	Fetched         int                 `db:"fetched"`
	FetchDone       bool                `db:"fetch_done"`
	Mode            directory.RunMode   `db:"mode"`
	Pages           int                 `db:"pages"`
	ChangesLink     *string             `db:"changes_link"`
	Planned         bool                `db:"planned"`
	AppliedStep     int                 `db:"applied_step"`
	AppliedThrough  int64               `db:"applied_through"`
}

const selectRun = `
	SELECT r.id, r.account_id, r.configuration_id, f.connection_id, r.kind, r.status, r.fetch_cursor, r.fetched, r.fetch_done, r.mode, r.pages, r.changes_link,
	       r.planned_at IS NOT NULL AS planned, r.applied_step, r.applied_through
	FROM runs r JOIN configurations f ON f.id = r.configuration_id WHERE r.id = $1 `

// lockRun makes the transaction the only one that works on the run. A run that has ended, of
// which a forgotten worker may know nothing, is the conflict "run_ended".
func lockRun(ctx context.Context, tx *sqlx.Tx, runID string) (openRun, error) {
	var run openRun
	if err := tx.GetContext(ctx, &run, selectRun+`FOR NO KEY UPDATE OF r`, runID); err != nil {
		return run, found("run", err)
	}
	if run.Status.Ended() {
		err := directory.Conflict("run_ended", "The run has ended.")
		err.Permanent = true
		return run, err
	}
	return run, nil
}

package store

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// NewRun is what a run begins with. Its id is the caller's, so that opening it twice opens it once.
type NewRun struct {
	ID              string
	ConfigurationID string
	Number          int
	Kind            directory.RunKind
	Trigger         directory.Trigger
	RequestedBy     string
	WorkflowID      string
	WorkflowRunID   string
	// OfRun is the run that an undo is of, or whose staged records a rerun takes over.
	OfRun string
	// Settings are those of the run; nil: the configuration's. They are given for the preview of an
	// edit before it is saved.
	Settings *directory.Settings
}

// RunContext is all that the steps of a run need to know. Settings are those it opened with.
type RunContext struct {
	Run           directory.Run
	Configuration directory.Configuration
	Connection    directory.Connection
	Account       directory.Account
	Fields        []directory.Field
	Settings      directory.Settings
}

// OpenRun begins a run with the configuration's present settings, unless it is given others. Opening the same run again changes nothing, except that one
// opened before its workflow learns the workflow's run id. What of the configuration never ended is closed
// as a failure: an older run when another one begins, and previews that are older than a day. A deleted
// configuration is the conflict "configuration_disabled", and so is a disabled one of which a sync is
// wanted. A run to be of must be one of the configuration. A rerun has the conflicts of Rerunnable too.
func (s *Store) OpenRun(ctx context.Context, r NewRun) (RunContext, error) {
	var opened RunContext
	err := s.inTx(ctx, "open run", func(tx *sqlx.Tx) error {
		var runs bool
		err := tx.GetContext(ctx, &runs, `
			SELECT (state = 'enabled' OR $2 <> 'sync') AND deleted_at IS NULL FROM configurations
			WHERE id = $1 FOR NO KEY UPDATE`, r.ConfigurationID, r.Kind)
		if err != nil {
			return found("configuration", err)
		}
		if _, err := tx.ExecContext(ctx, `
			UPDATE runs SET workflow_run_id = $2 WHERE id = $1 AND workflow_run_id = ''`, r.ID, r.WorkflowRunID); err != nil {
			return err
		}
		opened, err = loadRunContext(ctx, tx, r.ID)
		if err == nil || !directory.HasCode(err, "not_found") {
			return err
		}
		if !runs {
			disabled := directory.Conflict("configuration_disabled", "The configuration is disabled or deleted. Enable it to sync.")
			disabled.Permanent = true
			return disabled
		}
		if err := r.insert(ctx, tx); err != nil {
			return err
		}
		opened, err = loadRunContext(ctx, tx, r.ID)
		return err
	})
	return opened, err
}

func (r NewRun) insert(ctx context.Context, tx *sqlx.Tx) error {
	if r.Trigger == directory.TriggerRerun {
		if err := checkRerun(ctx, tx, r.OfRun); err != nil {
			return err
		}
	}
	if err := closeForgotten(ctx, tx, r); err != nil {
		return err
	}
	result, err := tx.ExecContext(ctx, `
		INSERT INTO runs (id, account_id, configuration_id, number, kind, trigger, of_run, requested_by, status, settings, workflow_id, workflow_run_id)
		SELECT $1, f.account_id, f.id, $3, $4, $5, o.id, $6, 'running', coalesce($9, f.settings), $7, $8
		FROM configurations f LEFT JOIN runs o ON o.configuration_id = f.id AND o.id::text = $10
		WHERE f.id = $2 AND ($10 = '' OR o.id IS NOT NULL)`,
		r.ID, r.ConfigurationID, r.Number, r.Kind, r.Trigger, r.RequestedBy, r.WorkflowID, r.WorkflowRunID, r.Settings, r.OfRun)
	if err != nil {
		return err
	}
	inserted, err := result.RowsAffected()
	if err == nil && inserted == 0 {
		return directory.NotFound("run")
	}
	return err
}

// What an admin is told of what never ended.
const (
	runForgotten     = "The run stopped before it was finished. What it had changed stays, and the run after it does the rest. If this happens again, contact support."
	previewForgotten = "The preview was never finished. Start it again."
)

// closeForgotten closes what a configuration has left that never ended: runs when another one
// begins, which a preview is not, and previews that nobody can be waiting for any more.
func closeForgotten(ctx context.Context, tx *sqlx.Tx, r NewRun) error {
	var forgotten []struct {
		ID   string            `db:"id"`
		Kind directory.RunKind `db:"kind"`
	}
	if err := tx.SelectContext(ctx, &forgotten, `
		SELECT id, kind FROM runs WHERE configuration_id = $1 AND finished_at IS NULL
		AND CASE WHEN kind = 'preview' THEN started_at < now() - interval '1 day' ELSE $2 <> 'preview' END
		FOR NO KEY UPDATE`, r.ConfigurationID, r.Kind); err != nil {
		return err
	}
	for _, run := range forgotten {
		reason := runForgotten
		if run.Kind == directory.KindPreview {
			reason = previewForgotten
		}
		if err := closeRun(ctx, tx, run.ID, directory.RunFailure, reason); err != nil {
			return err
		}
	}
	return nil
}

// RunContext is what the steps of a run need to know, at present.
func (s *Store) RunContext(ctx context.Context, runID string) (RunContext, error) {
	loaded, err := loadRunContext(ctx, s.db, runID)
	return loaded, wrap("load run", err)
}

func loadRunContext(ctx context.Context, db sqlx.QueryerContext, runID string) (RunContext, error) {
	var c RunContext
	var row struct {
		directory.Run
		Settings directory.Settings `db:"settings"`
	}
	if err := sqlx.GetContext(ctx, db, &row, `SELECT `+runColumns+`, settings FROM runs WHERE id = $1`, runID); err != nil {
		return c, found("run", err)
	}
	c.Run, c.Settings = row.Run, row.Settings
	var err error
	if c.Configuration, err = getConfiguration(ctx, db, `WHERE f.id = $1`, c.Run.ConfigurationID); err != nil {
		return c, err
	}
	c.Connection, err = getConnection(ctx, db, `SELECT `+connectionColumns+` FROM connections WHERE id = $1`, c.Configuration.ConnectionID)
	if err != nil {
		return c, err
	}
	if err := sqlx.GetContext(ctx, db, &c.Account, `SELECT `+accountColumns+` FROM accounts WHERE id = $1`, c.Run.AccountID); err != nil {
		return c, err
	}
	c.Fields, err = loadFields(ctx, db, c.Run.AccountID)
	return c, err
}

func countLinked(ctx context.Context, db sqlx.QueryerContext, connectionID string) (int, error) {
	var n int
	err := sqlx.GetContext(ctx, db, &n, `
		SELECT count(*) FROM links l JOIN users u ON u.id = l.user_id
		WHERE l.connection_id = $1 AND u.status IN ('invited', 'active', 'awaiting_licence')`, connectionID)
	return n, err
}

package store

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// CloseRun ends a run with its counts. An empty status means that the run came to its end: success
// or, with errors of single records, partial success. Closing it again changes nothing. The
// records that a run staged stay until one of its configuration completes, those of a preview go.
func (s *Store) CloseRun(ctx context.Context, runID string, status directory.RunStatus, reason string) (directory.Run, error) {
	var run directory.Run
	err := s.inTx(ctx, "close run", func(tx *sqlx.Tx) error {
		_, err := lockRun(ctx, tx, runID)
		if err == nil {
			err = closeRun(ctx, tx, runID, status, reason)
		}
		if err != nil && !directory.HasCode(err, "run_ended") {
			return err
		}
		return tx.GetContext(ctx, &run, `SELECT `+runColumns+` FROM runs WHERE id = $1`, runID)
	})
	return run, err
}

func closeRun(ctx context.Context, tx *sqlx.Tx, runID string, status directory.RunStatus, reason string) error {
	counts, err := countChanges(ctx, tx, runID)
	if err != nil {
		return err
	}
	if status == "" {
		status = directory.RunSuccess
		if counts.Failed > 0 {
			status = directory.RunPartialSuccess
		}
	}
	var closed struct {
		ConfigurationID string            `db:"configuration_id"`
		Kind            directory.RunKind `db:"kind"`
	}
	if err := tx.GetContext(ctx, &closed, `
		UPDATE runs SET status = $2, reason = $3, counts = $4, stage = 'done', stage_started_at = now(), finished_at = now()
		WHERE id = $1 RETURNING configuration_id, kind`, runID, status, reason, counts); err != nil {
		return err
	}
	switch {
	case closed.Kind == directory.KindPreview:
		return unstage(ctx, tx, `SELECT $1::uuid`, runID)
	case status == directory.RunSuccess, status == directory.RunPartialSuccess:
		return clearStaging(ctx, tx, closed.ConfigurationID)
	default:
		return nil
	}
}

// countChanges counts what a run did; of a preview, what it would have done.
func countChanges(ctx context.Context, tx *sqlx.Tx, runID string) (directory.Counts, error) {
	var c directory.Counts
	err := tx.QueryRowContext(ctx, `
		SELECT r.fetched, r.unchanged, count(*) FILTER (WHERE c.problems IS NOT NULL AND c.outcome IN ('applied', 'failed', d.outcome)),
		       count(*) FILTER (WHERE c.outcome = d.outcome AND c.action = 'create'),
		       count(*) FILTER (WHERE c.outcome = d.outcome AND c.action = 'update'),
		       count(*) FILTER (WHERE c.outcome = d.outcome AND c.action = 'adopt'),
		       count(*) FILTER (WHERE c.outcome = d.outcome AND c.action = 'deactivate'),
		       count(*) FILTER (WHERE c.outcome = d.outcome AND c.action = 'reactivate'),
		       count(*) FILTER (WHERE c.outcome = d.outcome AND c.action = 'delete')
		FROM runs r
		CROSS JOIN LATERAL (SELECT CASE WHEN r.kind = 'preview' THEN 'planned' ELSE 'applied' END AS outcome) d
		LEFT JOIN changes c ON c.run_id = r.id
		WHERE r.id = $1 GROUP BY r.id`, runID).Scan(&c.Fetched, &c.Unchanged, &c.Failed,
		&c.Created, &c.Updated, &c.Adopted, &c.Deactivated, &c.Reactivated, &c.Deleted)
	return c, err
}

// clearStaging removes what the ended runs of a configuration staged.
func clearStaging(ctx context.Context, tx *sqlx.Tx, configurationID string) error {
	return unstage(ctx, tx, `SELECT id FROM runs WHERE configuration_id = $1 AND finished_at IS NOT NULL`, configurationID)
}

func unstage(ctx context.Context, tx *sqlx.Tx, runs, id string) error {
	for _, table := range []string{"staged_users", "fetched_pages"} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE run_id IN (`+runs+`)`, id); err != nil {
			return err
		}
	}
	return nil
}

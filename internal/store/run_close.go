package store

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// CloseRun ends a run with its counts and tells of it. An empty status means that the run came to its
// end: success or, with errors of single records, partial success. What is still planned is
// rejected, and who was to go and stays can have a free licence. After a success the configuration knows where the next changes will be read, if the run
// does; after any other end, and after an undo, the next run reads everybody, which an undo that changed
// something leaves a note of. A preview settles and tells nothing. Closing
// a run again changes nothing. The records that a run staged stay until one of its configuration
// completes, those of a preview go.
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
	counts, removals, err := countChanges(ctx, tx, runID)
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
		AccountID       string            `db:"account_id"`
		ConfigurationID string            `db:"configuration_id"`
		Kind            directory.RunKind `db:"kind"`
	}
	if err := tx.GetContext(ctx, &closed, `
		UPDATE runs SET status = $2, reason = $3, counts = $4, removals = $5, stage = 'done', stage_started_at = now(), finished_at = now()
		WHERE id = $1 RETURNING account_id, configuration_id, kind`, runID, status, reason, counts, removals); err != nil {
		return err
	}
	if closed.Kind == directory.KindPreview {
		return unstage(ctx, tx, `SELECT $1::uuid`, runID)
	}
	if err := rejectPlanned(ctx, tx, runID); err != nil {
		return err
	}
	if err := lockAccount(ctx, tx, closed.AccountID); err != nil {
		return err
	}
	if err := fillSeats(ctx, tx, closed.AccountID, directory.FromDirectorySync); err != nil {
		return err
	}
	if err := keepChangesLink(ctx, tx, runID); err != nil {
		return err
	}
	if closed.Kind == directory.KindUndo {
		if err := noteRepeats(ctx, tx, runID); err != nil {
			return err
		}
	}
	if err := noticeClosed(ctx, tx, runID); err != nil {
		return err
	}
	if status == directory.RunSuccess || status == directory.RunPartialSuccess {
		return clearStaging(ctx, tx, closed.ConfigurationID)
	}
	return nil
}

// NoteNextSyncRepeats is the code of the note that what an undo put back, the next sync changes again.
const NoteNextSyncRepeats = "next_sync_repeats"

func noteRepeats(ctx context.Context, tx *sqlx.Tx, runID string) error {
	var applied bool
	if err := tx.GetContext(ctx, &applied, `SELECT EXISTS (SELECT 1 FROM changes WHERE run_id = $1 AND outcome = 'applied')`, runID); err != nil || !applied {
		return err
	}
	return addNotes(ctx, tx, runID, []directory.Note{{Code: NoteNextSyncRepeats,
		Message: "The next sync brings back what the directory still says. Correct the directory or the settings before it, or disable the configuration."}})
}

// keepChangesLink hands the link of a run that succeeded over to its configuration, with the digest of
// what was read, and takes the configuration's away after any other end.
func keepChangesLink(ctx context.Context, tx *sqlx.Tx, runID string) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE configurations f SET changes_link = k.link, changes_at = CASE WHEN k.link IS NOT NULL THEN r.read_since END,
		       changes_digest = CASE WHEN k.link IS NOT NULL THEN r.changes_digest END,
		       incremental_runs = CASE WHEN r.mode = 'incremental' AND k.link IS NOT NULL THEN f.incremental_runs + 1 ELSE 0 END
		FROM runs r
		CROSS JOIN LATERAL (SELECT CASE WHEN r.status = 'success' AND r.fetch_done AND r.changes_digest IS NOT NULL THEN r.changes_link END AS link) k
		WHERE r.id = $1 AND f.id = r.configuration_id`, runID)
	return err
}

// rejectPlanned settles what a run has still planned as rejected. What was only to be noted leaves no trace.
func rejectPlanned(ctx context.Context, tx *sqlx.Tx, runID string) error {
	if _, err := tx.ExecContext(ctx, `
		DELETE FROM changes WHERE run_id = $1 AND step = 10 AND outcome = 'planned' AND before IS NULL`, runID); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `
		UPDATE changes SET outcome = 'rejected', occurred_at = now() WHERE run_id = $1 AND outcome = 'planned'`, runID)
	return err
}

// countChanges counts what a run did, and the people whom it took out; of a preview, what it would
// have done, which takes out nobody. What was parked was counted before.
// Whom a field of somebody names is a part of them, and not counted on its own, and neither is the role or
// the organization of somebody of whom something else was done.
func countChanges(ctx context.Context, tx *sqlx.Tx, runID string) (c directory.Counts, removals int, err error) {
	err = tx.QueryRowContext(ctx, `
		SELECT r.fetched, r.unchanged, coalesce((r.counts->>'memberships_parked')::int, 0), coalesce((r.counts->>'memberships_skipped')::int, 0),
		       (SELECT count(*) FROM staged_groups s WHERE s.run_id = $1 AND s.problem IS NULL),
		       (SELECT coalesce(sum(members), 0) FROM staged_groups s WHERE s.run_id = $1),
		       count(*) FILTER (WHERE c.problems IS NOT NULL AND (c.outcome = 'failed' OR c.done)),
		       count(*) FILTER (WHERE c.done AND c.subject = 'user' AND c.action = 'create'),
		       count(*) FILTER (WHERE c.done AND c.subject = 'user' AND c.action = 'update' AND c.step < 9) + (
		           SELECT count(*) FROM changes m WHERE m.run_id = $1 AND m.step = 10 AND m.outcome = d.outcome AND NOT EXISTS (
		               SELECT 1 FROM changes o WHERE o.run_id = $1 AND o.step BETWEEN 1 AND 4 AND o.user_id = m.user_id AND o.outcome = d.outcome)),
		       count(*) FILTER (WHERE c.done AND c.subject = 'user' AND c.action = 'adopt'),
		       count(*) FILTER (WHERE c.done AND c.subject = 'user' AND c.action = 'deactivate'),
		       count(*) FILTER (WHERE c.done AND c.subject = 'user' AND c.action = 'reactivate'),
		       count(*) FILTER (WHERE c.done AND c.subject = 'user' AND c.action = 'delete'),
		       count(*) FILTER (WHERE c.done AND c.subject = 'group' AND c.action = 'create'),
		       count(*) FILTER (WHERE c.done AND c.subject = 'group' AND c.action = 'update'),
		       count(*) FILTER (WHERE c.done AND c.subject = 'group' AND c.action = 'delete'),
		       count(*) FILTER (WHERE c.done AND c.subject = 'membership' AND c.action = 'create'),
		       count(*) FILTER (WHERE c.done AND c.subject = 'membership' AND c.action = 'delete'),
		       count(*) FILTER (WHERE c.outcome = 'applied' AND `+removal+`)
		FROM runs r
		CROSS JOIN LATERAL (SELECT CASE WHEN r.kind = 'preview' THEN 'planned' ELSE 'applied' END AS outcome) d
		LEFT JOIN LATERAL (SELECT *, outcome = d.outcome AS done FROM changes WHERE run_id = r.id) c ON true
		WHERE r.id = $1 GROUP BY r.id, d.outcome`, runID).Scan(&c.Fetched, &c.Unchanged, &c.MembershipsParked, &c.MembershipsSkipped,
		&c.GroupsFetched, &c.MembershipsFetched, &c.Failed,
		&c.Created, &c.Updated, &c.Adopted, &c.Deactivated, &c.Reactivated, &c.Deleted,
		&c.GroupsCreated, &c.GroupsUpdated, &c.GroupsDeleted, &c.MembershipsAdded, &c.MembershipsRemoved, &removals)
	return c, removals, err
}

// clearStaging removes what the ended runs of a configuration staged.
func clearStaging(ctx context.Context, tx *sqlx.Tx, configurationID string) error {
	return unstage(ctx, tx, `SELECT id FROM runs WHERE configuration_id = $1 AND finished_at IS NOT NULL`, configurationID)
}

func unstage(ctx context.Context, tx *sqlx.Tx, runs, id string) error {
	for _, table := range stagingTables() {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE run_id IN (`+runs+`)`, id); err != nil {
			return err
		}
	}
	return nil
}

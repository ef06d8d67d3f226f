package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
)

// ReadState is where the changes since a configuration's last clean run can be read.
type ReadState struct {
	ChangesLink     string
	ChangesAt       time.Time // from when the link is, or a little earlier
	Digest          []byte    // of the settings whose changes it tells
	IncrementalRuns int       // since the last full read
}

// StageChanges is one page of what changed at a source, looked up and mapped, with the cursor that
// it was read at and the next.
type StageChanges struct {
	RunID        string
	Cursor       string
	Next         string // empty on the last page
	Link         string // of the last page: where the next changes will be read
	Records      []mapping.Record
	Fingerprints [][]byte // of the records, by index; nil for a record with problems
	Gone         []string // source ids of who was not there
}

// ReadState says where a configuration's changes can be read; it is zero when they cannot.
func (s *Store) ReadState(ctx context.Context, configurationID string) (ReadState, error) {
	var r ReadState
	err := s.db.QueryRowContext(ctx, `
		SELECT changes_link, changes_at, changes_digest, incremental_runs FROM configurations
		WHERE id = $1 AND deleted_at IS NULL AND changes_link IS NOT NULL`, configurationID).
		Scan(&r.ChangesLink, &r.ChangesAt, &r.Digest, &r.IncrementalRuns)
	if errors.Is(err, sql.ErrNoRows) {
		return ReadState{}, nil
	}
	return r, wrap("load state of reading", found("configuration", err))
}

// BeginRead says how a run reads its source, and notes why. An incremental read begins at a cursor;
// changesLink is where the changes since the beginning of a full one will be read, if the source can
// tell. While nothing was read it can be said anew, except that the first changesLink stands. After
// that an incremental read can only become a full one, which forgets what was staged of people; all
// else changes nothing.
func (s *Store) BeginRead(ctx context.Context, runID string, mode directory.RunMode, cursor, changesLink string, notes ...directory.Note) error {
	return s.inTx(ctx, "begin to read", func(tx *sqlx.Tx) error {
		run, err := lockRun(ctx, tx, runID)
		if err != nil || !run.mayBegin(mode) {
			return err
		}
		if run.Mode == directory.Incremental && mode == directory.FullRead {
			if err := forgetPeople(ctx, tx, runID); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `
			UPDATE runs SET mode = $2, fetch_cursor = $3, changes_link = nullif($4, ''), fetch_done = false, pages = 0, read = 0, fetched = 0,
			       stage_done = CASE WHEN stage = 'fetch' THEN 0 ELSE stage_done END
			WHERE id = $1`, runID, mode, cursor, changesLink); err != nil {
			return err
		}
		return addNotes(ctx, tx, runID, notes)
	})
}

// mayBegin says whether the run can still begin to read in a mode.
func (r openRun) mayBegin(mode directory.RunMode) bool {
	switch {
	case r.Planned:
		return false
	case r.Mode == directory.Incremental && mode == directory.FullRead:
		return true
	default:
		return r.Pages == 0 && r.ChangesLink == nil
	}
}

// forgetPeople removes what a run has staged of people.
func forgetPeople(ctx context.Context, tx *sqlx.Tx, runID string) error {
	for _, table := range []string{"staged_users", "staged_absent", "fetched_pages"} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE run_id = $1`, runID); err != nil {
			return err
		}
	}
	return nil
}

// StageChanges keeps a page of changes and moves the run's cursor past it, both or neither, and says
// how many people the source has named so far. It refuses pages as StagePage does.
func (s *Store) StageChanges(ctx context.Context, p StageChanges) (int, error) {
	var read int
	err := s.inTx(ctx, "stage changes", func(tx *sqlx.Tx) error {
		err := tx.GetContext(ctx, &read, `
			UPDATE runs SET fetch_cursor = $3, fetch_done = $3 = '', changes_link = CASE WHEN $3 = '' THEN nullif($4, '') END,
			       pages = pages + 1, read = read + $5, fetched = fetched + $6,
			       stage_done = CASE WHEN stage = 'fetch' THEN read + $5 ELSE stage_done END
			WHERE id = $1 AND fetch_cursor = $2 AND mode = 'incremental' AND NOT fetch_done AND finished_at IS NULL AND planned_at IS NULL
			RETURNING read`, p.RunID, p.Cursor, p.Next, p.Link, len(p.Records)+len(p.Gone), len(p.Records))
		if errors.Is(err, sql.ErrNoRows) {
			return refusePage(ctx, tx, p.RunID)
		}
		if err != nil {
			return found("run", err)
		}
		if err := notePage(ctx, tx, p.RunID, p.Cursor, p.Cursor); err != nil {
			return err
		}
		if err := stageRecords(ctx, tx, p.RunID, p.Records, p.Fingerprints); err != nil {
			return err
		}
		return stageGone(ctx, tx, p)
	})
	return read, err
}

// stageGone notes who is gone. What was read last of a person is what holds.
func stageGone(ctx context.Context, tx *sqlx.Tx, p StageChanges) error {
	there := make([]string, len(p.Records))
	for i, record := range p.Records {
		there[i] = storable(record.SourceID)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM staged_absent WHERE run_id = $1 AND source_id = ANY($2)`, p.RunID, pq.StringArray(there)); err != nil {
		return err
	}
	gone := storableAll(p.Gone)
	if _, err := tx.ExecContext(ctx, `DELETE FROM staged_users WHERE run_id = $1 AND source_id = ANY($2)`, p.RunID, gone); err != nil {
		return err
	}
	return noteAbsent(ctx, tx, p.RunID, gone, directory.AbsenceGone)
}

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

// ReadStart is how a run begins to read its source.
type ReadStart struct {
	Mode        directory.RunMode
	Cursor      string // of an incremental read: where it begins
	ChangesLink string // of a full read: where the changes since its beginning will be read; empty if the source cannot tell
	Digest      []byte // of the settings that decide what is read; it goes with the link
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

// BeginRead says how a run reads its source, and notes why. While nothing was read it can be said
// anew, except that the first link stands, with its digest. After that an incremental read can only
// become a full one, which forgets what was staged of people; all else changes nothing.
func (s *Store) BeginRead(ctx context.Context, runID string, start ReadStart, notes ...directory.Note) error {
	return s.inTx(ctx, "begin to read", func(tx *sqlx.Tx) error {
		run, err := lockRun(ctx, tx, runID)
		if err != nil || !run.mayBegin(start.Mode) {
			return err
		}
		if run.Mode == directory.Incremental && start.Mode == directory.FullRead {
			if err := forgetPeople(ctx, tx, runID); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `
			UPDATE runs SET mode = $2, fetch_cursor = $3, changes_link = nullif($4, ''), changes_digest = $5, fetch_done = false, pages = 0, announced = -1, read = 0, fetched = 0,
			       stage_done = CASE WHEN stage = 'fetch' THEN 0 ELSE stage_done END
			WHERE id = $1`, runID, start.Mode, start.Cursor, start.ChangesLink, bytesOrNull(start.Digest)); err != nil {
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

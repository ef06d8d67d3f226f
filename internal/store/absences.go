package store

import (
	"context"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// readEverybody says whether the run r has read all that decides who is in the directory and in its
// scope: only then does it mean something that a person is in none of it.
const readEverybody = `(r.fetch_done AND r.mode = 'full' AND ` + readScope + `)`

// readScope says whether the run r has read all groups that decide who is in its scope.
const readScope = `(r.complete AND (coalesce(r.settings->'scope'->>'kind', '') <> 'groups' OR NOT EXISTS (
	SELECT 1 FROM jsonb_array_elements_text(r.settings->'scope'->'group_ids') AS chosen (id)
	WHERE NOT EXISTS (SELECT 1 FROM staged_groups g WHERE g.run_id = r.id AND g.source_id = chosen.id
	                  AND g.in_scope AND g.members_done AND g.problem IS NULL))))`

// selectReading says what the run $1 has read, for takenForGone.
const selectReading = `
		SELECT r.fetch_done AS ended, r.fetch_done AND ` + readScope + ` AS scope, ` + readEverybody + ` AS everybody,
		       coalesce(r.settings->>'on_source_delete' = 'delete', false) AS deletes FROM runs r WHERE r.id = $1`

// takenForGone says whether a linked person without a record, whose user is h and whose absence is
// a, is taken for gone: nobody is on a run that did not read all that it says something about. Nor
// is anybody deleted unseen whom the guard does not count, since they are out already.
const takenForGone = `CASE a.absence WHEN 'present' THEN false WHEN 'gone' THEN (SELECT ended FROM reading)
	       WHEN 'out_of_scope' THEN (SELECT scope FROM reading)
	       ELSE (SELECT everybody AND NOT (deletes AND h.status IS NOT DISTINCT FROM 'deactivated') FROM reading) END`

// missingUnknown are the linked people whom a list of everybody lacks, who would be taken out for
// that and whom nobody has looked for yet.
const missingUnknown = `
	FROM runs r
	JOIN configurations f ON f.id = r.configuration_id
	JOIN links l ON l.connection_id = f.connection_id
	JOIN users u ON u.id = l.user_id
	WHERE r.id = $1 AND r.fetch_done AND r.mode = 'full'
	  AND (u.status IN ('invited', 'active', 'awaiting_licence') OR u.status = 'deactivated' AND r.settings->>'on_source_delete' = 'delete')
	  AND NOT EXISTS (SELECT 1 FROM staged_users s WHERE s.run_id = $1 AND s.source_id = l.source_id)
	  AND NOT EXISTS (SELECT 1 FROM staged_absent a WHERE a.run_id = $1 AND a.source_id = l.source_id)`

// Missing counts the linked people who would be taken out because a full list lacks them, and whom
// nobody has looked for yet: those who are in, and all, also those who are out already and would be
// deleted. A run that did not read its list to the end, or reads changes alone, misses nobody.
func (s *Store) Missing(ctx context.Context, runID string) (in, all int, err error) {
	err = s.inTx(ctx, "count missing people", func(tx *sqlx.Tx) error {
		if err := planForManyRows(ctx, tx); err != nil {
			return err
		}
		return found("run", tx.QueryRowContext(ctx, `SELECT count(*) FILTER (WHERE u.status <> 'deactivated'), count(*)`+missingUnknown, runID).Scan(&in, &all))
	})
	return in, all, err
}

// MissingIDs are the source ids of at most limit of all the people whom Missing counts.
func (s *Store) MissingIDs(ctx context.Context, runID string, limit int) ([]string, error) {
	var ids []string
	err := s.inTx(ctx, "list missing people", func(tx *sqlx.Tx) error {
		if err := planForManyRows(ctx, tx); err != nil {
			return err
		}
		return found("run", tx.SelectContext(ctx, &ids, `SELECT l.source_id`+missingUnknown+` ORDER BY l.source_id LIMIT $2`, runID, limit))
	})
	return ids, err
}

// StageAbsences notes what is known of people, by source id, whose records a run did not stage. A
// run that was planned notes nothing more.
func (s *Store) StageAbsences(ctx context.Context, runID string, absences map[string]directory.Absence) error {
	byKind := map[directory.Absence][]string{}
	for id, absence := range absences {
		byKind[absence] = append(byKind[absence], id)
	}
	return s.inTx(ctx, "stage absences", func(tx *sqlx.Tx) error {
		run, err := lockRun(ctx, tx, runID)
		if err != nil || run.Planned {
			return err
		}
		for absence, ids := range byKind {
			if err := noteAbsent(ctx, tx, runID, storableAll(ids), absence); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `UPDATE runs SET stage_done = stage_done + $2 WHERE id = $1 AND stage = 'verify'`, runID, len(absences))
		return err
	})
}

// noteAbsent notes an absence of those of the people who are linked.
func noteAbsent(ctx context.Context, tx *sqlx.Tx, runID string, ids pq.StringArray, absence directory.Absence) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO staged_absent (run_id, source_id, absence)
		SELECT DISTINCT r.id, l.source_id, $3 FROM runs r
		JOIN configurations f ON f.id = r.configuration_id
		JOIN links l ON l.connection_id = f.connection_id AND l.source_id = ANY($2)
		WHERE r.id = $1
		ON CONFLICT (run_id, source_id) DO UPDATE SET absence = excluded.absence`, runID, ids, absence)
	return err
}

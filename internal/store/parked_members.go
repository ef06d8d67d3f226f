package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// NoteMembersSkipped is the code of the note that tells of members who are no people of the
// directory.
const NoteMembersSkipped = "members_skipped"

const skippedShown = 10 // source ids in the note

// selectHomeless fills a table with the members of the groups that a run has read who have no user
// here, each with whether they are parked. Where all who can be in the group were staged, those who
// were are people; a run that read only who changed knows them from before. In other groups anybody
// may be somebody out of scope. The others are no people of the directory. group_id is nil for a group
// that is not here.
const selectHomeless = `
	CREATE TEMP TABLE homeless ON COMMIT DROP AS
	WITH reading AS MATERIALIZED (
		SELECT r.id, f.connection_id, r.mode = 'full' AS everybody, coalesce(r.settings->'scope'->>'kind', '') <> 'groups' AS unscoped
		FROM runs r JOIN configurations f ON f.id = r.configuration_id WHERE r.id = $1
	), read AS MATERIALIZED (
		SELECT s.source_id, s.everyone, g.id AS group_id, k.unscoped OR s.in_scope AS known, k.everybody
		FROM reading k
		JOIN staged_groups s ON s.run_id = k.id AND s.members_done AND s.problem IS NULL
		LEFT JOIN groups g ON g.connection_id = k.connection_id AND g.source_id = s.source_id AND s.synced
	), members AS MATERIALIZED (
		SELECT r.source_id AS group_source, r.group_id, m.source_id, r.known, r.everybody FROM read r JOIN staged_members m ON m.run_id = $1 AND m.group_id = r.source_id
		UNION
		SELECT r.source_id, r.group_id, s.source_id, r.known, r.everybody FROM read r JOIN staged_users s ON s.run_id = $1 AND s.enabled AND r.everyone
	)
	SELECT m.group_id, m.source_id, s.source_id IS NOT NULL OR NOT m.known OR NOT m.everybody AND k.source_id IS NOT NULL AS parked
	FROM members m
	LEFT JOIN staged_users s ON s.run_id = $1 AND s.source_id = m.source_id
	LEFT JOIN parked_members k ON k.group_id = m.group_id AND k.source_id = m.source_id
	WHERE NOT EXISTS (SELECT 1 FROM reading k JOIN links l ON l.connection_id = k.connection_id WHERE l.source_id = m.source_id)`

// ParkMembers remembers the members of the synced groups, and whom fields of type person are to name,
// who are not in the account yet. It counts the members and notes who was left out because they are no
// people of the directory. It is for after the last
// change of a run was applied. Doing it again does it anew.
func (s *Store) ParkMembers(ctx context.Context, runID string) error {
	return s.inTx(ctx, "park members", func(tx *sqlx.Tx) error {
		run, err := lockRun(ctx, tx, runID)
		if err != nil {
			return err
		}
		if err := planForManyRows(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, selectHomeless, runID); err != nil {
			return err
		}
		if err := parkMembers(ctx, tx, run); err != nil {
			return err
		}
		if err := parkPeople(ctx, tx, run); err != nil {
			return err
		}
		return noteSkipped(ctx, tx, runID)
	})
}

// parkMembers brings what is parked in the groups that were read in line with who is homeless.
func parkMembers(ctx context.Context, tx *sqlx.Tx, run openRun) error {
	if _, err := tx.ExecContext(ctx, `
		DELETE FROM parked_members k USING groups g, staged_groups s
		WHERE g.id = k.group_id AND g.connection_id = $2 AND s.run_id = $1 AND s.source_id = g.source_id
		  AND s.synced AND s.members_done AND s.problem IS NULL
		  AND NOT EXISTS (SELECT 1 FROM homeless h WHERE h.group_id = k.group_id AND h.source_id = k.source_id AND h.parked)`,
		run.ID, run.ConnectionID); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO parked_members (group_id, source_id) SELECT group_id, source_id FROM homeless WHERE parked AND group_id IS NOT NULL
		ON CONFLICT (group_id, source_id) DO NOTHING`)
	return err
}

// noteSkipped counts the members without a user and says which of them were left out, by the ids of
// the source: an address would be personal.
func noteSkipped(ctx context.Context, tx *sqlx.Tx, runID string) error {
	var skipped int
	if err := tx.GetContext(ctx, &skipped, `
		WITH members AS (
			SELECT count(*) FILTER (WHERE parked AND group_id IS NOT NULL) AS parked, count(*) FILTER (WHERE NOT parked) AS skipped,
			       (SELECT coalesce(sum(others), 0) FROM staged_groups WHERE run_id = $1 AND members_done AND problem IS NULL) AS others
			FROM homeless
		)
		UPDATE runs r SET counts = r.counts || jsonb_build_object('memberships_parked', m.parked, 'memberships_skipped', m.skipped + m.others)
		FROM members m WHERE r.id = $1 RETURNING m.skipped + m.others`, runID); err != nil || skipped == 0 {
		return err
	}
	var ids []string
	if err := tx.SelectContext(ctx, &ids, `
		SELECT DISTINCT source_id FROM homeless WHERE NOT parked ORDER BY source_id LIMIT $1`, skippedShown); err != nil {
		return err
	}
	return addNotes(ctx, tx, runID, []directory.Note{{Code: NoteMembersSkipped, Message: skippedMessage(skipped, ids)}})
}

func skippedMessage(skipped int, ids []string) string {
	members := "1 member of the groups is no person of the directory (a device, somebody from outside or who was deleted) and was skipped"
	if skipped > 1 {
		members = fmt.Sprintf("%d members of the groups are no people of the directory (devices, people from outside or who were deleted) and were skipped", skipped)
	}
	if len(ids) == 0 {
		return members + "."
	}
	return members + ", among them: " + strings.Join(ids, ", ") + "."
}

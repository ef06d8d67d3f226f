package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// StagedGroup is a group that a run reads: because its people are in scope, because it is synced
// itself, or both.
type StagedGroup struct {
	SourceID    string
	Name        string // empty: the source id
	Description string
	Email       string
	InScope     bool
	Synced      bool
	Direct      int // direct members that the source announces; -1: it does not say
}

// GroupToRead is a staged group whose members have not been read to their end, and where to go on.
type GroupToRead struct {
	SourceID string `db:"source_id"`
	Name     string `db:"name"`
	Cursor   string `db:"member_cursor"`
	Direct   int    `db:"direct"`
	InScope  bool   `db:"in_scope"`
	Synced   bool   `db:"synced"`
}

// StageMembers is one page of the members of a group, with the cursor that it was read at and the next.
type StageMembers struct {
	RunID    string
	GroupID  string   // the source's
	Cursor   string   // empty on the first page
	Next     string   // empty on the last page
	People   []string // source ids
	Everyone bool     // all people of the tenant are members
	Groups   int      // groups in it, whose people are among the people
	Others   int      // members that are neither
}

// StageGroups keeps groups that a run reads, or what is new about them. A run that was planned keeps
// nothing more.
func (s *Store) StageGroups(ctx context.Context, runID string, groups []StagedGroup) error {
	return s.inTx(ctx, "stage groups", func(tx *sqlx.Tx) error {
		run, err := lockRun(ctx, tx, runID)
		if err != nil || run.Planned {
			return err
		}
		return upsertGroups(ctx, tx, runID, groups, `
			name = excluded.name, description = excluded.description, email = excluded.email, direct = excluded.direct`)
	})
}

// FailGroup notes why a group could not be read, so that its members are unknown. When it decides
// who is in scope, the run takes nobody out for being absent.
func (s *Store) FailGroup(ctx context.Context, runID string, group StagedGroup, problem directory.Problem) error {
	problem.Message = storable(problem.Message)
	encoded, err := encodeProblems([]directory.Problem{problem})
	if err != nil {
		return err
	}
	return s.inTx(ctx, "fail group", func(tx *sqlx.Tx) error {
		run, err := lockRun(ctx, tx, runID)
		if err != nil || run.Planned {
			return err
		}
		if err := upsertGroups(ctx, tx, runID, []StagedGroup{group}, `direct = staged_groups.direct`); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			WITH failed AS (
				UPDATE staged_groups SET problem = $3::jsonb->0 WHERE run_id = $1 AND source_id = $2 RETURNING in_scope
			)
			UPDATE runs r SET complete = r.complete AND NOT f.in_scope FROM failed f WHERE r.id = $1`,
			runID, storable(group.SourceID), *encoded)
		return err
	})
}

// upsertGroups writes groups; of one that is there already, what update says.
func upsertGroups(ctx context.Context, tx *sqlx.Tx, runID string, groups []StagedGroup, update string) error {
	type row struct {
		ID          string `json:"source_id"`
		Name        string `json:"name"`
		Description string `json:"description"`
		Email       string `json:"email"`
		InScope     bool   `json:"in_scope"`
		Synced      bool   `json:"synced"`
		Direct      int    `json:"direct"`
	}
	rows := make([]row, 0, len(groups))
	at := make(map[string]int, len(groups))
	for _, g := range groups {
		r := row{storable(g.SourceID), storable(g.Name), storable(g.Description), storable(g.Email), g.InScope, g.Synced, g.Direct}
		if r.Name == "" {
			r.Name = r.ID
		}
		if before, seen := at[r.ID]; seen {
			rows[before] = r
			continue
		}
		at[r.ID] = len(rows)
		rows = append(rows, r)
	}
	encoded, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO staged_groups (run_id, source_id, name, description, email, in_scope, synced, direct)
		SELECT $1, g.* FROM jsonb_to_recordset($2::jsonb)
		     AS g (source_id text, name text, description text, email text, in_scope boolean, synced boolean, direct integer)
		ON CONFLICT (run_id, source_id) DO UPDATE SET in_scope = staged_groups.in_scope OR excluded.in_scope,
		       synced = staged_groups.synced OR excluded.synced, `+update, runID, string(encoded))
	return err
}

// KnownGroups are the source ids of the groups that came from the run's connection and that the run
// has not staged.
func (s *Store) KnownGroups(ctx context.Context, runID string) ([]string, error) {
	var ids []string
	err := s.db.SelectContext(ctx, &ids, `
		SELECT g.source_id FROM runs r
		JOIN configurations f ON f.id = r.configuration_id
		JOIN groups g ON g.connection_id = f.connection_id
		WHERE r.id = $1 AND NOT EXISTS (SELECT 1 FROM staged_groups s WHERE s.run_id = $1 AND s.source_id = g.source_id)
		ORDER BY g.source_id`, runID)
	return ids, wrap("list known groups", found("run", err))
}

// GroupsToRead are at most limit of the run's groups whose members are still to be read.
func (s *Store) GroupsToRead(ctx context.Context, runID string, limit int) ([]GroupToRead, error) {
	var groups []GroupToRead
	err := s.db.SelectContext(ctx, &groups, `
		SELECT source_id, name, member_cursor, direct, in_scope, synced FROM staged_groups
		WHERE run_id = $1 AND NOT members_done AND problem IS NULL ORDER BY source_id LIMIT $2`, runID, limit)
	return groups, wrap("list groups to read", found("run", err))
}

// StageMembers keeps a page of members and moves the group's cursor past it, both or neither; of the
// last page it counts the group as done. It refuses pages as StagePage does, and any of a group that
// has failed.
func (s *Store) StageMembers(ctx context.Context, p StageMembers) error {
	return s.inTx(ctx, "stage members", func(tx *sqlx.Tx) error {
		run, err := lockRun(ctx, tx, p.RunID)
		if err != nil {
			return err
		}
		groupID := storable(p.GroupID)
		var done bool
		err = tx.GetContext(ctx, &done, `
			UPDATE staged_groups SET member_cursor = $4, members_done = $4 = '', everyone = everyone OR $5, others = others + $6, nested = nested + $8
			WHERE run_id = $1 AND source_id = $2 AND member_cursor = $3 AND NOT members_done AND problem IS NULL AND NOT $7
			RETURNING members_done`, p.RunID, groupID, p.Cursor, p.Next, p.Everyone, p.Others, run.Planned, p.Groups)
		if errors.Is(err, sql.ErrNoRows) {
			return refusePage(ctx, tx, p.RunID)
		}
		if err != nil {
			return err
		}
		if err := notePage(ctx, tx, p.RunID, groupID+"\x00"+p.Cursor, p.Cursor); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `
			INSERT INTO staged_members (run_id, group_id, source_id) SELECT $1, $2, m FROM unnest($3::text[]) AS m
			ON CONFLICT (run_id, group_id, source_id) DO NOTHING`, p.RunID, groupID, storableAll(p.People)); err != nil || !done {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE runs SET stage_done = stage_done + 1 WHERE id = $1 AND stage = 'groups'`, p.RunID)
		return err
	})
}

// GroupProgress is how many groups a run has staged, how many of them are read to their end or have
// failed, and how many members they have.
func (s *Store) GroupProgress(ctx context.Context, runID string) (groups, done, members int, err error) {
	err = s.db.QueryRowContext(ctx, `
		SELECT count(*), count(*) FILTER (WHERE members_done OR problem IS NOT NULL),
		       (SELECT count(*) FROM staged_members WHERE run_id = $1)
		FROM staged_groups WHERE run_id = $1`, runID).Scan(&groups, &done, &members)
	return groups, done, members, wrap("count staged groups", found("run", err))
}

// GroupMembersStaged is how many different people, and how many other members, a run has read of a
// group.
func (s *Store) GroupMembersStaged(ctx context.Context, runID, groupID string) (people, others int, err error) {
	err = s.db.QueryRowContext(ctx, `
		SELECT (SELECT count(*) FROM staged_members WHERE run_id = $1 AND group_id = $2), nested + others + everyone::int
		FROM staged_groups WHERE run_id = $1 AND source_id = $2`, runID, storable(groupID)).Scan(&people, &others)
	return people, others, wrap("count staged members", found("group", err))
}

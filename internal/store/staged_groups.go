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
// itself, because a role or an organization follows from it, or for several of these.
type StagedGroup struct {
	SourceID    string
	Name        string // empty: the source id
	Description string
	Email       string
	InScope     bool
	Synced      bool
	Mapped      bool
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
	Mapped   bool   `db:"mapped"`
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

	// Announced is how many members the group has at least, as the source says; 0 or less: unknown.
	// When fewer were read by the last page, Short is the problem of the group.
	Announced int
	Short     directory.Problem
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
		Mapped      bool   `json:"mapped"`
		Direct      int    `json:"direct"`
	}
	rows := make([]row, 0, len(groups))
	at := make(map[string]int, len(groups))
	for _, g := range groups {
		r := row{storable(g.SourceID), storable(g.Name), storable(g.Description), storable(g.Email), g.InScope, g.Synced, g.Mapped, g.Direct}
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
		INSERT INTO staged_groups (run_id, source_id, name, description, email, in_scope, synced, mapped, direct)
		SELECT $1, g.* FROM jsonb_to_recordset($2::jsonb)
		     AS g (source_id text, name text, description text, email text, in_scope boolean, synced boolean, mapped boolean, direct integer)
		ON CONFLICT (run_id, source_id) DO UPDATE SET in_scope = staged_groups.in_scope OR excluded.in_scope,
		       synced = staged_groups.synced OR excluded.synced, mapped = staged_groups.mapped OR excluded.mapped, `+update, runID, string(encoded))
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

// UnstagedGroups are those of the ids of groups that a run has not staged yet, in their order. A group
// that has failed is staged.
func (s *Store) UnstagedGroups(ctx context.Context, runID string, ids []string) ([]string, error) {
	var unstaged []string
	err := s.db.SelectContext(ctx, &unstaged, `
		SELECT id FROM unnest($2::text[]) WITH ORDINALITY AS wanted (id, place)
		WHERE NOT EXISTS (SELECT 1 FROM staged_groups g WHERE g.run_id = $1 AND g.source_id = wanted.id) ORDER BY place`, runID, storableAll(ids))
	return unstaged, wrap("list unstaged groups", found("run", err))
}

// GroupName is what a group is called here or, when it is not here, in what the run has staged;
// empty when it is in neither.
func (s *Store) GroupName(ctx context.Context, runID, sourceID string) (string, error) {
	var name string
	err := s.db.GetContext(ctx, &name, `
		SELECT coalesce(max(g.name), max(s.name), '')
		FROM runs r
		JOIN configurations f ON f.id = r.configuration_id
		LEFT JOIN groups g ON g.connection_id = f.connection_id AND g.source_id = $2
		LEFT JOIN staged_groups s ON s.run_id = r.id AND s.source_id = $2
		WHERE r.id = $1`, runID, storable(sourceID))
	return name, wrap("look up name of group", found("run", err))
}

// GroupsToRead are at most limit of the run's groups whose members are still to be read.
func (s *Store) GroupsToRead(ctx context.Context, runID string, limit int) ([]GroupToRead, error) {
	var groups []GroupToRead
	err := s.db.SelectContext(ctx, &groups, `
		SELECT source_id, name, member_cursor, direct, in_scope, synced, mapped FROM staged_groups
		WHERE run_id = $1 AND NOT members_done AND problem IS NULL ORDER BY source_id LIMIT $2`, runID, limit)
	return groups, wrap("list groups to read", found("run", err))
}

// StageMembers keeps a page of members and moves the group's cursor past it, both or neither; of the
// last page it counts the group as done. A group of which fewer members were read than were announced
// has failed, as with FailGroup. It refuses pages as StagePage does, and any of a group that has failed.
func (s *Store) StageMembers(ctx context.Context, p StageMembers) error {
	p.GroupID = storable(p.GroupID)
	return s.inTx(ctx, "stage members", func(tx *sqlx.Tx) error {
		run, err := lockRun(ctx, tx, p.RunID)
		if err != nil {
			return err
		}
		if run.Planned {
			return refusePage(ctx, tx, p.RunID)
		}
		people, err := p.insertPeople(ctx, tx)
		if err != nil {
			return err
		}
		done, failed, err := p.advance(ctx, tx, people)
		if errors.Is(err, sql.ErrNoRows) {
			return refusePage(ctx, tx, p.RunID)
		}
		if err != nil {
			return err
		}
		if err := notePage(ctx, tx, p.RunID, p.GroupID+"\x00"+p.Cursor, p.Cursor); err != nil || !done {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE runs SET complete = complete AND NOT $2, stage_done = CASE WHEN stage = 'groups' THEN stage_done + 1 ELSE stage_done END
			WHERE id = $1`, p.RunID, failed)
		return err
	})
}

// insertPeople keeps the people of the page and says how many of them are new.
func (p *StageMembers) insertPeople(ctx context.Context, tx *sqlx.Tx) (int64, error) {
	result, err := tx.ExecContext(ctx, `
		INSERT INTO staged_members (run_id, group_id, source_id) SELECT $1, $2, m FROM unnest($3::text[]) AS m
		ON CONFLICT (run_id, group_id, source_id) DO NOTHING`, p.RunID, p.GroupID, storableAll(p.People))
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// advance moves the group past the page, which has so many new people, and says whether it was the
// last one and whether people who are in scope may be unknown for it. No row: it is not the next page.
func (p *StageMembers) advance(ctx context.Context, tx *sqlx.Tx, people int64) (done, scopeUnknown bool, err error) {
	p.Short.Message = storable(p.Short.Message)
	short, err := json.Marshal(p.Short)
	if err != nil {
		return false, false, err
	}
	err = tx.QueryRowContext(ctx, `
		UPDATE staged_groups SET member_cursor = $4, members_done = $4 = '', everyone = everyone OR $5,
		       members = members + $6, nested = nested + $7, others = others + $8,
		       problem = CASE WHEN $4 = '' AND members + $6 + nested + $7 + others + $8 + (everyone OR $5)::int < $9 THEN $10::jsonb END
		WHERE run_id = $1 AND source_id = $2 AND member_cursor = $3 AND NOT members_done AND problem IS NULL
		RETURNING members_done, in_scope AND problem IS NOT NULL`,
		p.RunID, p.GroupID, p.Cursor, p.Next, p.Everyone, people, p.Groups, p.Others, p.Announced, string(short)).Scan(&done, &scopeUnknown)
	return done, scopeUnknown, err
}

// GroupProgress is how many groups a run has staged, how many of them are read to their end or have
// failed, and how many members they have.
func (s *Store) GroupProgress(ctx context.Context, runID string) (groups, done, members int, err error) {
	err = s.db.QueryRowContext(ctx, `
		SELECT count(*), count(*) FILTER (WHERE members_done OR problem IS NOT NULL), coalesce(sum(members), 0)
		FROM staged_groups WHERE run_id = $1`, runID).Scan(&groups, &done, &members)
	return groups, done, members, wrap("count staged groups", found("run", err))
}

// GroupMembersStaged is how many entries a run has read of a group: different people, groups in it
// and others; everybody is one.
func (s *Store) GroupMembersStaged(ctx context.Context, runID, groupID string) (int, error) {
	var entries int
	err := s.db.GetContext(ctx, &entries, `
		SELECT members + nested + others + everyone::int FROM staged_groups WHERE run_id = $1 AND source_id = $2`, runID, storable(groupID))
	return entries, wrap("count staged members", found("group", err))
}

package store

import (
	"context"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// selectGroup counts the members who are in the recycle bin neither as members nor as parked.
const selectGroup = `
	SELECT g.id, g.account_id, g.name, g.description, g.email, g.source, g.source_id, g.created_at, g.updated_at,
	       (SELECT count(*) FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.group_id = g.id AND u.status <> 'deleted') AS members,
	       (SELECT count(*) FROM parked_members p WHERE p.group_id = g.id) AS parked
	FROM groups g WHERE g.account_id = $1`

// GroupFilter narrows a list of groups.
type GroupFilter struct {
	Search string // part of a name or an address, in any case
	Limit  int    // 0: 50; at most 500
	Cursor string
}

// Groups is a page of an account's groups, the longest known first.
func (s *Store) Groups(ctx context.Context, accountID string, f GroupFilter) (Page[directory.Group], error) {
	after, err := idCursor(f.Cursor)
	if err != nil {
		return Page[directory.Group]{}, err
	}
	q := query{text: selectGroup, args: []any{accountID}}
	if f.Search != "" {
		q.and(`(strpos(lower(g.name), ?) > 0 OR strpos(lower(g.email), ?) > 0)`, strings.ToLower(f.Search), strings.ToLower(f.Search))
	}
	if after != "" {
		q.and(`g.id > ?`, after)
	}
	limit := clampLimit(f.Limit)
	q.add(` ORDER BY g.id LIMIT ?`, limit+1)
	var groups []directory.Group
	if err := s.db.SelectContext(ctx, &groups, q.text, q.args...); err != nil {
		return Page[directory.Group]{}, wrap("list groups", found("account", err))
	}
	return pageOf(groups, limit, func(g directory.Group) string { return g.ID }), nil
}

// Group is one of an account's groups.
func (s *Store) Group(ctx context.Context, accountID, id string) (directory.Group, error) {
	var group directory.Group
	err := s.db.GetContext(ctx, &group, selectGroup+` AND g.id = $2`, accountID, id)
	return group, wrap("load group", found("group", err))
}

// GroupMembers is a page of the users of a group, the longest known first, without those in the
// recycle bin.
func (s *Store) GroupMembers(ctx context.Context, accountID, groupID string, limit int, cursor string) (Page[directory.User], error) {
	after, err := idCursor(cursor)
	if err != nil {
		return Page[directory.User]{}, err
	}
	var known bool
	err = s.db.GetContext(ctx, &known, `SELECT true FROM groups WHERE account_id = $1 AND id = $2`, accountID, groupID)
	if err != nil {
		return Page[directory.User]{}, wrap("load group", found("group", err))
	}
	q := query{text: `SELECT ` + userColumns + ` FROM users WHERE account_id = $1`, args: []any{accountID}}
	q.and(`id IN (SELECT user_id FROM memberships WHERE group_id = ?) AND status <> 'deleted'`, groupID)
	if after != "" {
		q.and(`id > ?`, after)
	}
	limit = clampLimit(limit)
	q.add(` ORDER BY id LIMIT ?`, limit+1)
	var users []directory.User
	if err := s.db.SelectContext(ctx, &users, q.text, q.args...); err != nil {
		return Page[directory.User]{}, wrap("list members of group", err)
	}
	return pageOf(users, limit, func(u directory.User) string { return u.ID }), nil
}

// GroupsOf are the ids of the groups of each of an account's users, by the user's id; of a user
// without groups, and of one of another account, there is none.
func (s *Store) GroupsOf(ctx context.Context, accountID string, userIDs []string) (map[string][]string, error) {
	var rows []struct {
		UserID string         `db:"user_id"`
		Groups pq.StringArray `db:"groups"`
	}
	err := s.db.SelectContext(ctx, &rows, `
		SELECT user_id, array_agg(group_id::text ORDER BY group_id) AS groups FROM memberships
		WHERE account_id = $1 AND user_id = ANY($2::uuid[]) GROUP BY user_id`, accountID, pq.StringArray(userIDs))
	if err != nil {
		return nil, wrap("list groups of users", found("user", err))
	}
	groups := make(map[string][]string, len(rows))
	for _, row := range rows {
		groups[row.UserID] = row.Groups
	}
	return groups, nil
}

// detachGroups makes the groups of a connection groups that no directory has. Who was parked stays out.
func detachGroups(ctx context.Context, tx *sqlx.Tx, connectionID string) error {
	if _, err := tx.ExecContext(ctx, `
		DELETE FROM parked_members WHERE group_id IN (SELECT id FROM groups WHERE connection_id = $1)`, connectionID); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM parked_people WHERE connection_id = $1`, connectionID); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `
		UPDATE groups SET connection_id = NULL, source_id = NULL, updated_at = now() WHERE connection_id = $1`, connectionID)
	return err
}

package store

import (
	"context"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// joinParked has users of the account who have just arrived join the pushed groups where they were parked,
// by id or externalId, and leaves a change for each. Groups that they were in before, and that show them
// again, have a new version too. externalIDs are as many as userIDs, empty where one has none. The
// transaction holds the account.
func joinParked(ctx context.Context, tx *sqlx.Tx, accountID string, userIDs, externalIDs []string) error {
	var names []string
	for i, id := range userIDs {
		if names = append(names, id); externalIDs[i] != "" {
			names = append(names, externalIDs[i])
		}
	}
	groups, err := lockGroupsOf(ctx, tx, accountID, userIDs, names)
	if err != nil || len(groups) == 0 {
		return err
	}
	if _, err := tx.ExecContext(ctx, `
		WITH arrived AS (
			SELECT id, id::text AS name FROM unnest($3::uuid[]) AS a (id)
			UNION ALL SELECT id, name FROM unnest($3::uuid[], $4::text[]) AS a (id, name) WHERE name <> ''
		), awaited AS (
			DELETE FROM parked_members p USING arrived a WHERE p.group_id = ANY($5::uuid[]) AND p.source_id = a.name RETURNING p.group_id, a.id
		), moved AS (
			INSERT INTO memberships (account_id, group_id, user_id) SELECT $2, group_id, id FROM awaited
			ON CONFLICT (group_id, user_id) DO NOTHING RETURNING group_id, user_id
		)`+logMoved, directory.ActionCreate, accountID, pq.StringArray(userIDs), pq.StringArray(externalIDs), pq.StringArray(groups)); err != nil {
		return err
	}
	return touchGroups(ctx, tx, groups)
}

// touchGroupsOf gives the pushed groups of users whom clients do not see any more a new version.
func touchGroupsOf(ctx context.Context, tx *sqlx.Tx, accountID string, userIDs []string) error {
	groups, err := lockGroupsOf(ctx, tx, accountID, userIDs, nil)
	if err != nil || len(groups) == 0 {
		return err
	}
	return touchGroups(ctx, tx, groups)
}

// lockGroupsOf locks the pushed groups of the account that users are in, or that names are parked in. Where
// there are none, which is the rule, two look-ups by key say so.
func lockGroupsOf(ctx context.Context, tx *sqlx.Tx, accountID string, userIDs, names []string) ([]string, error) {
	var groups []string
	if err := tx.SelectContext(ctx, &groups, `
		SELECT group_id FROM memberships WHERE user_id = ANY($1::uuid[])
		UNION SELECT group_id FROM parked_members WHERE source_id = ANY($2)`, pq.StringArray(userIDs), pq.StringArray(names)); err != nil || len(groups) == 0 {
		return nil, err
	}
	var locked []string
	err := tx.SelectContext(ctx, &locked, `
		SELECT id FROM groups WHERE account_id = $1 AND source = 'scim' AND id = ANY($2::uuid[]) ORDER BY id FOR NO KEY UPDATE`,
		accountID, pq.StringArray(groups))
	return locked, err
}

func touchGroups(ctx context.Context, tx *sqlx.Tx, ids []string) error {
	_, err := tx.ExecContext(ctx, `UPDATE groups SET updated_at = now() WHERE id = ANY($1::uuid[])`, pq.StringArray(ids))
	return err
}

// memberRow is a row of a list of members or of groups, each of whom belongs to an Owner.
type memberRow struct {
	Owner string
	SCIMRef
}

// membersOf are the members of groups whom clients see, by the group's id and ordered by their own. Who has
// no name has no display.
func membersOf(ctx context.Context, db sqlx.QueryerContext, groupIDs []string) (map[string][]SCIMRef, error) {
	return refs(ctx, db, `
		SELECT m.group_id AS owner, u.id, trim(u.first_name || ' ' || u.last_name) AS display
		FROM memberships m JOIN users u ON u.id = m.user_id JOIN scim_users s ON s.user_id = m.user_id
		WHERE m.group_id = ANY($1::uuid[]) AND s.gone_at IS NULL ORDER BY u.id`, groupIDs)
}

// groupsOf are the pushed groups of users, by the user's id and ordered by their own.
func groupsOf(ctx context.Context, db sqlx.QueryerContext, userIDs []string) (map[string][]SCIMRef, error) {
	return refs(ctx, db, `
		SELECT m.user_id AS owner, g.id, g.name AS display FROM memberships m JOIN groups g ON g.id = m.group_id
		WHERE m.user_id = ANY($1::uuid[]) AND g.source = 'scim' ORDER BY g.id`, userIDs)
}

// refs are what a query gives for each of ids, which are its parameter; who has none has an empty list.
func refs(ctx context.Context, db sqlx.QueryerContext, query string, ids []string) (map[string][]SCIMRef, error) {
	var rows []memberRow
	if err := sqlx.SelectContext(ctx, db, &rows, query, pq.StringArray(ids)); err != nil {
		return nil, err
	}
	lists := make(map[string][]SCIMRef, len(ids))
	for _, id := range ids {
		lists[id] = []SCIMRef{}
	}
	for _, row := range rows {
		lists[row.Owner] = append(lists[row.Owner], row.SCIMRef)
	}
	return lists, nil
}

// withMembers is a group with its members, where they are wanted.
func withMembers(ctx context.Context, db sqlx.QueryerContext, group SCIMGroup, wanted bool) (SCIMGroup, error) {
	if !wanted {
		return group, nil
	}
	members, err := membersOf(ctx, db, []string{group.ID})
	group.Members = members[group.ID]
	return group, err
}

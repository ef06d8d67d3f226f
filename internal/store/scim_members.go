package store

import (
	"context"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/scim"
)

// memberValueLimit is how long the value of a member can be, in characters.
const memberValueLimit = 200

// userLabel is how a row u of users is called, as directory.User.Name does.
const userLabel = `CASE WHEN u.first_name || u.last_name = '' THEN u.email ELSE u.first_name || ' ' || u.last_name END`

// logMoved leaves a change for each membership in moved, of the action that is its first parameter, and is
// the ids of their users.
const logMoved = `
	INSERT INTO changes (account_id, subject, source, outcome, action, group_id, user_id, source_id, label)
	SELECT u.account_id, 'membership', 'scim', 'applied', $1, g.id, u.id, s.external_id, ` + userLabel + ` || ' in ' || g.name
	FROM moved m JOIN groups g ON g.id = m.group_id JOIN users u ON u.id = m.user_id LEFT JOIN scim_users s ON s.user_id = u.id
	RETURNING user_id`

// memberStep is a step of what becomes of a group's members.
type memberStep struct {
	action scim.MemberAction
	values []string
}

// memberWriter carries out the steps of a request. users are the users whom clients see, by the value
// that names them: their id or else their externalId.
type memberWriter struct {
	tx        *sqlx.Tx
	accountID string
	steps     []memberStep
	users     map[string]string
}

// newMemberWriter looks up whom the changes are about.
func newMemberWriter(ctx context.Context, tx *sqlx.Tx, accountID string, changes []scim.MemberChange) (memberWriter, error) {
	w := memberWriter{tx: tx, accountID: accountID, steps: make([]memberStep, len(changes)), users: map[string]string{}}
	var named []string
	for i, change := range changes {
		values, err := memberValues(change.Members)
		if err != nil {
			return w, err
		}
		w.steps[i] = memberStep{change.Action, values}
		named = append(named, values...)
	}
	return w, w.find(ctx, named)
}

func memberValues(members []scim.Member) ([]string, error) {
	values := make([]string, len(members))
	for i, member := range members {
		values[i] = storable(member.Value)
		if n := utf8.RuneCountInString(values[i]); n == 0 || n > memberValueLimit {
			return nil, directory.Invalid("invalid_value", fmt.Sprintf("Each member needs a value of 1 to %d characters, the id of a user.", memberValueLimit))
		}
	}
	return values, nil
}

// find looks up the users whom values name.
func (w memberWriter) find(ctx context.Context, values []string) error {
	var ids []string
	if err := w.tx.SelectContext(ctx, &ids, `
		SELECT user_id FROM scim_users WHERE account_id = $1 AND user_id = ANY($2::uuid[]) AND gone_at IS NULL`,
		w.accountID, pq.StringArray(userIDs(values))); err != nil {
		return err
	}
	for _, id := range ids {
		w.users[id] = id
	}
	_, rest := w.sort(values)
	if len(rest) == 0 {
		return nil
	}
	var named []struct {
		UserID     string `db:"user_id"`
		ExternalID string `db:"external_id"`
	}
	if err := w.tx.SelectContext(ctx, &named, `
		SELECT DISTINCT ON (external_id) external_id, user_id FROM scim_users
		WHERE account_id = $1 AND external_id = ANY($2) AND gone_at IS NULL ORDER BY external_id, user_id`,
		w.accountID, pq.StringArray(rest)); err != nil {
		return err
	}
	for _, user := range named {
		w.users[user.ExternalID] = user.UserID
	}
	return nil
}

// sort divides values into the users whom they name and the values that name nobody.
func (w memberWriter) sort(values []string) (users, strangers []string) {
	for _, value := range values {
		if user, ok := w.users[value]; ok {
			users = append(users, user)
		} else {
			strangers = append(strangers, value)
		}
	}
	return users, strangers
}

// userIDs are those of values that can be the id of a user.
func userIDs(values []string) []string {
	var ids []string
	for _, value := range values {
		if id, err := uuid.Parse(value); err == nil && id.String() == value {
			ids = append(ids, value)
		}
	}
	return ids
}

// write carries out the steps upon a locked group and returns the users whose memberships began or ended.
func (w memberWriter) write(ctx context.Context, groupID string) (moved []string, err error) {
	for _, step := range w.steps {
		users, strangers := w.sort(step.values)
		var ended, begun []string
		switch step.action {
		case scim.AddMembers:
			begun, err = w.add(ctx, groupID, users, strangers)
		case scim.RemoveMembers:
			ended, err = w.end(ctx, endNamed, groupID, append(users, userIDs(strangers)...), step.values)
		case scim.ReplaceMembers:
			if ended, err = w.end(ctx, endOthers, groupID, append(users, userIDs(strangers)...), strangers); err == nil {
				begun, err = w.add(ctx, groupID, users, strangers)
			}
		}
		if err != nil {
			return nil, err
		}
		moved = slices.Concat(moved, ended, begun)
	}
	return moved, nil
}

// add has users join the group and parks strangers.
func (w memberWriter) add(ctx context.Context, groupID string, users, strangers []string) (begun []string, err error) {
	if len(strangers) > 0 {
		if _, err := w.tx.ExecContext(ctx, `
			INSERT INTO parked_members (group_id, source_id) SELECT $1, value FROM unnest($2::text[]) AS stranger (value)
			ON CONFLICT (group_id, source_id) DO NOTHING`, groupID, pq.StringArray(strangers)); err != nil {
			return nil, err
		}
	}
	if len(users) == 0 {
		return nil, nil
	}
	err = w.tx.SelectContext(ctx, &begun, `
		WITH moved AS (
			INSERT INTO memberships (account_id, group_id, user_id) SELECT $2, $3, id FROM unnest($4::uuid[]) AS joining (id)
			ON CONFLICT (group_id, user_id) DO NOTHING RETURNING group_id, user_id
		)`+logMoved, directory.ActionCreate, w.accountID, groupID, pq.StringArray(users))
	return begun, err
}

// Which memberships of group $2 end, and what is parked there no more, by users $3 and values $4. They
// include memberships of users who are gone. endAll is for a group that goes itself.
const (
	endNamed = `
		WITH unparked AS (
			DELETE FROM parked_members WHERE group_id = $2 AND source_id = ANY($4)
		), moved AS (
			DELETE FROM memberships WHERE group_id = $2 AND user_id = ANY($3::uuid[]) RETURNING group_id, user_id
		)` + logMoved
	endOthers = `
		WITH unparked AS (
			DELETE FROM parked_members p WHERE group_id = $2 AND NOT EXISTS (SELECT 1 FROM unnest($4::text[]) AS kept (value) WHERE value = p.source_id)
		), moved AS (
			DELETE FROM memberships m WHERE group_id = $2 AND NOT EXISTS (SELECT 1 FROM unnest($3::uuid[]) AS kept (id) WHERE id = m.user_id)
			RETURNING group_id, user_id
		)` + logMoved
	endAll = `WITH moved AS (DELETE FROM memberships WHERE group_id = $2 RETURNING group_id, user_id)` + logMoved
)

func (w memberWriter) end(ctx context.Context, statement, groupID string, users, values []string) (ended []string, err error) {
	err = w.tx.SelectContext(ctx, &ended, statement, directory.ActionDelete, groupID, pq.StringArray(users), pq.StringArray(values))
	return ended, err
}

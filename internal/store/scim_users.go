package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/scim"
)

// SCIMUser is one of the users that SCIM clients see, with the groups that clients pushed where they
// are asked for.
func (s *Store) SCIMUser(ctx context.Context, c SCIMClient, id string, groups bool) (SCIMUser, error) {
	var row struct {
		listed
		Groups []byte `db:"groups"`
	}
	if err := s.hot.get(ctx, &row, selectSCIMUser, id, c.AccountID, groups); err != nil {
		return SCIMUser{}, wrap("load user", found("user", err))
	}
	user := row.user()
	if !groups {
		return user, nil
	}
	return user, json.Unmarshal(row.Groups, &user.Groups)
}

const selectSCIMUser = `
	SELECT s.user_id AS id, s.active, s.resource, u.version, u.created_at, u.updated_at,
	       CASE WHEN $3 THEN (SELECT coalesce(jsonb_agg(jsonb_build_object('ID', g.id, 'Display', g.name) ORDER BY g.id), '[]')
	                          FROM memberships m JOIN groups g ON g.id = m.group_id AND g.source = 'scim' WHERE m.user_id = s.user_id) END AS groups
	FROM scim_users s JOIN users u ON u.id = s.user_id
	WHERE s.user_id = $1 AND s.account_id = $2 AND s.gone_at IS NULL`

// ChangeSCIMUser replaces what a client says of a user by what change makes of it, which is not told the
// groups and whose error is passed on. What becomes of the user follows:
// who is not wanted any more is deactivated and their invitation withdrawn; who is wanted again gets a
// licence or waits for one, unless an admin took them out. What changes nothing writes nothing. The last
// account owner or super admin is the conflict "last_admin", a removal that the guard holds
// "removals_held", a user name or an address that somebody else has "user_name_taken" or "address_taken".
func (s *Store) ChangeSCIMUser(ctx context.Context, c SCIMClient, id string, change func(SCIMUser) (scim.User, error)) (SCIMUser, error) {
	var user SCIMUser
	err := s.inTx(ctx, "change user", func(tx *sqlx.Tx) (err error) {
		user, err = changeSCIMUser(ctx, tx, c, id, change)
		return err
	})
	if err != nil {
		return SCIMUser{}, s.held(ctx, c, err)
	}
	return user, nil
}

func changeSCIMUser(ctx context.Context, tx *sqlx.Tx, c SCIMClient, id string, change func(SCIMUser) (scim.User, error)) (SCIMUser, error) {
	known, err := lockSCIMUser(ctx, tx, c, id)
	if err != nil {
		return SCIMUser{}, err
	}
	next, err := change(known.scim())
	if err != nil {
		return SCIMUser{}, err
	}
	move := moveOf(known, next)
	if move.idle() {
		return known.shown(ctx, tx)
	}
	return move.take(ctx, tx, c)
}

// DeleteSCIMUser takes a user out of the account and out of clients' sight: they stay as a deactivated
// user, with role and groups, until they are created again. check may refuse it; its error is passed on.
// Further errors are those of ChangeSCIMUser.
func (s *Store) DeleteSCIMUser(ctx context.Context, c SCIMClient, id string, check func(SCIMUser) error) error {
	err := s.inTx(ctx, "delete user", func(tx *sqlx.Tx) error {
		known, err := lockSCIMUser(ctx, tx, c, id)
		if err != nil {
			return err
		}
		if err := check(known.scim()); err != nil {
			return err
		}
		removal := deletion(known)
		_, err = removal.take(ctx, tx, c)
		return err
	})
	return s.held(ctx, c, err)
}

// knownUser is a user with what SCIM knows of them, if anything.
type knownUser struct {
	directory.User
	EmailKey     *string    `db:"email_key"`
	InvitationID *string    `db:"invitation_id"`
	Known        bool       `db:"known"`
	Wanted       bool       `db:"wanted"`
	UserName     string     `db:"user_name"`
	ExternalID   string     `db:"scim_external_id"`
	Resource     resource   `db:"resource"`
	GoneAt       *time.Time `db:"gone_at"`
}

// visible says whether clients see the user.
func (k knownUser) visible() bool { return k.Known && k.GoneAt == nil }

// scim is the user as clients see them, without groups.
func (k knownUser) scim() SCIMUser {
	return SCIMUser{
		ID: k.ID, Active: k.Wanted, Resource: scim.Resource(k.Resource), Version: k.Version, CreatedAt: k.CreatedAt, UpdatedAt: k.UpdatedAt,
	}
}

// shown is the user as clients see them.
func (k knownUser) shown(ctx context.Context, tx *sqlx.Tx) (user SCIMUser, err error) {
	user = k.scim()
	user.Groups, err = groupsOfUser(ctx, tx, k.ID)
	return user, err
}

const selectKnownUser = `
	SELECT ` + userColumns + `, email_key, invitation_id, k.known IS NOT NULL AS known, coalesce(k.wanted, false) AS wanted,
	       coalesce(k.user_name, '') AS user_name, coalesce(k.scim_external_id, '') AS scim_external_id, k.resource, k.gone_at
	FROM users u LEFT JOIN LATERAL (
		SELECT true AS known, s.active AS wanted, s.user_name, s.external_id AS scim_external_id, s.resource, s.gone_at
		FROM scim_users s WHERE s.user_id = u.id
	) k ON true `

// lockPushed is lockAccount for a client, as long as the account takes pushes.
func lockPushed(ctx context.Context, tx *sqlx.Tx, c SCIMClient) error {
	var id string
	err := tx.GetContext(ctx, &id, `SELECT id FROM accounts WHERE id = $1 AND provisioning = 'scim' FOR NO KEY UPDATE`, c.AccountID)
	if errors.Is(err, sql.ErrNoRows) {
		return notSCIMClient()
	}
	return err
}

// lockSCIMUser is a user whom clients see, who stays as they are until the transaction ends, which has the
// account to itself.
func lockSCIMUser(ctx context.Context, tx *sqlx.Tx, c SCIMClient, id string) (knownUser, error) {
	var user knownUser
	if err := lockPushed(ctx, tx, c); err != nil {
		return user, err
	}
	err := tx.GetContext(ctx, &user, selectKnownUser+`WHERE u.id = $1 AND u.account_id = $2 AND k.known AND k.gone_at IS NULL`, id, c.AccountID)
	return user, found("user", err)
}

func groupsOfUser(ctx context.Context, db sqlx.QueryerContext, id string) ([]SCIMRef, error) {
	groups, err := groupsOf(ctx, db, []string{id})
	return groups[id], err
}

package store

import (
	"context"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const userColumns = `id, account_id, email, first_name, last_name, status, deactivated_by, fields, role_id,
	organization_id, source, invited_at, accepted_at, version, created_at, updated_at,
	waiting_place, deleted_at`

// UserFilter narrows a list of users. Deleted users are listed only when asked for by status.
type UserFilter struct {
	Status directory.UserStatus // empty: all but deleted
	Search string               // part of a name or an address, in any case
	Limit  int                  // 0: 50; at most 500
	Cursor string
}

// Users is a page of an account's users, the longest known first.
func (s *Store) Users(ctx context.Context, accountID string, f UserFilter) (Page[directory.User], error) {
	after, err := idCursor(f.Cursor)
	if err != nil {
		return Page[directory.User]{}, err
	}
	q := query{text: `SELECT ` + userColumns + ` FROM users WHERE account_id = $1`, args: []any{accountID}}
	if f.Status == "" {
		q.and(`status <> 'deleted'`)
	} else {
		q.and(`status = ?`, f.Status)
	}
	if f.Search != "" {
		q.and(`(strpos(lower(first_name || ' ' || last_name), ?) > 0 OR strpos(lower(email), ?) > 0)`, strings.ToLower(f.Search), strings.ToLower(f.Search))
	}
	if after != "" {
		q.and(`id > ?`, after)
	}
	limit := clampLimit(f.Limit)
	q.add(` ORDER BY id LIMIT ?`, limit+1)
	var users []directory.User
	if err := s.db.SelectContext(ctx, &users, q.text, q.args...); err != nil {
		return Page[directory.User]{}, wrap("list users", found("account", err))
	}
	return pageOf(users, limit, func(u directory.User) string { return u.ID }), nil
}

// User is one of an account's users, a deleted one too.
func (s *Store) User(ctx context.Context, accountID, id string) (directory.User, error) {
	user, err := getUser(ctx, s.db, accountID, id)
	return user, wrap("load user", err)
}

// ActivateUser lets a user in, whoever took them out, and leaves a change. Without a free licence
// it is the conflict "licences_exhausted". When the directory had lost the person, it leaves the
// user alone from now on.
func (s *Store) ActivateUser(ctx context.Context, accountID, userID string) (directory.User, error) {
	return s.changeStatus(ctx, accountID, userID, func(tx *sqlx.Tx, user directory.User) (directory.Action, error) {
		if user.Status == directory.Active {
			return "", nil
		}
		_, err := tx.ExecContext(ctx, `
			UPDATE users SET status = 'active', deactivated_by = NULL, email_key = $2, accepted_at = coalesce(accepted_at, now())
			WHERE id = $1`, user.ID, directory.EmailKey(user.Email))
		if err != nil {
			return "", err
		}
		if user.Status == directory.Deactivated {
			return directory.ActionReactivate, dropAbsentLinks(ctx, tx, userID)
		}
		return directory.ActionUpdate, nil
	})
}

// DeactivateUser takes a user out, whom only an admin then brings back, and leaves a change. Their
// licence goes to who waits for one, and when they were an admin, those who are left are told. The
// last account owner or super admin is the conflict "last_admin".
func (s *Store) DeactivateUser(ctx context.Context, accountID, userID string) (directory.User, error) {
	return s.changeStatus(ctx, accountID, userID, func(tx *sqlx.Tx, user directory.User) (directory.Action, error) {
		if user.DeactivatedBy != nil && *user.DeactivatedBy == directory.ByAdmin {
			return "", nil
		}
		wasIn := user.Status.In()
		err := tx.GetContext(ctx, &user, `
			UPDATE users SET status = 'deactivated', deactivated_by = 'admin' WHERE id = $1 RETURNING `+userColumns, user.ID)
		if err == nil && wasIn {
			err = noticeLeft(ctx, tx, user, "an admin")
		}
		return directory.ActionDeactivate, err
	})
}

// changeStatus lets act change a user's status and logs what it did; no action, no change. Who is
// back gets what pushed groups give, and a licence that comes free is handed on.
func (s *Store) changeStatus(ctx context.Context, accountID, userID string, act func(*sqlx.Tx, directory.User) (directory.Action, error)) (directory.User, error) {
	var after directory.User
	err := s.inTx(ctx, "change user", func(tx *sqlx.Tx) error {
		before, err := lockUser(ctx, tx, accountID, userID)
		if err != nil {
			return err
		}
		if before.Status == directory.Deleted {
			return userDeleted()
		}
		action, err := act(tx, before)
		if err != nil {
			return err
		}
		if after, err = getUser(ctx, tx, accountID, userID); err != nil || action == "" {
			return err
		}
		if err := logStatus(ctx, tx, directory.FromAdmin, action, before.Status, after); err != nil {
			return err
		}
		if action == directory.ActionReactivate {
			if err := assignMapped(ctx, tx, accountID, []string{userID}); err != nil {
				return err
			}
		}
		if err := fillSeats(ctx, tx, accountID, directory.FromAdmin); err != nil {
			return err
		}
		after, err = getUser(ctx, tx, accountID, userID)
		return err
	})
	if err != nil {
		return directory.User{}, err
	}
	return after, nil
}

func userDeleted() *directory.Error {
	return directory.Conflict("user_deleted", "The user is deleted. Restore the user first.")
}

// lockUser is one of an account's users, whose status and address stay until the transaction ends.
func lockUser(ctx context.Context, tx *sqlx.Tx, accountID, userID string) (directory.User, error) {
	if err := lockAccount(ctx, tx, accountID); err != nil {
		return directory.User{}, err
	}
	return getUser(ctx, tx, accountID, userID)
}

func getUser(ctx context.Context, db sqlx.QueryerContext, accountID, userID string) (directory.User, error) {
	var user directory.User
	err := sqlx.GetContext(ctx, db, &user, `SELECT `+userColumns+` FROM users WHERE account_id = $1 AND id = $2`, accountID, userID)
	return user, found("user", err)
}

// logStatus leaves a change for each of users of one account, who all had one status and now have
// another; source is what changed it.
func logStatus(ctx context.Context, tx *sqlx.Tx, source directory.Origin, action directory.Action, before directory.UserStatus, users ...directory.User) error {
	ids, labels := make([]string, len(users)), make([]string, len(users))
	for i, user := range users {
		ids[i], labels[i] = user.ID, user.Name()
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO changes (account_id, user_id, label, source, action, before, after, outcome)
		SELECT $1, id, label, $4, $5, $6, $7, 'applied' FROM unnest($2::uuid[], $3::text[]) AS changed (id, label)`,
		users[0].AccountID, pq.StringArray(ids), pq.StringArray(labels), source, action,
		directory.Snapshot{Status: &before}, directory.Snapshot{Status: &users[0].Status})
	return err
}

package store

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// UserPatch is what an admin gives a user by hand. Nil leaves what they have; an empty organization is none.
type UserPatch struct {
	Role         *string
	Organization *string
}

// UpdateUser gives a user a role or an organization by hand and leaves a change. It is theirs then, though
// a mapping gave it before, until a mapping gives them another; what a run that is going has planned for them
// is rejected. When they were an admin and are none any more, the admins who are left are told. may is told
// the roles before and after where they differ or a mapping gave the one, and may refuse; its error is passed
// on. Neither can be one that is not there ("role_unknown", "organization_unknown"). The last account owner or
// super admin is the conflict "last_admin", a deleted user "user_deleted".
func (s *Store) UpdateUser(ctx context.Context, accountID, userID string, patch UserPatch, may func(from, to string) error) (directory.User, error) {
	var after directory.User
	err := s.inTx(ctx, "change user", func(tx *sqlx.Tx) error {
		before, err := lockUser(ctx, tx, accountID, userID)
		if err != nil {
			return err
		}
		if before.Status == directory.Deleted {
			return userDeleted()
		}
		if patch == (UserPatch{}) {
			after = before
			return nil
		}
		var mapped bool
		if err := tx.GetContext(ctx, &mapped, `SELECT role_mapped FROM users WHERE id = $1`, userID); err != nil {
			return err
		}
		if patch.Role != nil && (mapped || *patch.Role != before.RoleID) {
			if err := may(before.RoleID, *patch.Role); err != nil {
				return err
			}
		}
		if err := tx.GetContext(ctx, &after, `
			UPDATE users SET role_id = coalesce($2, role_id), role_mapped = role_mapped AND $2::text IS NULL,
			       organization_id = CASE WHEN $3::text IS NULL THEN organization_id ELSE nullif($3, '') END,
			       organization_mapped = organization_mapped AND $3::text IS NULL
			WHERE id = $1 RETURNING `+userColumns, userID, patch.Role, patch.Organization); err != nil {
			return err
		}
		if err := rejectMapped(ctx, tx, after); err != nil {
			return err
		}
		if err := noticeDemoted(ctx, tx, accountID, []directory.User{before}, "an admin"); err != nil {
			return err
		}
		return logStanding(ctx, tx, before, after)
	})
	return after, err
}

// rejectMapped settles what runs that are going have planned for a user from mappings: it was decided about
// what the user had then. The next run decides anew.
func rejectMapped(ctx context.Context, tx *sqlx.Tx, user directory.User) error {
	const planned = `
		account_id = $1 AND user_id = $2 AND step = 10 AND outcome = 'planned' AND run_id IN (
			SELECT id FROM runs WHERE account_id = $1 AND kind <> 'preview')`
	if _, err := tx.ExecContext(ctx, `DELETE FROM changes WHERE before IS NULL AND `+planned, user.AccountID, user.ID); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE changes SET outcome = 'rejected', occurred_at = now() WHERE `+planned, user.AccountID, user.ID)
	return err
}

// logStanding leaves a change of a user whose role or organization is another one now.
func logStanding(ctx context.Context, tx *sqlx.Tx, before, after directory.User) error {
	was, is := standing(before), standing(after)
	if *was.Role == *is.Role {
		was.Role, is.Role = nil, nil
	}
	if *was.Organization == *is.Organization {
		was.Organization, is.Organization = nil, nil
	}
	if is.Empty() {
		return nil
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO changes (account_id, user_id, label, source, action, before, after, outcome)
		VALUES ($1, $2, $3, 'admin', 'update', $4, $5, 'applied')`, after.AccountID, after.ID, after.Name(), was, is)
	return err
}

// standing is the role and the organization of a user.
func standing(u directory.User) directory.Snapshot {
	organization := ""
	if u.Organization != nil {
		organization = *u.Organization
	}
	return directory.Snapshot{Role: &u.RoleID, Organization: &organization}
}

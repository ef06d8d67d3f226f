package store

import (
	"context"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// RestoreUser brings a deleted user back with their role and groups, and leaves a change. Who had
// accepted before gets a licence or waits for one, all others a new invitation. Who is not deleted
// is the conflict "user_not_deleted"; when somebody else has the address by now, it is the
// conflict "address_taken". When the directory had lost the person, it leaves the user alone from
// now on.
func (s *Store) RestoreUser(ctx context.Context, accountID, userID string) (directory.User, error) {
	var user directory.User
	err := s.inTx(ctx, "restore user", func(tx *sqlx.Tx) error {
		var err error
		if user, err = lockUser(ctx, tx, accountID, userID); err != nil {
			return err
		}
		if user.Status != directory.Deleted {
			return directory.Conflict("user_not_deleted", "The user is not deleted, so there is nothing to restore.")
		}
		if user, err = restore(ctx, tx, user); err != nil {
			return err
		}
		if err := dropAbsentLinks(ctx, tx, userID); err != nil {
			return err
		}
		if err := logStatus(ctx, tx, directory.FromAdmin, directory.ActionReactivate, directory.Deleted, user); err != nil {
			return err
		}
		if err := assignMapped(ctx, tx, accountID, []string{userID}); err != nil {
			return err
		}
		user, err = getUser(ctx, tx, accountID, userID)
		return err
	})
	if err != nil {
		return directory.User{}, err
	}
	return user, nil
}

// restore gives a deleted user the status that follows from how far they had come.
func restore(ctx context.Context, tx *sqlx.Tx, user directory.User) (directory.User, error) {
	status := directory.Invited
	if user.AcceptedAt != nil {
		free, err := seatFree(ctx, tx, user.AccountID)
		if err != nil {
			return user, err
		}
		if status = directory.AwaitingLicence; free {
			status = directory.Active
		}
	}
	err := tx.GetContext(ctx, &user, `
		UPDATE users SET status = $2, deactivated_by = NULL, email_key = $3,
		       invitation_id = CASE WHEN $2 = 'invited' THEN gen_random_uuid() ELSE invitation_id END,
		       invited_at = CASE WHEN $2 = 'invited' THEN now() ELSE invited_at END
		WHERE id = $1 RETURNING `+userColumns, user.ID, status, directory.EmailKey(user.Email))
	if err != nil {
		return user, found("user", err)
	}
	switch status {
	case directory.Invited:
		_, err = tx.ExecContext(ctx, `
			INSERT INTO mails (account_id, kind, user_id, cause) SELECT account_id, 'invitation', id, invitation_id FROM users WHERE id = $1`, user.ID)
	case directory.AwaitingLicence:
		err = noticeExhausted(ctx, tx, user.AccountID)
	}
	return user, err
}

// dropAbsentLinks parts a user from what the directory has lost, so that its absence takes nobody
// out again. When the person comes back there, the user is found by their address.
func dropAbsentLinks(ctx context.Context, tx *sqlx.Tx, userID string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM links WHERE user_id = $1 AND absent`, userID)
	return err
}

// PurgeDeleted removes at most limit of the users whose days in the recycle bin of their account
// are over, for good, and returns how many they were. What the sync log tells of them stays. An
// account that somebody else is changing is left for the next time.
func (s *Store) PurgeDeleted(ctx context.Context, limit int) (int, error) {
	const due = `u.status = 'deleted' AND u.deleted_at < now() - a.recycle_bin_days * interval '1 day'`
	purged := 0
	err := s.inTx(ctx, "purge deleted users", func(tx *sqlx.Tx) error {
		var accounts []string
		err := tx.SelectContext(ctx, &accounts, `
			SELECT id FROM accounts a WHERE EXISTS (SELECT 1 FROM users u WHERE u.account_id = a.id AND `+due+`)
			ORDER BY id FOR NO KEY UPDATE SKIP LOCKED`)
		if err != nil {
			return err
		}
		return tx.GetContext(ctx, &purged, `
			WITH gone AS (
				DELETE FROM users WHERE id IN (
					SELECT u.id FROM users u JOIN accounts a ON a.id = u.account_id
					WHERE a.id = ANY($1::uuid[]) AND `+due+` ORDER BY u.deleted_at, u.id LIMIT $2)
				RETURNING id, account_id
			), dropped AS (
				UPDATE mails m SET settled_at = now(), result = 'dropped'
				FROM gone g WHERE m.account_id = g.account_id AND m.user_id = g.id AND m.settled_at IS NULL
			)
			SELECT count(*) FROM gone`, pq.StringArray(accounts), limit)
	})
	return purged, err
}

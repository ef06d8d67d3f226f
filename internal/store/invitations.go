package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// InvitationLife is how long an invitation can be accepted.
const InvitationLife = 30 * 24 * time.Hour

// AcceptInvitation makes an invited user active, first come, first served. Without a licence that
// is free and that nobody waits for, the user goes on the waiting list and the admins are told:
// the conflict "licences_exhausted", which says the place on the list; accepting again keeps it. An
// invitation that was used, has expired or was withdrawn is KindGone.
func (s *Store) AcceptInvitation(ctx context.Context, invitationID string) (directory.User, error) {
	var user directory.User
	place := 0
	err := s.inTx(ctx, "accept invitation", func(tx *sqlx.Tx) error {
		account, err := lockInvited(ctx, tx, invitationID)
		if err != nil {
			return err
		}
		if user, err = checkInvitation(ctx, tx, invitationID); err != nil {
			return err
		}
		free, err := seatFree(ctx, tx, account)
		if err != nil {
			return err
		}
		if user, err = enter(ctx, tx, user, free); err != nil || user.Status == directory.Active {
			return err
		}
		if place, err = waitingPlace(ctx, tx, user); err != nil {
			return err
		}
		return noticeExhausted(ctx, tx, account)
	})
	if err != nil {
		return directory.User{}, err
	}
	if user.Status != directory.Active {
		return user, awaitsLicence(place)
	}
	return user, nil
}

// enter lets in a user who accepts, or has them wait. Who waited may be in already: licences that
// became free are handed out in the order of the list.
func enter(ctx context.Context, tx *sqlx.Tx, user directory.User, free bool) (directory.User, error) {
	status := directory.AwaitingLicence
	if free {
		status = directory.Active
	}
	err := tx.GetContext(ctx, &user, `
		UPDATE users SET status = CASE WHEN status = 'active' THEN status ELSE $2 END, accepted_at = coalesce(accepted_at, now())
		WHERE id = $1 RETURNING `+userColumns, user.ID, status)
	return user, err
}

// lockInvited locks the account of whoever was invited. The invitation is found by its message,
// which is where invitations are indexed.
func lockInvited(ctx context.Context, tx *sqlx.Tx, invitationID string) (string, error) {
	var account string
	err := tx.GetContext(ctx, &account, `SELECT account_id FROM mails WHERE kind = 'invitation' AND cause = $1`, invitationID)
	if err != nil {
		return "", found("invitation", err)
	}
	return account, lockAccount(ctx, tx, account)
}

// checkInvitation is the user who can accept the invitation.
func checkInvitation(ctx context.Context, tx *sqlx.Tx, invitationID string) (directory.User, error) {
	var row struct {
		directory.User
		Present bool `db:"present"`
		Expired bool `db:"expired"`
	}
	err := tx.GetContext(ctx, &row, `
		SELECT `+userColumns+`, invitation_id IS NOT DISTINCT FROM $1 AS present, invited_at < now() - $2 * interval '1 second' AS expired
		FROM users WHERE id = (SELECT user_id FROM mails WHERE kind = 'invitation' AND cause = $1)`, invitationID, int(InvitationLife.Seconds()))
	switch {
	case err != nil:
		return row.User, found("invitation", err)
	case !row.Status.In():
		return row.User, gone("invitation_revoked", "The invitation was withdrawn. Ask your admins for a new one.")
	case !row.Present, row.Status == directory.Active:
		return row.User, gone("invitation_used", "The invitation was used already. Sign in instead.")
	case row.Status == directory.Invited && row.Expired:
		return row.User, gone("invitation_expired", "The invitation has expired. Ask your admins for a new one.")
	}
	return row.User, nil
}

package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// InvitationLife is how long an invitation can be accepted.
const InvitationLife = 30 * 24 * time.Hour

// AcceptInvitation makes an invited user active, first come, first served, and leaves a change. Without a licence that
// is free and that nobody waits for, the user goes on the waiting list and the admins are told:
// the conflict "licences_exhausted", which says the place on the list; accepting again keeps it. A user
// whom a SCIM client created is active or waits already: that they accept is noted. An invitation that
// was used, has expired or was withdrawn is KindGone.
func (s *Store) AcceptInvitation(ctx context.Context, invitationID string) (directory.User, error) {
	var user directory.User
	place := 0
	err := s.inTx(ctx, "accept invitation", func(tx *sqlx.Tx) error {
		account, free, err := lockInvited(ctx, tx, invitationID)
		if err != nil {
			return err
		}
		if user, err = checkInvitation(ctx, tx, invitationID); err != nil {
			return err
		}
		if free {
			if free, err = seatFree(ctx, tx, account); err != nil {
				return err
			}
		}
		before := user.Status
		if user, place, err = enter(ctx, tx, user, free); err != nil {
			return err
		}
		if user.Status != before {
			if err := logStatus(ctx, tx, directory.FromUser, directory.ActionUpdate, before, user); err != nil {
				return err
			}
		}
		if user.Status == directory.Active {
			return nil
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

// enter lets in a user who accepts, or has them wait and says their number on the waiting list, from
// 1. Who waited may be in already: licences that became free are handed out in the order of the list.
func enter(ctx context.Context, tx *sqlx.Tx, user directory.User, free bool) (directory.User, int, error) {
	status := directory.AwaitingLicence
	if free {
		status = directory.Active
	}
	var entered struct {
		directory.User
		Place int `db:"place"`
	}
	err := tx.GetContext(ctx, &entered, `
		UPDATE users SET status = CASE WHEN status = 'active' THEN status ELSE $2 END, accepted_at = coalesce(accepted_at, now())
		WHERE id = $1 RETURNING `+userColumns+`, 1 + (
		      SELECT count(*) FROM users w WHERE w.account_id = users.account_id AND w.status = 'awaiting_licence' AND w.waiting_place < users.waiting_place
		) AS place`, user.ID, status)
	return entered.User, entered.Place, err
}

// lockInvited locks the account of whoever was invited and says whether it has a free licence. The
// invitation is found by its message, which is where invitations are indexed.
func lockInvited(ctx context.Context, tx *sqlx.Tx, invitationID string) (account string, free bool, err error) {
	err = tx.QueryRowContext(ctx, `
		SELECT a.id, a.licences_used < a.licences_total FROM mails m JOIN accounts a ON a.id = m.account_id
		WHERE m.kind IN ('invitation', 'setup') AND m.cause = $1 FOR NO KEY UPDATE OF a`, invitationID).Scan(&account, &free)
	return account, free, found("invitation", err)
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
		FROM users WHERE id = (SELECT DISTINCT user_id FROM mails WHERE kind IN ('invitation', 'setup') AND cause = $1)`, invitationID, int(InvitationLife.Seconds()))
	switch {
	case err != nil:
		return row.User, found("invitation", err)
	case !row.Status.In():
		return row.User, gone("invitation_revoked", "The invitation was withdrawn. Ask your admins for a new one.")
	case !row.Present, row.Status == directory.Active && row.AcceptedAt != nil:
		return row.User, gone("invitation_used", "The invitation was used already. Sign in instead.")
	case row.AcceptedAt == nil && row.Expired:
		return row.User, gone("invitation_expired", "The invitation has expired. Ask your admins for a new one.")
	}
	return row.User, nil
}

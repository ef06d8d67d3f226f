package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// InvitationLife is how long an invitation can be accepted.
const InvitationLife = 30 * 24 * time.Hour

// AcceptInvitation makes an invited user active, first come, first served. Without a free licence
// the user waits for one, and accepting again later is another try: the conflict
// "licences_exhausted". An invitation that was used, has expired or was withdrawn is KindGone.
func (s *Store) AcceptInvitation(ctx context.Context, invitationID string) (directory.User, error) {
	var user directory.User
	free := false
	err := s.inTx(ctx, "accept invitation", func(tx *sqlx.Tx) error {
		account, err := lockInvited(ctx, tx, invitationID)
		if err != nil {
			return err
		}
		if err := checkInvitation(ctx, tx, invitationID); err != nil {
			return err
		}
		if err := tx.GetContext(ctx, &free, `SELECT licences_used < licences_total FROM accounts WHERE id = $1`, account); err != nil {
			return err
		}
		status := directory.AwaitingLicence
		if free {
			status = directory.Active
		}
		return tx.GetContext(ctx, &user, `
			UPDATE users SET status = $2, accepted_at = coalesce(accepted_at, now()) WHERE invitation_id = $1
			       AND id = (SELECT user_id FROM mails WHERE kind = 'invitation' AND cause = $1)
			RETURNING `+userColumns, invitationID, status)
	})
	if err != nil {
		return directory.User{}, err
	}
	if !free {
		return user, licencesExhausted()
	}
	return user, nil
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

func checkInvitation(ctx context.Context, tx *sqlx.Tx, invitationID string) error {
	var state struct {
		Status  directory.UserStatus `db:"status"`
		Present bool                 `db:"present"`
		Expired bool                 `db:"expired"`
	}
	err := tx.GetContext(ctx, &state, `
		SELECT u.status, u.invitation_id IS NOT DISTINCT FROM m.cause AS present,
		       u.invited_at < now() - $2 * interval '1 second' AS expired
		FROM mails m JOIN users u ON u.id = m.user_id
		WHERE m.kind = 'invitation' AND m.cause = $1`, invitationID, int(InvitationLife.Seconds()))
	switch {
	case err != nil:
		return found("invitation", err)
	case !state.Status.In():
		return gone("invitation_revoked", "The invitation was withdrawn. Ask your admins for a new one.")
	case !state.Present, state.Status == directory.Active:
		return gone("invitation_used", "The invitation was used already. Sign in instead.")
	case state.Status == directory.Invited && state.Expired:
		return gone("invitation_expired", "The invitation has expired. Ask your admins for a new one.")
	}
	return nil
}

package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// fillSeats gives the account's free licences to those who wait for one, in the order in which
// they came, and tells them; cause is what freed or added them. Whom a run is about to take out gets
// none. It belongs into each transaction that frees or adds licences, and that transaction holds the
// lock of the account.
func fillSeats(ctx context.Context, tx *sqlx.Tx, accountID string, cause directory.Origin) error {
	var next []string
	err := tx.SelectContext(ctx, &next, `
		SELECT u.id FROM users u WHERE u.account_id = $1 AND u.status = 'awaiting_licence' AND NOT EXISTS (
		       SELECT 1 FROM changes c JOIN runs r ON r.id = c.run_id AND r.finished_at IS NULL
		       WHERE c.user_id = u.id AND c.outcome = 'planned' AND c.action IN ('deactivate', 'delete'))
		ORDER BY u.waiting_place
		LIMIT (SELECT licences_total - licences_used FROM accounts WHERE id = $1)`, accountID)
	if err != nil || len(next) == 0 {
		return err
	}
	var seated []directory.User
	if err := tx.SelectContext(ctx, &seated, `
		UPDATE users SET status = 'active' WHERE id = ANY($1::uuid[])
		RETURNING `+userColumns, pq.StringArray(next)); err != nil {
		return err
	}
	if err := logStatus(ctx, tx, cause, directory.ActionUpdate, directory.AwaitingLicence, seated...); err != nil {
		return err
	}
	return noticeGranted(ctx, tx, accountID, seated)
}

// seatFree says whether a licence is free that nobody waits for.
func seatFree(ctx context.Context, tx *sqlx.Tx, accountID string) (bool, error) {
	const free = `SELECT licences_used < licences_total FROM accounts WHERE id = $1`
	var before, after bool
	if err := tx.GetContext(ctx, &before, free, accountID); err != nil || !before {
		return false, err
	}
	if err := fillSeats(ctx, tx, accountID, directory.FromAdmin); err != nil {
		return false, err
	}
	err := tx.GetContext(ctx, &after, free, accountID)
	return after, err
}

// awaitsLicence is what a person is told who waits for a licence.
func awaitsLicence(place int) error {
	return directory.Conflict("licences_exhausted", fmt.Sprintf(
		"All licences are in use. You are number %d on the waiting list. Contact your admins, who can free one or buy more.", place))
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const (
	webhookColumns = `id, account_id, url, state, position, failures, failing_since, last_error, next_try_at, last_delivered_at, created_by, created_at`
	maxWebhooks    = 20 // of an account
	// tellAfter is how long deliveries to a webhook fail before the admins are told.
	tellAfter = time.Hour
	// retryNow forgets the failures of a webhook, but for the last error.
	retryNow = `failures = 0, failing_since = NULL, told_at = NULL, next_try_at = now()`
)

// NewWebhook is a webhook to be made. Events after Position are sent to it.
type NewWebhook struct {
	ID, AccountID, URL string
	Secret             []byte // sealed
	Position           int64
	CreatedBy          string // is shown
}

// CreateWebhook makes a webhook. An account has twenty at most: the conflict "too_many_webhooks". A
// position that the log does not go back to, or has not come to, is the KindGone error "events_gone".
func (s *Store) CreateWebhook(ctx context.Context, in NewWebhook) (directory.Webhook, error) {
	var webhook directory.Webhook
	err := s.inTx(ctx, "create webhook", func(tx *sqlx.Tx) error {
		if err := lockAccount(ctx, tx, in.AccountID); err != nil {
			return err
		}
		var n int
		if err := tx.GetContext(ctx, &n, `SELECT count(*) FROM webhooks WHERE account_id = $1`, in.AccountID); err != nil {
			return err
		}
		if n >= maxWebhooks {
			return directory.Conflict("too_many_webhooks", fmt.Sprintf("The account has %d webhooks. Delete one that is of no more use first.", n))
		}
		if err := checkPosition(ctx, tx, in.AccountID, in.Position); err != nil {
			return err
		}
		return tx.GetContext(ctx, &webhook, `
			INSERT INTO webhooks (id, account_id, url, secret, position, created_by) VALUES ($1, $2, $3, $4, $5, $6)
			RETURNING `+webhookColumns, in.ID, in.AccountID, in.URL, in.Secret, in.Position, in.CreatedBy)
	})
	return webhook, err
}

// checkPosition refuses a position from which the log cannot go on.
func checkPosition(ctx context.Context, tx *sqlx.Tx, accountID string, position int64) error {
	var span EventSpan
	if err := tx.GetContext(ctx, &span, selectEventSpan, accountID); err != nil {
		return err
	}
	if position < span.First || position > span.Last {
		return eventsGone()
	}
	return nil
}

// Webhooks are an account's webhooks, oldest first.
func (s *Store) Webhooks(ctx context.Context, accountID string) ([]directory.Webhook, error) {
	var webhooks []directory.Webhook
	err := s.db.SelectContext(ctx, &webhooks, `SELECT `+webhookColumns+` FROM webhooks WHERE account_id = $1 ORDER BY created_at, id`, accountID)
	return webhooks, wrap("list webhooks", found("account", err))
}

// Webhook is one of an account's webhooks.
func (s *Store) Webhook(ctx context.Context, accountID, id string) (directory.Webhook, error) {
	var webhook directory.Webhook
	err := s.db.GetContext(ctx, &webhook, `SELECT `+webhookColumns+` FROM webhooks WHERE account_id = $1 AND id = $2`, accountID, id)
	return webhook, wrap("load webhook", found("webhook", err))
}

// WebhookPatch names what to change of a webhook; a nil member stays.
type WebhookPatch struct {
	URL   *string
	State *directory.WebhookState
	// Position is the one after which events are sent, again or no more.
	Position *int64
}

// UpdateWebhook changes a webhook. One that is enabled then is tried at once, whatever failed before; one
// that stays disabled keeps saying why. If the log does not go back to its position, or has not come to it, it is the KindGone error "events_gone".
func (s *Store) UpdateWebhook(ctx context.Context, accountID, id string, patch WebhookPatch) (directory.Webhook, error) {
	var webhook directory.Webhook
	err := s.inTx(ctx, "change webhook", func(tx *sqlx.Tx) error {
		err := tx.GetContext(ctx, &webhook, `
			UPDATE webhooks SET url = coalesce($3, url), state = coalesce($4, state), position = coalesce($5, position), `+retryNow+`,
			       last_error = CASE WHEN state = 'disabled' AND coalesce($4, state) = 'disabled' THEN last_error ELSE '' END
			WHERE account_id = $1 AND id = $2 RETURNING `+webhookColumns, accountID, id, patch.URL, patch.State, patch.Position)
		if err != nil || webhook.State == directory.WebhookDisabled {
			return found("webhook", err)
		}
		return checkPosition(ctx, tx, accountID, webhook.Position)
	})
	if err != nil {
		return directory.Webhook{}, err
	}
	return webhook, nil
}

// DeleteWebhook deletes a webhook.
func (s *Store) DeleteWebhook(ctx context.Context, accountID, id string) error {
	result, err := s.db.ExecContext(ctx, `DELETE FROM webhooks WHERE account_id = $1 AND id = $2`, accountID, id)
	return wrap("delete webhook", changed("webhook", result, err))
}

// EnabledWebhook is a webhook that is delivered to, whosever it is, and its sealed secret: for the worker.
func (s *Store) EnabledWebhook(ctx context.Context, id string) (directory.Webhook, []byte, error) {
	var row struct {
		directory.Webhook
		Secret []byte `db:"secret"`
	}
	err := s.db.GetContext(ctx, &row, `SELECT secret, `+webhookColumns+` FROM webhooks WHERE id = $1 AND state = 'enabled'`, id)
	return row.Webhook, row.Secret, wrap("load webhook", found("webhook", err))
}

// DeliveredEvents notes that the events up to a position were delivered to a webhook, unless somebody has
// had it go on from elsewhere meanwhile.
func (s *Store) DeliveredEvents(ctx context.Context, w directory.Webhook, position int64, at time.Time) error {
	_, err := s.db.ExecContext(ctx, `
		UPDATE webhooks SET position = $3, last_delivered_at = $4, last_error = '', `+retryNow+`
		WHERE id = $1 AND next_try_at = $2 AND state = 'enabled'`, w.ID, w.NextTryAt, position, at)
	return wrap("note delivery", err)
}

// PostponeWebhook notes a try that did not succeed, why, and when the next one is due. Once they have
// failed for an hour it tells the admins, which told says.
func (s *Store) PostponeWebhook(ctx context.Context, w directory.Webhook, reason string, at, next time.Time) (told bool, err error) {
	err = s.inTx(ctx, "postpone webhook", func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `
			UPDATE webhooks SET failures = failures + 1, failing_since = coalesce(failing_since, $3), last_error = $4, next_try_at = $5
			WHERE id = $1 AND next_try_at = $2 AND state = 'enabled'`, w.ID, w.NextTryAt, at, reason, next)
		if err != nil {
			return err
		}
		var failing directory.Webhook
		err = tx.GetContext(ctx, &failing, `
			UPDATE webhooks SET told_at = $2 WHERE id = $1 AND told_at IS NULL AND failing_since <= $3 RETURNING `+webhookColumns, w.ID, at, at.Add(-tellAfter))
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		told = true
		title, message := webhookFailingText(failing)
		return noticeWebhook(ctx, tx, w.AccountID, title, message)
	})
	return told, err
}

// StopWebhook disables a webhook that cannot be delivered to any more, notes why, and tells the admins;
// unless somebody has had it go on from elsewhere meanwhile.
func (s *Store) StopWebhook(ctx context.Context, w directory.Webhook, reason string) error {
	return s.inTx(ctx, "stop webhook", func(tx *sqlx.Tx) error {
		var stopped directory.Webhook
		err := tx.GetContext(ctx, &stopped, `
			UPDATE webhooks SET state = 'disabled', failures = 0, failing_since = NULL, told_at = NULL, last_error = $3
			WHERE id = $1 AND next_try_at = $2 AND state = 'enabled' RETURNING `+webhookColumns, w.ID, w.NextTryAt, reason)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		title, message := webhookStoppedText(stopped)
		return noticeWebhook(ctx, tx, w.AccountID, title, message)
	})
}

func noticeWebhook(ctx context.Context, tx *sqlx.Tx, accountID, title, message string) error {
	return noticeAdmins(ctx, tx, accountID, notice{kind: directory.NoticeWebhookFailing, cause: newID(), title: title, message: message})
}

package store

import (
	"context"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const notificationColumns = `id, account_id, user_id, kind, run_id, title, message, created_at, read_at`

// NotificationFilter narrows a list of notifications.
type NotificationFilter struct {
	Unread bool // without those that were read
	Limit  int  // 0: 50; at most 500
	Cursor string
}

// Notifications is a page of what a user was told, newest first.
func (s *Store) Notifications(ctx context.Context, accountID, userID string, f NotificationFilter) (Page[directory.Notification], error) {
	at, id, err := timeCursor(f.Cursor)
	if err != nil {
		return Page[directory.Notification]{}, err
	}
	q := query{text: `SELECT ` + notificationColumns + ` FROM notifications WHERE account_id = $1`, args: []any{accountID}}
	q.and(`user_id = ?`, userID)
	if f.Unread {
		q.and(`read_at IS NULL`)
	}
	if f.Cursor == "" {
		q.add(` ORDER BY created_at DESC, id DESC`)
	} else {
		q.and(`(created_at, id) < (?, ?)`, at, id)
		q.add(` ORDER BY created_at DESC, id DESC`)
	}
	limit := clampLimit(f.Limit)
	q.add(` LIMIT ?`, limit+1)
	var notifications []directory.Notification
	if err := s.db.SelectContext(ctx, &notifications, q.text, q.args...); err != nil {
		return Page[directory.Notification]{}, wrap("list notifications", found("user", err))
	}
	return pageOf(notifications, limit, func(n directory.Notification) string { return n.CreatedAt.UTC().Format(cursorTime) + n.ID }), nil
}

// ReadNotification notes that a user has read a notification. Reading it again changes nothing.
func (s *Store) ReadNotification(ctx context.Context, accountID, userID, id string) (directory.Notification, error) {
	var notification directory.Notification
	err := s.db.GetContext(ctx, &notification, `
		UPDATE notifications SET read_at = coalesce(read_at, now())
		WHERE account_id = $1 AND user_id = $2 AND id = $3 RETURNING `+notificationColumns, accountID, userID, id)
	return notification, wrap("read notification", found("notification", err))
}

// notice is a notification before it has recipients. Nobody is told of one cause twice.
type notice struct {
	kind           directory.NotificationKind
	cause          string
	runID          *string
	title, message string
}

// audience is who is told of something: these users, and the active ones who have one of the roles,
// which are roles of admins.
type audience struct {
	users []string
	roles []string
}

// notify tells users of something, in the application and by mail. Whom it would tell twice is
// left alone.
func notify(ctx context.Context, tx *sqlx.Tx, accountID string, to audience, n notice) error {
	_, err := tx.ExecContext(ctx, `
		WITH told AS (
			INSERT INTO notifications (id, account_id, user_id, kind, cause, run_id, title, message)
			SELECT gen_random_uuid(), $1, id, $3, $4, $5, $6, $7 FROM (
				SELECT unnest($2::uuid[]) AS id
				UNION
				SELECT id FROM users WHERE account_id = $1 AND status = 'active' AND role_id = ANY($8) AND role_id <> 'member'
			) recipients
			ON CONFLICT DO NOTHING RETURNING id, user_id
		)
		INSERT INTO mails (account_id, kind, user_id, cause) SELECT $1, 'notice', user_id, id FROM told`,
		accountID, pq.StringArray(to.users), n.kind, n.cause, n.runID, lines(n.title), n.message, pq.StringArray(to.roles))
	return err
}

package directory

import "time"

// NotificationKind says what a notification is about.
type NotificationKind string

// The kinds of notification.
const (
	NoticeRunFailed         NotificationKind = "run_failed"
	NoticeRunPartial        NotificationKind = "run_partial"
	NoticeRunHeld           NotificationKind = "run_awaiting_approval"
	NoticeAdminLeft         NotificationKind = "admin_left"
	NoticeLicencesExhausted NotificationKind = "licences_exhausted"
	NoticeLicenceGranted    NotificationKind = "licence_granted"
	NoticeSCIMHeld          NotificationKind = "scim_removals_held"
	NoticeSCIMTokenExpiring NotificationKind = "scim_token_expiring"
	NoticeSCIMErrors        NotificationKind = "scim_errors"
	NoticeWebhookFailing    NotificationKind = "webhook_failing"
)

// Notification tells one user of something, in the application and by mail.
type Notification struct {
	ID        string           `db:"id"`
	AccountID string           `db:"account_id"`
	UserID    string           `db:"user_id"`
	Kind      NotificationKind `db:"kind"`
	RunID     *string          `db:"run_id"`
	Title     string           `db:"title"`
	Message   string           `db:"message"` // what happened and what to do; plain text, one paragraph a line
	CreatedAt time.Time        `db:"created_at"`
	ReadAt    *time.Time       `db:"read_at"`
}

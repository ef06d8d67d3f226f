package store

import (
	"context"
	"time"

	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// The kinds of message.
const (
	MailInvitation = "invitation"
	MailSetup      = "setup" // asks who is in already to set up their account
	MailNotice     = "notice"
	MailReport     = "report" // the directory sync report
)

// MailResult is what became of a message.
type MailResult string

// The results of a message.
const (
	MailSent    MailResult = "sent"
	MailDropped MailResult = "dropped" // its cause no longer stands
	MailRefused MailResult = "refused" // the mail server will never take it
)

// Mail is a message to send, with what its text needs.
type Mail struct {
	ID          int64  `db:"id"`
	Kind        string `db:"kind"`
	Cause       string `db:"cause"` // the id of the invitation, of the notification or of the report
	UserID      string `db:"user_id"`
	To          string `db:"email"`
	FirstName   string `db:"first_name"`
	AccountName string `db:"account_name"`
	// Stands: of an invitation, that the user is still invited, by this one; of a set-up mail, that
	// this is still the user's invitation, and that they are active or wait for a licence; of a
	// notice, that the user is active; of a report, that they still are an active admin.
	Stands    bool             `db:"stands"`
	Title     string           `db:"title"`   // of a notice
	Message   string           `db:"message"` // of a notice; plain text, one paragraph a line
	Report    directory.Report `db:"report"`  // of a report
	Attempts  int              `db:"attempts"`
	CreatedAt time.Time        `db:"created_at"`
}

// DueMails are messages of an account that are to be sent now, the longest waiting first.
func (s *Store) DueMails(ctx context.Context, accountID string, limit int) ([]Mail, error) {
	var mails []Mail
	err := s.db.SelectContext(ctx, &mails, `
		SELECT m.id, m.kind, m.cause, m.user_id, u.email, u.first_name, a.name AS account_name, m.attempts, m.created_at,
		       CASE m.kind WHEN 'invitation' THEN u.status = 'invited' AND u.invitation_id IS NOT DISTINCT FROM m.cause
		       WHEN 'setup' THEN u.status IN ('active', 'awaiting_licence') AND u.invitation_id IS NOT DISTINCT FROM m.cause
		       WHEN 'report' THEN u.status = 'active' AND u.role_id = ANY($3) AND r.id IS NOT NULL
		       ELSE u.status = 'active' AND n.id IS NOT NULL END AS stands,
		       coalesce(n.title, '') AS title, coalesce(n.message, '') AS message, coalesce(r.content, '{}') AS report
		FROM mails m JOIN users u ON u.id = m.user_id JOIN accounts a ON a.id = m.account_id
		LEFT JOIN notifications n ON m.kind = 'notice' AND n.id = m.cause
		LEFT JOIN reports r ON m.kind = 'report' AND r.id = m.cause
		WHERE m.account_id = $1 AND m.settled_at IS NULL AND m.next_try_at <= now()
		ORDER BY m.next_try_at, m.id LIMIT $2`, accountID, limit, pq.StringArray(adminRoles()))
	return mails, wrap("list due mails", found("account", err))
}

// SettleMail notes what became of a message, after which it is never due again. Settling it again
// changes nothing.
func (s *Store) SettleMail(ctx context.Context, id int64, result MailResult) error {
	_, err := s.db.ExecContext(ctx, `
		UPDATE mails SET settled_at = now(), result = $2, attempts = attempts + 1 WHERE id = $1 AND settled_at IS NULL`, id, result)
	return wrap("settle mail", err)
}

// PostponeMail notes an attempt that did not succeed, and when the next one is due.
func (s *Store) PostponeMail(ctx context.Context, id int64, next time.Time) error {
	_, err := s.db.ExecContext(ctx, `
		UPDATE mails SET next_try_at = $2, attempts = attempts + 1 WHERE id = $1 AND settled_at IS NULL`, id, next)
	return wrap("postpone mail", err)
}

// WaitingMails is how many messages of an account are unsent, and when the first of them is due;
// nil when there is none.
func (s *Store) WaitingMails(ctx context.Context, accountID string) (count int, next *time.Time, err error) {
	err = s.db.QueryRowContext(ctx, `
		SELECT count(*), min(next_try_at) FROM mails WHERE account_id = $1 AND settled_at IS NULL`, accountID).Scan(&count, &next)
	return count, next, wrap("count waiting mails", found("account", err))
}

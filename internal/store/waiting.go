package store

import (
	"context"
	"time"

	"github.com/lib/pq"
)

// How long mail, and a webhook that has events to be told of, may be due before they count as forgotten.
// One that is being delivered to is due anew with each page.
const (
	mailOverdue    = 10 * time.Minute
	webhookOverdue = time.Minute
)

// Waiting is what of an account waits to be delivered and can be tried now.
type Waiting struct {
	Mail     bool     // there is mail
	Webhooks []string // those that have events to be told of
}

// dueWebhook is the condition that a webhook w has events to be told of, and can be.
const dueWebhook = `w.state = 'enabled' AND w.next_try_at <= now()
	AND EXISTS (SELECT 1 FROM changes c WHERE c.account_id = w.account_id AND c.position > w.position)`

// Waiting is what of an account waits to be delivered and can be tried now.
func (s *Store) Waiting(ctx context.Context, accountID string) (Waiting, error) {
	var waiting Waiting
	err := s.db.QueryRowContext(ctx, `
		SELECT EXISTS (SELECT 1 FROM mails WHERE account_id = $1 AND settled_at IS NULL AND next_try_at <= now()),
		       ARRAY(SELECT w.id::text FROM webhooks w WHERE w.account_id = $1 AND `+dueWebhook+` ORDER BY w.id)`, accountID).
		Scan(&waiting.Mail, (*pq.StringArray)(&waiting.Webhooks))
	return waiting, wrap("look for what waits", found("account", err))
}

// AccountsToWake are the accounts whose mail should have been sent some time ago, or whose webhooks should
// have been told of events.
func (s *Store) AccountsToWake(ctx context.Context) ([]string, error) {
	var accounts []string
	err := s.db.SelectContext(ctx, &accounts, `
		SELECT account_id FROM mails WHERE settled_at IS NULL AND next_try_at < now() - $1 * interval '1 second'
		UNION SELECT account_id FROM webhooks w WHERE w.next_try_at < now() - $2 * interval '1 second' AND `+dueWebhook,
		int(mailOverdue.Seconds()), int(webhookOverdue.Seconds()))
	return accounts, wrap("list accounts of which something waits", err)
}

package store

import (
	"context"
	"time"

	"github.com/lib/pq"
)

// overdue is how long mail may be due before it counts as forgotten.
const overdue = 10 * time.Minute

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

// AccountsToWake are the accounts whose mail should have been sent some time ago, or whose webhooks have
// events to be told of.
func (s *Store) AccountsToWake(ctx context.Context) ([]string, error) {
	var accounts []string
	err := s.db.SelectContext(ctx, &accounts, `
		SELECT account_id FROM mails WHERE settled_at IS NULL AND next_try_at < now() - $1 * interval '1 second'
		UNION SELECT account_id FROM webhooks w WHERE `+dueWebhook, int(overdue.Seconds()))
	return accounts, wrap("list accounts of which something waits", err)
}

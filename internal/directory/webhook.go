package directory

import (
	"strconv"
	"time"
)

// WebhookState says whether a webhook is delivered to.
type WebhookState string

// The states of a webhook.
const (
	WebhookEnabled  WebhookState = "enabled"
	WebhookDisabled WebhookState = "disabled"
)

// Webhook is where an account's events are sent. Its URL may hold a secret of its receiver: it is for the
// account's admins, and for no log.
type Webhook struct {
	ID        string       `db:"id"`
	AccountID string       `db:"account_id"`
	URL       string       `db:"url"`
	State     WebhookState `db:"state"`
	Position  int64        `db:"position"` // of the last event that was delivered

	Failures     int        `db:"failures"`      // tries in a row that did not succeed
	FailingSince *time.Time `db:"failing_since"` // the first of them
	LastError    string     `db:"last_error"`    // of the last try, or why it is disabled; a sentence
	NextTryAt    time.Time  `db:"next_try_at"`

	LastDeliveredAt *time.Time `db:"last_delivered_at"`
	CreatedBy       string     `db:"created_by"`
	CreatedAt       time.Time  `db:"created_at"`
}

// Delivery is the body of a message to a webhook: some events, in their order. Its JSON is public.
type Delivery struct {
	Type      string  `json:"type"` // events
	WebhookID string  `json:"webhook_id"`
	AccountID string  `json:"account_id"`
	Events    []Event `json:"events"`
	Next      string  `json:"next"` // position of the last of them, as the feed of events understands it
}

// Delivery is the message that tells of events, at least one, the last of which is at the position next.
func (w Webhook) Delivery(events []Event, next int64) Delivery {
	return Delivery{Type: "events", WebhookID: w.ID, AccountID: w.AccountID, Events: events, Next: strconv.FormatInt(next, 10)}
}

// ID identifies the message: it is the same whenever the same events are sent to the same webhook.
func (d Delivery) ID() string { return d.WebhookID + "_" + d.Events[0].ID + "_" + d.Next }

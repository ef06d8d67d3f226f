package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/secret"
	"github.com/rollcall-sync/rollcall/internal/store"
	"github.com/rollcall-sync/rollcall/internal/webhook"
)

// Webhooks tells receivers of events.
type Webhooks struct {
	Store   *store.Store
	Keyring *secret.Keyring
	Client  *webhook.Client
	// Wake has what waits in an account delivered.
	Wake func(ctx context.Context, accountID string) error
	Now  func() time.Time
}

const (
	eventsPerMessage = 100 // at most
	// deliveringTakes is how long one activity goes on before it makes way for the next one.
	deliveringTakes = time.Minute
	maxRetryPause   = 10 * time.Minute
)

// DeliverEvents sends the events that a webhook has not been told of, in their order, page by page until
// there is none left, one does not arrive, or its time is up. Its position moves on when the receiver has
// taken a page; should the worker die in between, the page is sent again with the same id.
func (a *Webhooks) DeliverEvents(ctx context.Context, in OfWebhook) (DeliveredEvents, error) {
	defer keepAlive(ctx)()
	working, done := untilStopped(ctx)
	defer done()
	out, err := a.deliver(working, in.WebhookID)
	if working.Err() != nil && ctx.Err() == nil { // another worker goes on
		return DeliveredEvents{Events: out.Events, Ready: true}, nil
	}
	return out, asTemporal(ctx, err)
}

func (a *Webhooks) deliver(ctx context.Context, id string) (DeliveredEvents, error) {
	var out DeliveredEvents
	for until := a.Now().Add(deliveringTakes); a.Now().Before(until); {
		hook, sealed, err := a.Store.EnabledWebhook(ctx, id)
		if directory.HasCode(err, "not_found") {
			out.Off = true
			return out, nil
		}
		if err != nil {
			return out, err
		}
		if hook.Failures > 0 && hook.NextTryAt.After(a.Now()) {
			out.NextTryAt = hook.NextTryAt
			return out, nil
		}
		events, err := a.Store.Events(ctx, hook.AccountID, hook.Position, pageSize(hook.Failures))
		switch {
		case directory.HasCode(err, "events_gone"):
			err = a.stop(ctx, hook, "The log does not hold the next events any more.")
		case err == nil && len(events.Items) == 0:
			return out, nil
		case err == nil:
			err = a.tell(ctx, hook, sealed, events, &out)
		}
		if err != nil {
			return out, err
		}
	}
	out.Ready = true
	return out, nil
}

// tell sends one page of events and notes what came of it.
func (a *Webhooks) tell(ctx context.Context, hook directory.Webhook, sealed []byte, events store.Events, out *DeliveredEvents) error {
	err := a.send(ctx, hook, sealed, events)
	var refused *webhook.Error
	switch {
	case err == nil:
		out.Events += len(events.Items)
		// The receiver has it, whatever becomes of this worker.
		return a.Store.DeliveredEvents(context.WithoutCancel(ctx), hook, events.Next, a.Now())
	case errors.As(err, &refused) && refused.Gone:
		return a.stop(ctx, hook, refused.Reason)
	case errors.As(err, &refused):
		return a.postpone(ctx, hook, refused.Reason)
	default:
		return err
	}
}

func (a *Webhooks) send(ctx context.Context, hook directory.Webhook, sealed []byte, events store.Events) error {
	key, err := a.Keyring.Open(sealed, webhook.SealContext(hook.ID))
	if err != nil {
		return &webhook.Error{Reason: "The secret of the webhook cannot be read."}
	}
	delivery := hook.Delivery(events.Items, events.Next)
	body, err := json.Marshal(delivery)
	if err != nil {
		return fmt.Errorf("encode events: %w", err)
	}
	return a.Client.Send(ctx, webhook.Message{URL: hook.URL, Secret: string(key), ID: delivery.ID(), At: a.Now(), Body: body})
}

// postpone puts a webhook off, and has the admins' mail delivered if they are told of it.
func (a *Webhooks) postpone(ctx context.Context, hook directory.Webhook, reason string) error {
	now := a.Now()
	told, err := a.Store.PostponeWebhook(ctx, hook, reason, now, now.Add(retryPause(hook.Failures)))
	if err != nil || !told {
		return err
	}
	return a.Wake(ctx, hook.AccountID)
}

func (a *Webhooks) stop(ctx context.Context, hook directory.Webhook, reason string) error {
	if err := a.Store.StopWebhook(ctx, hook, reason); err != nil {
		return err
	}
	return a.Wake(ctx, hook.AccountID)
}

// retryPause is how long a webhook is left alone after so many tries in a row that did not succeed, and
// one more: a second, doubled each time, up to ten minutes.
func retryPause(failures int) time.Duration {
	return min(time.Second<<min(failures, 10), maxRetryPause)
}

// pageSize is how many events a message has after so many tries in a row that did not succeed: half as many
// with each, down to one, so that a receiver for which they are too many gets on.
func pageSize(failures int) int {
	return max(eventsPerMessage>>min(failures, 7), 1)
}

// untilStopped is done when ctx is, and when the worker is told to stop: what hangs must not hold it up.
func untilStopped(ctx context.Context) (context.Context, context.CancelFunc) {
	working, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-activity.GetWorkerStopChannel(ctx):
			cancel()
		case <-working.Done():
		}
	}()
	return working, cancel
}

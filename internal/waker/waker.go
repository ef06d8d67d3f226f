// Package waker has what waits in an account delivered: mail, and the events of webhooks. It delivers
// nothing itself, but tells the workflows that do.
package waker

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/sdk/client"

	"github.com/rollcall-sync/rollcall/internal/store"
	"github.com/rollcall-sync/rollcall/workflows"
)

// Temporal is the part of a Temporal client that waking needs.
type Temporal interface {
	SignalWithStartWorkflow(ctx context.Context, workflowID, signalName string, signalArg any,
		options client.StartWorkflowOptions, workflow any, workflowArgs ...any) (client.WorkflowRun, error)
}

// Waker wakes workflows.
type Waker struct {
	Store    *store.Store
	Temporal Temporal
}

// Wake starts the workflows that deliver what waits in an account, or tells those that are there. Where
// nothing can be delivered now, it costs one query.
func (w Waker) Wake(ctx context.Context, accountID string) error {
	waiting, err := w.Store.Waiting(ctx, accountID)
	if err != nil {
		return err
	}
	var failed []error
	if waiting.Mail {
		options, in := workflows.StartMailOutbox(accountID)
		_, err := w.Temporal.SignalWithStartWorkflow(ctx, options.ID, workflows.SignalMailWaiting, nil, options, workflows.MailOutboxName, in)
		failed = append(failed, wrap("wake mail outbox", err))
	}
	for _, id := range waiting.Webhooks {
		options, in := workflows.StartWebhookDelivery(accountID, id)
		_, err := w.Temporal.SignalWithStartWorkflow(ctx, options.ID, workflows.SignalEventsWaiting, nil, options, workflows.WebhookDeliveryName, in)
		failed = append(failed, wrap("wake webhook delivery", err))
	}
	return errors.Join(failed...)
}

func wrap(task string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", task, err)
}

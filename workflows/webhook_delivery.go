package workflows

import (
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/rollcall-sync/rollcall/activities"
	"github.com/rollcall-sync/rollcall/internal/engine"
)

var telling *activities.Webhooks

// StartWebhookDelivery is what it takes to start the deliveries to a webhook with SignalEventsWaiting, or
// to tell those that are there.
func StartWebhookDelivery(accountID, webhookID string) (client.StartWorkflowOptions, WebhookDeliveryInput) {
	return client.StartWorkflowOptions{
		ID: WebhookDeliveryID(webhookID), TaskQueue: engine.TaskQueue,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		TypedSearchAttributes: temporal.NewSearchAttributes(engine.RollcallAccount.ValueSet(accountID)),
		StaticSummary:         "Tells a webhook of the account's events",
	}, WebhookDeliveryInput{AccountID: accountID, WebhookID: webhookID}
}

// WebhookDelivery tells one webhook of the account's events, in their order. A receiver that is away holds
// up nothing but this workflow. It ends when the webhook is disabled or deleted, and when nothing has
// happened for a while; the next event starts it again.
func WebhookDelivery(ctx workflow.Context, in WebhookDeliveryInput) error {
	if err := workflow.UpsertTypedSearchAttributes(ctx, engine.RollcallAccount.ValueSet(in.AccountID)); err != nil {
		return err
	}
	wake := workflow.GetSignalChannel(ctx, SignalEventsWaiting)
	for events := 0; ; {
		for wake.ReceiveAsync(nil) {
		}
		var out activities.DeliveredEvents
		if err := workflow.ExecuteActivity(deliveringEvents(ctx), telling.DeliverEvents, activities.OfWebhook{WebhookID: in.WebhookID}).Get(ctx, &out); err != nil {
			return err
		}
		if out.Off {
			if wake.ReceiveAsync(nil) {
				continue // enabled meanwhile, perhaps
			}
			return nil
		}
		events += out.Events
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("%d events delivered.", events))
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, WebhookDeliveryName, in)
		}
		if out.Ready {
			continue
		}
		pause, summary := idle, "Wait for more events"
		if !out.NextTryAt.IsZero() {
			pause, summary = max(out.NextTryAt.Sub(workflow.Now(ctx)), time.Second), "Wait to try again"
		}
		woken, err := wait(ctx, wake, pause, summary)
		if err != nil {
			return err
		}
		if !woken && out.NextTryAt.IsZero() {
			return nil
		}
	}
}

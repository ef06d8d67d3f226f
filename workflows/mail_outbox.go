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

var mailing *activities.Mail

// idle is how long a MailOutbox waits for more before it ends. The next mail starts it again.
const idle = 30 * time.Second

// StartMailOutbox is what it takes to start the outbox of an account with SignalMailWaiting, or to
// tell the one that is there.
func StartMailOutbox(accountID string) (client.StartWorkflowOptions, MailOutboxInput) {
	return client.StartWorkflowOptions{
		ID: MailOutboxID(accountID), TaskQueue: engine.TaskQueue,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		TypedSearchAttributes: temporal.NewSearchAttributes(engine.RollcallAccount.ValueSet(accountID)),
		StaticSummary:         "Delivers the waiting mail of an account",
	}, MailOutboxInput{AccountID: accountID}
}

// MailOutbox delivers the waiting mail of one account. A mail server that is away holds up nothing
// but this workflow.
func MailOutbox(ctx workflow.Context, in MailOutboxInput) error {
	if err := workflow.UpsertTypedSearchAttributes(ctx, engine.RollcallAccount.ValueSet(in.AccountID)); err != nil {
		return err
	}
	wake := workflow.GetSignalChannel(ctx, SignalMailWaiting)
	for {
		for wake.ReceiveAsync(nil) {
		}
		var out activities.Delivered
		if err := workflow.ExecuteActivity(deliveringMail(ctx), mailing.DeliverMail, activities.OfAccount{AccountID: in.AccountID}).Get(ctx, &out); err != nil {
			return err
		}
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("%d messages wait.", out.Waiting))
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, MailOutboxName, in)
		}
		if out.Ready {
			continue
		}
		pause, summary := idle, "Wait for more mail"
		if out.Waiting > 0 {
			pause, summary = max(out.NextTryAt.Sub(workflow.Now(ctx)), time.Second), "Wait to try again"
		}
		woken, err := wait(ctx, wake, pause, summary)
		if err != nil {
			return err
		}
		if !woken && out.Waiting == 0 {
			return nil
		}
	}
}

// wait blocks until the channel has something or the time is up, and says whether it was the channel.
func wait(ctx workflow.Context, wake workflow.ReceiveChannel, d time.Duration, summary string) (bool, error) {
	timerCtx, cancel := workflow.WithCancel(ctx)
	defer cancel()
	woken, failed := false, error(nil)
	selector := workflow.NewSelector(ctx)
	selector.AddReceive(wake, func(workflow.ReceiveChannel, bool) { woken = true })
	selector.AddFuture(workflow.NewTimerWithOptions(timerCtx, d, workflow.TimerOptions{Summary: summary}), func(f workflow.Future) { failed = f.Get(ctx, nil) })
	selector.Select(ctx)
	return woken, failed
}

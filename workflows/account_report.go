package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/rollcall-sync/rollcall/activities"
	"github.com/rollcall-sync/rollcall/internal/engine"
)

var reporting *activities.Reports

// AccountReport makes the directory sync report of one account: every day at the account's hour, and
// at once when somebody asks for it. It ends when the account wants no daily report.
func AccountReport(ctx workflow.Context, in AccountReportInput) error {
	if err := workflow.UpsertTypedSearchAttributes(ctx, engine.RollcallAccount.ValueSet(in.AccountID)); err != nil {
		return err
	}
	r := &accountReport{
		AccountReportInput: in, stale: true,
		now: workflow.GetSignalChannel(ctx, SignalReportNow), changed: workflow.GetSignalChannel(ctx, SignalSettingsChanged),
	}
	return r.live(ctx)
}

type accountReport struct {
	AccountReportInput
	now, changed workflow.ReceiveChannel

	stale bool // the next report is to be computed anew
	due   bool // the hour of the next report has come

	next       activities.NextReport
	timer      workflow.Future
	clearTimer workflow.CancelFunc
	last       string // what the last report came to, in words
}

// live is the loop of the report's life; it ends in a new execution with the same state once the
// history has grown long, after every signal that has arrived is taken in.
func (r *accountReport) live(ctx workflow.Context) error {
	for {
		r.takeIn()
		switch {
		case r.due:
			r.due, r.stale = false, true
			if err := r.make(ctx, activities.MakeReportInput{AccountID: r.AccountID, Until: r.next.At, Daily: true}); err != nil {
				return err
			}
		case r.Wanted:
			r.Wanted = false
			if err := r.make(ctx, activities.MakeReportInput{AccountID: r.AccountID, Until: workflow.Now(ctx).UTC()}); err != nil {
				return err
			}
		case workflow.GetInfo(ctx).GetContinueAsNewSuggested():
			return workflow.NewContinueAsNewError(ctx, AccountReportName, r.AccountReportInput)
		case r.stale:
			if err := r.schedule(ctx); err != nil {
				return err
			}
		case r.next.Off:
			return nil
		default:
			if err := r.wait(ctx); err != nil {
				return err
			}
		}
	}
}

// takeIn takes in every signal that has arrived, without waiting.
func (r *accountReport) takeIn() {
	for r.now.ReceiveAsync(nil) {
		r.Wanted = true
	}
	for r.changed.ReceiveAsync(nil) {
		r.stale = true
	}
}

// wait blocks until something happened, and takes in all that has: the hour must not be missed for a
// signal that came with it.
func (r *accountReport) wait(ctx workflow.Context) error {
	var failed error
	selector := workflow.NewSelector(ctx)
	selector.AddReceive(r.now, func(c workflow.ReceiveChannel, _ bool) { r.Wanted = c.ReceiveAsync(nil) })
	selector.AddReceive(r.changed, func(c workflow.ReceiveChannel, _ bool) { r.stale = c.ReceiveAsync(nil) })
	selector.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) { failed = ctx.Err() })
	selector.AddFuture(r.timer, func(workflow.Future) { r.timer, r.due = nil, true })
	selector.Select(ctx)
	for failed == nil && selector.HasPending() {
		selector.Select(ctx)
	}
	return failed
}

// schedule asks when the next report is due, and sets the timer for it.
func (r *accountReport) schedule(ctx workflow.Context) error {
	if r.clearTimer != nil {
		r.clearTimer()
		r.timer, r.clearTimer = nil, nil
	}
	var next activities.NextReport
	in := activities.OfAccount{AccountID: r.AccountID}
	if err := workflow.ExecuteActivity(settling(ctx, "Work out the next report"), reporting.ScheduleReport, in).Get(ctx, &next); err != nil {
		return err
	}
	r.next, r.stale = next, false
	if next.Off {
		workflow.SetCurrentDetails(ctx, "The account wants no daily report. "+r.last)
		return nil
	}
	timerCtx, cancel := workflow.WithCancel(ctx)
	summary := "Next report: " + next.Words
	delay := next.At.Add(activities.ReportDelay).Sub(workflow.Now(ctx))
	r.timer = workflow.NewTimerWithOptions(timerCtx, delay, workflow.TimerOptions{Summary: summary})
	r.clearTimer = cancel
	workflow.SetCurrentDetails(ctx, summary+". "+r.last)
	return nil
}

func (r *accountReport) make(ctx workflow.Context, in activities.MakeReportInput) error {
	summary := "Make the report that was asked for"
	if in.Daily {
		summary = "Make the report of " + r.next.Words
	}
	var made activities.MadeReport
	if err := workflow.ExecuteActivity(settling(ctx, summary), reporting.MakeReport, in).Get(ctx, &made); err != nil {
		return err
	}
	if !made.Moved {
		r.last = fmt.Sprintf("Last report: %d changes, %d runs, %d kinds of error, mailed to %d admins.", made.Changes, made.Runs, made.Errors, made.Mails)
		workflow.SetCurrentDetails(ctx, r.last)
	}
	return nil
}

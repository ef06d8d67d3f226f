package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/rollcall-sync/rollcall/internal/devstack/mailbox"
)

// freshHour is for how long after a full hour its daily report is still made.
const freshHour = 3 * time.Minute

// report has the account ask for a report, and then want none any more. In the first minutes of an hour
// the daily one of that hour is made before: record then to have it in the history.
func (p *player) report(box *mailbox.Mailbox) func(context.Context) error {
	return func(ctx context.Context) error {
		now, reports := time.Now().UTC(), 0
		if now.Sub(now.Truncate(time.Hour)) < freshHour {
			if err := p.account(ctx, map[string]any{"report_hour": now.Hour(), "time_zone": "UTC"}); err != nil {
				return err
			}
			reports++
			if err := mailed(ctx, box, reports); err != nil {
				return err
			}
		}
		if err := p.api.Call(ctx, http.MethodPost, "/v1/account/report", nil, nil); err != nil {
			return err
		}
		if err := mailed(ctx, box, reports+1); err != nil {
			return err
		}
		return p.account(ctx, map[string]any{"report_frequency": "never"})
	}
}

func (p *player) account(ctx context.Context, settings map[string]any) error {
	return p.api.Call(ctx, http.MethodPatch, "/v1/account", settings, nil)
}

// mailed waits until there is mail of so many reports.
func mailed(ctx context.Context, box *mailbox.Mailbox, wanted int) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		reports := 0
		for _, message := range box.Messages() {
			if strings.HasPrefix(message.Subject, "Directory sync report of ") {
				reports++
			}
		}
		if reports >= wanted {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

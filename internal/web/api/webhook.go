package api

import (
	"context"
	"net/http"
	"time"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// WebhookInfo is a webhook as the API shows it after it was made.
type WebhookInfo struct {
	ID              string                 `json:"id"`
	URL             string                 `json:"url"`
	State           directory.WebhookState `json:"state" enum:"enabled,disabled"`
	Position        string                 `json:"position" doc:"Of the last event that was delivered, as in the feed of events."`
	Failures        int                    `json:"failures" doc:"Tries in a row that did not succeed."`
	FailingSince    *time.Time             `json:"failing_since"`
	NextTryAt       *time.Time             `json:"next_try_at" doc:"While tries do not succeed."`
	LastError       string                 `json:"last_error" doc:"What the last try came to, or why Rollcall has disabled the webhook; empty after a success."`
	LastDeliveredAt *time.Time             `json:"last_delivered_at"`
	CreatedBy       string                 `json:"created_by"`
	CreatedAt       time.Time              `json:"created_at"`
}

type freshWebhook struct {
	WebhookInfo
	Secret string `json:"secret" doc:"whsec_…, with which the receiver verifies signatures. It is shown this once."`
}

type newWebhook struct {
	Body struct {
		URL   string  `json:"url" doc:"Where events are sent: https, without a user name, at most 2,000 characters, in the public internet."`
		After *string `json:"after,omitempty" maxLength:"20" doc:"The position after which events are sent, as in the feed of events. An empty one is the beginning of what the log still has; left out, or latest, it is the feed's present end."`
	}
}

type webhookPatch struct {
	ID   string `path:"id" format:"uuid"`
	Body struct {
		URL   *string                 `json:"url,omitempty"`
		State *directory.WebhookState `json:"state,omitempty" enum:"enabled,disabled" doc:"One that is enabled is tried at once."`
	}
}

type webhookReplay struct {
	ID   string `path:"id" format:"uuid"`
	Body struct {
		After string `json:"after" maxLength:"20" doc:"As for a new webhook. An empty one sends again all that the log still has; latest leaves out what was not delivered."`
	}
}

func (s *api) webhookRoutes() {
	route(s, "GET /v1/webhooks", "Where the account's events are sent", func(ctx context.Context, who directory.Principal, _ *none) (*body[list[WebhookInfo]], error) {
		webhooks, err := s.store.Webhooks(ctx, who.AccountID)
		return listed(webhooks, err, showWebhook)
	})
	route(s, "POST /v1/webhooks", "Have events sent to a URL, signed as in Standard Webhooks", func(ctx context.Context, who directory.Principal, in *newWebhook) (*body[freshWebhook], error) {
		after := latest
		if in.Body.After != nil {
			after = *in.Body.After
		}
		position, err := s.eventPosition(ctx, who.AccountID, after)
		if err != nil {
			return nil, err
		}
		w, secret, err := s.admin.CreateWebhook(ctx, who, in.Body.URL, position)
		return shown(w, err, func(w directory.Webhook) freshWebhook { return freshWebhook{showWebhook(w), secret} })
	}, status(http.StatusCreated))
	route(s, "GET /v1/webhooks/{id}", "A webhook", func(ctx context.Context, who directory.Principal, in *byID) (*body[WebhookInfo], error) {
		w, err := s.store.Webhook(ctx, who.AccountID, in.ID)
		return shown(w, err, showWebhook)
	})
	route(s, "PATCH /v1/webhooks/{id}", "Change a webhook, or enable or disable it", func(ctx context.Context, who directory.Principal, in *webhookPatch) (*body[WebhookInfo], error) {
		w, err := s.admin.UpdateWebhook(ctx, who, in.ID, store.WebhookPatch{URL: in.Body.URL, State: in.Body.State})
		return shown(w, err, showWebhook)
	})
	route(s, "DELETE /v1/webhooks/{id}", "Delete a webhook", func(ctx context.Context, who directory.Principal, in *byID) (*none, error) {
		return nil, s.admin.DeleteWebhook(ctx, who, in.ID)
	}, status(http.StatusNoContent))
	route(s, "POST /v1/webhooks/{id}/replay", "Have a webhook go on after a position, and enable it", func(ctx context.Context, who directory.Principal, in *webhookReplay) (*body[WebhookInfo], error) {
		position, err := s.eventPosition(ctx, who.AccountID, in.Body.After)
		if err != nil {
			return nil, err
		}
		enabled := directory.WebhookEnabled
		w, err := s.admin.UpdateWebhook(ctx, who, in.ID, store.WebhookPatch{State: &enabled, Position: &position})
		return shown(w, err, showWebhook)
	})
}

func showWebhook(w directory.Webhook) WebhookInfo {
	out := WebhookInfo{
		ID: w.ID, URL: w.URL, State: w.State, Position: showPosition(w.Position), Failures: w.Failures, FailingSince: w.FailingSince,
		LastError: w.LastError, LastDeliveredAt: w.LastDeliveredAt, CreatedBy: w.CreatedBy, CreatedAt: w.CreatedAt,
	}
	if w.Failures > 0 {
		out.NextTryAt = &w.NextTryAt
	}
	return out
}

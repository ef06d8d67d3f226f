package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
)

// webhook is one of the account, with its receiver.
type webhook struct {
	ID       string
	receiver *httptest.Server
}

// subscribe has the account's events sent to a receiver that refuses the first message.
func (p *player) subscribe(ctx context.Context) (*webhook, error) {
	w := new(webhook)
	var asked atomic.Int64
	w.receiver = httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			answer.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	return w, p.api.Call(ctx, http.MethodPost, "/v1/webhooks", map[string]string{"url": w.receiver.URL}, w)
}

// unsubscribe deletes the webhook.
func (p *player) unsubscribe(w *webhook) func(context.Context) error {
	return func(ctx context.Context) error {
		return p.api.Call(ctx, http.MethodDelete, "/v1/webhooks/"+w.ID, nil, nil)
	}
}

package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/webhook"
)

const hookURL = "https://hooks.example/rollcall?token=S3CR3T-query"

// subscribe makes a webhook.
func (b *bench) subscribe(body string) map[string]any {
	b.Helper()
	a := b.post("/v1/webhooks", body)
	require.Equal(b, http.StatusCreated, a.Status, a.Text)
	return a.json(b)
}

func TestWebhooks_SecretIsShownOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	made := b.subscribe(`{"url":"` + hookURL + `"}`)
	secret := made["secret"].(string)
	_, sealed, err := b.store.EnabledWebhook(t.Context(), made["id"].(string))
	require.NoError(t, err)
	require.NotContains(t, string(sealed), secret)
	opened, err := b.keyring.Open(sealed, webhook.SealContext(made["id"].(string)))
	require.NoError(t, err)
	require.Equal(t, secret, string(opened))

	delete(made, "secret")
	require.Equal(t, hookURL, made["url"])
	require.Equal(t, "enabled", made["state"])
	require.Nil(t, made["next_try_at"])
	require.Equal(t, made, b.get("/v1/webhooks/"+made["id"].(string)).json(t))
	require.Equal(t, []any{made}, b.get("/v1/webhooks").json(t)["items"])
	require.NotContains(t, b.log.String(), "S3CR3T")
	require.NotContains(t, b.log.String(), secret)
}

func TestWebhooks_BeginWhereTheyAreToldTo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ana, _ := b.newUser("ana@corp.example", directory.Active)
	require.Equal(t, http.StatusOK, b.post("/v1/users/"+ana+"/deactivate", "").Status)
	require.Equal(t, http.StatusOK, b.post("/v1/users/"+ana+"/activate", "").Status)
	items, end := b.feed("")
	first := items[0]["id"].(string)
	for body, position := range map[string]string{
		`{"url":"` + hookURL + `"}`:                         end,
		`{"url":"` + hookURL + `","after":"latest"}`:        end,
		`{"url":"` + hookURL + `","after":""}`:              "0",
		`{"url":"` + hookURL + `","after":"` + first + `"}`: first,
	} {
		require.Equal(t, position, b.subscribe(body)["position"], body)
	}
	id := b.subscribe(`{"url":"` + hookURL + `"}`)["id"].(string)
	require.Equal(t, http.StatusOK, b.send("PATCH", "/v1/webhooks/"+id, b.owner, `{"state":"disabled"}`).Status)
	for after, position := range map[string]string{first: first, "": "0", "latest": end} {
		a := b.post("/v1/webhooks/"+id+"/replay", `{"after":"`+after+`"}`)
		require.Equal(t, http.StatusOK, a.Status, a.Text)
		require.Equal(t, position, a.json(t)["position"], after)
		require.Equal(t, "enabled", a.json(t)["state"])
	}
}

// Whoever is to be told is woken: who has events to be told of, and nobody else.
func TestWebhooks_AreWokenWhenSomethingHappens(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ana, _ := b.newUser("ana@corp.example", directory.Active)
	_, err := b.db.Exec(`DELETE FROM mails`)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, b.post("/v1/users/"+ana+"/deactivate", "").Status)
	require.Empty(t, b.workflows.seen(), "no webhook, no mail, no signal")
	id := b.subscribe(`{"url":"` + hookURL + `"}`)["id"].(string)
	require.Empty(t, b.workflows.seen(), "nothing has happened since")

	woken := "events-waiting webhook/" + id
	require.Equal(t, http.StatusOK, b.post("/v1/users/"+ana+"/activate", "").Status)
	require.Equal(t, []string{woken}, b.workflows.seen())
	for i, body := range []string{`{"state":"disabled"}`, `{"state":"enabled"}`, `{"url":"https://other.example/"}`} {
		a := b.send("PATCH", "/v1/webhooks/"+id, b.owner, body)
		require.Equal(t, http.StatusOK, a.Status, a.Text)
		require.Len(t, b.workflows.seen(), i+2)
		require.Equal(t, woken, b.workflows.seen()[i+1], "to end, to begin, to try at once")
	}
	require.Equal(t, http.StatusNoContent, b.send("DELETE", "/v1/webhooks/"+id, b.owner, "").Status)
	require.Len(t, b.workflows.seen(), 5)
	require.Equal(t, http.StatusOK, b.post("/v1/users/"+ana+"/deactivate", "").Status)
	require.Len(t, b.workflows.seen(), 5)
}

// What nobody could say while Temporal was away is found within a minute or two.
func TestWebhooks_ForgottenOnesAreWoken(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ana, _ := b.newUser("ana@corp.example", directory.Active)
	_, err := b.db.Exec(`DELETE FROM mails`)
	require.NoError(t, err)
	woken := "events-waiting webhook/" + b.subscribe(`{"url":"` + hookURL + `"}`)["id"].(string)
	b.workflows.fail(errors.New("connection refused"))
	require.Equal(t, http.StatusOK, b.post("/v1/users/"+ana+"/deactivate", "").Status)
	b.workflows.fail(nil)
	before := len(b.workflows.seen())
	require.NoError(t, b.admin.EnsureWorkflows(t.Context()))
	require.NotContains(t, b.workflows.seen()[before:], woken, "not while somebody may be at it")
	_, err = b.db.Exec(`UPDATE webhooks SET next_try_at = now() - interval '61 seconds'`)
	require.NoError(t, err)
	require.NoError(t, b.admin.EnsureWorkflows(t.Context()))
	require.Contains(t, b.workflows.seen()[before:], woken)
}

// What was done is told of, also when who asked for it has gone.
func TestWebhooks_AreWokenThoughTheCallerHasGone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ana, _ := b.newUser("ana@corp.example", directory.Active)
	_, err := b.db.Exec(`DELETE FROM mails`)
	require.NoError(t, err)
	woken := "events-waiting webhook/" + b.subscribe(`{"url":"` + hookURL + `"}`)["id"].(string)
	_, err = b.store.DeactivateUser(t.Context(), b.account.ID, ana)
	require.NoError(t, err)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	b.admin.Wake(ctx, b.account.ID)
	require.Equal(t, []string{woken}, b.workflows.seen())
}

func TestWebhooks_AreTwentyAtMost(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for range 20 {
		b.subscribe(`{"url":"` + hookURL + `"}`)
	}
	b.requireProblem(b.post("/v1/webhooks", `{"url":"`+hookURL+`"}`), http.StatusConflict, "too_many_webhooks")
}

// A receiver decodes events with what decodes the feed.
func TestWebhooks_EventsAreThoseOfTheFeed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ana, _ := b.newUser("ana@corp.example", directory.Active)
	require.Equal(t, http.StatusOK, b.post("/v1/users/"+ana+"/deactivate", "").Status)
	items, _ := b.feed("")
	events, err := b.store.Events(t.Context(), b.account.ID, 0, 100)
	require.NoError(t, err)
	sent, err := json.Marshal(directory.Webhook{ID: "w", AccountID: b.account.ID}.Delivery(events.Items, events.Next))
	require.NoError(t, err)
	told, err := json.Marshal(items)
	require.NoError(t, err)
	require.JSONEq(t, `{"type":"events","webhook_id":"w","account_id":"`+b.account.ID+`","events":`+string(told)+`,"next":"`+items[0]["id"].(string)+`"}`, string(sent))
}

func TestWebhooks_AreDescribedWithTheirSecret(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var description struct {
		Components struct {
			Schemas map[string]struct{ Properties map[string]any }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(b.send("GET", "/openapi.json", "", "").Text), &description))
	require.NotContains(t, description.Components.Schemas["WebhookInfo"].Properties, "secret")
	fresh := description.Components.Schemas["FreshWebhook"].Properties
	for name := range b.subscribe(`{"url":"` + hookURL + `"}`) {
		require.Contains(t, fresh, name)
	}
}

package activities_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"github.com/rollcall-sync/rollcall/activities"
	"github.com/rollcall-sync/rollcall/internal/devstack/postgrestest"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/secret"
	"github.com/rollcall-sync/rollcall/internal/store"
	"github.com/rollcall-sync/rollcall/internal/webhook"
)

var webhooks *activities.Webhooks

// post delivers to one webhook, at a time of its own.
type post struct {
	*testing.T
	store   *store.Store
	db      *sqlx.DB
	account string
	hook    directory.Webhook
	env     *testsuite.TestActivityEnvironment

	mu     sync.Mutex
	now    time.Time
	answer http.HandlerFunc
	taken  []string // events
	ids    []string // of messages
	woken  int
}

func newPost(t *testing.T) *post {
	t.Helper()
	url := postgrestest.New(t, store.Migrate)
	s, err := store.Open(t.Context(), url, store.MaxConnections(3))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	db, err := sqlx.Open("postgres", url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	account, _, err := s.CreateAccount(t.Context(), store.NewAccount{Name: "Corp", OwnerEmail: "owner@corp.example", Licences: 1})
	require.NoError(t, err)
	keyring, err := secret.Parse(secret.Generate())
	require.NoError(t, err)
	p := &post{
		T: t, store: s, db: db, account: account.ID, env: new(testsuite.WorkflowTestSuite).NewTestActivityEnvironment(),
		now: time.Now().Add(time.Second), answer: func(http.ResponseWriter, *http.Request) {},
	}
	receiver := httptest.NewServer(http.HandlerFunc(p.receive))
	t.Cleanup(receiver.Close)
	id := uuid.NewString()
	p.hook, err = s.CreateWebhook(t.Context(), store.NewWebhook{
		ID: id, AccountID: account.ID, URL: receiver.URL + "/S3CR3T-path", Secret: keyring.Seal([]byte(webhook.NewSecret()), webhook.SealContext(id)),
	})
	require.NoError(t, err)
	p.env.RegisterActivity(&activities.Webhooks{
		Store: s, Keyring: keyring, Client: webhook.New(webhook.Options{Private: true, Timeout: 3 * time.Second}), Now: func() time.Time { return p.now },
		Wake: func(context.Context, string) error { p.woken++; return nil },
	})
	return p
}

func (p *post) receive(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var delivery directory.Delivery
	if err := json.NewDecoder(r.Body).Decode(&delivery); err != nil {
		p.Errorf("decode what was sent: %v", err)
	}
	p.ids = append(p.ids, r.Header.Get("webhook-id"))
	for _, event := range delivery.Events {
		p.taken = append(p.taken, event.ID)
	}
	p.answer(w, r)
}

// happens leaves n events, and returns the position of the last.
func (p *post) happens(n int) (last int64) {
	p.Helper()
	_, err := p.db.Exec(`
		INSERT INTO changes (account_id, subject, user_id, label, source, action, outcome)
		SELECT $1, 'user', gen_random_uuid(), 'Person ' || i, 'admin', 'update', 'applied' FROM generate_series(1, $2::int) i ORDER BY i`, p.account, n)
	require.NoError(p, err)
	require.NoError(p, p.db.Get(&last, `SELECT max(position) FROM changes`))
	return last
}

func (p *post) deliver() activities.DeliveredEvents {
	p.Helper()
	var out activities.DeliveredEvents
	value, err := p.env.ExecuteActivity(webhooks.DeliverEvents, activities.OfWebhook{WebhookID: p.hook.ID})
	p.mu.Lock() // a receiver that was given up may not have ended yet
	defer p.mu.Unlock()
	require.NoError(p, err)
	require.NoError(p, value.Get(&out))
	return out
}

func (p *post) again() directory.Webhook {
	p.Helper()
	hook, err := p.store.Webhook(p.Context(), p.account, p.hook.ID)
	require.NoError(p, err)
	return hook
}

func TestWebhooks_PagesUntilThereIsNothingLeft(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	require.Equal(t, activities.DeliveredEvents{}, p.deliver(), "nothing has happened")
	last := p.happens(201)
	require.Equal(t, activities.DeliveredEvents{Events: 201}, p.deliver())
	require.Len(t, p.ids, 3)
	require.Len(t, p.taken, 201)
	hook := p.again()
	require.Equal(t, last, hook.Position)
	require.NotNil(t, hook.LastDeliveredAt)
	require.Equal(t, activities.DeliveredEvents{}, p.deliver())
	require.Len(t, p.ids, 3)
}

func TestWebhooks_OnlySuccessMovesThePosition(t *testing.T) {
	t.Parallel()
	for reason, answer := range map[string]http.HandlerFunc{
		"The receiver answered 500.": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"The receiver answered 404.": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
		"The receiver answered with a redirection (302), which is not followed. Use the URL that it leads to.": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		},
		"The receiver did not answer in time.":   func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"The connection to the receiver failed.": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			p := newPost(t)
			p.happens(101)
			p.answer = answer
			require.Equal(t, p.now.Add(time.Second).Round(time.Microsecond).UTC(), p.deliver().NextTryAt.UTC())
			hook := p.again()
			require.Equal(t, p.hook.Position, hook.Position)
			require.Equal(t, 1, hook.Failures)
			require.Equal(t, reason, hook.LastError)
			require.Len(t, p.ids, 1, "one try, and nothing after it")

			p.deliver()
			require.Len(t, p.ids, 1, "not before its time")
			p.now = p.now.Add(time.Minute)
			p.answer = func(http.ResponseWriter, *http.Request) {}
			require.Equal(t, activities.DeliveredEvents{Events: 101}, p.deliver())
			require.Equal(t, p.taken[0], p.taken[100], "from the first of those that did not arrive on")
			require.Empty(t, p.again().LastError)
		})
	}
}

func TestWebhooks_ReceiverThatIsGoneIsAskedNoMore(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.happens(1)
	p.answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }
	require.Equal(t, activities.DeliveredEvents{Off: true}, p.deliver())
	hook := p.again()
	require.Equal(t, directory.WebhookDisabled, hook.State)
	require.Equal(t, "The receiver answered 410: it wants no messages any more.", hook.LastError)
	require.Equal(t, 1, p.woken, "the admins' mail")
	require.Equal(t, activities.DeliveredEvents{Off: true}, p.deliver())
	require.Len(t, p.ids, 1)
}

func TestWebhooks_EventsThatAreLostDisableUntilAReplay(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	last := p.happens(3)
	_, err := p.db.Exec(`WITH lost AS (DELETE FROM changes WHERE position < $1 RETURNING position) UPDATE accounts SET events_lost = (SELECT max(position) FROM lost)`, last)
	require.NoError(t, err)
	require.Equal(t, activities.DeliveredEvents{Off: true}, p.deliver())
	hook := p.again()
	require.Equal(t, directory.WebhookDisabled, hook.State)
	require.Equal(t, "The log does not hold the next events any more.", hook.LastError)
	require.Empty(t, p.ids)

	on := directory.WebhookEnabled
	_, err = p.store.UpdateWebhook(t.Context(), p.account, p.hook.ID, store.WebhookPatch{State: &on})
	require.True(t, directory.HasCode(err, "events_gone"), "enabling alone would not help")
	_, err = p.store.UpdateWebhook(t.Context(), p.account, p.hook.ID, store.WebhookPatch{State: &on, Position: &last})
	require.NoError(t, err)
	p.now = time.Now().Add(time.Second)
	p.happens(1)
	require.Equal(t, activities.DeliveredEvents{Events: 1}, p.deliver())
}

func TestWebhooks_ReplaySendsAgain(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.happens(3)
	require.Equal(t, 3, p.deliver().Events)
	_, err := p.store.UpdateWebhook(t.Context(), p.account, p.hook.ID, store.WebhookPatch{Position: &p.hook.Position})
	require.NoError(t, err)
	p.now = time.Now().Add(time.Second)
	require.Equal(t, 3, p.deliver().Events)
	require.Equal(t, p.taken[:3], p.taken[3:])
}

// What was under way when an admin changed the webhook is not held against it: it is tried at once.
func TestWebhooks_WhatTheOldURLAnswersCountsForNothing(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusGone, http.StatusInternalServerError} {
		p := newPost(t)
		p.happens(1)
		p.answer = func(w http.ResponseWriter, _ *http.Request) {
			if len(p.ids) > 1 {
				return
			}
			url := p.hook.URL + "/new"
			_, err := p.store.UpdateWebhook(t.Context(), p.account, p.hook.ID, store.WebhookPatch{URL: &url})
			require.NoError(t, err)
			w.WriteHeader(status)
		}
		require.Equal(t, activities.DeliveredEvents{Events: 1}, p.deliver())
		require.Len(t, p.ids, 2)
		hook := p.again()
		require.Equal(t, directory.WebhookEnabled, hook.State)
		require.Zero(t, hook.Failures)
	}
}

func TestWebhooks_ReplayOfWhatIsUnderWaySendsItAgain(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.happens(1)
	p.answer = func(http.ResponseWriter, *http.Request) {
		if len(p.ids) > 1 {
			return
		}
		_, err := p.store.UpdateWebhook(t.Context(), p.account, p.hook.ID, store.WebhookPatch{Position: &p.hook.Position})
		require.NoError(t, err)
	}
	p.deliver()
	require.Len(t, p.ids, 2)
	require.Equal(t, p.ids[0], p.ids[1], "the same message")
}

// The database's clock says when a webhook that does not fail is due; the worker's may be behind.
func TestWebhooks_WorkerWhoseClockIsBehindDelivers(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.now = time.Now().Add(-time.Minute)
	p.happens(201)
	require.Equal(t, activities.DeliveredEvents{Events: 201}, p.deliver())
}

// A receiver for which a hundred events are too many gets fewer, and goes on with as many as it takes.
func TestWebhooks_ReceiverThatTakesFewEventsGetsFewer(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	last := p.happens(100)
	var sizes []int
	p.answer = func(w http.ResponseWriter, _ *http.Request) {
		size := len(p.taken)
		p.taken = nil
		if sizes = append(sizes, size); size > 1 {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
	}
	for range 8 {
		p.deliver()
		p.now = p.now.Add(10 * time.Minute)
	}
	require.Equal(t, []int{100, 50, 25, 12, 6, 3, 1}, sizes[:7])
	require.Greater(t, p.again().Position, p.hook.Position)
	require.Less(t, p.again().Position, last)
}

// A receiver that hangs does not hold up a worker that is to stop; the try counts for nothing.
func TestWebhooks_WorkerThatStopsWaitsForNoReceiver(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.happens(1)
	stopping := make(chan struct{})
	p.env.SetWorkerStopChannel(stopping)
	p.answer = func(_ http.ResponseWriter, r *http.Request) {
		close(stopping)
		<-r.Context().Done()
	}
	require.Equal(t, activities.DeliveredEvents{Ready: true}, p.deliver())
	hook := p.again()
	require.Zero(t, hook.Failures)
	require.Equal(t, p.hook.Position, hook.Position)
}

func TestWebhooks_SecretThatCannotBeReadIsAFailure(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.happens(1)
	_, err := p.db.Exec(`UPDATE webhooks SET secret = 'something else'`)
	require.NoError(t, err)
	require.False(t, p.deliver().NextTryAt.IsZero())
	require.Equal(t, "The secret of the webhook cannot be read.", p.again().LastError)
	require.Empty(t, p.ids)
}

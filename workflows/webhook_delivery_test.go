package workflows_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/rollcall-sync/rollcall/activities"
	"github.com/rollcall-sync/rollcall/internal/devstack/postgrestest"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/secret"
	"github.com/rollcall-sync/rollcall/internal/store"
	"github.com/rollcall-sync/rollcall/internal/webhook"
	"github.com/rollcall-sync/rollcall/workflows"
)

// subscription is a webhook on a real database and a real receiver, in a time that is skipped while
// nothing happens.
type subscription struct {
	*testing.T
	env     *testsuite.TestWorkflowEnvironment
	store   *store.Store
	db      *sqlx.DB
	keyring *secret.Keyring
	account string
	hook    directory.Webhook
	secret  string
	start   time.Time

	mu     sync.Mutex
	answer func(since time.Duration) int // a status, or 0 for a connection that breaks
	tries  []time.Duration
	taken  []directory.Delivery
	ids    map[string][]string // by message id: the events of each time it was sent
	mailed int
}

func subscribed(t *testing.T) *subscription {
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
	sub := &subscription{
		T: t, store: s, db: db, keyring: keyring, account: account.ID, secret: webhook.NewSecret(),
		answer: func(time.Duration) int { return http.StatusOK }, ids: map[string][]string{},
	}
	receiver := httptest.NewServer(http.HandlerFunc(sub.receive))
	t.Cleanup(receiver.Close)
	id := uuid.NewString()
	sub.hook, err = s.CreateWebhook(t.Context(), store.NewWebhook{
		ID: id, AccountID: account.ID, URL: receiver.URL, Secret: keyring.Seal([]byte(sub.secret), webhook.SealContext(id)),
	})
	require.NoError(t, err)
	sub.start = time.Now()
	return sub
}

// execute runs the workflow, from the time since on, until it ends.
func (s *subscription) execute(since time.Duration, arrange func(*testsuite.TestWorkflowEnvironment)) {
	s.Helper()
	s.env = new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment()
	s.env.SetStartTime(s.start.Add(since))
	s.env.SetTestTimeout(time.Minute)
	workflows.Register(s.env)
	s.env.RegisterActivity(&activities.Webhooks{
		Store: s.store, Keyring: s.keyring, Client: webhook.New(webhook.Options{Private: true}), Wake: s.woken, Now: s.env.Now,
	})
	arrange(s.env)
	s.env.ExecuteWorkflow(workflows.WebhookDeliveryName, workflows.WebhookDeliveryInput{AccountID: s.account, WebhookID: s.hook.ID})
}

func (s *subscription) woken(context.Context, string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mailed++
	return nil
}

func (s *subscription) receive(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := s.env.Now().Sub(s.start)
	s.tries = append(s.tries, since)
	body, err := io.ReadAll(r.Body)
	seconds, _ := strconv.ParseInt(r.Header.Get("webhook-timestamp"), 10, 64)
	signature, _ := webhook.Sign(s.secret, r.Header.Get("webhook-id"), time.Unix(seconds, 0), body)
	var delivery directory.Delivery
	if err != nil || json.Unmarshal(body, &delivery) != nil || signature != r.Header.Get("webhook-signature") {
		s.Errorf("what was sent is not signed: %v", err)
	}
	s.ids[r.Header.Get("webhook-id")] = append(s.ids[r.Header.Get("webhook-id")], eventsOf(delivery)[0]+"-"+delivery.Next)
	switch status := s.answer(since); status {
	case 0:
		panic(http.ErrAbortHandler)
	case http.StatusOK:
		s.taken = append(s.taken, delivery)
	default:
		w.WriteHeader(status)
	}
}

func eventsOf(delivery directory.Delivery) (ids []string) {
	for _, event := range delivery.Events {
		ids = append(ids, event.ID)
	}
	return ids
}

// happens leaves n events, which nobody is told of.
func (s *subscription) happens(n int) {
	_, err := s.db.Exec(`
		INSERT INTO changes (account_id, subject, user_id, label, source, action, outcome)
		SELECT $1, 'user', gen_random_uuid(), 'Person ' || i, 'admin', 'update', 'applied' FROM generate_series(1, $2::int) i ORDER BY i`, s.account, n)
	require.NoError(s, err)
}

func (s *subscription) requireAllTakenInOrder() {
	s.Helper()
	var all, taken []string
	require.NoError(s, s.db.Select(&all, `SELECT position FROM changes WHERE position IS NOT NULL ORDER BY position`))
	for _, delivery := range s.taken {
		require.LessOrEqual(s, len(delivery.Events), 100)
		require.Equal(s, s.hook.ID, delivery.WebhookID)
		require.Equal(s, s.account, delivery.AccountID)
		taken = append(taken, eventsOf(delivery)...)
	}
	require.Equal(s, all, taken)
}

func (s *subscription) again() directory.Webhook {
	s.Helper()
	hook, err := s.store.Webhook(s.Context(), s.account, s.hook.ID)
	require.NoError(s, err)
	return hook
}

// A receiver that breaks connections for an hour, then has errors for another, and then works: nothing is
// lost, left out or overtaken, and the admins are told once.
func TestWebhooks_ReceiverThatWasAwayGetsAllInOrder(t *testing.T) {
	t.Parallel()
	s := subscribed(t)
	s.happens(250)
	s.answer = func(since time.Duration) int {
		switch {
		case since < time.Hour:
			return 0
		case since < 2*time.Hour:
			return http.StatusInternalServerError
		default:
			return http.StatusOK
		}
	}
	s.execute(0, func(env *testsuite.TestWorkflowEnvironment) {
		for _, at := range []time.Duration{30 * time.Minute, 90 * time.Minute} {
			env.RegisterDelayedCallback(func() {
				s.happens(30)
				env.SignalWorkflow(workflows.SignalEventsWaiting, nil)
			}, at)
		}
	})
	require.NoError(t, s.env.GetWorkflowError())
	s.requireAllTakenInOrder()
	require.Len(t, s.taken, 5, "310 events: one after so many failures, then 100 at once")
	for id, times := range s.ids {
		for _, sent := range times {
			require.Equal(t, times[0], sent, "what has the id %s is the same each time", id)
		}
	}
	hook := s.again()
	require.Zero(t, hook.Failures)
	var told int
	require.NoError(t, s.db.Get(&told, `SELECT count(*) FROM notifications WHERE kind = 'webhook_failing'`))
	require.Equal(t, 1, told)
	require.Equal(t, 1, s.mailed)
	for i, gap := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600} {
		require.InDelta(t, gap*time.Second, s.tries[i+1]-s.tries[i], float64(time.Second), "pause %d", i+1)
	}
}

func TestWebhooks_SecondExecutionGoesOnWhereTheFirstEnded(t *testing.T) {
	t.Parallel()
	s := subscribed(t)
	s.happens(150)
	s.answer = func(since time.Duration) int {
		if since < time.Minute {
			return http.StatusBadGateway
		}
		return http.StatusOK
	}
	s.execute(0, func(env *testsuite.TestWorkflowEnvironment) { env.SetContinueAsNewSuggested(true) })
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, s.env.GetWorkflowError(), &again)
	var in workflows.WebhookDeliveryInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(again.Input, &in))
	require.Equal(t, workflows.WebhookDeliveryInput{AccountID: s.account, WebhookID: s.hook.ID}, in)
	require.Len(t, s.tries, 1)

	s.happens(1)
	s.execute(100*time.Millisecond, func(*testsuite.TestWorkflowEnvironment) {})
	require.NoError(t, s.env.GetWorkflowError())
	s.requireAllTakenInOrder()
	require.GreaterOrEqual(t, s.tries[1]-s.tries[0], 900*time.Millisecond, "a new execution is no reason to try sooner")
}

func TestWebhooks_EventsThatComeWhileItWaitsAreDelivered(t *testing.T) {
	t.Parallel()
	s := subscribed(t)
	s.execute(0, func(env *testsuite.TestWorkflowEnvironment) {
		for _, at := range []time.Duration{20 * time.Second, 45 * time.Second} {
			env.RegisterDelayedCallback(func() {
				s.happens(2)
				env.SignalWorkflow(workflows.SignalEventsWaiting, nil)
			}, at)
		}
	})
	require.NoError(t, s.env.GetWorkflowError())
	s.requireAllTakenInOrder()
	require.Len(t, s.taken, 2)
	require.InDelta(t, 75*time.Second, s.env.Now().Sub(s.start), float64(5*time.Second), "it ends half a minute later")
}

func TestWebhooks_WorkflowEndsSoonAfterItsWebhook(t *testing.T) {
	t.Parallel()
	off := directory.WebhookDisabled
	for name, end := range map[string]func(s *subscription) error{
		"deleted": func(s *subscription) error { return s.store.DeleteWebhook(s.Context(), s.account, s.hook.ID) },
		"disabled": func(s *subscription) error {
			_, err := s.store.UpdateWebhook(s.Context(), s.account, s.hook.ID, store.WebhookPatch{State: &off})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := subscribed(t)
			s.happens(1)
			s.answer = func(time.Duration) int { return http.StatusServiceUnavailable }
			s.execute(0, func(env *testsuite.TestWorkflowEnvironment) {
				env.RegisterDelayedCallback(func() {
					require.NoError(t, end(s))
					env.SignalWorkflow(workflows.SignalEventsWaiting, nil)
				}, 30*time.Minute)
			})
			require.NoError(t, s.env.GetWorkflowError())
			require.InDelta(t, 30*time.Minute, s.env.Now().Sub(s.start), float64(5*time.Second))
			require.Less(t, s.tries[len(s.tries)-1], 30*time.Minute)
		})
	}
}

// It is enabled again, and that is said, while what found it disabled comes back.
func TestWebhooks_WorkflowOfOneThatIsEnabledAgainGoesOn(t *testing.T) {
	t.Parallel()
	env := new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Minute)
	workflows.Register(env)
	rounds := 0
	env.RegisterActivityWithOptions(func(context.Context, activities.OfWebhook) (activities.DeliveredEvents, error) {
		if rounds++; rounds == 1 {
			env.SignalWorkflow(workflows.SignalEventsWaiting, nil)
			return activities.DeliveredEvents{Off: true}, nil
		}
		return activities.DeliveredEvents{Events: 1}, nil
	}, activity.RegisterOptions{Name: "DeliverEvents"})
	env.ExecuteWorkflow(workflows.WebhookDeliveryName, workflows.WebhookDeliveryInput{AccountID: "a", WebhookID: "w"})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, 2, rounds)
}

// One that fails is not tried for each event that comes.
func TestWebhooks_EventsDoNotHurryAReceiverThatFails(t *testing.T) {
	t.Parallel()
	s := subscribed(t)
	s.happens(1)
	s.answer = func(since time.Duration) int {
		if since < 10*time.Minute {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	}
	s.execute(0, func(env *testsuite.TestWorkflowEnvironment) {
		for minute := range 9 {
			env.RegisterDelayedCallback(func() { env.SignalWorkflow(workflows.SignalEventsWaiting, nil) }, time.Duration(minute+1)*time.Minute)
		}
	})
	require.NoError(t, s.env.GetWorkflowError())
	s.requireAllTakenInOrder()
	require.Len(t, s.tries, 11, "after 0, 1, 3, 7, 15, 31, 63, 127, 255, 511 and 1023 seconds")
}

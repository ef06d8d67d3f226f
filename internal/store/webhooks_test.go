package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

const hookURL = "https://hooks.corp.example/S3CR3T-path?token=S3CR3T-query"

// happens leaves n events of an account, and returns the position of the last.
func (b *bench) happens(accountID string, n int) (last int64) {
	b.t.Helper()
	_, err := b.db.Exec(`
		INSERT INTO changes (account_id, subject, user_id, label, source, action, outcome)
		SELECT $1, 'user', gen_random_uuid(), 'Person ' || i, 'admin', 'update', 'applied' FROM generate_series(1, $2::int) i ORDER BY i`, accountID, n)
	require.NoError(b.t, err)
	require.NoError(b.t, b.db.Get(&last, `SELECT max(position) FROM changes WHERE account_id = $1`, accountID))
	return last
}

func (b *bench) hook(position int64) directory.Webhook {
	b.t.Helper()
	made, err := b.store.CreateWebhook(b.t.Context(), store.NewWebhook{
		ID: uuid.NewString(), AccountID: b.account.ID, URL: hookURL, Secret: []byte("sealed"), Position: position, CreatedBy: "Ana",
	})
	require.NoError(b.t, err)
	return made
}

// again reads a webhook anew.
func (b *bench) again(w directory.Webhook) directory.Webhook {
	b.t.Helper()
	w, err := b.store.Webhook(b.t.Context(), w.AccountID, w.ID)
	require.NoError(b.t, err)
	return w
}

// waiting are the webhooks that have events to be told of.
func (b *bench) waiting() []string {
	b.t.Helper()
	waiting, err := b.store.Waiting(b.t.Context(), b.account.ID)
	require.NoError(b.t, err)
	return waiting.Webhooks
}

func TestWebhooks_LifeOfAWebhook(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	end := b.happens(b.account.ID, 3)
	made := b.hook(end)
	require.Equal(t, directory.WebhookEnabled, made.State)
	require.Equal(t, end, made.Position)
	all, err := b.store.Webhooks(ctx, b.account.ID)
	require.NoError(t, err)
	require.Equal(t, []directory.Webhook{made}, all)
	require.Equal(t, made, b.again(made))
	enabled, secret, err := b.store.EnabledWebhook(ctx, made.ID)
	require.NoError(t, err)
	require.Equal(t, made, enabled)
	require.Equal(t, []byte("sealed"), secret)

	url, off := "https://other.example/", directory.WebhookDisabled
	changed, err := b.store.UpdateWebhook(ctx, b.account.ID, made.ID, store.WebhookPatch{URL: &url, State: &off})
	require.NoError(t, err)
	require.Equal(t, url, changed.URL)
	_, _, err = b.store.EnabledWebhook(ctx, made.ID)
	requireCode(t, err, directory.KindNotFound, "not_found")

	other, _ := b.newAccount("other", 5)
	_, err = b.store.Webhook(ctx, other.ID, made.ID)
	requireCode(t, err, directory.KindNotFound, "not_found")
	_, err = b.store.UpdateWebhook(ctx, other.ID, made.ID, store.WebhookPatch{URL: &url})
	requireCode(t, err, directory.KindNotFound, "not_found")
	requireCode(t, b.store.DeleteWebhook(ctx, other.ID, made.ID), directory.KindNotFound, "not_found")
	require.NoError(t, b.store.DeleteWebhook(ctx, b.account.ID, made.ID))
	requireCode(t, b.store.DeleteWebhook(ctx, b.account.ID, made.ID), directory.KindNotFound, "not_found")
}

func TestWebhooks_TwentyAreEnough(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 20 {
		b.hook(0)
	}
	_, err := b.store.CreateWebhook(t.Context(), store.NewWebhook{ID: uuid.NewString(), AccountID: b.account.ID, URL: hookURL})
	requireCode(t, err, directory.KindConflict, "too_many_webhooks")
}

func TestWebhooks_GoOnlyWhereTheLogGoes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	end := b.happens(b.account.ID, 2)
	made := b.hook(end)
	_, err := b.db.Exec(`UPDATE accounts SET events_lost = $2 WHERE id = $1`, b.account.ID, end-1)
	require.NoError(t, err)
	for _, position := range []int64{end - 2, end + 1} {
		_, err := b.store.CreateWebhook(ctx, store.NewWebhook{ID: uuid.NewString(), AccountID: b.account.ID, URL: hookURL, Position: position})
		requireCode(t, err, directory.KindGone, "events_gone")
		_, err = b.store.UpdateWebhook(ctx, b.account.ID, made.ID, store.WebhookPatch{Position: &position})
		requireCode(t, err, directory.KindGone, "events_gone")
	}
	require.Equal(t, made, b.again(made))
	first := end - 1
	replayed, err := b.store.UpdateWebhook(ctx, b.account.ID, made.ID, store.WebhookPatch{Position: &first})
	require.NoError(t, err)
	require.Equal(t, first, replayed.Position)
}

func TestWebhooks_WaitWhenThereAreEventsAndTheyCanBeTried(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	require.Empty(t, b.waiting())
	made := b.hook(0)
	require.Empty(t, b.waiting(), "nothing has happened yet")
	end := b.happens(b.account.ID, 1)
	other, _ := b.newAccount("other", 5)
	b.happens(other.ID, 1)
	require.Equal(t, []string{made.ID}, b.waiting())

	now := time.Now()
	_, err := b.store.PostponeWebhook(ctx, made, "It is away.", now, now.Add(time.Minute))
	require.NoError(t, err)
	require.Empty(t, b.waiting(), "it has a timer")
	on := directory.WebhookEnabled
	_, err = b.store.UpdateWebhook(ctx, b.account.ID, made.ID, store.WebhookPatch{State: &on})
	require.NoError(t, err)
	require.Equal(t, []string{made.ID}, b.waiting(), "tried at once")
	require.NoError(t, b.store.DeliveredEvents(ctx, b.again(made), end, now))
	require.Empty(t, b.waiting())
}

// Those that are delivered to, or have a timer, need nobody who finds them.
func TestWebhooks_ForgottenOnesAreFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.hook(0)
	requireForgotten := func(due string, accounts ...string) {
		t.Helper()
		_, err := b.db.Exec(`UPDATE webhooks SET next_try_at = now() + $1::interval`, due)
		require.NoError(t, err)
		found, err := b.store.AccountsToWake(t.Context())
		require.NoError(t, err)
		require.Equal(t, accounts, found, due)
	}
	requireForgotten("-1 day")
	end := b.happens(b.account.ID, 1)
	requireForgotten("1 minute")
	requireForgotten("-50 seconds")
	requireForgotten("-61 seconds", b.account.ID)
	require.NoError(t, b.store.DeliveredEvents(t.Context(), b.again(made), end, time.Now()))
	requireForgotten("-1 day")
}

func TestWebhooks_AdminsAreToldOnceAnHourOfFailingIsOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	made := b.hook(0)
	end := b.happens(b.account.ID, 1)
	start := time.Now().Truncate(time.Microsecond)
	fails := func(after time.Duration) bool {
		told, err := b.store.PostponeWebhook(ctx, b.again(made), "The receiver answered 500.", start.Add(after), start.Add(after+time.Minute))
		require.NoError(t, err)
		return told
	}
	require.False(t, fails(0))
	require.False(t, fails(59*time.Minute))
	failing := b.again(made)
	require.Equal(t, 2, failing.Failures)
	require.True(t, start.Equal(*failing.FailingSince))
	require.Equal(t, "The receiver answered 500.", failing.LastError)
	require.True(t, start.Add(time.Hour).Equal(failing.NextTryAt))
	require.True(t, fails(time.Hour))
	require.False(t, fails(2*time.Hour), "once")

	told := b.told(b.owner())
	require.Len(t, told, 1)
	require.Equal(t, directory.NoticeWebhookFailing, told[0].Kind)
	require.Contains(t, told[0].Message, "the webhook at hooks.corp.example. The receiver answered 500.")
	require.NotContains(t, told[0].Message, "S3CR3T")
	require.Equal(t, 1, b.count(`SELECT count(*) FROM mails WHERE kind = 'notice'`))

	require.NoError(t, b.store.DeliveredEvents(ctx, b.again(made), end, start))
	delivered := b.again(made)
	require.Equal(t, end, delivered.Position)
	require.True(t, start.Equal(*delivered.LastDeliveredAt))
	require.Zero(t, delivered.Failures)
	require.Nil(t, delivered.FailingSince)
	require.Empty(t, delivered.LastError)
	require.False(t, fails(3*time.Hour), "it fails anew")
	require.True(t, fails(4*time.Hour))
}

// An admin who has a webhook go on from elsewhere is not overruled by what was under way.
func TestWebhooks_WhatWasUnderWayCountsForNothingAfterAReplay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	end := b.happens(b.account.ID, 5)
	before := b.hook(end - 2)
	back := end - 4
	replayed, err := b.store.UpdateWebhook(ctx, b.account.ID, before.ID, store.WebhookPatch{Position: &back})
	require.NoError(t, err)
	require.NoError(t, b.store.DeliveredEvents(ctx, before, end, time.Now()))
	told, err := b.store.PostponeWebhook(ctx, before, "It is away.", time.Now(), time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.False(t, told)
	require.NoError(t, b.store.StopWebhook(ctx, before, "It is gone."))
	require.Equal(t, replayed, b.again(before))
	require.Empty(t, b.told(b.owner()))
}

func TestWebhooks_OneThatIsStoppedIsToldOfAndCanGoOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	made := b.hook(0)
	end := b.happens(b.account.ID, 2)
	for range 2 {
		require.NoError(t, b.store.StopWebhook(ctx, made, "The receiver answered 410."))
	}
	stopped := b.again(made)
	require.Equal(t, directory.WebhookDisabled, stopped.State)
	require.Equal(t, "The receiver answered 410.", stopped.LastError)
	require.Empty(t, b.waiting())
	told := b.told(b.owner())
	require.Len(t, told, 1)
	require.Equal(t, "A webhook was disabled", told[0].Title)
	require.Contains(t, told[0].Message, fmt.Sprintf("POST /v1/webhooks/%s/replay", made.ID))
	require.NotContains(t, told[0].Message, "S3CR3T")

	url, on, off := "https://other.example/", directory.WebhookEnabled, directory.WebhookDisabled
	changed, err := b.store.UpdateWebhook(ctx, b.account.ID, made.ID, store.WebhookPatch{URL: &url, State: &off})
	require.NoError(t, err)
	require.Equal(t, "The receiver answered 410.", changed.LastError, "while it is disabled")
	replayed, err := b.store.UpdateWebhook(ctx, b.account.ID, made.ID, store.WebhookPatch{State: &on, Position: &end})
	require.NoError(t, err)
	require.Equal(t, directory.WebhookEnabled, replayed.State)
	require.Empty(t, replayed.LastError)
}

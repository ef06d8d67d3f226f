package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// aged moves a run with its changes into the past.
func (b *bench) aged(runID string, age string) {
	b.t.Helper()
	_, err := b.db.Exec(`UPDATE changes SET occurred_at = now() - $2::interval WHERE run_id = $1`, runID, age)
	require.NoError(b.t, err)
	_, err = b.db.Exec(`
		UPDATE runs SET started_at = now() - $2::interval - interval '1 minute',
		       finished_at = CASE WHEN finished_at IS NOT NULL THEN now() - $2::interval END WHERE id = $1`, runID, age)
	require.NoError(b.t, err)
}

// purge purges the account's log in batches until nothing is left to purge.
func (b *bench) purge(limit int) (all store.PurgedLog) {
	b.t.Helper()
	for {
		purged, err := b.store.PurgeLog(b.t.Context(), b.account.ID, limit)
		require.NoError(b.t, err)
		if purged == (store.PurgedLog{}) {
			return all
		}
		require.LessOrEqual(b.t, purged.Changes, 2*limit)
		all = store.PurgedLog{
			Changes: all.Changes + purged.Changes, Runs: all.Runs + purged.Runs,
			Mails: all.Mails + purged.Mails, Notifications: all.Notifications + purged.Notifications,
		}
	}
}

func (b *bench) keepLog(days int) {
	b.t.Helper()
	_, err := b.store.UpdateAccount(b.t.Context(), b.account.ID, store.AccountPatch{LogDays: &days})
	require.NoError(b.t, err)
}

func TestC4_TheLogIsKeptForTheDaysOfTheAccount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Equal(t, 400, b.account.LogDays)
	for _, days := range []int{29, 3651} {
		_, err := b.store.UpdateAccount(t.Context(), b.account.ID, store.AccountPatch{LogDays: &days})
		requireCode(t, err, directory.KindInvalid, "account_invalid")
	}
	old, kept, last := b.sync(people(5)...), b.sync(people(8)...), b.sync(people(9)...)
	b.aged(old.ID, "400 days 1 minute")
	b.aged(kept.ID, "399 days 23 hours 59 minutes")
	require.Equal(t, store.PurgedLog{Changes: 5, Runs: 1}, b.purge(2))
	require.Empty(t, b.changes(old.ID))
	require.Len(t, b.changes(kept.ID), 3)
	_, err := b.store.Run(t.Context(), b.account.ID, old.ID)
	requireCode(t, err, directory.KindNotFound, "not_found")

	b.aged(last.ID, "200 days")
	b.keepLog(100)
	require.Equal(t, store.PurgedLog{Changes: 4, Runs: 1}, b.purge(2000))
	run, err := b.store.LastRun(t.Context(), b.config.ID)
	require.NoError(t, err)
	require.Equal(t, last.ID, run.ID, "the last run of a configuration stays")
	require.Equal(t, 1, run.Counts.Created, "with its counts")
	require.Empty(t, b.changes(last.ID))
	require.Equal(t, 9, b.sync(people(9)...).Counts.Unchanged, "and syncing goes on")
}

func TestC4_WhatIsGoingOnIsNotPurged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(people(2)...)
	preview := b.openRun(directory.KindPreview)
	b.stage(preview, people(4)...)
	b.plan(preview)
	open := b.openRun(directory.KindSync)
	b.stage(open, people(3)...)
	b.plan(open)
	_, err := b.store.CloseRun(t.Context(), preview, "", "")
	require.NoError(t, err)
	b.aged(open, "500 days")
	b.aged(preview, "500 days")
	require.Equal(t, store.PurgedLog{Changes: 2, Runs: 1}, b.purge(100), "the preview with its plan")
	require.Len(t, b.changes(open), 1)
	b.apply(open, 100)
	_, err = b.store.CloseRun(t.Context(), open, "", "")
	require.NoError(t, err)
	require.Equal(t, 3, b.count(`SELECT count(*) FROM users WHERE source = 'directory_sync'`), "the old plan is carried out whole")
}

func TestC4_WhatGuardsCountIsKeptForTheirWindow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.keepLog(30)
	first := b.sync(people(3)...)
	b.sync(people(3)...)
	_, err := b.db.Exec(`
		INSERT INTO changes (account_id, user_id, label, source, action, outcome, occurred_at)
		VALUES ($1, gen_random_uuid(), 'Ana', 'scim', 'delete', 'applied', now() - interval '59 days')`, b.account.ID)
	require.NoError(t, err)
	b.aged(first.ID, "61 days")
	_, err = b.db.Exec(`INSERT INTO scim_guards (account_id, window_days) VALUES ($1, 60)`, b.account.ID)
	require.NoError(t, err)
	require.Equal(t, store.PurgedLog{Changes: 3}, b.purge(100), "the run stays for the guard of runs")
	b.aged(first.ID, "91 days")
	require.Equal(t, store.PurgedLog{Runs: 1}, b.purge(100))
}

func TestC4_MailsAndReadNotificationsArePurgedToo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.user("owner@Example.example").ID
	_, err := b.db.Exec(`
		INSERT INTO mails (account_id, kind, user_id, cause, created_at, settled_at, result)
		SELECT $1, 'notice', $2, gen_random_uuid(), now() - interval '500 days', settled, CASE WHEN settled IS NOT NULL THEN 'sent' END
		FROM unnest(ARRAY[now() - interval '401 days', now() - interval '399 days', NULL]) AS settled`, b.account.ID, owner)
	require.NoError(t, err)
	_, err = b.db.Exec(`
		INSERT INTO notifications (id, account_id, user_id, kind, cause, title, message, created_at, read_at)
		SELECT gen_random_uuid(), $1, $2, 'run_failed', gen_random_uuid(), 'T', 'M', now() - interval '500 days', read
		FROM unnest(ARRAY[now() - interval '401 days', now() - interval '399 days', NULL]) AS read`, b.account.ID, owner)
	require.NoError(t, err)
	require.Equal(t, store.PurgedLog{Mails: 1, Notifications: 1}, b.purge(100))
	require.Equal(t, 2, b.count(`SELECT count(*) FROM mails`))
	require.Equal(t, 2, b.count(`SELECT count(*) FROM notifications`))
}

func TestC4_PurgingOneAccountLeavesOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other, _ := b.newAccount("Other", 10)
	_, err := b.db.Exec(`
		INSERT INTO changes (account_id, label, source, action, outcome, occurred_at)
		VALUES ($1, 'Ana', 'admin', 'update', 'applied', now() - interval '500 days')`, other.ID)
	require.NoError(t, err)
	require.Zero(t, b.purge(100))
	_, err = b.store.PurgeLog(t.Context(), "no-uuid", 1)
	requireCode(t, err, directory.KindNotFound, "not_found")
}

func TestC4_TheMigrationGoesBackAndForth(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(people(3)...)
	indexes := func() (all []string) {
		require.NoError(t, b.db.Select(&all, `SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexdef`))
		return all
	}
	before := indexes()
	provider := b.migrator()
	_, err := provider.DownTo(t.Context(), 3)
	require.NoError(t, err)
	require.NotEqual(t, before, indexes())
	_, err = provider.Up(t.Context())
	require.NoError(t, err)
	require.Equal(t, before, indexes())
	require.Len(t, b.found("lastid-000002"), 1)
}

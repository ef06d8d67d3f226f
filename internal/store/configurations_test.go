package store_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

func TestA3OneProvisioningServiceAtATime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	_, err := b.store.CreateConfiguration(ctx, b.account.ID, b.source.ID, directory.Settings{Name: "Second"})
	requireCode(t, err, directory.KindConflict, "provisioning_in_use")
	require.ErrorContains(t, err, "Directory sync is on")

	scim, _ := b.newAccount("scim", 5)
	connection := b.connect(scim.ID)
	_, err = b.db.Exec(`UPDATE accounts SET provisioning = 'scim' WHERE id = $1`, scim.ID)
	require.NoError(t, err)
	_, err = b.store.CreateConfiguration(ctx, scim.ID, connection.ID, directory.Settings{Name: "First"})
	requireCode(t, err, directory.KindConflict, "provisioning_in_use")
	require.ErrorContains(t, err, "SCIM is on")
}

func TestA3HoldsWhenTwoAreCreatedAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	fresh, _ := b.newAccount("fresh", 5)
	connection := b.connect(fresh.ID)
	var made atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := b.store.CreateConfiguration(t.Context(), fresh.ID, connection.ID, directory.Settings{Name: "One"}); err == nil {
				made.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, made.Load())
}

func TestConfigurationOfAPendingConnectionIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	fresh, _ := b.newAccount("fresh", 5)
	pending, err := b.store.CreateConnection(t.Context(), fresh.ID, directory.Entra)
	require.NoError(t, err)
	_, err = b.store.CreateConfiguration(t.Context(), fresh.ID, pending.ID, directory.Settings{Name: "One"})
	requireCode(t, err, directory.KindConflict, "connection_not_connected")
	account, err := b.store.Account(t.Context(), fresh.ID)
	require.NoError(t, err)
	require.Equal(t, directory.ProvisioningNone, account.Provisioning)
}

func TestB3SettingsAndState(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	run := b.openRun(directory.KindSync)
	settings := b.config.Settings
	settings.Name = "Renamed"
	updated, err := b.store.UpdateSettings(ctx, b.account.ID, b.config.ID, settings)
	require.NoError(t, err)
	require.Equal(t, "Renamed", updated.Settings.Name)
	frozen, err := b.store.RunContext(ctx, run)
	require.NoError(t, err)
	require.Equal(t, "Staff", frozen.Settings.Name, "a run keeps the settings it opened with")

	next := time.Date(2030, 1, 7, 2, 0, 0, 0, time.UTC)
	require.NoError(t, b.store.SetNextRun(ctx, b.config.ID, &next))
	loaded, err := b.store.Configuration(ctx, b.account.ID, b.config.ID)
	require.NoError(t, err)
	require.True(t, next.Equal(*loaded.NextRunAt))
	require.NoError(t, b.store.SetState(ctx, b.config.ID, directory.Disabled))
	loaded, err = b.store.ConfigurationByID(ctx, b.config.ID)
	require.NoError(t, err)
	require.Equal(t, directory.Disabled, loaded.State)
	require.Equal(t, directory.Entra, loaded.Provider)
	require.Nil(t, loaded.NextRunAt)
	requireCode(t, b.store.SetState(ctx, uuid.NewString(), directory.Enabled), directory.KindNotFound, "not_found")
}

func TestB5DestroyConfiguration(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.sync(people(10)...)
	open := b.openRun(directory.KindSync)
	b.stage(open, people(10)...)
	_, err := b.store.CloseRun(ctx, open, directory.RunCancelled, "Deleted.")
	require.NoError(t, err)
	_, err = b.db.Exec(`UPDATE connections SET secret = 'sealed'`)
	require.NoError(t, err)

	require.NoError(t, b.store.DestroyConfiguration(ctx, b.config.ID))
	require.Equal(t, 11, b.count(`SELECT count(*) FROM users WHERE status <> 'deleted'`), "provisioned users stay")
	require.Zero(t, b.count(`SELECT count(*) FROM links`))
	require.Zero(t, b.count(`SELECT count(*) FROM staged_users`))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM connections WHERE state = 'revoked' AND secret IS NULL`))
	live, err := b.store.LiveConfigurations(ctx)
	require.NoError(t, err)
	require.Empty(t, live)
	_, err = b.store.Configuration(ctx, b.account.ID, b.config.ID)
	requireCode(t, err, directory.KindNotFound, "not_found")
	_, err = b.store.OpenRun(ctx, store.NewRun{ID: uuid.NewString(), ConfigurationID: b.config.ID, Number: 9, Kind: directory.KindSync, Trigger: directory.TriggerManual})
	requireCode(t, err, directory.KindConflict, "configuration_disabled")

	_, second := b.configure(b.account.ID)
	require.NoError(t, b.store.DestroyConfiguration(ctx, b.config.ID), "destroying again")
	live, err = b.store.LiveConfigurations(ctx)
	require.NoError(t, err)
	require.Equal(t, []store.LiveConfiguration{{ID: second.ID, AccountID: b.account.ID, Provider: directory.Entra}}, live)
	account, err := b.store.Account(ctx, b.account.ID)
	require.NoError(t, err)
	require.Equal(t, directory.ProvisioningDirectorySync, account.Provisioning)
}

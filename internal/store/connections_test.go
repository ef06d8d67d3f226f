package store_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestConsentStateWorksOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	pending, err := b.store.CreateConnection(ctx, b.account.ID, directory.Entra, "state-1", time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, directory.ConnectionPending, pending.State)

	var consumed atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got, err := b.store.ConsumeState(ctx, "state-1"); err == nil && got.ID == pending.ID {
				consumed.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, consumed.Load())

	_, err = b.store.CreateConnection(ctx, b.account.ID, directory.Entra, "state-2", time.Now().Add(-time.Second))
	require.NoError(t, err)
	for _, state := range []string{"state-1", "state-2", "forged"} {
		_, err = b.store.ConsumeState(ctx, state)
		requireCode(t, err, directory.KindGone, "consent_state_used_or_expired")
	}
	require.Zero(t, b.count(`SELECT count(*) FROM connections WHERE state_hash = 'state-2'::bytea`))
}

func TestA5ConnectionKeepsItsTenant(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	again, err := b.store.Connect(ctx, b.account.ID, b.source.ID, directory.Tenant{ID: "tenant-1", Name: "Corp, renamed"})
	require.NoError(t, err)
	require.Equal(t, "Corp, renamed", again.Tenant.Name)
	_, err = b.store.Connect(ctx, b.account.ID, b.source.ID, directory.Tenant{ID: "tenant-2", Name: "Other"})
	requireCode(t, err, directory.KindConflict, directory.CodeTenantChanged)

	kept, err := b.store.Connection(ctx, b.account.ID, b.source.ID)
	require.NoError(t, err)
	require.Equal(t, "tenant-1", kept.Tenant.ID)
	all, err := b.store.Connections(ctx, b.account.ID)
	require.NoError(t, err)
	require.Len(t, all, 1)
}

func TestRevokeConnection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	requireCode(t, b.store.RevokeConnection(ctx, b.account.ID, b.source.ID), directory.KindConflict, "connection_in_use")

	spare := b.connect(b.account.ID)
	_, err := b.db.Exec(`UPDATE connections SET secret = 'sealed' WHERE id = $1`, spare.ID)
	require.NoError(t, err)
	require.NoError(t, b.store.RevokeConnection(ctx, b.account.ID, spare.ID))
	require.NoError(t, b.store.RevokeConnection(ctx, b.account.ID, spare.ID))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM connections WHERE id = $1 AND state = 'revoked' AND secret IS NULL`, spare.ID))
	_, err = b.store.Connect(ctx, b.account.ID, spare.ID, directory.Tenant{ID: "tenant-1"})
	requireCode(t, err, directory.KindGone, "connection_revoked")
}

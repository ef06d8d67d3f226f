package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestA5ConnectionKeepsItsTenant(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	again, err := b.store.Connect(ctx, b.account.ID, b.source.ID, directory.Tenant{ID: "tenant-1", Name: "Corp, renamed"}, nil)
	require.NoError(t, err)
	require.Equal(t, "Corp, renamed", again.Tenant.Name)
	_, err = b.store.Connect(ctx, b.account.ID, b.source.ID, directory.Tenant{ID: "tenant-2", Name: "Other"}, nil)
	requireCode(t, err, directory.KindConflict, directory.CodeTenantChanged)

	_, err = b.store.Connect(ctx, b.account.ID, b.source.ID, directory.Tenant{ID: "tenant-1"}, []byte("first"))
	require.NoError(t, err)
	again, err = b.store.Connect(ctx, b.account.ID, b.source.ID, directory.Tenant{ID: "tenant-1"}, []byte("second"))
	require.NoError(t, err)
	require.Equal(t, []byte("second"), again.Secret, "a reconnect replaces the secret")

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
	_, err := b.store.Connect(ctx, b.account.ID, spare.ID, directory.Tenant{ID: "tenant-1"}, []byte("sealed"))
	require.NoError(t, err)
	require.NoError(t, b.store.BeginConsent(ctx, b.consent(spare.ID, "state")))
	require.NoError(t, b.store.RevokeConnection(ctx, b.account.ID, spare.ID))
	require.NoError(t, b.store.RevokeConnection(ctx, b.account.ID, spare.ID))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM connections WHERE id = $1 AND state = 'revoked' AND secret IS NULL`, spare.ID))
	require.Zero(t, b.count(`SELECT count(*) FROM consents`))
	_, err = b.store.Connect(ctx, b.account.ID, spare.ID, directory.Tenant{ID: "tenant-1"}, nil)
	requireCode(t, err, directory.KindGone, "connection_revoked")
}

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

func TestATenantIsSharedByConnectionsWithSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	other, _ := b.newAccount("other", 5)
	connect := func(accountID, tenantID string, secret []byte) directory.Connection {
		c, err := b.store.CreateConnection(ctx, accountID, directory.Google)
		require.NoError(t, err)
		c, err = b.store.Connect(ctx, accountID, c.ID, directory.Tenant{ID: tenantID}, secret)
		require.NoError(t, err)
		return c
	}
	shared := func(p directory.Provider, tenantID, except string) bool {
		shared, err := b.store.TenantShared(ctx, p, tenantID, except)
		require.NoError(t, err)
		return shared
	}
	mine := connect(b.account.ID, "C01", []byte("sealed"))
	connect(other.ID, "C01", nil)
	connect(other.ID, "C02", []byte("sealed"))
	require.False(t, shared(directory.Google, "C01", mine.ID))
	require.True(t, shared(directory.Google, "C01", ""))
	require.False(t, shared(directory.Entra, "C01", ""))
	require.False(t, shared(directory.Google, "C03", ""))

	theirs := connect(other.ID, "C01", []byte("sealed"))
	require.True(t, shared(directory.Google, "C01", mine.ID), "of whichever account")
	require.NoError(t, b.store.RevokeConnection(ctx, other.ID, theirs.ID))
	require.False(t, shared(directory.Google, "C01", mine.ID))
}

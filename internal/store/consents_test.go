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

// consent is one that the first owner asks for.
func (b *bench) consent(connectionID, state string) store.Consent {
	b.t.Helper()
	who, err := b.store.Authenticate(b.t.Context(), b.token)
	require.NoError(b.t, err)
	return store.Consent{AccountID: b.account.ID, ConnectionID: connectionID, RequestedBy: who.TokenID, State: state,
		Sealed: []byte("verifier"), TenantID: "tenant-1", Expires: time.Now().Add(time.Hour)}
}

func TestA4ConsentStateWorksOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	pending, err := b.store.CreateConnection(ctx, b.account.ID, directory.Google)
	require.NoError(t, err)
	require.Equal(t, directory.ConnectionPending, pending.State)
	begun := b.consent(pending.ID, "state-1")
	require.NoError(t, b.store.BeginConsent(ctx, begun))
	peeked, err := b.store.PeekConsent(ctx, "state-1")
	require.NoError(t, err)
	require.Equal(t, []byte("verifier"), peeked.Sealed)

	var taken atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			consent, connection, err := b.store.TakeConsent(ctx, "state-1")
			switch {
			case directory.HasCode(err, "consent_state_used_or_expired"):
			case err != nil || connection.ID != pending.ID || consent.TenantID != "tenant-1" || consent.RequestedBy != begun.RequestedBy:
				t.Errorf("took %v of %v: %v", consent.TenantID, connection.ID, err)
			default:
				taken.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, taken.Load())
	for _, state := range []string{"state-1", "forged", ""} {
		b.requireConsentGone(state)
	}
	require.Zero(t, b.count(`SELECT count(*) FROM consents WHERE position('state'::bytea in state_hash) > 0`))
}

func (b *bench) requireConsentGone(state string) {
	b.t.Helper()
	_, err := b.store.PeekConsent(b.t.Context(), state)
	requireCode(b.t, err, directory.KindGone, "consent_state_used_or_expired")
	_, _, err = b.store.TakeConsent(b.t.Context(), state)
	requireCode(b.t, err, directory.KindGone, "consent_state_used_or_expired")
}

func TestA4ConsentExpires(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	late := b.consent(b.source.ID, "late")
	late.Expires = time.Now().Add(-time.Second)
	require.NoError(t, b.store.BeginConsent(ctx, late))
	b.requireConsentGone("late")
	require.NoError(t, b.store.BeginConsent(ctx, b.consent(b.source.ID, "next")))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM consents`), "the expired one is removed")
	require.NoError(t, b.store.BeginConsent(ctx, b.consent(b.source.ID, "beside it")))
	_, err := b.store.PeekConsent(ctx, "next")
	require.NoError(t, err)
}

// Whoever began connecting must still be an admin when the consent comes back.
func TestA4ConsentOfSomebodyWhoIsNoAdminAnyMore(t *testing.T) {
	t.Parallel()
	for name, undo := range map[string]func(b *bench, token directory.Token, user string) error{
		"token revoked": func(b *bench, token directory.Token, _ string) error {
			return b.store.RevokeToken(b.t.Context(), b.account.ID, token.ID)
		},
		"user deactivated": func(b *bench, _ directory.Token, user string) error {
			_, err := b.store.DeactivateUser(b.t.Context(), b.account.ID, user)
			return err
		},
		"another role": func(b *bench, _ directory.Token, user string) error {
			_, err := b.db.Exec(`UPDATE users SET role_id = 'member' WHERE id = $1`, user)
			return err
		},
		"token of no admin": func(b *bench, token directory.Token, _ string) error {
			_, err := b.db.Exec(`UPDATE api_tokens SET user_id = NULL, role_id = 'member' WHERE id = $1`, token.ID)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			ctx := t.Context()
			user := b.insert("admin@corp.example", directory.RoleUserAdmin, directory.Active)
			token, _, err := b.store.CreateToken(ctx, b.account.ID, "Browser", directory.RoleUserAdmin)
			require.NoError(t, err)
			_, err = b.db.Exec(`UPDATE api_tokens SET user_id = $2 WHERE id = $1`, token.ID, user)
			require.NoError(t, err)
			consent := b.consent(b.source.ID, "state")
			consent.RequestedBy = token.ID
			require.NoError(t, b.store.BeginConsent(ctx, consent))
			_, err = b.store.PeekConsent(ctx, "state")
			require.NoError(t, err)

			require.NoError(t, undo(b, token, user))
			_, err = b.store.PeekConsent(ctx, "state")
			requireCode(t, err, directory.KindForbidden, "consent_requester")
			_, _, err = b.store.TakeConsent(ctx, "state")
			requireCode(t, err, directory.KindForbidden, "consent_requester")
			b.requireConsentGone("state")
		})
	}
}

func TestConsentOfARevokedConnection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	spare := b.connect(b.account.ID)
	require.NoError(t, b.store.RevokeConnection(t.Context(), b.account.ID, spare.ID))
	requireCode(t, b.store.BeginConsent(t.Context(), b.consent(spare.ID, "state")), directory.KindGone, "connection_revoked")
}

func TestL1ConsentsAreApart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	other, otherToken := b.newAccount("other", 5)
	theirs, err := b.store.CreateConnection(ctx, other.ID, directory.Google)
	require.NoError(t, err)
	requireCode(t, b.store.BeginConsent(ctx, b.consent(theirs.ID, "s")), directory.KindNotFound, "not_found")

	who, err := b.store.Authenticate(ctx, otherToken)
	require.NoError(t, err)
	consent := b.consent(b.source.ID, "s")
	for _, token := range []string{who.TokenID, uuid.NewString(), "none"} {
		consent.RequestedBy = token
		requireCode(t, b.store.BeginConsent(ctx, consent), directory.KindNotFound, "not_found")
	}
	require.Zero(t, b.count(`SELECT count(*) FROM consents`))
}

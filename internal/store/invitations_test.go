package store_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

func TestB8InvitedUserBecomesActive(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.sync(person("1", "ana@corp.example"))
	ana := b.user("ana@corp.example")
	require.Equal(t, directory.Invited, ana.Status)
	require.NotNil(t, ana.InvitedAt)

	active, err := b.store.AcceptInvitation(ctx, b.invitation(ana.ID))
	require.NoError(t, err)
	require.Equal(t, directory.Active, active.Status)
	require.NotNil(t, active.AcceptedAt)

	_, err = b.store.AcceptInvitation(ctx, b.invitation(ana.ID))
	requireCode(t, err, directory.KindGone, "invitation_used")
	for _, unknown := range []string{uuid.NewString(), "none"} {
		_, err = b.store.AcceptInvitation(ctx, unknown)
		requireCode(t, err, directory.KindNotFound, "not_found")
	}
}

func TestB8InvitationExpiresAndIsRevoked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.sync(person("1", "ana@corp.example"), person("2", "bob@corp.example"))
	ana, bob := b.user("ana@corp.example"), b.user("bob@corp.example")
	_, err := b.db.Exec(`UPDATE users SET invited_at = now() - interval '31 days' WHERE id = $1`, ana.ID)
	require.NoError(t, err)
	_, err = b.store.AcceptInvitation(ctx, b.invitation(ana.ID))
	requireCode(t, err, directory.KindGone, "invitation_expired")

	_, err = b.store.DeactivateUser(ctx, b.account.ID, bob.ID)
	require.NoError(t, err)
	_, err = b.store.AcceptInvitation(ctx, b.invitation(bob.ID))
	requireCode(t, err, directory.KindGone, "invitation_revoked")
}

// 100 licences, one of which the owner has, and 350 who are invited and accept at once.
func TestB9ExactlyAsManyBecomeActiveAsThereAreLicences(t *testing.T) {
	t.Parallel()
	b := setup(t, store.MaxConnections(16))
	_, err := b.db.Exec(`UPDATE accounts SET licences_total = 100 WHERE id = $1`, b.account.ID)
	require.NoError(t, err)
	b.sync(people(350)...)
	var invitations []string
	require.NoError(t, b.db.Select(&invitations, `SELECT invitation_id FROM users WHERE invitation_id IS NOT NULL`))
	require.Len(t, invitations, 350)
	require.Equal(t, 350, b.count(`SELECT count(*) FROM mails WHERE account_id = $1`, b.account.ID))

	var in, waiting atomic.Int32
	var wg sync.WaitGroup
	for _, id := range invitations {
		wg.Go(func() {
			user, err := b.store.AcceptInvitation(t.Context(), id)
			switch {
			case err == nil && user.Status == directory.Active:
				in.Add(1)
			case directory.HasCode(err, "licences_exhausted") && user.Status == directory.AwaitingLicence:
				waiting.Add(1)
			default:
				t.Errorf("neither in nor waiting: %v", err)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 99, in.Load())
	require.EqualValues(t, 251, waiting.Load())
	require.Equal(t, 100, b.count(`SELECT count(*) FROM users WHERE status = 'active'`))
	require.Equal(t, 100, b.count(`SELECT licences_used FROM accounts WHERE id = $1`, b.account.ID))

	var late, leaver string
	require.NoError(t, b.db.Get(&late, `SELECT invitation_id FROM users WHERE status = 'awaiting_licence' LIMIT 1`))
	require.NoError(t, b.db.Get(&leaver, `SELECT id FROM users WHERE status = 'active' AND role_id = 'member' LIMIT 1`))
	_, err = b.store.DeactivateUser(t.Context(), b.account.ID, leaver)
	require.NoError(t, err)
	_, err = b.store.AcceptInvitation(t.Context(), late)
	require.NoError(t, err, "a licence came free")
	_, err = b.store.ActivateUser(t.Context(), b.account.ID, leaver)
	requireCode(t, err, directory.KindConflict, "licences_exhausted")
}

// The count is the database's own: no code path can hand out one too many.
func TestB9DatabaseItselfCountsLicences(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(people(5)...)
	_, err := b.db.Exec(`UPDATE accounts SET licences_total = 3 WHERE id = $1`, b.account.ID)
	require.NoError(t, err)
	_, err = b.db.Exec(`UPDATE users SET status = 'active' WHERE status = 'invited'`)
	require.ErrorContains(t, err, "accounts_licences")
	_, err = b.db.Exec(`UPDATE users SET status = 'active' WHERE id IN (SELECT id FROM users WHERE status = 'invited' LIMIT 2)`)
	require.NoError(t, err)
	require.Equal(t, 3, b.count(`SELECT licences_used FROM accounts WHERE id = $1`, b.account.ID))
	_, err = b.db.Exec(`DELETE FROM users WHERE status = 'active' AND role_id = 'member'`)
	require.NoError(t, err)
	require.Equal(t, 1, b.count(`SELECT licences_used FROM accounts WHERE id = $1`, b.account.ID))
}

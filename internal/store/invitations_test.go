package store_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
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

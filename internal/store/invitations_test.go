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

// insertPushed makes a user as a SCIM client does, who is asked to set up their account, and returns
// them and their invitation.
func (b *bench) insertPushed(email string, status directory.UserStatus) (user, invitation string) {
	b.t.Helper()
	user, invitation = b.insert(email, directory.RoleMember, status), uuid.NewString()
	_, err := b.db.Exec(`UPDATE users SET source = 'scim', invitation_id = $2, invited_at = now() WHERE id = $1`, user, invitation)
	require.NoError(b.t, err)
	_, err = b.db.Exec(`INSERT INTO mails (account_id, kind, user_id, cause) VALUES ($1, 'setup', $2, $3)`, b.account.ID, user, invitation)
	require.NoError(b.t, err)
	return user, invitation
}

func TestD5_ActiveUserSetsUpTheirAccountOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	ana, invitation := b.insertPushed("ana@corp.example", directory.Active)
	b.licences(2)
	user, err := b.store.AcceptInvitation(ctx, invitation)
	require.NoError(t, err)
	require.Equal(t, ana, user.ID)
	require.Equal(t, directory.Active, user.Status)
	require.NotNil(t, user.AcceptedAt)
	_, err = b.store.AcceptInvitation(ctx, invitation)
	requireCode(t, err, directory.KindGone, "invitation_used")
}

func TestD5_WhoWaitsForALicenceIsToldTheirPlace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.licences(1)
	_, first := b.insertPushed("first@corp.example", directory.AwaitingLicence)
	_, invitation := b.insertPushed("second@corp.example", directory.AwaitingLicence)
	for range 2 {
		user, err := b.store.AcceptInvitation(ctx, invitation)
		requireCode(t, err, directory.KindConflict, "licences_exhausted")
		require.ErrorContains(t, err, "You are number 2 on the waiting list.")
		require.Equal(t, directory.AwaitingLicence, user.Status)
	}
	b.licences(3)
	require.Equal(t, directory.Active, b.user("second@corp.example").Status)
	_, err := b.store.AcceptInvitation(ctx, first)
	require.NoError(t, err, "who got a licence before they set up their account still can")
	_, err = b.store.AcceptInvitation(ctx, invitation)
	requireCode(t, err, directory.KindGone, "invitation_used")
}

func TestD5_SetUpLinksThatNoLongerWork(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	out, revoked := b.insertPushed("out@corp.example", directory.Active)
	_, err := b.store.DeactivateUser(ctx, b.account.ID, out)
	require.NoError(t, err)
	again, replaced := b.insertPushed("again@corp.example", directory.Active)
	_, err = b.db.Exec(`UPDATE users SET invitation_id = gen_random_uuid() WHERE id = $1`, again)
	require.NoError(t, err)
	late, expired := b.insertPushed("late@corp.example", directory.Active)
	_, err = b.db.Exec(`UPDATE users SET invited_at = now() - interval '31 days' WHERE id = $1`, late)
	require.NoError(t, err)
	for invitation, code := range map[string]string{revoked: "invitation_revoked", replaced: "invitation_used", expired: "invitation_expired"} {
		_, err = b.store.AcceptInvitation(ctx, invitation)
		requireCode(t, err, directory.KindGone, code)
	}
}

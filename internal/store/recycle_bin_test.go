package store_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// deleted syncs three people of whom the first has accepted, and then none of the first two, who
// are deleted.
func deleted(t *testing.T) (b *bench, accepted, invited directory.User) {
	t.Helper()
	b = setup(t)
	b.settings.OnSourceDelete = directory.DeleteUser
	b.sync(people(3)...)
	accepted, invited = b.userOf("id-000000"), b.userOf("id-000001")
	_, err := b.store.AcceptInvitation(t.Context(), b.invitation(accepted.ID))
	require.NoError(t, err)
	b.sync(people(3)[2:]...)
	b.group("Sales", accepted.ID, invited.ID)
	require.Equal(t, directory.Deleted, b.status(accepted.ID))
	require.Equal(t, directory.Deleted, b.status(invited.ID))
	return b, accepted, invited
}

func TestF9_RestoreWhoHadAccepted(t *testing.T) {
	t.Parallel()
	b, ana, _ := deleted(t)
	ctx := t.Context()
	restored, err := b.store.RestoreUser(ctx, b.account.ID, ana.ID)
	require.NoError(t, err)
	require.Equal(t, directory.Active, restored.Status)
	require.Nil(t, restored.DeactivatedBy)
	require.Nil(t, restored.DeletedAt)
	require.Equal(t, ana.Email, restored.Email)
	require.Equal(t, ana.RoleID, restored.RoleID)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM memberships WHERE user_id = $1`, ana.ID), "groups are kept")
	require.Equal(t, 1, b.count(`SELECT count(*) FROM users WHERE id = $1 AND email_key = email`, ana.ID))
	require.Zero(t, b.count(`SELECT count(*) FROM links WHERE user_id = $1`, ana.ID), "the directory has lost the person")

	log, err := b.store.Changes(ctx, b.account.ID, store.ChangeFilter{UserID: ana.ID, Limit: 1})
	require.NoError(t, err)
	require.Equal(t, directory.ActionReactivate, log.Items[0].Action)
	require.Equal(t, directory.Deleted, *log.Items[0].Before.Status)
	require.Equal(t, directory.Active, *log.Items[0].After.Status)

	_, err = b.store.RestoreUser(ctx, b.account.ID, ana.ID)
	requireCode(t, err, directory.KindConflict, "user_not_deleted")
	b.sync(people(3)[2:]...)
	require.Equal(t, directory.Active, b.status(ana.ID), "the next run leaves the user alone")
	b.sync(people(3)...)
	require.Equal(t, ana.ID, b.userOf("id-000000").ID, "who comes back there is found by the address")
}

func TestF9_RestoreWhoHadNotAccepted(t *testing.T) {
	t.Parallel()
	b, _, bob := deleted(t)
	old := b.invitation(bob.ID)
	restored, err := b.store.RestoreUser(t.Context(), b.account.ID, bob.ID)
	require.NoError(t, err)
	require.Equal(t, directory.Invited, restored.Status)
	require.NotEqual(t, old, b.invitation(bob.ID))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM mails WHERE kind = 'invitation' AND cause = $1`, b.invitation(bob.ID)))
	_, err = b.store.AcceptInvitation(t.Context(), b.invitation(bob.ID))
	require.NoError(t, err)
}

func TestF9_RestoreWithoutALicence(t *testing.T) {
	t.Parallel()
	b, ana, _ := deleted(t)
	b.licences(1)
	restored, err := b.store.RestoreUser(t.Context(), b.account.ID, ana.ID)
	require.NoError(t, err)
	require.Equal(t, directory.AwaitingLicence, restored.Status)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM notifications WHERE kind = 'licences_exhausted'`))
	b.licences(2)
	require.Equal(t, directory.Active, b.status(ana.ID))
}

func TestF9_RestoreWhoseAddressIsTaken(t *testing.T) {
	t.Parallel()
	b, ana, _ := deleted(t)
	b.insert(ana.Email, directory.RoleMember, directory.Active)
	_, err := b.store.RestoreUser(t.Context(), b.account.ID, ana.ID)
	requireCode(t, err, directory.KindConflict, "address_taken")
	require.Equal(t, directory.Deleted, b.status(ana.ID))
	_, err = b.store.RestoreUser(t.Context(), b.account.ID, uuid.NewString())
	requireCode(t, err, directory.KindNotFound, "not_found")
}

// Who was deactivated for being gone, and is let in by an admin, stays in.
func TestF9_ActivatedUserIsLeftAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(people(2)...)
	b.sync(people(2)[1:]...)
	ana := b.userOf("id-000000")
	require.Equal(t, directory.Deactivated, ana.Status)
	_, err := b.store.ActivateUser(t.Context(), b.account.ID, ana.ID)
	require.NoError(t, err)
	b.sync(people(2)[1:]...)
	require.Equal(t, directory.Active, b.status(ana.ID))
}

func TestF9_PurgeAfterTheDaysOfTheAccount(t *testing.T) {
	t.Parallel()
	b, ana, bob := deleted(t)
	ctx := t.Context()
	days := 10
	_, err := b.store.UpdateAccount(ctx, b.account.ID, store.AccountPatch{RecycleBinDays: &days})
	require.NoError(t, err)
	_, err = b.db.Exec(`UPDATE users SET deleted_at = now() - CASE WHEN id = $1 THEN interval '241 hours' ELSE interval '239 hours' END WHERE status = 'deleted'`, ana.ID)
	require.NoError(t, err)
	logged := b.count(`SELECT count(*) FROM changes WHERE user_id = $1`, ana.ID)

	n, err := b.store.PurgeDeleted(ctx, 100)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	_, err = b.store.User(ctx, b.account.ID, ana.ID)
	requireCode(t, err, directory.KindNotFound, "not_found")
	require.Equal(t, directory.Deleted, b.status(bob.ID), "an hour is left")
	require.Zero(t, b.count(`SELECT count(*) FROM memberships WHERE user_id = $1`, ana.ID))
	require.Zero(t, b.count(`SELECT count(*) FROM links WHERE user_id = $1`, ana.ID))
	require.Zero(t, b.count(`SELECT count(*) FROM mails WHERE user_id = $1 AND settled_at IS NULL`, ana.ID))
	require.Equal(t, logged, b.count(`SELECT count(*) FROM changes WHERE user_id = $1`, ana.ID), "the log stays")
	_, err = b.store.RestoreUser(ctx, b.account.ID, ana.ID)
	requireCode(t, err, directory.KindNotFound, "not_found")

	b.sync(people(3)...)
	require.NotEqual(t, ana.ID, b.userOf("id-000000").ID, "who comes back later is somebody new")
}

func TestF9_PurgeGoesInBatchesAndWaitsForNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	for _, email := range []string{"1@corp.example", "2@corp.example", "3@corp.example"} {
		id := b.insert(email, directory.RoleAccountOwner, directory.Active)
		_, err := b.db.Exec(`UPDATE users SET status = 'deleted', deactivated_by = 'source', email_key = NULL, deleted_at = now() - interval '40 days' WHERE id = $1`, id)
		require.NoError(t, err)
	}
	busy, err := b.db.Beginx()
	require.NoError(t, err)
	_, err = busy.Exec(`SELECT 1 FROM accounts WHERE id = $1 FOR UPDATE`, b.account.ID)
	require.NoError(t, err)
	n, err := b.store.PurgeDeleted(ctx, 2)
	require.NoError(t, err)
	require.Zero(t, n, "somebody else is at work on the account")
	require.NoError(t, busy.Rollback())

	for _, want := range []int{2, 1, 0} {
		n, err = b.store.PurgeDeleted(ctx, 2)
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
	require.Equal(t, 1, b.count(`SELECT licences_used FROM accounts WHERE id = $1`, b.account.ID))
}

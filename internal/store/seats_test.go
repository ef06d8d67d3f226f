package store_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// insert makes a user of the account by hand and returns the id.
func (b *bench) insert(email, role string, status directory.UserStatus) string {
	b.t.Helper()
	var id string
	require.NoError(b.t, b.db.Get(&id, `
		INSERT INTO users (id, account_id, email, email_key, first_name, last_name, status, role_id, source)
		VALUES (gen_random_uuid(), $1, $2, $2, 'Hand', 'Made', $3, $4, 'admin') RETURNING id`, b.account.ID, email, status, role))
	return id
}

// licences sets how many licences the account has.
func (b *bench) licences(n int) {
	b.t.Helper()
	_, err := b.store.UpdateAccount(b.t.Context(), b.account.ID, store.AccountPatch{Licences: &n})
	require.NoError(b.t, err)
}

// queue are the ids of those who wait for a licence, the next one first.
func (b *bench) queue() []string {
	b.t.Helper()
	var ids []string
	require.NoError(b.t, b.db.Select(&ids, `
		SELECT id FROM users WHERE account_id = $1 AND status = 'awaiting_licence' ORDER BY waiting_place`, b.account.ID))
	return ids
}

func (b *bench) status(userID string) directory.UserStatus {
	b.t.Helper()
	user, err := b.store.User(b.t.Context(), b.account.ID, userID)
	require.NoError(b.t, err)
	return user.Status
}

// 100 licences, one of which the owner has, and 400 who are invited and accept at once: 99 of them get
// in, 301 wait, each with a number of their own, and get in in that order.
func TestB9_ThousandAcceptAtOnceForHundredLicences(t *testing.T) {
	t.Parallel()
	b := setup(t, store.MaxConnections(8))
	b.licences(100)
	b.sync(people(1000)...)
	var invitations []string
	require.NoError(t, b.db.Select(&invitations, `SELECT invitation_id FROM users WHERE invitation_id IS NOT NULL`))
	require.Len(t, invitations, 1000)
	require.Equal(t, 1000, b.count(`SELECT count(*) FROM mails WHERE kind = 'invitation'`))

	var in atomic.Int32
	var told sync.Map // by the sentence
	var wg sync.WaitGroup
	for _, id := range invitations {
		wg.Go(func() {
			user, err := b.store.AcceptInvitation(t.Context(), id)
			var refusal *directory.Error
			switch {
			case err == nil && user.Status == directory.Active:
				in.Add(1)
			case errors.As(err, &refusal) && refusal.Code == "licences_exhausted" && user.Status == directory.AwaitingLicence:
				told.Store(refusal.Message, user.ID)
			default:
				t.Errorf("neither in nor waiting: %v", err)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 99, in.Load())
	require.Equal(t, 100, b.count(`SELECT count(*) FROM users WHERE status = 'active'`))
	require.Equal(t, 100, b.count(`SELECT licences_used FROM accounts WHERE id = $1`, b.account.ID))
	waiting := b.queue()
	require.Len(t, waiting, 901)
	for i, id := range waiting {
		sentence := fmt.Sprintf("All licences are in use. You are number %d on the waiting list. Contact your admins, who can free one or buy more.", i+1)
		whose, found := told.Load(sentence)
		require.True(t, found, sentence)
		require.Equal(t, id, whose, "number %d", i+1)
	}
	require.Equal(t, 1, b.count(`SELECT count(*) FROM notifications WHERE kind = 'licences_exhausted'`), "the owner is told once")

	b.requireFilledInOrder(waiting)
}

// requireFilledInOrder frees and adds licences, one and several at a time.
func (b *bench) requireFilledInOrder(waiting []string) {
	t, ctx := b.t, b.t.Context()
	t.Helper()
	var leavers []string
	require.NoError(t, b.db.Select(&leavers, `SELECT id FROM users WHERE status = 'active' AND role_id = 'member' ORDER BY id LIMIT 3`))
	for i, leaver := range leavers {
		_, err := b.store.DeactivateUser(ctx, b.account.ID, leaver)
		require.NoError(t, err)
		require.Equal(t, directory.Active, b.status(waiting[i]))
		require.Equal(t, waiting[i+1:], b.queue())
	}
	_, err := b.store.ActivateUser(ctx, b.account.ID, leavers[0])
	requireCode(t, err, directory.KindConflict, "licences_exhausted")

	b.licences(150)
	require.Equal(t, waiting[53:], b.queue())
	require.Equal(t, 150, b.count(`SELECT licences_used FROM accounts WHERE id = $1`, b.account.ID))
	require.Equal(t, 53, b.count(`SELECT count(DISTINCT user_id) FROM notifications WHERE kind = 'licence_granted'`))
	require.Equal(t, 53, b.count(`SELECT count(*) FROM mails m JOIN notifications n ON n.id = m.cause AND n.kind = 'licence_granted' WHERE m.kind = 'notice'`))
}

// Those who hold a licence and are gone from the directory give theirs to those who wait.
func TestB9_RunThatTakesPeopleOutFillsTheirSeats(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.licences(3)
	b.sync(people(4)...)
	for _, id := range []string{"id-000000", "id-000001"} {
		_, err := b.store.AcceptInvitation(t.Context(), b.invitation(b.userOf(id).ID))
		require.NoError(t, err)
	}
	for _, id := range []string{"id-000003", "id-000002"} {
		_, err := b.store.AcceptInvitation(t.Context(), b.invitation(b.userOf(id).ID))
		requireCode(t, err, directory.KindConflict, "licences_exhausted")
	}
	b.sync(people(4)[1:]...)
	require.Equal(t, directory.Active, b.userOf("id-000003").Status, "who came first")
	require.Equal(t, directory.AwaitingLicence, b.userOf("id-000002").Status)
	log, err := b.store.Changes(t.Context(), b.account.ID, store.ChangeFilter{UserID: b.userOf("id-000003").ID, Limit: 1})
	require.NoError(t, err)
	require.Equal(t, directory.FromDirectorySync, log.Items[0].Source)
}

func TestB9_WhoGetsASeatIsToldAndLogged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.licences(1)
	b.sync(person("1", "ana@corp.example"))
	ana := b.user("ana@corp.example")
	for range 2 {
		_, err := b.store.AcceptInvitation(ctx, b.invitation(ana.ID))
		requireCode(t, err, directory.KindConflict, "licences_exhausted")
		require.ErrorContains(t, err, "You are number 1 on the waiting list.")
	}
	b.licences(2)
	require.Equal(t, directory.Active, b.status(ana.ID))

	log, err := b.store.Changes(ctx, b.account.ID, store.ChangeFilter{UserID: ana.ID, Limit: 1})
	require.NoError(t, err)
	require.Equal(t, directory.ActionUpdate, log.Items[0].Action)
	require.Equal(t, directory.FromAdmin, log.Items[0].Source)
	require.Equal(t, directory.AwaitingLicence, *log.Items[0].Before.Status)
	require.Equal(t, directory.Active, *log.Items[0].After.Status)
	told, err := b.store.Notifications(ctx, b.account.ID, ana.ID, store.NotificationFilter{})
	require.NoError(t, err)
	require.Len(t, told.Items, 1)
	require.Equal(t, directory.NoticeLicenceGranted, told.Items[0].Kind)
	require.Equal(t, "You have a licence now", told.Items[0].Title)
}

// A seat that is free while somebody waits, however that came about, is not a newcomer's.
func TestB9_NewcomersDoNotPassThoseWhoWait(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.licences(1)
	b.sync(people(3)...)
	first, second, third := b.userOf("id-000000").ID, b.userOf("id-000001").ID, b.userOf("id-000002").ID
	for _, id := range []string{first, second} {
		_, err := b.store.AcceptInvitation(ctx, b.invitation(id))
		requireCode(t, err, directory.KindConflict, "licences_exhausted")
	}
	_, err := b.db.Exec(`UPDATE accounts SET licences_total = 2 WHERE id = $1`, b.account.ID)
	require.NoError(t, err)
	_, err = b.store.AcceptInvitation(ctx, b.invitation(third))
	requireCode(t, err, directory.KindConflict, "licences_exhausted")
	require.Equal(t, directory.Active, b.status(first))
	require.Equal(t, []string{second, third}, b.queue())

	_, err = b.db.Exec(`UPDATE accounts SET licences_total = 3 WHERE id = $1`, b.account.ID)
	require.NoError(t, err)
	user, err := b.store.AcceptInvitation(ctx, b.invitation(second))
	require.NoError(t, err, "whose turn it is")
	require.Equal(t, directory.Active, user.Status)
}

// That licences have run out is told once to each admin, and once more after they have read it.
func TestB9_AdminsAreToldOnceUntilTheyRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	super := b.insert("super@corp.example", directory.RoleSuperAdmin, directory.Active)
	users := b.insert("users@corp.example", directory.RoleUserAdmin, directory.Active)
	b.insert("gone@corp.example", directory.RoleUserAdmin, directory.Invited)
	b.licences(3)
	b.sync(people(3)...)
	accept := func(id string) {
		_, err := b.store.AcceptInvitation(ctx, b.invitation(b.userOf(id).ID))
		requireCode(t, err, directory.KindConflict, "licences_exhausted")
	}
	accept("id-000000")
	accept("id-000001")
	require.Equal(t, 3, b.count(`SELECT count(*) FROM notifications WHERE kind = 'licences_exhausted'`))
	require.Equal(t, 3, b.count(`SELECT count(*) FROM mails WHERE kind = 'notice'`))

	unread, err := b.store.Notifications(ctx, b.account.ID, super, store.NotificationFilter{Unread: true})
	require.NoError(t, err)
	_, err = b.store.ReadNotification(ctx, b.account.ID, super, unread.Items[0].ID)
	require.NoError(t, err)
	accept("id-000002")
	require.Equal(t, 2, b.count(`SELECT count(*) FROM notifications WHERE user_id = $1`, super))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM notifications WHERE user_id = $1`, users))
	require.Equal(t, 4, b.count(`SELECT count(*) FROM mails WHERE kind = 'notice'`))
}

func TestB9_FewerLicencesThanInUse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.insert("ana@corp.example", directory.RoleMember, directory.Active)
	for _, n := range []int{1, 0, -1} {
		_, err := b.store.UpdateAccount(t.Context(), b.account.ID, store.AccountPatch{Licences: &n})
		requireCode(t, err, directory.KindConflict, "licences_in_use")
	}
	b.licences(2)
	require.Equal(t, 2, b.count(`SELECT licences_total FROM accounts WHERE id = $1`, b.account.ID))
}

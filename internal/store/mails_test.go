package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

func TestMails(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.sync(people(3)...)
	count, next, err := b.store.WaitingMails(ctx, b.account.ID)
	require.NoError(t, err)
	require.Equal(t, 3, count)
	require.False(t, next.After(time.Now()))

	due, err := b.store.DueMails(ctx, b.account.ID, 2)
	require.NoError(t, err)
	require.Len(t, due, 2)
	require.Equal(t, "invitation", due[0].Kind)
	require.Equal(t, "Example", due[0].AccountName)
	require.Contains(t, due[0].To, "@corp.example")
	require.Equal(t, b.invitation(due[0].UserID), due[0].Cause)
	require.True(t, due[0].Stands)

	require.NoError(t, b.store.SettleMail(ctx, due[0].ID, store.MailSent))
	require.NoError(t, b.store.SettleMail(ctx, due[0].ID, store.MailRefused))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM mails WHERE result = 'sent' AND attempts = 1`))
	later := time.Now().Add(time.Hour).Truncate(time.Microsecond)
	require.NoError(t, b.store.PostponeMail(ctx, due[1].ID, later))
	rest, err := b.store.DueMails(ctx, b.account.ID, 10)
	require.NoError(t, err)
	require.Len(t, rest, 1)

	_, err = b.store.DeactivateUser(ctx, b.account.ID, rest[0].UserID)
	require.NoError(t, err)
	rest, err = b.store.DueMails(ctx, b.account.ID, 10)
	require.NoError(t, err)
	require.False(t, rest[0].Stands)
	require.NoError(t, b.store.SettleMail(ctx, rest[0].ID, store.MailDropped))
	count, next, err = b.store.WaitingMails(ctx, b.account.ID)
	require.NoError(t, err)
	require.Equal(t, 1, count)
	require.True(t, later.Equal(*next))
}

// M3 (f): who is still invited gets no second invitation, unless the first can no longer be accepted.
func TestM3InvitedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(people(3)...)
	b.sync(people(3)...)
	require.Equal(t, 3, b.count(`SELECT count(*) FROM mails`))
	first := b.invitation(b.userOf("id-000000").ID)

	b.sync(people(3)[1:]...)
	_, err := b.db.Exec(`UPDATE users SET invited_at = now() - interval '40 days' WHERE email_key = 'id-000000@corp.example'`)
	require.NoError(t, err)
	b.sync(people(3)...)
	require.Equal(t, 4, b.count(`SELECT count(*) FROM mails`))
	second := b.invitation(b.userOf("id-000000").ID)
	require.NotEqual(t, first, second)
	_, err = b.store.AcceptInvitation(t.Context(), first)
	requireCode(t, err, directory.KindGone, "invitation_used")
	_, err = b.store.AcceptInvitation(t.Context(), second)
	require.NoError(t, err)
}

func TestD5_SetUpMailStandsWhileItsUserIsIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	_, active := b.insertPushed("active@corp.example", directory.Active)
	_, waits := b.insertPushed("waits@corp.example", directory.AwaitingLicence)
	_, nameless := b.insertPushed("no address", directory.Active)
	out, _ := b.insertPushed("out@corp.example", directory.Active)
	_, err := b.store.DeactivateUser(ctx, b.account.ID, out)
	require.NoError(t, err)
	again, _ := b.insertPushed("again@corp.example", directory.Active)
	_, err = b.db.Exec(`UPDATE users SET invitation_id = gen_random_uuid() WHERE id = $1`, again)
	require.NoError(t, err)

	due, err := b.store.DueMails(ctx, b.account.ID, 10)
	require.NoError(t, err)
	var standing []string
	for _, m := range due {
		if m.Kind == store.MailSetup && m.Stands {
			standing = append(standing, m.Cause)
			require.Equal(t, "Hand", m.FirstName)
			require.Equal(t, "Example", m.AccountName)
		}
	}
	require.ElementsMatch(t, []string{active, waits, nameless}, standing)
}

// Mail that can be sent waits; mail that could have been for some time was forgotten.
func TestMails_ForgottenOnesAreFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	requireWaiting := func(mail bool, forgotten ...string) {
		t.Helper()
		waiting, err := b.store.Waiting(t.Context(), b.account.ID)
		require.NoError(t, err)
		require.Equal(t, mail, waiting.Mail)
		accounts, err := b.store.AccountsToWake(t.Context())
		require.NoError(t, err)
		require.Equal(t, forgotten, accounts)
	}
	requireWaiting(false)
	b.sync(people(1)...)
	requireWaiting(true)
	for minutes, forgotten := range map[int][]string{9: nil, 11: {b.account.ID}} {
		_, err := b.db.Exec(`UPDATE mails SET next_try_at = now() - $1 * interval '1 minute'`, minutes)
		require.NoError(t, err)
		requireWaiting(true, forgotten...)
	}
	_, err := b.db.Exec(`UPDATE mails SET next_try_at = now() + interval '1 minute'`)
	require.NoError(t, err)
	requireWaiting(false)
}

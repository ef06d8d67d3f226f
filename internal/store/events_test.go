package store_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// feed reads all events of an account after a position, in pages of limit.
func (b *bench) feed(accountID string, after int64, limit int) (all []directory.Event) {
	b.t.Helper()
	for {
		page, err := b.store.Events(b.t.Context(), accountID, after, limit)
		require.NoError(b.t, err)
		require.LessOrEqual(b.t, len(page.Items), limit)
		if len(page.Items) == 0 {
			require.Equal(b.t, after, page.Next)
			return all
		}
		all, after = append(all, page.Items...), page.Next
	}
}

func TestEvents_SayWhatHappenedInOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.sync(person("1", "ana@corp.example"), person("2", "bob@corp.example"))
	ana := b.user("ana@corp.example")
	_, err := b.store.AcceptInvitation(t.Context(), b.invitation(ana.ID))
	require.NoError(t, err)
	_, err = b.store.DeactivateUser(t.Context(), b.account.ID, ana.ID)
	require.NoError(t, err)
	preview := b.openRun(directory.KindPreview)
	b.stage(preview, person("3", "cy@corp.example"))
	b.plan(preview)

	events := b.feed(b.account.ID, 0, 2)
	require.Len(t, events, 4, "nothing of what is only planned")
	require.ElementsMatch(t, []string{"First1 Last1", "First2 Last2"}, []string{events[0].Subject.Label, events[1].Subject.Label})
	for _, created := range events[:2] {
		require.Equal(t, directory.EventType("user.created"), created.Type)
		require.Equal(t, run.ID, *created.RunID)
		require.Equal(t, directory.FromDirectorySync, created.Source)
		require.Nil(t, created.Before)
		require.Equal(t, directory.Invited, *created.After.Status)
	}
	accepted, left := events[2], events[3]
	require.Equal(t, directory.EventType("user.updated"), accepted.Type)
	require.Equal(t, directory.FromUser, accepted.Source)
	require.Equal(t, directory.EventSubject{Type: directory.SubjectUser, ID: &ana.ID, Label: "First1 Last1"}, accepted.Subject)
	require.Equal(t, directory.EventType("user.deactivated"), left.Type)
	require.Nil(t, left.RunID)
	require.Equal(t, directory.Active, *left.Before.Status)
	require.Equal(t, directory.Deactivated, *left.After.Status)

	span, err := b.store.EventSpan(t.Context(), b.account.ID)
	require.NoError(t, err)
	require.Zero(t, span.First)
	require.Equal(t, left.ID, strconv.FormatInt(span.Last, 10))
}

func TestEvents_OfMembershipsNameUserAndGroup(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	ana := p.arrives("ana")
	sales := p.push("Sales", ana)
	require.NoError(t, p.store.DeleteSCIMGroup(t.Context(), p.SCIMClient, sales.ID, func(store.SCIMGroup) error { return nil }))
	events := p.feed(p.account.ID, 0, 10)
	types := make([]directory.EventType, len(events))
	for i, event := range events {
		types[i] = event.Type
	}
	require.Equal(t, []directory.EventType{"user.created", "group.created", "membership.created", "membership.deleted", "group.deleted"}, types)
	require.Equal(t, directory.EventSubject{Type: directory.SubjectMembership, UserID: &ana, GroupID: &sales.ID, Label: "ana Lee in Sales"}, events[2].Subject)
	require.Equal(t, events[2].Subject, events[3].Subject)
	require.Equal(t, directory.EventSubject{Type: directory.SubjectGroup, ID: &sales.ID, Label: "Sales"}, events[4].Subject)
}

func TestEvents_OfAccountsAreApart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(people(3)...)
	other := b.pushed("other", 10)
	require.Empty(t, b.feed(other.AccountID, 0, 10))
	kim := other.create(pushedPerson("kim@other.example"))
	require.Len(t, b.feed(b.account.ID, 0, 10), 3)
	mine := b.feed(other.AccountID, 0, 10)
	require.Len(t, mine, 1)
	require.Equal(t, kim.ID, *mine[0].Subject.ID)
	for _, nobody := range []string{"no-uuid", kim.ID} {
		_, err := b.store.Events(t.Context(), nobody, 0, 10)
		requireCode(t, err, directory.KindNotFound, "not_found")
		_, err = b.store.EventSpan(t.Context(), nobody)
		requireCode(t, err, directory.KindNotFound, "not_found")
	}
}

func TestEvents_ThatWerePurgedAreGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old := b.sync(people(5)...)
	b.sync(people(8)...)
	all := b.feed(b.account.ID, 0, 10)
	b.aged(old.ID, "500 days")
	b.purge(2)
	position := func(i int) int64 {
		n, err := strconv.ParseInt(all[i].ID, 10, 64)
		require.NoError(t, err)
		return n
	}
	for _, after := range []int64{0, position(3)} {
		_, err := b.store.Events(t.Context(), b.account.ID, after, 10)
		requireCode(t, err, directory.KindGone, "events_gone")
	}
	require.Equal(t, all[5:], b.feed(b.account.ID, position(4), 2), "who had seen all that went misses nothing")
	_, err := b.store.Events(t.Context(), b.account.ID, position(7)+1, 10)
	requireCode(t, err, directory.KindGone, "events_gone")

	_, err = b.db.Exec(`UPDATE changes SET occurred_at = now() - interval '500 days'`)
	require.NoError(t, err)
	b.purge(100)
	span, err := b.store.EventSpan(t.Context(), b.account.ID)
	require.NoError(t, err)
	require.Equal(t, store.EventSpan{First: position(7), Last: position(7)}, span, "also when nothing is left")
	require.Empty(t, b.feed(b.account.ID, position(7), 10))
}

// Who writes an applied change has the account to themselves, also where the code forgets to lock it first.
func TestEvents_WhoForgetsToLockTheAccountWaitsForIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other, _ := b.newAccount("other", 5)
	insert := func(tx *sqlx.Tx, account, label string) error {
		_, err := tx.Exec(`INSERT INTO changes (account_id, label, source, action, outcome) VALUES ($1, $2, 'admin', 'update', 'applied')`, account, label)
		return err
	}
	first, err := b.db.Beginx()
	require.NoError(t, err)
	_, err = first.Exec(`SAVEPOINT tried`)
	require.NoError(t, err)
	require.NoError(t, insert(first, b.account.ID, "undone"))
	_, err = first.Exec(`ROLLBACK TO SAVEPOINT tried`)
	require.NoError(t, err)
	require.NoError(t, insert(first, other.ID, "elsewhere"))
	require.NoError(t, insert(first, b.account.ID, "first"))

	second, err := b.db.Beginx()
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- insert(second, b.account.ID, "second") }()
	require.Eventually(t, func() bool {
		return b.count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) > 0
	}, waitFor, tick)
	require.Empty(t, b.feed(b.account.ID, 0, 10))
	require.NoError(t, first.Commit())
	require.NoError(t, <-done)
	require.NoError(t, second.Commit())
	events := b.feed(b.account.ID, 0, 10)
	require.Equal(t, []string{"first", "second"}, []string{events[0].Subject.Label, events[1].Subject.Label})
	require.Len(t, events, 2)
	require.Len(t, b.feed(other.ID, 0, 10), 1)
}

// Who is back is so before they get what they are given.
func TestEvents_OfWhoIsBackComeInOrder(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	ana := p.arrives("ana")
	finance, auditor := p.push("Finance", ana), p.role("Auditor")
	_, err := p.store.DeactivateUser(t.Context(), p.AccountID, ana)
	require.NoError(t, err)
	p.save(directory.SCIMMappings{Roles: []directory.RoleMapping{givesRole(finance, auditor)}, Organizations: []directory.OrganizationMapping{}})
	span, err := p.store.EventSpan(t.Context(), p.AccountID)
	require.NoError(t, err)
	back, err := p.store.ActivateUser(t.Context(), p.AccountID, ana)
	require.NoError(t, err)
	require.Equal(t, auditor.ID, back.RoleID)
	require.Equal(t, p.user(ana), back)
	events := p.feed(p.AccountID, span.Last, 10)
	require.Len(t, events, 2)
	require.Equal(t, directory.EventType("user.reactivated"), events[0].Type)
	require.Equal(t, directory.EventType("user.updated"), events[1].Type)
	require.Equal(t, auditor.ID, *events[1].After.Role)
}

// The feed reads as many events as it gives, however long the log is.
func TestEvents_AreLookedUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.db.Exec(`
		INSERT INTO changes (account_id, label, source, action, outcome)
		SELECT $1, 'Ana ' || n, 'admin', 'update', CASE WHEN n % 4 = 0 THEN 'applied' ELSE 'failed' END FROM generate_series(1, 20000) n`, b.account.ID)
	require.NoError(t, err)
	_, err = b.db.Exec(`ANALYZE changes`)
	require.NoError(t, err)
	for text, args := range map[string][]any{
		store.SelectEvents: {b.account.ID, 2000, 100}, store.SelectEventSpan: {b.account.ID},
	} {
		var plan []string
		require.NoError(t, b.db.Select(&plan, `EXPLAIN `+text, args...))
		require.Contains(t, fmt.Sprint(plan), "using changes_positions", text)
		require.NotContains(t, fmt.Sprint(plan), "Sort", text)
	}
}

package store_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

func TestUsersPagesGiveEachUserOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(people(120)...)
	seen := map[string]int{}
	cursor := ""
	for pages := 0; ; pages++ {
		page, err := b.store.Users(t.Context(), b.account.ID, store.UserFilter{Limit: 25, Cursor: cursor})
		require.NoError(t, err)
		for _, u := range page.Items {
			seen[u.ID]++
		}
		if cursor = page.Next; cursor == "" {
			require.Equal(t, 4, pages)
			break
		}
	}
	require.Len(t, seen, 121)
	for _, n := range seen {
		require.Equal(t, 1, n)
	}
	for _, bad := range []string{"%", "YWJj", "AAAA"} {
		_, err := b.store.Users(t.Context(), b.account.ID, store.UserFilter{Cursor: bad})
		requireCode(t, err, directory.KindMalformed, "cursor_invalid")
	}
}

func TestUsersFilter(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.settings.OnSourceDelete = directory.DeleteUser
	b.sync(person("1", "ana@corp.example"), person("2", "bo_b@corp.example"), person("3", "gone@corp.example"))
	b.sync(person("1", "ana@corp.example"), person("2", "bo_b@corp.example"))
	list := func(f store.UserFilter) (emails []string) {
		page, err := b.store.Users(t.Context(), b.account.ID, f)
		require.NoError(t, err)
		for _, u := range page.Items {
			emails = append(emails, u.Email)
		}
		return emails
	}
	require.Equal(t, []string{"owner@Example.example", "ana@corp.example", "bo_b@corp.example"}, list(store.UserFilter{}))
	require.Equal(t, []string{"gone@corp.example"}, list(store.UserFilter{Status: directory.Deleted}))
	require.Equal(t, []string{"bo_b@corp.example"}, list(store.UserFilter{Search: "O_B@"}))
	require.Equal(t, []string{"ana@corp.example"}, list(store.UserFilter{Search: "first1 LAST1"}))
	require.Empty(t, list(store.UserFilter{Search: "%"}))
}

func TestAdminActivatesAndDeactivates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.sync(person("1", "ana@corp.example"))
	ana := b.user("ana@corp.example")

	for range 2 {
		active, err := b.store.ActivateUser(ctx, b.account.ID, ana.ID)
		require.NoError(t, err)
		require.Equal(t, directory.Active, active.Status)
	}
	for range 2 {
		out, err := b.store.DeactivateUser(ctx, b.account.ID, ana.ID)
		require.NoError(t, err)
		require.Equal(t, directory.Deactivated, out.Status)
		require.Equal(t, directory.ByAdmin, *out.DeactivatedBy)
	}
	page, err := b.store.Changes(ctx, b.account.ID, store.ChangeFilter{UserID: ana.ID})
	require.NoError(t, err)
	require.Len(t, page.Items, 3)
	require.Equal(t, directory.FromAdmin, page.Items[0].Source)
	require.Equal(t, directory.ActionDeactivate, page.Items[0].Action)
	require.Equal(t, directory.Active, *page.Items[0].Before.Status)
	require.Equal(t, directory.Deactivated, *page.Items[0].After.Status)

	b.sync(person("1", "ana@corp.example"))
	require.Equal(t, directory.Deactivated, b.user("ana@corp.example").Status, "what an admin took out stays out")
}

func TestF6AdminCannotRemoveTheLastAdmin(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.user("owner@example.example")
	_, err := b.store.DeactivateUser(t.Context(), b.account.ID, owner.ID)
	requireCode(t, err, directory.KindConflict, "last_admin")
	require.Equal(t, directory.Active, b.user("owner@example.example").Status)
	require.Zero(t, b.count(`SELECT count(*) FROM changes`))
}

func TestF6LastAdminIsKeptUnderConcurrentRemoval(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 9 {
		_, err := b.db.Exec(`INSERT INTO users (id, account_id, email, email_key, first_name, last_name, status, role_id, source)
			VALUES (gen_random_uuid(), $1, $2, $2, 'An', 'Admin', 'active', 'super_admin', 'admin')`, b.account.ID, fmt.Sprintf("admin%d@corp.example", i))
		require.NoError(t, err)
	}
	var ids []string
	require.NoError(t, b.db.Select(&ids, `SELECT id FROM users WHERE account_id = $1`, b.account.ID))
	require.Len(t, ids, 10)
	var refused atomic.Int32
	var wg sync.WaitGroup
	for _, id := range ids {
		wg.Go(func() {
			if _, err := b.store.DeactivateUser(t.Context(), b.account.ID, id); directory.HasCode(err, "last_admin") {
				refused.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, refused.Load())
	require.Equal(t, 1, b.count(`SELECT count(*) FROM users WHERE account_id = $1 AND status = 'active'`, b.account.ID))
	require.Equal(t, 1, b.count(`SELECT licences_used FROM accounts WHERE id = $1`, b.account.ID))
}

// The rule holds also for whoever does not lock the account first.
func TestF6DatabaseItselfKeepsTheLastAdmin(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.db.Exec(`INSERT INTO users (id, account_id, email, email_key, first_name, last_name, status, role_id, source)
		VALUES (gen_random_uuid(), $1, 'b@corp.example', 'b@corp.example', 'B', 'B', 'active', 'super_admin', 'admin')`, b.account.ID)
	require.NoError(t, err)
	one, err := b.db.Beginx()
	require.NoError(t, err)
	defer func() { _ = one.Rollback() }()
	_, err = one.Exec(`UPDATE users SET role_id = 'member' WHERE email_key = 'b@corp.example'`)
	require.NoError(t, err)
	other := make(chan error, 1)
	go func() {
		_, err := b.db.Exec(`UPDATE users SET role_id = 'member' WHERE email_key = 'owner@example.example'`)
		other <- err
	}()
	require.Eventually(t, func() bool {
		return b.count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == 1
	}, waitFor, tick)
	require.NoError(t, one.Commit())
	require.ErrorContains(t, <-other, "stays")
}

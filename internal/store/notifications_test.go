package store_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

func TestNotificationsPagesGiveEachOnceNewestFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, owner := t.Context(), b.owner()
	var want []string
	for range 5 {
		want = append([]string{b.end(directory.KindSync, directory.RunFailure, "No.")}, want...)
	}
	_, err := b.db.Exec(`UPDATE notifications SET created_at = date_trunc('second', created_at) + run.number * interval '1 second'
		FROM runs run WHERE run.id = run_id`)
	require.NoError(t, err)
	var got []string
	for cursor, more := "", true; more; more = cursor != "" {
		page, err := b.store.Notifications(ctx, b.account.ID, owner, store.NotificationFilter{Limit: 2, Cursor: cursor})
		require.NoError(t, err)
		for _, n := range page.Items {
			got = append(got, *n.RunID)
		}
		cursor = page.Next
	}
	require.Equal(t, want, got)
	_, err = b.store.Notifications(ctx, b.account.ID, owner, store.NotificationFilter{Cursor: "!"})
	requireCode(t, err, directory.KindMalformed, "cursor_invalid")
}

func TestReadNotification(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, owner := t.Context(), b.owner()
	b.end(directory.KindSync, directory.RunFailure, "No.")
	b.end(directory.KindSync, directory.RunFailure, "No.")
	first := b.told(owner)[0]
	require.Nil(t, first.ReadAt)
	read, err := b.store.ReadNotification(ctx, b.account.ID, owner, first.ID)
	require.NoError(t, err)
	require.NotNil(t, read.ReadAt)
	again, err := b.store.ReadNotification(ctx, b.account.ID, owner, first.ID)
	require.NoError(t, err)
	require.Equal(t, read.ReadAt, again.ReadAt)
	unread, err := b.store.Notifications(ctx, b.account.ID, owner, store.NotificationFilter{Unread: true})
	require.NoError(t, err)
	require.Len(t, unread.Items, 1)
	require.NotEqual(t, first.ID, unread.Items[0].ID)
}

// A notification is its user's own: neither another account nor another user of the same sees it.
func TestL1NotificationsAreApart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, owner := t.Context(), b.owner()
	b.end(directory.KindSync, directory.RunFailure, "No.")
	mine := b.told(owner)[0]
	colleague := b.insert("ana@corp.example", directory.RoleSuperAdmin, directory.Active)
	other, _ := b.newAccount("other", 5)
	for _, who := range [][2]string{{other.ID, owner}, {b.account.ID, colleague}, {b.account.ID, uuid.NewString()}} {
		_, err := b.store.ReadNotification(ctx, who[0], who[1], mine.ID)
		requireCode(t, err, directory.KindNotFound, "not_found")
		page, err := b.store.Notifications(ctx, who[0], who[1], store.NotificationFilter{})
		require.NoError(t, err)
		require.Empty(t, page.Items)
	}
	_, err := b.store.ReadNotification(ctx, b.account.ID, owner, "none")
	requireCode(t, err, directory.KindNotFound, "not_found")
	require.Nil(t, b.told(owner)[0].ReadAt)
}

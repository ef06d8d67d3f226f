package store_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// group makes a synced group of the bench's connection by hand, with members and one person parked.
func (b *bench) group(name string, members ...string) string {
	b.t.Helper()
	id := uuid.NewString()
	_, err := b.db.Exec(`
		INSERT INTO groups (id, account_id, name, email, source, connection_id, source_id)
		VALUES ($1, $2, $3, $4, 'directory_sync', $5, $6)`, id, b.account.ID, name, "Team."+name+"@corp.example", b.source.ID, "g-"+id)
	require.NoError(b.t, err)
	for _, user := range members {
		_, err := b.db.Exec(`INSERT INTO memberships (account_id, group_id, user_id) VALUES ($1, $2, $3)`, b.account.ID, id, user)
		require.NoError(b.t, err)
	}
	_, err = b.db.Exec(`INSERT INTO parked_members (group_id, source_id) VALUES ($1, 'somebody')`, id)
	require.NoError(b.t, err)
	return id
}

func TestGroups(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	ana, bob := b.insert("ana@corp.example", "member", directory.Active), b.insert("bob@corp.example", "member", directory.Active)
	sales, same := b.group("Sales", ana, bob), b.group("Sales")
	_, err := b.db.Exec(`UPDATE users SET status = 'deleted', deactivated_by = 'source', email_key = NULL WHERE id = $1`, bob)
	require.NoError(t, err)

	group, err := b.store.Group(ctx, b.account.ID, sales)
	require.NoError(t, err)
	require.Equal(t, "Sales", group.Name)
	require.Equal(t, "Team.Sales@corp.example", group.Email)
	require.Equal(t, 1, group.Members, "without who is in the recycle bin")
	require.Equal(t, 1, group.Parked)
	require.Equal(t, "g-"+sales, *group.SourceID)
	require.Equal(t, directory.FromDirectorySync, group.Source)

	for search, want := range map[string]int{"": 2, "sal": 2, "TEAM.": 2, "marketing": 0, "%": 0} {
		page, err := b.store.Groups(ctx, b.account.ID, store.GroupFilter{Search: search})
		require.NoError(t, err)
		require.Len(t, page.Items, want, search)
	}
	members, err := b.store.GroupMembers(ctx, b.account.ID, sales, 0, "")
	require.NoError(t, err)
	require.Len(t, members.Items, 1)
	require.Equal(t, ana, members.Items[0].ID)
	empty, err := b.store.GroupMembers(ctx, b.account.ID, same, 0, "")
	require.NoError(t, err)
	require.Empty(t, empty.Items)

	of, err := b.store.GroupsOf(ctx, b.account.ID, []string{ana, bob, uuid.NewString()})
	require.NoError(t, err)
	require.Equal(t, map[string][]string{ana: {sales}, bob: {sales}}, of)
	none, err := b.store.GroupsOf(ctx, b.account.ID, nil)
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestGroupsPagesGiveEachOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	var users []string
	for i := range 5 {
		users = append(users, b.insert(fmt.Sprintf("%d@corp.example", i), "member", directory.Active))
	}
	group := b.group("All", users...)
	for i := range 4 {
		b.group(fmt.Sprint(i))
	}
	seen := map[string]int{}
	for cursor, more := "", true; more; more = cursor != "" {
		page, err := b.store.Groups(ctx, b.account.ID, store.GroupFilter{Limit: 2, Cursor: cursor})
		require.NoError(t, err)
		for _, g := range page.Items {
			seen[g.ID]++
		}
		cursor = page.Next
	}
	require.Len(t, seen, 5)
	for cursor, more := "", true; more; more = cursor != "" {
		page, err := b.store.GroupMembers(ctx, b.account.ID, group, 2, cursor)
		require.NoError(t, err)
		for _, u := range page.Items {
			seen[u.ID]++
		}
		cursor = page.Next
	}
	require.Len(t, seen, 10)
	for id, n := range seen {
		require.Equal(t, 1, n, id)
	}
	_, err := b.store.GroupMembers(ctx, b.account.ID, group, 2, "!")
	requireCode(t, err, directory.KindMalformed, "cursor_invalid")
}

// When the configuration goes, its groups and their members stay, as groups that no directory has.
func TestB5GroupsStay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ana := b.insert("ana@corp.example", "member", directory.Active)
	sales := b.group("Sales", ana)
	require.NoError(t, b.store.DestroyConfiguration(t.Context(), b.config.ID))
	group, err := b.store.Group(t.Context(), b.account.ID, sales)
	require.NoError(t, err)
	require.Nil(t, group.SourceID)
	require.Equal(t, 1, group.Members)
	require.Zero(t, group.Parked)
}

func TestL1GroupsAreApart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	ana := b.insert("ana@corp.example", "member", directory.Active)
	sales := b.group("Sales", ana)
	other, _ := b.newAccount("other", 5)
	_, err := b.store.Group(ctx, other.ID, sales)
	requireCode(t, err, directory.KindNotFound, "not_found")
	_, err = b.store.GroupMembers(ctx, other.ID, sales, 0, "")
	requireCode(t, err, directory.KindNotFound, "not_found")
	page, err := b.store.Groups(ctx, other.ID, store.GroupFilter{})
	require.NoError(t, err)
	require.Empty(t, page.Items)
	of, err := b.store.GroupsOf(ctx, other.ID, []string{ana})
	require.NoError(t, err)
	require.Empty(t, of)
}

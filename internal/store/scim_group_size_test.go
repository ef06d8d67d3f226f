package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/scim"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// What a change of few members costs does not grow with the group: neither it nor reading the group
// without members reads the memberships of the others.
func TestD4_LargeGroupIsChangedWithoutReadingIt(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	const size = 50_000
	_, err := p.db.Exec(`
		WITH made AS (
			INSERT INTO users (id, account_id, email, email_key, first_name, last_name, status, source)
			SELECT gen_random_uuid(), $1, n || '@corp.example', n || '@corp.example', 'First', 'Last', 'invited', 'scim' FROM generate_series(1, $2) n
			RETURNING id, account_id, email
		)
		INSERT INTO scim_users (user_id, account_id, user_name, user_name_key, active, resource)
		SELECT id, account_id, email, email, true, '{}' FROM made`, p.account.ID, size)
	require.NoError(t, err)
	var ids []string
	require.NoError(t, p.db.Select(&ids, `SELECT user_id FROM scim_users`))
	var group store.SCIMGroup
	p.session(func(s *store.Store) {
		group, err = s.CreateSCIMGroup(t.Context(), p.SCIMClient, scim.Group{DisplayName: "Everybody"}, memberList(ids[1:]...), true)
		require.NoError(t, err)
		require.Len(t, group.Members, size-1)
	})
	require.Equal(t, size-1, p.count(`SELECT count(*) FROM changes WHERE subject = 'membership'`))

	before := p.rowsRead("memberships")
	require.GreaterOrEqual(t, before, size-1, "what is read is counted")
	p.session(func(s *store.Store) {
		rename := func(g store.SCIMGroup) (scim.Group, []scim.MemberChange, error) {
			return scim.Group{DisplayName: g.DisplayName + "!"}, []scim.MemberChange{step(scim.AddMembers, ids[:3]...), step(scim.RemoveMembers, ids[2:5]...)}, nil
		}
		after, err := s.ChangeSCIMGroup(t.Context(), p.SCIMClient, group.ID, false, rename)
		require.NoError(t, err)
		require.Equal(t, "Everybody!", after.DisplayName)
		_, err = s.SCIMGroup(t.Context(), p.SCIMClient, group.ID, false)
		require.NoError(t, err)
	})
	require.Less(t, p.rowsRead("memberships")-before, 20)
	require.Equal(t, size-3, p.count(`SELECT count(*) FROM memberships`))
	require.Len(t, p.patch(group.ID, step(scim.ReplaceMembers, ids[:10]...)).Members, 10)
}

// rowsRead is how many rows of a table, and entries of its indexes, sessions had read that are over.
func (b *bench) rowsRead(table string) int {
	b.t.Helper()
	return b.count(`
		SELECT t.seq_tup_read + coalesce((SELECT sum(i.idx_tup_read) FROM pg_stat_user_indexes i WHERE i.relid = t.relid), 0)
		FROM pg_stat_user_tables t WHERE t.relname = $1`, table)
}

// session has do use a store of its own, whose reads count when it returns.
func (b *bench) session(do func(*store.Store)) {
	b.t.Helper()
	s, err := store.Open(b.t.Context(), b.url+"&application_name=session")
	require.NoError(b.t, err)
	do(s)
	require.NoError(b.t, s.Close())
	require.Eventually(b.t, func() bool {
		return b.count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'session'`) == 0
	}, waitFor, tick, "a session counts when it ends")
}

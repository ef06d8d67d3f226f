package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

func TestF11_GuardHasDefaultsAndCanBeSet(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	guard, err := b.store.SCIMGuard(ctx, b.account.ID)
	require.NoError(t, err)
	require.Equal(t, directory.SCIMGuard{Guard: directory.Guard{MaxRemovals: 500, MaxRemovalPercent: 20, WindowDays: 7}, State: directory.GuardOpen}, guard)
	require.Zero(t, b.count(`SELECT count(*) FROM scim_guards`), "looking makes none")

	ten, zero, days := 10, 0, 30
	guard, err = b.store.UpdateSCIMGuard(ctx, b.account.ID, store.SCIMGuardPatch{MaxRemovals: &ten, WindowDays: &days})
	require.NoError(t, err)
	require.Equal(t, directory.Guard{MaxRemovals: 10, MaxRemovalPercent: 20, WindowDays: 30}, guard.Guard)
	guard, err = b.store.UpdateSCIMGuard(ctx, b.account.ID, store.SCIMGuardPatch{MaxRemovalPercent: &zero})
	require.NoError(t, err)
	require.Equal(t, directory.Guard{MaxRemovals: 10, MaxRemovalPercent: 0, WindowDays: 30}, guard.Guard)

	other, _ := b.newAccount("other", 5)
	guard, err = b.store.SCIMGuard(ctx, other.ID)
	require.NoError(t, err)
	require.Equal(t, directory.DefaultGuard(), guard.Guard)
	_, err = b.store.SCIMGuard(ctx, uuid.NewString())
	requireCode(t, err, directory.KindNotFound, "not_found")
}

func TestF11_ApprovalLetsPassForTheWindow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	_, err := b.store.ApproveSCIMRemovals(ctx, b.account.ID, "Ana Ruiz")
	requireCode(t, err, directory.KindConflict, "guard_not_held")
	bo, cy := b.insert("bo@corp.example", directory.RoleMember, directory.Active), b.insert("cy@corp.example", directory.RoleMember, directory.Active)
	_, err = b.db.Exec(`UPDATE users SET status = 'deactivated', deactivated_by = 'source' WHERE id IN ($1, $2)`, bo, cy)
	require.NoError(t, err)
	for _, id := range []string{bo, bo, cy} {
		_, err = b.db.Exec(`
			INSERT INTO changes (account_id, user_id, label, source, action, before, after, outcome, occurred_at)
			VALUES ($1, $2, 'L', 'scim', 'deactivate', '{"status": "active"}', '{"status": "deactivated"}', 'applied', now() - interval '1 hour')`, b.account.ID, id)
		require.NoError(t, err)
	}
	_, err = b.db.Exec(`UPDATE changes SET occurred_at = now() - interval '8 days' WHERE user_id = $1`, cy)
	require.NoError(t, err)
	_, err = b.db.Exec(`INSERT INTO scim_guards (account_id, held_at) VALUES ($1, now())`, b.account.ID)
	require.NoError(t, err)
	_, err = b.db.Exec(`INSERT INTO scim_held_removals (account_id, user_id, action) VALUES ($1, $2, 'delete')`, b.account.ID, cy)
	require.NoError(t, err)

	guard, err := b.store.SCIMGuard(ctx, b.account.ID)
	require.NoError(t, err)
	require.Equal(t, directory.GuardHeld, guard.State)
	require.NotNil(t, guard.HeldAt)
	require.Equal(t, 1, guard.Removals, "one person, within the window")
	require.Equal(t, 1, guard.Held)
	require.Len(t, guard.Waiting, 1)
	require.Equal(t, cy, guard.Waiting[0].UserID)
	require.Equal(t, "Hand Made", guard.Waiting[0].Label)
	require.Equal(t, directory.ActionDelete, guard.Waiting[0].Action)

	guard, err = b.store.ApproveSCIMRemovals(ctx, b.account.ID, "Ana Ruiz")
	require.NoError(t, err)
	require.Equal(t, directory.GuardApproved, guard.State)
	require.Nil(t, guard.HeldAt)
	require.WithinDuration(t, time.Now().AddDate(0, 0, 7), *guard.ApprovedUntil, 2*time.Hour)
	require.Equal(t, "Ana Ruiz", *guard.ApprovedBy)
	require.Zero(t, guard.Removals, "those so far do not count again")
	require.Empty(t, guard.Waiting)
	_, err = b.store.ApproveSCIMRemovals(ctx, b.account.ID, "Ana Ruiz")
	requireCode(t, err, directory.KindConflict, "guard_not_held")

	_, err = b.db.Exec(`UPDATE scim_guards SET approved_until = now() - interval '2 hours'`)
	require.NoError(t, err)
	guard, err = b.store.SCIMGuard(ctx, b.account.ID)
	require.NoError(t, err)
	require.Equal(t, directory.GuardOpen, guard.State)
	require.Equal(t, 1, guard.Removals)
}

package store_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// anybody may move whomever.
func anybody(string, string) error { return nil }

func ptr[T any](v T) *T { return &v }

// logged is the newest change about a user.
func (b *bench) logged(userID string) directory.Change {
	b.t.Helper()
	page, err := b.store.Changes(b.t.Context(), b.account.ID, store.ChangeFilter{UserID: userID, Limit: 1})
	require.NoError(b.t, err)
	require.Len(b.t, page.Items, 1)
	return page.Items[0]
}

func TestC5_RoleGivenByHand(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.sync(person("1", "ana@corp.example"))
	ana := b.user("ana@corp.example")
	auditor, err := b.store.CreateRole(ctx, b.account.ID, "Auditor")
	require.NoError(t, err)
	_, err = b.db.Exec(`UPDATE users SET role_mapped = true, organization_mapped = true WHERE id = $1`, ana.ID)
	require.NoError(t, err)

	var asked []string
	after, err := b.store.UpdateUser(ctx, b.account.ID, ana.ID, store.UserPatch{Role: &auditor.ID}, func(from, to string) error {
		asked = append(asked, from, to)
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, []string{"member", "auditor"}, asked)
	require.Equal(t, "auditor", after.RoleID)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM users WHERE id = $1 AND NOT role_mapped AND organization_mapped`, ana.ID))
	change := b.logged(ana.ID)
	require.Equal(t, directory.FromAdmin, change.Source)
	require.Equal(t, directory.ActionUpdate, change.Action)
	require.Equal(t, directory.Snapshot{Role: ptr("member")}, *change.Before)
	require.Equal(t, directory.Snapshot{Role: ptr("auditor")}, *change.After)

	refused := errors.New("not yours to give")
	_, err = b.store.UpdateUser(ctx, b.account.ID, ana.ID, store.UserPatch{Role: ptr("super_admin")}, func(string, string) error { return refused })
	require.ErrorIs(t, err, refused)
	same, err := b.store.UpdateUser(ctx, b.account.ID, ana.ID, store.UserPatch{Role: &auditor.ID}, func(string, string) error { return refused })
	require.NoError(t, err, "nothing is given or taken")
	require.Equal(t, "auditor", same.RoleID)
	require.Equal(t, change.ID, b.logged(ana.ID).ID)
}

func TestC6_OrganizationGivenByHand(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.sync(person("1", "ana@corp.example"))
	ana := b.user("ana@corp.example")
	sales, err := b.store.CreateOrganization(ctx, b.account.ID, "Sales")
	require.NoError(t, err)
	for _, row := range []struct {
		to            string
		stored        *string
		before, after string
	}{
		{sales.ID, &sales.ID, "", "sales"},
		{directory.AllOrganizations, ptr("all"), "sales", "all"},
		{"", nil, "all", ""},
	} {
		after, err := b.store.UpdateUser(ctx, b.account.ID, ana.ID, store.UserPatch{Organization: &row.to}, anybody)
		require.NoError(t, err)
		require.Equal(t, row.stored, after.Organization)
		change := b.logged(ana.ID)
		require.Equal(t, directory.Snapshot{Organization: &row.before}, *change.Before)
		require.Equal(t, directory.Snapshot{Organization: &row.after}, *change.After)
	}
	version := b.user("ana@corp.example").Version
	_, err = b.store.UpdateUser(ctx, b.account.ID, ana.ID, store.UserPatch{}, anybody)
	require.NoError(t, err)
	require.Equal(t, version, b.user("ana@corp.example").Version)
}

func TestC5_WhatCannotBeGivenByHand(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	owner := b.user("owner@example.example")
	b.sync(person("1", "ana@corp.example"))
	ana := b.user("ana@corp.example")
	other, _ := b.newAccount("other", 5)
	theirs, err := b.store.CreateRole(ctx, other.ID, "Auditor")
	require.NoError(t, err)
	sales, err := b.store.CreateOrganization(ctx, other.ID, "Sales")
	require.NoError(t, err)
	give := func(account, user string, patch store.UserPatch) error {
		_, err := b.store.UpdateUser(ctx, account, user, patch, anybody)
		return err
	}
	requireCode(t, give(b.account.ID, ana.ID, store.UserPatch{Role: &theirs.ID}), directory.KindInvalid, "role_unknown")
	requireCode(t, give(b.account.ID, ana.ID, store.UserPatch{Role: ptr("")}), directory.KindInvalid, "role_unknown")
	requireCode(t, give(b.account.ID, ana.ID, store.UserPatch{Organization: &sales.ID}), directory.KindInvalid, "organization_unknown")
	requireCode(t, give(other.ID, ana.ID, store.UserPatch{Role: &theirs.ID}), directory.KindNotFound, "not_found")
	requireCode(t, give(b.account.ID, uuid.NewString(), store.UserPatch{}), directory.KindNotFound, "not_found")
	requireCode(t, give(b.account.ID, owner.ID, store.UserPatch{Role: ptr("member")}), directory.KindConflict, "last_admin")
	require.Equal(t, owner, b.user("owner@example.example"))
	_, err = b.db.Exec(`UPDATE users SET status = 'deleted', deactivated_by = 'admin', email_key = NULL WHERE id = $1`, ana.ID)
	require.NoError(t, err)
	requireCode(t, give(b.account.ID, ana.ID, store.UserPatch{Role: ptr("user_admin")}), directory.KindConflict, "user_deleted")
}

func TestC5_DeletedRoleLeavesMembers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.sync(person("1", "ana@corp.example"), person("2", "bo@corp.example"), person("3", "cy@corp.example"))
	role, err := b.store.CreateRole(ctx, b.account.ID, "Auditor")
	require.NoError(t, err)
	_, err = b.db.Exec(`UPDATE users SET role_id = 'auditor', role_mapped = true WHERE email_key IN ('ana@corp.example', 'bo@corp.example')`)
	require.NoError(t, err)
	_, err = b.db.Exec(`UPDATE users SET status = 'deleted', deactivated_by = 'admin', email_key = NULL WHERE email_key = 'bo@corp.example'`)
	require.NoError(t, err)
	before := b.count(`SELECT count(*) FROM changes`)

	require.NoError(t, b.store.DeleteRole(ctx, b.account.ID, role.ID))
	require.Equal(t, 2, b.count(`SELECT count(*) FROM users WHERE role_id = 'member' AND role_mapped`), "the deleted one too")
	require.Equal(t, before+2, b.count(`SELECT count(*) FROM changes`))
	change := b.logged(b.user("ana@corp.example").ID)
	require.Equal(t, directory.FromAdmin, change.Source)
	require.Equal(t, "First1 Last1", change.Label)
	require.Equal(t, directory.Snapshot{Role: ptr("auditor")}, *change.Before)
	require.Equal(t, directory.Snapshot{Role: ptr("member")}, *change.After)
	require.Nil(t, b.logged(b.user("cy@corp.example").ID).After.Role)
}

func TestC6_DeletedOrganizationLeavesNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.sync(person("1", "ana@corp.example"))
	ana := b.user("ana@corp.example")
	sales, err := b.store.CreateOrganization(ctx, b.account.ID, "Sales")
	require.NoError(t, err)
	_, err = b.store.UpdateUser(ctx, b.account.ID, ana.ID, store.UserPatch{Organization: &sales.ID}, anybody)
	require.NoError(t, err)
	require.NoError(t, b.store.DeleteOrganization(ctx, b.account.ID, sales.ID))
	require.Nil(t, b.user("ana@corp.example").Organization)
	change := b.logged(ana.ID)
	require.Equal(t, directory.Snapshot{Organization: ptr("sales")}, *change.Before)
	require.Equal(t, directory.Snapshot{Organization: ptr("")}, *change.After)

	requireCode(t, b.store.DeleteOrganization(ctx, b.account.ID, directory.AllOrganizations), directory.KindConflict, "organization_built_in")
	_, err = b.store.CreateOrganization(ctx, b.account.ID, "All organizations")
	requireCode(t, err, directory.KindConflict, "organization_exists")
	all, err := b.store.CreateOrganization(ctx, b.account.ID, "All")
	require.NoError(t, err)
	require.Equal(t, "all_2", all.ID)
}

// Whoever is given a role while it is deleted ends as a member, or is told that there is none.
func TestC5_RoleIsGivenWhileItIsDeleted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.sync(people(20)...)
	var ids []string
	require.NoError(t, b.db.Select(&ids, `SELECT user_id FROM links ORDER BY source_id`))
	role, err := b.store.CreateRole(ctx, b.account.ID, "Auditor")
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := b.store.DeleteRole(ctx, b.account.ID, role.ID); err != nil {
			t.Error(err)
		}
	})
	for _, id := range ids {
		wg.Go(func() {
			_, err := b.store.UpdateUser(ctx, b.account.ID, id, store.UserPatch{Role: &role.ID}, anybody)
			if err != nil && !directory.HasCode(err, "role_unknown") {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Zero(t, b.count(`SELECT count(*) FROM users WHERE role_id = 'auditor'`))
	given := b.count(`SELECT count(*) FROM changes WHERE after->>'role' = 'auditor'`)
	require.Equal(t, given, b.count(`SELECT count(*) FROM changes WHERE before->>'role' = 'auditor' AND after->>'role' = 'member'`))
}

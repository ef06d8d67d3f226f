package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

func TestCreateAccount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()

	account, token, err := b.store.CreateAccount(ctx, store.NewAccount{Name: " Fresh ", OwnerEmail: "Owner@Fresh.example", Licences: 3})
	require.NoError(t, err)
	require.Equal(t, "Fresh", account.Name)
	require.Equal(t, 3, account.Licences)
	require.Equal(t, 1, account.LicencesUsed)
	require.Equal(t, directory.ProvisioningNone, account.Provisioning)
	require.Equal(t, "DD/MM/YYYY", account.DateFormat)

	who, err := b.store.Authenticate(ctx, token)
	require.NoError(t, err)
	owner, err := b.store.User(ctx, account.ID, who.UserID)
	require.NoError(t, err)
	require.Equal(t, directory.Active, owner.Status)
	require.Equal(t, directory.RoleAccountOwner, owner.RoleID)
	require.Equal(t, "Account Owner", owner.Name())
	require.Equal(t, "Owner@Fresh.example", owner.Email)

	fields, err := b.store.Fields(ctx, account.ID)
	require.NoError(t, err)
	require.Len(t, fields, 3)
	roles, err := b.store.Roles(ctx, account.ID)
	require.NoError(t, err)
	require.Len(t, roles, 4)
}

func TestCreateAccountNamesEachMistake(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, _, err := b.store.CreateAccount(t.Context(), store.NewAccount{OwnerEmail: "nobody"})
	requireCode(t, err, directory.KindInvalid, "account_invalid")
	var coded *directory.Error
	require.ErrorAs(t, err, &coded)
	require.Len(t, coded.Fields, 3)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM accounts`))
}

func TestUpdateAccount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	zone, frequency := "Europe/Berlin", directory.ReportNever
	account, err := b.store.UpdateAccount(t.Context(), b.account.ID, store.AccountPatch{TimeZone: &zone, ReportFrequency: &frequency})
	require.NoError(t, err)
	require.Equal(t, zone, account.TimeZone)
	require.Equal(t, frequency, account.ReportFrequency)
	require.Equal(t, "Example", account.Name)

	days := 7
	account, err = b.store.UpdateAccount(t.Context(), b.account.ID, store.AccountPatch{RecycleBinDays: &days})
	require.NoError(t, err)
	require.Equal(t, 7, account.RecycleBinDays)
	for _, days := range []int{0, 366} {
		_, err = b.store.UpdateAccount(t.Context(), b.account.ID, store.AccountPatch{RecycleBinDays: &days})
		requireCode(t, err, directory.KindInvalid, "account_invalid")
	}

	_, err = b.store.UpdateAccount(t.Context(), "no-uuid", store.AccountPatch{TimeZone: &zone})
	requireCode(t, err, directory.KindNotFound, "not_found")
}

func TestTokens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	token, secret, err := b.store.CreateToken(ctx, b.account.ID, "Script", directory.RoleUserAdmin)
	require.NoError(t, err)

	who, err := b.store.Authenticate(ctx, secret)
	require.NoError(t, err)
	require.Equal(t, directory.Principal{AccountID: b.account.ID, TokenID: token.ID, RoleID: directory.RoleUserAdmin, Name: "Script"}, who)
	require.Zero(t, b.count(`SELECT count(*) FROM api_tokens WHERE position($1::bytea in hash) > 0`, []byte(secret)))

	listed, err := b.store.Tokens(ctx, b.account.ID)
	require.NoError(t, err)
	require.Len(t, listed, 2)
	require.NotNil(t, listed[1].LastUsedAt)

	require.NoError(t, b.store.RevokeToken(ctx, b.account.ID, token.ID))
	require.NoError(t, b.store.RevokeToken(ctx, b.account.ID, token.ID))
	for _, bad := range []string{secret, "", "rc_unknown"} {
		_, err = b.store.Authenticate(ctx, bad)
		requireCode(t, err, directory.KindUnauthenticated, "unauthenticated")
	}
	_, _, err = b.store.CreateToken(ctx, b.account.ID, "Script", "no_such_role")
	requireCode(t, err, directory.KindNotFound, "not_found")
}

func TestTokenOfDeactivatedUserIsNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	_, err := b.db.Exec(`UPDATE users SET role_id = 'user_admin' WHERE account_id = $1`, b.account.ID)
	require.Error(t, err, "the last admin keeps the role")

	_, err = b.db.Exec(`INSERT INTO users (id, account_id, email, email_key, first_name, last_name, status, role_id, source)
		VALUES (gen_random_uuid(), $1, 'b@corp.example', 'b@corp.example', 'B', 'B', 'active', 'super_admin', 'admin')`, b.account.ID)
	require.NoError(t, err)
	who, err := b.store.Authenticate(ctx, b.token)
	require.NoError(t, err)
	_, err = b.store.DeactivateUser(ctx, b.account.ID, who.UserID)
	require.NoError(t, err)
	_, err = b.store.Authenticate(ctx, b.token)
	requireCode(t, err, directory.KindUnauthenticated, "unauthenticated")
}

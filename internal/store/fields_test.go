package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestCreateField(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	for _, c := range []struct{ name, id string }{
		{"Joining date", "joining_date"}, {"Joining-date", "joining_date_2"}, {"Status", "status_2"}, {"Größe", "gr_e"}, {"名前", "x"},
	} {
		field, err := b.store.CreateField(ctx, b.account.ID, c.name, directory.Date)
		require.NoError(t, err)
		require.Equal(t, c.id, field.ID)
	}
	_, err := b.store.CreateField(ctx, b.account.ID, "JOINING DATE", directory.Text)
	requireCode(t, err, directory.KindConflict, "field_exists")
	_, err = b.store.CreateField(ctx, b.account.ID, " ", directory.Text)
	requireCode(t, err, directory.KindInvalid, "field_invalid")
	_, err = b.store.CreateField(ctx, b.account.ID, "Colour", "colour")
	requireCode(t, err, directory.KindInvalid, "field_invalid")
}

func TestK1NulInANameIsRefusedInWords(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.store.CreateField(t.Context(), b.account.ID, "Na\x00me", directory.Text)
	requireCode(t, err, directory.KindInvalid, "invalid_value")
}

func TestDeleteField(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	for _, name := range []string{"Department", "City"} {
		_, err := b.store.CreateField(ctx, b.account.ID, name, directory.Text)
		require.NoError(t, err)
	}
	b.sync(person("1", "a@corp.example", "department", "Sales", "city", "Berlin"))

	requireCode(t, b.store.DeleteField(ctx, b.account.ID, "email"), directory.KindConflict, "field_system")
	requireCode(t, b.store.DeleteField(ctx, b.account.ID, "department"), directory.KindConflict, "field_in_use")
	require.NoError(t, b.store.DeleteField(ctx, b.account.ID, "city"))
	require.Equal(t, directory.Values{"department": "Sales"}, b.user("a@corp.example").Fields)
	requireCode(t, b.store.DeleteField(ctx, b.account.ID, "city"), directory.KindNotFound, "not_found")

	require.NoError(t, b.store.DestroyConfiguration(ctx, b.config.ID))
	require.NoError(t, b.store.DeleteField(ctx, b.account.ID, "department"))
}

func TestRoles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	role, err := b.store.CreateRole(ctx, b.account.ID, "Auditor")
	require.NoError(t, err)
	require.Equal(t, "auditor", role.ID)
	_, err = b.store.CreateRole(ctx, b.account.ID, "Auditor")
	requireCode(t, err, directory.KindConflict, "role_exists")

	token, _, err := b.store.CreateToken(ctx, b.account.ID, "T", role.ID)
	require.NoError(t, err)
	requireCode(t, b.store.DeleteRole(ctx, b.account.ID, role.ID), directory.KindConflict, "role_in_use")
	require.NoError(t, b.store.RevokeToken(ctx, b.account.ID, token.ID))
	require.NoError(t, b.store.DeleteRole(ctx, b.account.ID, role.ID))
	requireCode(t, b.store.DeleteRole(ctx, b.account.ID, role.ID), directory.KindNotFound, "not_found")
	requireCode(t, b.store.DeleteRole(ctx, b.account.ID, directory.RoleUserAdmin), directory.KindConflict, "role_built_in")
	requireCode(t, b.store.DeleteRole(ctx, b.account.ID, directory.RoleAccountOwner), directory.KindConflict, "role_built_in")
}

func TestOrganizations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	sales, err := b.store.CreateOrganization(ctx, b.account.ID, "Sales EMEA")
	require.NoError(t, err)
	require.Equal(t, "sales_emea", sales.ID)
	_, err = b.store.CreateOrganization(ctx, b.account.ID, "Sales EMEA")
	requireCode(t, err, directory.KindConflict, "organization_exists")

	require.NoError(t, b.store.DeleteOrganization(ctx, b.account.ID, sales.ID))
	requireCode(t, b.store.DeleteOrganization(ctx, b.account.ID, sales.ID), directory.KindNotFound, "not_found")
}

package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// pushedGroup makes a group that a SCIM client pushed.
func (b *bench) pushedGroup(accountID, name string) string {
	b.Helper()
	id := uuid.NewString()
	_, err := b.db.Exec(`INSERT INTO groups (id, account_id, name, source) VALUES ($1, $2, $3, 'scim')`, id, accountID, name)
	require.NoError(b, err)
	return id
}

func (b *bench) putMappings(token, roles, organizations string) answer {
	b.Helper()
	return b.send("PUT", "/v1/scim/mappings", token, `{"role_mappings":[`+roles+`],"organization_mappings":[`+organizations+`]}`)
}

func roleRule(group, role string) string {
	return fmt.Sprintf(`{"group_id":%q,"role_id":%q}`, group, role)
}

func organizationRule(group, organization string) string {
	return fmt.Sprintf(`{"group_id":%q,"organization_id":%q}`, group, organization)
}

func TestC5_C6_SCIMMappingsAreSavedWithNames(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	require.Equal(t, map[string]any{"role_mappings": []any{}, "organization_mappings": []any{}}, b.get("/v1/scim/mappings").json(t))
	group := b.pushedGroup(b.account.ID, "Finance")
	require.Equal(t, http.StatusCreated, b.post("/v1/roles", `{"name":"Auditor"}`).Status)
	saved := b.putMappings(b.owner, strings.Replace(roleRule(group, "auditor"), `}`, `,"role_name":"Made up"}`, 1), organizationRule(group, "all"))
	require.Equal(t, http.StatusOK, saved.Status, saved.Text)
	want := map[string]any{
		"role_mappings":         []any{map[string]any{"group_id": group, "role_id": "auditor", "role_name": "Auditor"}},
		"organization_mappings": []any{map[string]any{"group_id": group, "organization_id": "all", "organization_name": "All organizations"}},
	}
	require.Equal(t, want, saved.json(t))
	require.Equal(t, want, b.get("/v1/scim/mappings").json(t))

	_, err := b.db.Exec(`DELETE FROM groups WHERE id = $1`, group)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, b.putMappings(b.owner, roleRule(group, "member"), "").Status, "a group that was mapped before is not looked for")
	require.Equal(t, http.StatusOK, b.putMappings(b.owner, "", "").Status)
	refused := b.putMappings(b.owner, roleRule(group, "member"), "")
	require.Equal(t, []string{"role_mappings[0].group_id"}, refused.fields(t))
}

func TestC5_C6_SCIMMappingsThatCannotBe(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	group, synced := b.pushedGroup(b.account.ID, "Finance"), b.newGroup("Engineering")
	other, _ := b.newAccount("Fabrikam")
	foreign := b.pushedGroup(other.ID, "Finance")
	_, err := b.store.CreateRole(t.Context(), other.ID, "Auditor")
	require.NoError(t, err)
	_, err = b.store.CreateOrganization(t.Context(), other.ID, "Sales")
	require.NoError(t, err)
	refused := b.putMappings(b.owner,
		strings.Join([]string{roleRule(group, "auditor"), roleRule(group, "member"), roleRule(foreign, "member"), roleRule(synced, "account_owner"), roleRule("x", "member")}, ","),
		organizationRule(group, "sales")+","+organizationRule(uuid.NewString(), "all"))
	b.requireProblem(refused, http.StatusUnprocessableEntity, "invalid")
	require.ElementsMatch(t, []string{
		"role_mappings[0].role_id", "role_mappings[1].group_id", "role_mappings[2].group_id", "role_mappings[3].role_id", "role_mappings[3].group_id",
		"role_mappings[4].group_id", "organization_mappings[0].organization_id", "organization_mappings[1].group_id",
	}, refused.fields(t))

	many := make([]string, 1001)
	for i := range many {
		many[i] = roleRule(uuid.NewString(), "member")
	}
	refused = b.putMappings(b.owner, strings.Join(many, ","), "")
	require.Equal(t, []string{"role_mappings"}, refused.fields(t))
	for _, body := range []string{`{}`, `{"role_mappings":[]}`, `{"role_mappings":null,"organization_mappings":null}`, `{"role_mappings":[{}],"organization_mappings":[]}`} {
		b.requireProblem(b.send("PUT", "/v1/scim/mappings", b.owner, body), http.StatusUnprocessableEntity, "")
	}
	require.Empty(t, b.get("/v1/scim/mappings").json(t)["role_mappings"])
}

// Who may not make admins by hand makes none by a group.
func TestC5_SCIMMappingsToAdminsAreNotForUserAdmins(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	group, userAdmin := b.pushedGroup(b.account.ID, "Finance"), b.newToken(directory.RoleUserAdmin)
	for _, role := range []string{"super_admin", "user_admin"} {
		b.requireProblem(b.putMappings(userAdmin, roleRule(group, role), ""), http.StatusForbidden, "role_forbidden")
	}
	require.Equal(t, http.StatusOK, b.putMappings(userAdmin, roleRule(group, "member"), "").Status)
	require.Equal(t, http.StatusOK, b.putMappings(b.newToken(directory.RoleSuperAdmin), roleRule(group, "super_admin"), "").Status)
	require.Equal(t, http.StatusOK, b.putMappings(userAdmin, roleRule(group, "super_admin"), organizationRule(group, "all")).Status, "nothing about roles")
	require.Equal(t, http.StatusOK, b.putMappings(userAdmin, "", "").Status, "that gives nothing, and takes nothing")
	b.requireProblem(b.putMappings(userAdmin, roleRule(group, "super_admin"), ""), http.StatusForbidden, "role_forbidden")
	b.requireProblem(b.putMappings(b.newToken(directory.RoleMember), "", ""), http.StatusForbidden, "role_forbidden")
}

// Whoever holds a SCIM token puts users into groups, and gives every mapped role so.
func TestC5_UserAdminsMakeNoSCIMTokenWhileAdminsAreMapped(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	group, userAdmin := b.pushedGroup(b.account.ID, "Admins"), b.newToken(directory.RoleUserAdmin)
	mint := func(token string) answer { return b.send("POST", "/v1/scim/tokens", token, `{"name":"Okta"}`) }
	require.Equal(t, http.StatusOK, b.putMappings(b.owner, roleRule(group, "member"), "").Status)
	require.Equal(t, http.StatusCreated, mint(userAdmin).Status)
	for _, role := range []string{"super_admin", "user_admin"} {
		require.Equal(t, http.StatusOK, b.putMappings(b.owner, roleRule(group, role), "").Status)
		b.requireProblem(mint(userAdmin), http.StatusForbidden, "role_forbidden")
	}
	require.Equal(t, http.StatusCreated, mint(b.newToken(directory.RoleSuperAdmin)).Status)
	require.Len(t, b.get("/v1/scim/tokens").json(t)["items"], 2)
}

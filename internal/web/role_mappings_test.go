package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// C5, C6: what a mapping gives is shown with its name, the order of the list stays, and what is gone since
// keeps nobody from saving something else.
func TestC5_RoleMappingsAreSavedWithNames(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	require.Equal(t, http.StatusCreated, b.post("/v1/roles", `{"name":"Auditor"}`).Status)
	require.Equal(t, http.StatusCreated, b.post("/v1/organizations", `{"name":"Berlin"}`).Status)
	path := "/v1/configurations/" + b.configure()
	a := b.send("PATCH", path, b.owner, `{"role_mappings":[{"group_id":"g-2","role_id":"auditor","role_name":"Super admin"},{"group_id":"g-1","role_id":"super_admin"}],
		"organization_mappings":[{"group_id":"g-1","organization_id":"all"},{"group_id":"g-2","organization_id":"berlin"}]}`)
	require.Equal(t, http.StatusOK, a.Status, a.Text)
	roles := []any{
		map[string]any{"group_id": "g-2", "role_id": "auditor", "role_name": "Auditor"},
		map[string]any{"group_id": "g-1", "role_id": "super_admin", "role_name": "Super admin"},
	}
	organizations := []any{
		map[string]any{"group_id": "g-1", "organization_id": "all", "organization_name": "All organizations"},
		map[string]any{"group_id": "g-2", "organization_id": "berlin", "organization_name": "Berlin"},
	}
	saved := func() {
		t.Helper()
		c := b.get(path).json(t)
		require.Equal(t, roles, c["role_mappings"])
		require.Equal(t, organizations, c["organization_mappings"])
	}
	saved()
	require.Equal(t, http.StatusNoContent, b.send("DELETE", "/v1/roles/auditor", b.owner, "").Status)
	require.Equal(t, http.StatusNoContent, b.send("DELETE", "/v1/organizations/berlin", b.owner, "").Status)
	a = b.send("PATCH", path, b.owner, `{"name":"Staff","role_mappings":[{"group_id":"g-2","role_id":"auditor"},{"group_id":"g-1","role_id":"super_admin"}]}`)
	require.Equal(t, http.StatusOK, a.Status, a.Text)
	saved()
	b.loseGroup("g-2")
	a = b.send("PATCH", path, b.owner, `{"name":"People"}`)
	require.Equal(t, http.StatusOK, a.Status, a.Text)
	saved()
	a = b.send("PATCH", path, b.owner, `{"role_mappings":[],"organization_mappings":[]}`)
	require.Equal(t, http.StatusOK, a.Status, a.Text)
	require.Empty(t, b.get(path).json(t)["role_mappings"])
}

func TestC5_MistakesOfMappingsAreNamedByField(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	path := "/v1/configurations/" + b.configure()
	before := b.digest()
	many := strings.TrimSuffix(strings.Repeat(`{"group_id":"g-1","role_id":"member"},`, 1001), ",")
	for body, fields := range map[string][]string{
		`{"role_mappings":[{"group_id":"g-1","role_id":"account_owner"}]}`:                                                  {"role_mappings[0].role_id"},
		`{"role_mappings":[{"group_id":"g-1","role_id":"nobody"},{"group_id":"g-9","role_id":"member"}]}`:                   {"role_mappings[0].role_id", "role_mappings[1].group_id"},
		`{"role_mappings":[{"group_id":"g-1","role_id":"member"},{"group_id":"g-1","role_id":"user_admin"}]}`:               {"role_mappings[1].group_id"},
		`{"role_mappings":[{"group_id":"","role_id":""}]}`:                                                                  {"role_mappings[0].group_id", "role_mappings[0].role_id"},
		`{"role_mappings":[` + many + `]}`:                                                                                  {"role_mappings"},
		`{"organization_mappings":[{"group_id":"g-1","organization_id":"none"}]}`:                                           {"organization_mappings[0].organization_id"},
		`{"organization_mappings":[{"group_id":"g-9","organization_id":"all"},{"group_id":"g-9","organization_id":"all"}]}`: {"organization_mappings[0].group_id", "organization_mappings[1].group_id", "organization_mappings[1].group_id"},
	} {
		for _, to := range []string{path, path + "/preview"} {
			method := "PATCH"
			if to != path {
				method = "POST"
			}
			a := b.send(method, to, b.owner, body)
			b.requireProblem(a, http.StatusUnprocessableEntity, "invalid")
			require.ElementsMatch(t, fields, a.fields(t), body)
		}
	}
	require.Equal(t, before, b.digest())
}

// Nobody has a mapping give what they may not give by hand.
func TestC5_UserAdminsMapNobodyToAdminRoles(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	path := "/v1/configurations/" + b.configure()
	userAdmin := b.newToken("user_admin")
	for _, role := range []string{"user_admin", "super_admin"} {
		a := b.send("PATCH", path, userAdmin, fmt.Sprintf(`{"role_mappings":[{"group_id":"g-1","role_id":%q}]}`, role))
		require.Equal(t, http.StatusForbidden, a.Status, a.Text)
	}
	require.Empty(t, b.get(path).json(t)["role_mappings"])
	a := b.send("PATCH", path, b.newToken("super_admin"), `{"role_mappings":[{"group_id":"g-1","role_id":"super_admin"}]}`)
	require.Equal(t, http.StatusOK, a.Status, a.Text)
	a = b.send("PATCH", path, userAdmin, `{"name":"Staff","role_mappings":[{"group_id":"g-2","role_id":"member"},{"group_id":"g-1","role_id":"super_admin"}]}`)
	require.Equal(t, http.StatusOK, a.Status, "what an owner mapped stays: "+a.Text)
}

// A mapping names a group by the id that lists of groups have: it would not hold by another name, such as the
// address, by which Google finds a group too.
func TestC5_C6_GroupsAreMappedByTheirIDs(t *testing.T) {
	t.Parallel()
	b := newGoogleBench(t)
	connection := b.connectGoogle()
	refused := b.post("/v1/configurations", configurationBody(connection, `,"role_mappings":[{"group_id":"eng@contoso.example","role_id":"member"}],
		"organization_mappings":[{"group_id":"eng@contoso.example","organization_id":"all"},{"group_id":"9","organization_id":"all"}]`))
	b.requireProblem(refused, http.StatusUnprocessableEntity, "invalid")
	require.ElementsMatch(t, []string{"role_mappings[0].group_id", "organization_mappings[0].group_id", "organization_mappings[1].group_id"}, refused.fields(t))
	require.Contains(t, refused.Text, `The id of this group is \"201\". Use that.`)
	made := b.post("/v1/configurations", configurationBody(connection, `,"scope":{"kind":"groups","group_ids":["eng@contoso.example"]},
		"role_mappings":[{"group_id":"201","role_id":"member"}]`))
	require.Equal(t, http.StatusCreated, made.Status, made.Text)
}

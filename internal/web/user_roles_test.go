package web_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

func (b *bench) patchUser(id, token, body string) answer {
	b.Helper()
	return b.send("PATCH", "/v1/users/"+id, token, body)
}

func TestC5_RolesAndOrganizationsByHand(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ana, _ := b.newUser("ana@contoso.example", directory.Active)
	require.Equal(t, http.StatusCreated, b.post("/v1/roles", `{"name":"Auditor"}`).Status)
	require.Equal(t, http.StatusCreated, b.post("/v1/organizations", `{"name":"Sales"}`).Status)
	given := b.patchUser(ana, b.owner, `{"role":"auditor","organization":"sales"}`)
	require.Equal(t, http.StatusOK, given.Status, given.Text)
	require.Equal(t, "auditor", given.json(t)["role"])
	require.Equal(t, "sales", given.json(t)["organization"])
	require.Equal(t, []any{}, given.json(t)["groups"])
	require.Contains(t, b.workflows.seen(), "mail-waiting mail-outbox/"+b.account.ID)
	change := b.get("/v1/changes?user_id=" + ana).json(t)["items"].([]any)[0].(map[string]any)
	require.Equal(t, "admin", change["source"])
	require.Equal(t, map[string]any{"role": "member", "organization": ""}, change["before"])
	require.Equal(t, map[string]any{"role": "auditor", "organization": "sales"}, change["after"])

	require.Nil(t, b.patchUser(ana, b.owner, `{"organization":""}`).json(t)["organization"])
	require.Equal(t, "all", b.patchUser(ana, b.owner, `{"organization":"all"}`).json(t)["organization"])
	for body, field := range map[string]string{`{"role":"nobody"}`: "role", `{"role":""}`: "role", `{"organization":"nowhere"}`: "organization"} {
		refused := b.patchUser(ana, b.owner, body)
		b.requireProblem(refused, http.StatusUnprocessableEntity, "")
		require.Equal(t, []string{field}, refused.fields(t))
	}

	require.Equal(t, http.StatusNoContent, b.send("DELETE", "/v1/roles/auditor", b.owner, "").Status)
	require.Equal(t, "member", b.get("/v1/users/" + ana).json(t)["role"])
	b.requireProblem(b.send("DELETE", "/v1/organizations/all", b.owner, ""), http.StatusConflict, "organization_built_in")
}

func TestC5_WhoMayGiveWhichRole(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ana, _ := b.newUser("ana@contoso.example", directory.Active)
	tokens := map[string]string{"owner": b.owner, "super": b.newToken(directory.RoleSuperAdmin), "user": b.newToken(directory.RoleUserAdmin)}
	require.Equal(t, http.StatusCreated, b.post("/v1/roles", `{"name":"Auditor"}`).Status)
	for _, row := range []struct {
		who, from, to string
		status        int
	}{
		{"user", "member", "auditor", 200},
		{"user", "auditor", "member", 200},
		{"user", "member", "user_admin", 403},
		{"user", "user_admin", "member", 403},
		{"user", "member", "super_admin", 403},
		{"user", "super_admin", "auditor", 403},
		{"user", "member", "account_owner", 403},
		{"user", "super_admin", "super_admin", 200}, // nothing is given or taken
		{"super", "member", "user_admin", 200},
		{"super", "super_admin", "member", 200},
		{"super", "auditor", "super_admin", 200},
		{"super", "member", "account_owner", 403},
		{"super", "account_owner", "member", 403},
		{"owner", "member", "account_owner", 200},
		{"owner", "account_owner", "member", 200},
	} {
		_, err := b.db.Exec(`UPDATE users SET role_id = $2 WHERE id = $1`, ana, row.from)
		require.NoError(t, err)
		a := b.patchUser(ana, tokens[row.who], `{"role":"`+row.to+`"}`)
		now := row.to
		if row.status == http.StatusForbidden {
			b.requireProblem(a, row.status, "role_forbidden")
			now = row.from
		}
		require.Equal(t, row.status, a.Status, "%v: %s", row, a.Text)
		require.Equal(t, now, b.get("/v1/users/" + ana).json(t)["role"], "%v", row)
	}
	b.requireProblem(b.patchUser(b.ownerID(), b.owner, `{"role":"member"}`), http.StatusConflict, "last_admin")
	_, stranger := b.newAccount("Fabrikam")
	b.requireProblem(b.patchUser(ana, stranger, `{"role":"member"}`), http.StatusNotFound, "not_found")
}

// Who may not take a role does not keep a mapping from taking it either.
func TestC5_UserAdminsMakeNobodyAnAdminForGood(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ana, _ := b.newUser("ana@contoso.example", directory.Active)
	_, err := b.db.Exec(`UPDATE users SET role_id = 'super_admin', role_mapped = true WHERE id = $1`, ana)
	require.NoError(t, err)
	mapped := func() (mapped bool) {
		t.Helper()
		require.NoError(t, b.db.Get(&mapped, `SELECT role_mapped FROM users WHERE id = $1`, ana))
		return mapped
	}
	b.requireProblem(b.patchUser(ana, b.newToken(directory.RoleUserAdmin), `{"role":"super_admin"}`), http.StatusForbidden, "role_forbidden")
	require.True(t, mapped())
	require.Equal(t, http.StatusOK, b.patchUser(ana, b.newToken(directory.RoleUserAdmin), `{"organization":"all"}`).Status)
	require.True(t, mapped())
	require.Equal(t, http.StatusOK, b.patchUser(ana, b.newToken(directory.RoleSuperAdmin), `{"role":"super_admin"}`).Status)
	require.False(t, mapped())
}

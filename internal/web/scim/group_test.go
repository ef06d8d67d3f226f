package scim_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

func TestD4_LifeOfAGroup(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ana, bob := b.newUser("ana@corp.example"), b.newUser("bob@corp.example")
	woken := b.woken.Load()
	created := b.send("POST", "/Groups", map[string]any{
		"schemas": []string{schema.GroupURN}, "displayName": "Finance", "externalId": "g-1", "members": values([]string{ana, nobody}),
	})
	require.Equal(t, http.StatusCreated, created.status, created.text)
	id := created.body["id"].(string)
	path := "/Groups/" + id
	require.Equal(t, base+path, created.header.Get("Location"))
	require.Equal(t, []any{map[string]any{"value": ana, "$ref": base + "/Users/" + ana, "display": "Kim Roe", "type": "User"}}, created.body["members"], "only who is there")
	require.Equal(t, "g-1", created.body["externalId"])
	require.Equal(t, "Group", created.body["meta"].(map[string]any)["resourceType"])
	require.Equal(t, created.body, b.get(path).body)

	put := func(body map[string]any) map[string]any {
		body["schemas"] = []string{schema.GroupURN}
		a := b.send("PUT", path, body)
		require.Equal(t, http.StatusOK, a.status, a.text)
		return a.body
	}
	require.Equal(t, []string{ana}, valuesOf(put(map[string]any{"displayName": "Finance EU"}), "members"), "without members they stay")
	require.Equal(t, []string{bob}, valuesOf(put(map[string]any{"displayName": "Finance EU", "members": values([]string{bob})}), "members"))
	require.Empty(t, valuesOf(put(map[string]any{"displayName": "Finance EU", "members": []any{}}), "members"))
	require.Equal(t, woken+4, b.woken.Load(), "webhooks are told of each change")

	require.Equal(t, http.StatusNoContent, b.send("DELETE", path, nil).status)
	require.Equal(t, woken+5, b.woken.Load())
	b.requireError(b.get(path), http.StatusNotFound, "")
}

func TestD4_MemberWithoutAName(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.made("/Users", map[string]any{"schemas": []string{schema.UserURN}, "userName": "ana@corp.example"})["id"].(string)
	members := b.get("/Groups/" + b.newGroup("Finance", id)).body["members"]
	require.Equal(t, []any{map[string]any{"value": id, "$ref": base + "/Users/" + id, "type": "User"}}, members)
}

func TestCaseF2_RenameWithoutMembers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	u1, u2 := b.newUser("u1@corp.example"), b.newUser("u2@corp.example")
	path := "/Groups/" + b.newGroup("Finance", u1, u2)
	id := b.get(path).body["id"]
	renamed := b.patched(path, op("replace", "", map[string]any{"id": id, "displayName": "Finance EU"}))
	require.Equal(t, "Finance EU", renamed["displayName"])
	require.ElementsMatch(t, []string{u1, u2}, valuesOf(renamed, "members"))
	b.requireError(b.send("PATCH", path, patch(op("replace", "", map[string]any{"id": nobody, "displayName": "x"}))), http.StatusBadRequest, "mutability")
	external := b.patched(path, op("replace", "externalId", "x-1"))
	require.Equal(t, "x-1", external["externalId"])
	require.Equal(t, "Finance EU", external["displayName"])
	require.ElementsMatch(t, []string{u1, u2}, valuesOf(external, "members"))
}

// addHidden makes n copies of a user, whom clients do not see, and makes them members of groups.
func (b *bench) addHidden(user string, n int, groups ...string) {
	b.Helper()
	ids := make(pq.StringArray, len(groups))
	for i, path := range groups {
		ids[i] = strings.TrimPrefix(path, "/Groups/")
	}
	_, err := b.db.Exec(`
		WITH made AS (INSERT INTO users (id, account_id, email, email_key, first_name, last_name, status, deactivated_by, source)
		              SELECT gen_random_uuid(), account_id, n || email, n || email_key, first_name, last_name, 'deactivated', 'source', source
		              FROM users, generate_series(1, $2::int) n WHERE id = $1 RETURNING id, account_id)
		INSERT INTO memberships (account_id, group_id, user_id) SELECT account_id, g, id FROM made, unnest($3::uuid[]) g`, user, n, ids)
	require.NoError(b, err)
}

// RFC 7644, section 3.5.2, allows 204 where the client named no attributes.
func TestD4_PatchOfALargeGroup(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ana := b.newUser("ana@corp.example")
	path := "/Groups/" + b.newGroup("Everyone", ana)
	b.addHidden(ana, 999, path)
	require.Equal(t, []string{ana}, valuesOf(b.patched(path, op("replace", "displayName", "All")), "members"))
	b.addHidden(b.newUser("bob@corp.example"), 1, path)
	a := b.send("PATCH", path, patch(op("replace", "displayName", "Everybody")))
	require.Equal(t, http.StatusNoContent, a.status, a.text)
	require.Empty(t, a.text)
	read := b.get(path)
	require.Equal(t, "Everybody", read.body["displayName"])
	require.Equal(t, read.header.Get("ETag"), a.header.Get("ETag"))
	require.Equal(t, base+path, a.header.Get("Location"))
	require.Equal(t, "All", b.patched(path+"?excludedAttributes=members", op("replace", "displayName", "All"))["displayName"])
	require.Equal(t, []string{ana}, valuesOf(b.patched(path+"?attributes=members", op("replace", "displayName", "x")), "members"))
}

func TestD4_NestedGroupsAreRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	inner := b.newGroup("Inner")
	members := []any{map[string]any{"value": inner, "type": "Group"}}
	group := map[string]any{"schemas": []string{schema.GroupURN}, "displayName": "Outer", "members": members}
	path := "/Groups/" + b.newGroup("Outer")
	for _, a := range []answer{b.send("POST", "/Groups", group), b.send("PUT", path, group), b.send("PATCH", path, patch(op("Add", "members", members)))} {
		b.requireError(a, http.StatusBadRequest, "invalidValue")
		require.Contains(t, a.body["detail"], "nested groups are not supported")
	}
}

func TestCaseG2_MemberRemoval(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var u []string
	for _, name := range []string{"u1@corp.example", "u2@corp.example", "u3@corp.example", "u4@corp.example", "u5@corp.example"} {
		u = append(u, b.newUser(name))
	}
	path := "/Groups/" + b.newGroup("Finance", u...)
	members := func(operations ...any) []string { return valuesOf(b.patched(path, operations...), "members") }
	require.ElementsMatch(t, u[1:], members(op("Remove", "members", values(u[:1]))))
	require.ElementsMatch(t, u[2:], members(op("remove", `members[value eq "`+u[1]+`"]`, nil)))
	require.Equal(t, []string{u[3]}, members(op("remove", `members[value eq "`+u[2]+`"]`, nil), op("remove", `members[value eq "`+u[4]+`"]`, nil)))
	require.Equal(t, []string{u[3]}, members(op("remove", "members", values([]string{nobody}))))
	require.Equal(t, []string{u[3]}, members(op("add", "members", values(u[3:4]))))
	b.requireError(b.send("PATCH", path, patch(op("Remove", "members", []any{map[string]any{}}))), http.StatusBadRequest, "invalidValue")
	require.Equal(t, []string{u[3]}, valuesOf(b.get(path).body, "members"))
}

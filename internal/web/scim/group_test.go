package scim_test

import (
	"net/http"
	"testing"

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
	require.Equal(t, woken, b.woken.Load(), "groups leave no mail")

	require.Equal(t, http.StatusNoContent, b.send("DELETE", path, nil).status)
	b.requireError(b.get(path), http.StatusNotFound, "")
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

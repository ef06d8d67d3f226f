package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestCaseG1_EntrasDefaultDialect(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	posted := p.must(http.StatusCreated, http.MethodPost, "/Users?aadOptscim062020", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],
		"UserName":"bob@corp.example","Active":true,"externalId":"x1","name":{"familyName":"Lee","givenName":"Bob"},
		"emails":[{"Primary":true,"type":"work","value":"bob@corp.example"}]}`)
	id := posted.body["id"].(string)
	require.Equal(t, "bob@corp.example", posted.body["userName"])
	require.Equal(t, true, posted.body["active"])
	require.Equal(t, []any{object{"primary": true, "type": "work", "value": "bob@corp.example"}}, posted.body["emails"])
	for _, stray := range []string{"UserName", "Active"} {
		require.NotContains(t, posted.body, stray)
	}
	require.Equal(t, directory.Active, p.userByID(id).Status)
	require.Equal(t, "Bob", p.userByID(id).FirstName)

	for _, path := range []string{"/Users/" + id, "/Users/" + id + "?aadOptscim062020"} {
		for _, step := range []struct {
			op     object
			active bool
		}{
			{op("Replace", "active", "False"), false}, {op("Replace", "active", "True"), true}, {op("replace", "active", false), false},
			{op("Add", "Active", "true"), true}, {op("replace", "active", "false"), false}, {op("replace", "", object{"Active": "True"}), true},
			{op("Replace", "", object{"active": "False"}), false}, {op("replace", userURN+":active", true), true},
		} {
			r := p.send(http.MethodPatch, path, patchOf(step.op))
			require.Contains(t, []int{http.StatusOK, http.StatusNoContent}, r.status, r.text)
			require.Equal(t, step.active, p.read(id)["active"], "%v", step.op)
			status := map[bool]directory.UserStatus{true: directory.Active, false: directory.Deactivated}[step.active]
			require.Equal(t, status, p.userByID(id).Status, "%v", step.op)
		}
		p.denied(http.StatusBadRequest, "invalidValue", http.MethodPatch, path, patchOf(op("Replace", "title", "Lead"), op("Replace", "active", "no")))
		require.Equal(t, true, p.read(id)["active"])
		require.NotContains(t, p.read(id), "title", "nothing is changed")
	}
}

func TestCaseG2_EntraRemovesMembersInBothForms(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	u := p.pushedMany(6)
	id := p.team("Design", u[:5]...)
	path := "/Groups/" + id
	left := func(operations []object, want ...string) {
		t.Helper()
		r := p.send(http.MethodPatch, path, patchOf(operations...))
		require.Contains(t, []int{http.StatusOK, http.StatusNoContent}, r.status, r.text)
		require.Equal(t, sorted(want...), p.members(id))
	}
	without := func(id string) object { return op("remove", `members[value eq "`+id+`"]`, nil) }

	left([]object{op("Remove", "members", refs(u[0]))}, u[1:5]...)
	left([]object{without(u[1])}, u[2:5]...)
	left([]object{without(u[2]), without(u[4])}, u[3])
	left([]object{op("Remove", "members", refs(u[5]))}, u[3])
	left([]object{without(u[5])}, u[3])
	left([]object{op("Add", "members", refs(u[3]))}, u[3])
	left([]object{op("add", "", object{"members": refs(u[3])})}, u[3])
	p.must(http.StatusBadRequest, http.MethodPatch, path, patchOf(op("Remove", "members", []object{{}})))
	require.Equal(t, []string{u[3]}, p.members(id))
	require.Equal(t, 1, p.count(`SELECT count(*) FROM memberships WHERE group_id = $1`, id), "each member is there once")
	left([]object{op("Add", "members", append(refs(u[0]), object{"$ref": nil, "value": u[1]}))}, u[0], u[1], u[3])
	left([]object{op("remove", "members", nil)})
}

func TestCaseG3_TheWorkAddressThatIsNotThere(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	const work = `emails[type eq "work"].value`
	user := func(name string, emails any) string {
		more := object{"emails": emails}
		return "/Users/" + p.create(pushed(name, more))
	}
	email := func(path string) string { return p.userByID(path[len("/Users/"):]).Email }

	a := user("a@corp.example", []object{{"value": "old@corp.example", "primary": true}})
	require.Equal(t, "old@corp.example", email(a))
	now := p.patch(a, op("Replace", work, "new@corp.example"))
	require.Equal(t, []any{object{"value": "new@corp.example", "type": "work", "primary": true}}, now["emails"])
	require.Equal(t, "new@corp.example", email(a))
	old := user("old@corp.example", []object{{"value": "old@corp.example"}})
	require.NotEqual(t, a, old, "the old address is free again, for somebody else")

	b := user("b@corp.example", []object{})
	require.Equal(t, "b@corp.example", email(b), "who has no address is written to at their user name")
	now = p.patch(b, op("Add", work, "work@corp.example"))
	require.Equal(t, []string{"work@corp.example"}, valuesOf(now["emails"]))
	require.Equal(t, "work", dig(now, "emails", 0, "type"))
	require.Equal(t, "work@corp.example", email(b))

	r := p.send(http.MethodPatch, b, patchOf(op("Remove", work, "other@corp.example")))
	require.Contains(t, []int{http.StatusOK, http.StatusNoContent, http.StatusBadRequest}, r.status, r.text)
	require.Equal(t, now["emails"], p.must(http.StatusOK, http.MethodGet, b, nil).body["emails"], "the value of a removal is no new address")
	require.Equal(t, "work@corp.example", email(b))

	now = p.patch(a, op("add", "emails[primary eq true].value", "p@corp.example"))
	require.Equal(t, []any{object{"value": "p@corp.example", "type": "work", "primary": true}}, now["emails"])
	require.Equal(t, "p@corp.example", email(a))

	c := user("c@corp.example", []object{{"value": "home@corp.example", "type": "home"}})
	now = p.patch(c, op("Replace", `addresses[type eq "work"].locality`, "Bern"), op("Add", `phoneNumbers[type eq "mobile"].value`, "+41 31 5550100"))
	require.Equal(t, "Bern", dig(now, "addresses", 0, "locality"), "nor is any other entry that is not there yet refused")
	require.Equal(t, "work", dig(now, "addresses", 0, "type"))
	require.Equal(t, []any{object{"type": "mobile", "value": "+41 31 5550100"}}, now["phoneNumbers"])
	require.Equal(t, "home@corp.example", email(c))
}

func TestCaseG4_FlaggedEntraSendsDottedKeys(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	for i, kind := range []string{"add", "replace"} {
		id := p.create(pushed("foo"+number(i)+"@corp.example", object{"name": object{"givenName": "Old", "familyName": "Old", "middleName": "M"}}))
		now := p.patch("/Users/"+id, op(kind, "", object{
			"displayName": "Foo Bar", "title": "Lead", "name.givenName": "Foo", "name.familyName": "Bar",
			enterpriseURN + ":department": "Sales",
		}))
		require.Equal(t, object{"givenName": "Foo", "familyName": "Bar", "middleName": "M"}, now["name"])
		require.Equal(t, "Lead", now["title"])
		require.Equal(t, "Foo Bar", now["displayName"])
		require.Equal(t, object{"department": "Sales"}, now[enterpriseURN])
		for _, stray := range []string{"name.givenName", "name.familyName", enterpriseURN + ":department"} {
			require.NotContains(t, now, stray)
		}
		u := p.userByID(id)
		require.Equal(t, []string{"Foo", "Bar"}, []string{u.FirstName, u.LastName})
	}
}

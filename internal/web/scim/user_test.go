package scim_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
	"github.com/rollcall-sync/rollcall/internal/store"
)

func TestD3_LifeOfAUser(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	created := b.send("POST", "/Users", person("ana@corp.example"))
	require.Equal(t, http.StatusCreated, created.status, created.text)
	require.Equal(t, media, created.header.Get("Content-Type"))
	id := created.body["id"].(string)
	require.Equal(t, base+"/Users/"+id, created.header.Get("Location"))
	require.Equal(t, []any{schema.UserURN}, created.body["schemas"])
	require.Equal(t, true, created.body["active"])
	require.Equal(t, "ext-ana@corp.example", created.body["externalId"])
	meta := created.body["meta"].(map[string]any)
	require.Equal(t, "User", meta["resourceType"])
	require.Equal(t, base+"/Users/"+id, meta["location"])
	require.Equal(t, created.header.Get("ETag"), meta["version"])
	require.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$`, meta["created"])
	require.EqualValues(t, 1, b.woken.Load(), "the user's mail is sent")

	read := b.get("/Users/" + id)
	require.Equal(t, http.StatusOK, read.status)
	require.Equal(t, created.body, read.body)
	require.Equal(t, created.header.Get("ETag"), read.header.Get("ETag"))

	changed := person("ana@corp.example")
	changed["title"] = "Lead"
	delete(changed, "active")
	delete(changed, "externalId")
	put := b.send("PUT", "/Users/"+id, changed)
	require.Equal(t, http.StatusOK, put.status, put.text)
	require.Equal(t, "Lead", put.body["title"])
	require.Equal(t, true, put.body["active"], "who is not said to be out stays in")
	require.NotContains(t, put.body, "externalId", "what PUT leaves out is cleared")
	require.NotEqual(t, created.header.Get("ETag"), put.header.Get("ETag"))

	patched := b.patched("/Users/"+id, op("replace", "title", "Head"))
	require.Equal(t, "Head", patched["title"])

	gone := b.send("DELETE", "/Users/"+id, nil)
	require.Equal(t, http.StatusNoContent, gone.status)
	require.Empty(t, gone.text)
	for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
		body := any(changed)
		if method == "PATCH" {
			body = patch(op("replace", "title", "x"))
		}
		b.requireError(b.send(method, "/Users/"+id, body), http.StatusNotFound, "")
	}
	require.Equal(t, id, b.newUser("ana@corp.example"), "who comes back is the same user")
}

func TestD3_NobodyIsThere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, path := range []string{"/Users/" + nobody, "/Users/010101001010101011001010101011", "/Groups/" + nobody, "/Users/%00", "/Users/a%2Fb"} {
		b.requireError(b.get(path), http.StatusNotFound, "")
	}
}

// RFC 7643, section 3.1: id is case-exact.
func TestD8_IDsHaveOneSpelling(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	user := b.newUser("ana@corp.example")
	for kind, id := range map[string]string{"/Users/": user, "/Groups/": b.newGroup("Finance", user)} {
		for _, other := range []string{strings.ToUpper(id), strings.ReplaceAll(id, "-", ""), "urn:uuid:" + id, "%7B" + id + "%7D"} {
			b.requireError(b.get(kind+other), http.StatusNotFound, "")
			b.requireError(b.send("PATCH", kind+other, patch(op("replace", "displayName", "x"))), http.StatusNotFound, "")
			b.requireError(b.send("DELETE", kind+other, nil), http.StatusNotFound, "")
			require.Equal(t, []string{"404"}, statusesOf(b.outcomes(bulk(0, bulkOp("DELETE", kind+other, "", nil)))))
		}
		require.Equal(t, http.StatusOK, b.get(kind+id).status)
	}
}

func TestCaseH1_Uniqueness(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	kim, other := b.newUser("kim@corp.example"), b.newUser("other@corp.example")
	before := b.get("/Users/" + other).body
	b.requireError(b.send("POST", "/Users", map[string]any{"schemas": []string{schema.UserURN}, "userName": "Kim@Corp.Example"}), http.StatusConflict, "uniqueness")
	b.requireError(b.send("PATCH", "/Users/"+other, patch(op("replace", "userName", "KIM@corp.example"))), http.StatusConflict, "uniqueness")
	b.requireError(b.send("PUT", "/Users/"+other, person("Kim@Corp.Example")), http.StatusConflict, "uniqueness")
	require.Equal(t, before, b.get("/Users/"+other).body)
	require.Equal(t, "kim@corp.example", b.get("/Users/" + kim).body["userName"])

	statuses := make(chan int, 2)
	for range 2 {
		go func() {
			a, err := b.try("POST", "/Users", person("new@corp.example"))
			if err != nil {
				a.status = 0
			}
			statuses <- a.status
		}()
	}
	require.ElementsMatch(t, []int{http.StatusCreated, http.StatusConflict}, []int{<-statuses, <-statuses})
}

func TestCaseF1_DeactivationWithoutPath(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.newUser("ana@corp.example")
	group := b.newGroup("Finance", id)
	before := b.get("/Users/" + id).body
	require.Equal(t, []any{map[string]any{"value": group, "display": "Finance", "$ref": base + "/Groups/" + group, "type": "direct"}}, before["groups"])
	for _, active := range []bool{false, false, true} {
		after := b.patched("/Users/"+id, op("replace", "", map[string]any{"active": active}))
		require.Equal(t, active, after["active"])
		found := b.get("/Users?filter=" + url.QueryEscape(`userName eq "ana@corp.example"`)).body
		require.Len(t, found["Resources"], 1)
		require.Equal(t, after, found["Resources"].([]any)[0])
		for _, attribute := range []string{"id", "userName", "emails", "name", "externalId", "groups"} {
			require.Equal(t, before[attribute], after[attribute])
		}
	}
}

func TestCaseF5_WhoWaitsForALicenceIsActive(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, b.token = b.newAccount("Small", 1) // its owner has the licence
	id := b.newUser("new@corp.example")
	require.Equal(t, true, b.get("/Users/" + id).body["active"])
	changed := person("new@corp.example")
	changed["title"] = "Lead"
	a := b.send("PUT", "/Users/"+id, changed)
	require.Equal(t, http.StatusOK, a.status, a.text)
	require.Equal(t, true, a.body["active"])
	require.Equal(t, "Lead", a.body["title"])
	require.Equal(t, false, b.patched("/Users/"+id, op("replace", "active", false))["active"])
	require.Equal(t, http.StatusNoContent, b.send("DELETE", "/Users/"+id, nil).status)
	out := person("out@corp.example")
	out["active"] = false
	require.Equal(t, false, b.made("/Users", out)["active"])
}

func TestCaseG1_EntraDialect(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	bob := b.made("/Users?aadOptscim062020", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"UserName":"bob@corp.example","Active":true,"externalId":"x1",
		"name":{"familyName":"Lee","givenName":"Bob"},"emails":[{"Primary":true,"type":"work","value":"bob@corp.example"}]}`)
	require.Equal(t, "bob@corp.example", bob["userName"])
	require.Equal(t, true, bob["active"])
	require.Equal(t, []any{map[string]any{"primary": true, "type": "work", "value": "bob@corp.example"}}, bob["emails"])
	path := "/Users/" + bob["id"].(string)
	for _, c := range []struct {
		value any
		want  bool
	}{{"False", false}, {"True", true}, {false, false}, {"true", true}, {"false", false}} {
		require.Equal(t, c.want, b.patched(path+"?aadOptscim062020", op("Replace", "active", c.value))["active"], c.value)
	}
	b.requireError(b.send("PATCH", path, patch(op("Replace", "active", "no"))), http.StatusBadRequest, "invalidValue")
	require.Equal(t, false, b.get(path).body["active"])
}

func TestCaseK1_NULCharacter(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	user := b.made("/Users", `{"userName":"ana@corp.example","title":"Q\u0000A","displayName":"Ana\ud83d"}`)
	require.Equal(t, "QA", user["title"])
	require.Equal(t, user["title"], b.patched("/Users/"+user["id"].(string), op("replace", "title", "Q\x00A"))["title"])
}

// RFC 7644, section 3.9.
func TestD8_Attributes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.newUser("ana@corp.example")
	group := b.newGroup("Finance", id)
	keys := func(document map[string]any) []string {
		all := []string{}
		for name := range document {
			all = append(all, name)
		}
		return all
	}
	require.ElementsMatch(t, []string{"schemas", "id", "userName", "name"}, keys(b.get("/Users/"+id+"?attributes=userName,name.familyName").body))
	require.Equal(t, map[string]any{"familyName": "Roe"}, b.get("/Users/" + id + "?attributes=name.familyName").body["name"])
	require.NotContains(t, b.get("/Users/"+id+"?excludedAttributes=groups,name").body, "groups")
	require.NotContains(t, b.get("/Groups/"+group+"?excludedAttributes=members").body, "members")
	require.ElementsMatch(t, []string{"schemas", "id", "displayName"}, keys(b.get("/Groups/"+group+"?attributes=displayName").body))
	listed := b.get("/Users?attributes=userName").body["Resources"].([]any)[0].(map[string]any)
	require.ElementsMatch(t, []string{"schemas", "id", "userName"}, keys(listed))

	require.ElementsMatch(t, []string{"schemas", "id", "userName"}, keys(b.made("/Users?attributes=userName", person("b@corp.example"))))
	require.ElementsMatch(t, []string{"schemas", "id", "userName"}, keys(b.send("PUT", "/Users/"+id+"?attributes=userName", person("ana@corp.example")).body))
	require.ElementsMatch(t, []string{"schemas", "id", "userName"}, keys(b.patched("/Users/"+id+"?attributes=userName", op("add", "title", "x"))))
	require.NotContains(t, b.patched("/Groups/"+group+"?excludedAttributes=members", op("replace", "displayName", "x")), "members")
}

// RFC 7644, section 3.14.
func TestD8_Versions(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	user := b.newUser("ana@corp.example")
	for _, path := range []string{"/Users/" + user, "/Groups/" + b.newGroup("Finance", user)} {
		name := map[bool]string{true: "title", false: "displayName"}[path == "/Users/"+user]
		first := b.get(path).header.Get("ETag")
		require.Regexp(t, `^W/"\d+"$`, first)
		same := b.get(path+"?excludedAttributes=groups,members", header{"If-None-Match", first})
		require.Equal(t, http.StatusNotModified, same.status)
		require.Empty(t, same.text)
		require.Equal(t, first, same.header.Get("ETag"))
		require.Equal(t, http.StatusOK, b.get(path, header{"If-None-Match", `W/"0"`}).status)

		second := b.send("PATCH", path, patch(op("replace", name, "second")), header{"If-Match", first})
		require.Equal(t, http.StatusOK, second.status, second.text)
		require.NotEqual(t, first, second.header.Get("ETag"))
		b.requireError(b.send("PATCH", path, patch(op("replace", name, "third")), header{"If-Match", first}), http.StatusPreconditionFailed, "")
		b.requireError(b.send("DELETE", path, nil, header{"If-Match", first}), http.StatusPreconditionFailed, "")
		again := b.send("PATCH", path, patch(op("replace", name, "second")), header{"If-Match", "*"})
		require.Equal(t, second.header.Get("ETag"), again.header.Get("ETag"), "what changes nothing makes no version")
		require.Equal(t, "second", b.get(path).body[name])
		require.Equal(t, http.StatusNoContent, b.send("DELETE", path, nil, header{"If-Match", `"x", ` + second.header.Get("ETag")}).status)
	}
}

// The version of a user says nothing of their groups, that of a group nothing of its members' names.
func TestD8_VersionsOfWhatNamesOthers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	user := "/Users/" + b.newUser("ana@corp.example")
	group := "/Groups/" + b.newGroup("Finance", strings.TrimPrefix(user, "/Users/"))
	alone, empty := "/Users/"+b.newUser("bob@corp.example"), "/Groups/"+b.newGroup("Sales")
	tags := map[string]string{}
	for _, path := range []string{user, group, alone, empty} {
		tags[path] = b.get(path).header.Get("ETag")
	}
	unchanged := func(path, query string) bool {
		a := b.get(path+query, header{"If-None-Match", tags[path]})
		require.Contains(t, []int{http.StatusOK, http.StatusNotModified}, a.status, a.text)
		return a.status == http.StatusNotModified
	}
	b.patched(group, op("replace", "displayName", "Treasury"))
	require.False(t, unchanged(user, ""))
	require.Equal(t, "Treasury", at(b.get(user, header{"If-None-Match", tags[user]}).body["groups"].([]any)[0].(map[string]any), "display"))
	require.True(t, unchanged(user, "?excludedAttributes=groups"))
	require.True(t, unchanged(user, "?attributes=userName"))
	require.False(t, unchanged(user, "?attributes=groups.display"))
	require.True(t, unchanged(alone, ""))
	require.True(t, unchanged(empty, ""))

	tags[group] = b.get(group).header.Get("ETag")
	b.patched(user, op("replace", "name.givenName", "Ana"))
	require.False(t, unchanged(group, ""))
	require.True(t, unchanged(group, "?excludedAttributes=members"))
}

// What is sent twice changes nothing the second time.
func TestD8_NumbersSentTwice(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	path := "/Users/" + b.newUser("ana@corp.example")
	for _, number := range []json.Number{"1e2", "1.50", "-0.0", "2.5E-3"} {
		set := patch(op("replace", b.extension()+":a_number", number))
		first := b.send("PATCH", path, set)
		require.Equal(t, http.StatusOK, first.status, first.text)
		second := b.send("PATCH", path, set)
		require.Equal(t, first.header.Get("ETag"), second.header.Get("ETag"), number)
		require.Equal(t, first.body, second.body)
	}
}

// Case B1: Entra writes a day as its midnight in UTC.
func TestCaseB1_DaysOfEntra(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	path := "/Users/" + b.newUser("ana@corp.example")
	day := b.extension() + ":a_date"
	require.Equal(t, "2019-06-06", at(b.patched(path, op("Add", day, "2019-06-06T00:00:00Z")), b.extension(), "a_date"))
	b.requireError(b.send("PATCH", path, patch(op("Add", day, "2019-06-06T07:00:00Z"))), http.StatusBadRequest, "invalidValue")
}

func TestCaseL1_WhoIsThereAlreadyIsLinked(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	owner := person("owner@contoso.example")
	owner["displayName"] = "Somebody else"
	id := b.made("/Users", owner)["id"].(string)
	linked, err := b.store.User(t.Context(), b.account.ID, id)
	require.NoError(t, err)
	require.Equal(t, "account_owner", linked.RoleID, "the role is kept")
	for _, a := range []answer{
		b.send("PATCH", "/Users/"+id, patch(op("replace", "active", false))),
		b.send("DELETE", "/Users/"+id, nil),
	} {
		b.requireError(a, http.StatusForbidden, "") // the last account owner
	}
	require.Equal(t, true, b.get("/Users/" + id).body["active"])
}

func TestF11_RemovalsThatAreHeldAreRefusedAndTold(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	none := 0
	_, err := b.store.UpdateSCIMGuard(t.Context(), b.account.ID, store.SCIMGuardPatch{MaxRemovals: &none})
	require.NoError(t, err)
	id := b.newUser("ana@corp.example")
	woken := b.woken.Load()
	b.requireError(b.send("DELETE", "/Users/"+id, nil), http.StatusForbidden, "")
	require.Equal(t, woken+1, b.woken.Load(), "the admins' mail is sent")
	require.Equal(t, http.StatusOK, b.get("/Users/"+id).status)
}

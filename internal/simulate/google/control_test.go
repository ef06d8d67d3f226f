package google_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/simulate/google"
)

func TestDirectoryGoesOutAsItCameIn(t *testing.T) {
	t.Parallel()
	c := start(t, google.Generate(1))
	directory := `{"customer":{"id":"C1","x":1.0},"users":[{"id":"u<1>","n":1e400}],"groups":[{"id":"g","members":["u<1>",{"id":"77"}]}],"schemas":[{"schemaName":"HR"}]}` + "\n"
	c.control(http.MethodPut, "directory", directory, http.StatusNoContent)
	require.Equal(t, directory, string(c.control(http.MethodGet, "directory", "", http.StatusOK).body))
}

func TestRefusedControlsSayWhyAndChangeNothing(t *testing.T) {
	t.Parallel()
	c := start(t, parse(t, nested))
	before := string(c.control(http.MethodGet, "directory", "", http.StatusOK).body)
	for _, refused := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"PUT", "directory", "{\n\"users\":[{]}", 400, "line 2"},
		{"PUT", "directory", `{"users":[{},7]}`, 400, "users[1]"},
		{"PUT", "directory", `{"users":{}}`, 400, "users"},
		{"PUT", "directory", `{"customer":[]}`, 400, "customer"},
		{"PUT", "directory", `[]`, 400, "customer, users, groups and schemas"},
		{"PUT", "directory", `{"groups":[{"members":["a",5]}]}`, 400, "groups[0]: members[1]"},
		{"POST", "users", `[]`, 400, "one JSON object"},
		{"POST", "users", `{"id":"u1"}`, 409, "u1"},
		{"POST", "groups", `{"members":"u1"}`, 400, "members"},
		{"POST", "groups", `{"members":[{"role":"OWNER"}]}`, 400, "members[0]"},
		{"PATCH", "users/none", `{}`, 404, "none"},
		{"PATCH", "users/u1", `{"id":"u2"}`, 400, "id"},
		{"DELETE", "groups/none", ``, 404, "none"},
		{"PUT", "groups/ga/members", `{"a":1}`, 400, "list"},
		{"PUT", "groups/none/members", `[]`, 404, "none"},
	} {
		got := c.control(refused.method, refused.path, refused.body, refused.status)
		require.Equal(t, "application/problem+json", got.header.Get("Content-Type"))
		require.Contains(t, got.object(t)["detail"], refused.says)
	}
	require.Equal(t, before, string(c.control(http.MethodGet, "directory", "", http.StatusOK).body))
}

func TestDirectoryIsEdited(t *testing.T) {
	t.Parallel()
	c := start(t, parse(t, people))
	made := c.control(http.MethodPost, "users", `{"primaryEmail":"new@corp.example","phones":[{"value":"1"}]}`, http.StatusCreated).object(t)
	id := made["id"].(string)
	require.Regexp(t, `^\d{21}$`, id)
	before := c.show("users/" + id)["etag"]
	c.control(http.MethodPatch, "users/"+id, `{"suspended":true,"phones":null}`, http.StatusOK)
	user := c.show("users/new@corp.example")
	require.Equal(t, true, user["suspended"])
	require.NotContains(t, user, "phones", "Google answers no nulls")
	require.NotEqual(t, before, user["etag"])

	c.control(http.MethodPost, "groups", `{"id":"g","email":"g@corp.example","directMembersCount":"9"}`, http.StatusCreated)
	require.Equal(t, "9", c.show("groups/g")["directMembersCount"], "what the object says is served")
	c.control(http.MethodPut, "groups/g/members", `["1",{"id":"2","type":"USER","role":"OWNER"}]`, http.StatusOK)
	require.Equal(t, "2", c.show("groups/g")["directMembersCount"])
	ids, _ := c.all("groups/g/members?", "members", "id")
	require.Equal(t, []string{"1", "2"}, ids)
	c.control(http.MethodDelete, "users/1?permanent=true", "", http.StatusNoContent)
	c.requireError(c.get(api+"users/1"), http.StatusNotFound, "notFound")
	c.control(http.MethodDelete, "users/2", "", http.StatusNoContent)
	c.requireError(c.get(api+"users/2"), http.StatusPreconditionFailed, "conditionNotMet")
	require.Equal(t, "0", c.show("groups/g")["directMembersCount"])
	c.control(http.MethodPost, "expire-delta", "", http.StatusNoContent)
}

func TestFaultsAnswerLikeGoogle(t *testing.T) {
	t.Parallel()
	c := start(t, parse(t, people))
	for status, reason := range map[string]string{
		"400": "badRequest", "401": "authError", "403": "forbidden", "404": "notFound",
		"412": "conditionNotMet", "429": "rateLimitExceeded", "500": "backendError", "503": "backendError",
	} {
		c.control(http.MethodPost, "faults", `{"path":"/users","status":`+status+`,"times":1}`, http.StatusCreated)
		got := c.get(api + "users?customer=my_customer")
		require.Contains(t, string(got.body), `"reason":"`+reason+`"`)
		require.Contains(t, string(got.body), `"code":`+status)
	}
	c.show("users?customer=my_customer")
	c.control(http.MethodPost, "faults", `{"path":"^/token","status":503}`, http.StatusCreated)
	require.Equal(t, "internal_failure", c.refresh("x", "a").object(t)["error"])
	require.Contains(t, string(c.control(http.MethodGet, "requests", "", http.StatusOK).body), `"/admin/directory/v1/users":9`)
}

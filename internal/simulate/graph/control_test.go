package graph_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

func TestDirectoryGoesOutAsItCameIn(t *testing.T) {
	t.Parallel()
	c := start(t, graph.Generate(1))
	directory := `{"organization":{"id":"` + c.tenant.ID() + `","x":1.0},"users":[{"id":"u<1>","n":1e400}],"groups":[{"id":"g","members":["u<1>"]}]}` + "\n"
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
		{"PUT", "directory", `[]`, 400, "organization, users and groups"},
		{"PUT", "directory", `{"groups":[{"members":["a",5]}]}`, 400, "groups[0]: members[1]"},
		{"POST", "users", `[]`, 400, "one JSON object"},
		{"POST", "users", `{"id":"u1"}`, 409, "u1"},
		{"POST", "groups", `{"members":"u1"}`, 400, "members"},
		{"PATCH", "users/none", `{}`, 404, "none"},
		{"PATCH", "users/u1", `{"id":"u2"}`, 400, "id"},
		{"DELETE", "groups/none", ``, 404, "none"},
		{"PUT", "groups/gA/members", `{"a":1}`, 400, "list"},
		{"PUT", "groups/none/members", `[]`, 404, "none"},
		{"POST", "faults", `{"path":"("}`, 400, "regular expression"},
		{"POST", "faults", `{"status":429}`, 400, "path"},
		{"POST", "faults", `{"path":"x","code":1}`, 400, "code"},
		{"POST", "faults", `{"path":"x","times":-1}`, 400, "negative"},
		{"POST", "faults", `{"path":"x","status":99}`, 400, "99"},
		{"GET", "printers", ``, 404, "printers"},
		{"PATCH", "faults", ``, 404, "PATCH"},
	} {
		got := c.control(refused.method, refused.path, refused.body, refused.status)
		require.Equal(t, "application/problem+json", got.header.Get("Content-Type"))
		var problem struct{ Title, Code, Detail string }
		require.NoError(t, json.Unmarshal(got.body, &problem))
		require.Contains(t, problem.Detail, refused.says)
		require.NotEmpty(t, problem.Code)
	}
	require.Equal(t, before, string(c.control(http.MethodGet, "directory", "", http.StatusOK).body))
}

func TestSingleObjectsCanBeEdited(t *testing.T) {
	t.Parallel()
	c := start(t, parse(t, nested))
	created := c.control(http.MethodPost, "users", `{"displayName":"Zoe"}`, http.StatusCreated)
	var user struct{ ID string }
	require.NoError(t, json.Unmarshal(created.body, &user))
	require.Len(t, user.ID, 36)
	c.control(http.MethodPatch, "users/"+user.ID, `{"mobilePhone":null,"displayName":"Zoë","extra":[1]}`, http.StatusOK)
	require.Contains(t, string(c.get("/v1.0/users/"+user.ID+"?$select=displayName,extra,mobilePhone").body),
		`"displayName":"Zoë","extra":[1],"mobilePhone":null}`)

	c.control(http.MethodPost, "groups", `{"id":"gD","members":["`+user.ID+`"]}`, http.StatusCreated)
	require.Equal(t, []string{user.ID}, texts(t, mustAll(c, "/v1.0/groups/gD/members"), "id"))
	c.control(http.MethodDelete, "users/"+user.ID, "", http.StatusNoContent)
	require.Empty(t, mustAll(c, "/v1.0/groups/gD/members"))
	c.control(http.MethodDelete, "groups/gD", "", http.StatusNoContent)
	require.Equal(t, http.StatusNotFound, c.get("/v1.0/groups/gD").status)
}

func TestFaultsAnswerInTheVendorsShape(t *testing.T) {
	t.Parallel()
	c := start(t, graph.Generate(300))
	c.control(http.MethodPost, "faults", `{"path":"/v1\\.0/users\\?.*\\$skiptoken=","status":429,"headers":{"Retry-After":"120"},"times":2}`, http.StatusCreated)
	c.control(http.MethodPost, "faults", `{"path":"/v1\\.0/users\\?.*\\$skiptoken=","status":503,"times":1}`, http.StatusCreated)
	first := c.page("/v1.0/users?$select=id")
	for range 2 {
		throttled := c.get(first.Next)
		c.requireError(throttled, http.StatusTooManyRequests, "TooManyRequests")
		require.Equal(t, "120", throttled.header.Get("Retry-After"))
	}
	c.requireError(c.get(first.Next), http.StatusServiceUnavailable, "serviceNotAvailable")
	require.Len(t, c.page(first.Next).Value, 100)

	c.control(http.MethodPost, "faults", `{"path":"/v1.0/users","body":"{\"value\":[]}"}`, http.StatusCreated)
	require.Empty(t, c.page("/v1.0/users").Value)
	c.control(http.MethodDelete, "faults", "", http.StatusNoContent)
	require.NotEmpty(t, c.page("/v1.0/users").Value)

	c.control(http.MethodPost, "faults", `{"path":"oauth2","status":500}`, http.StatusCreated)
	require.Contains(t, string(c.tokenRequest(c.tenant.ID(), "x").body), "AADSTS90033")

	var requests map[string]int
	require.NoError(t, json.Unmarshal(c.control(http.MethodGet, "requests", "", http.StatusOK).body, &requests))
	require.Equal(t, map[string]int{"/v1.0/users": 7, "/" + c.tenant.ID() + "/oauth2/v2.0/token": 2}, requests)
}

func TestReadersAndWritersTogether(t *testing.T) {
	t.Parallel()
	c := start(t, graph.Generate(300))
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 20 {
				id := fmt.Sprintf("w%d-%d", worker, i)
				c.control(http.MethodPost, "users", `{"id":"`+id+`"}`, http.StatusCreated)
				c.control(http.MethodPatch, "users/"+id, `{"displayName":"x"}`, http.StatusOK)
				if i%2 == 0 {
					c.control(http.MethodDelete, "users/"+id, "", http.StatusNoContent)
				}
			}
		})
		wg.Go(func() {
			for range 5 {
				mustAll(c, "/v1.0/users?$top=50&$select=id")
				_, last := c.all("/v1.0/users/delta?$select=id")
				mustAll(c, last.DeltaLink)
				for _, group := range texts(t, mustAll(c, "/v1.0/groups"), "id") {
					mustAll(c, "/v1.0/groups/"+group+"/transitiveMembers?$select=id")
				}
			}
		})
	}
	wg.Wait()
	require.Len(t, mustAll(c, "/v1.0/users?$select=id"), 340)
	require.NotContains(t, strings.Join(texts(t, mustAll(c, "/v1.0/users?$select=id"), "id"), " "), "w0-0 ")
}

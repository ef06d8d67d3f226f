package graph_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

func TestDirectoryExtensionsAreThoseOfTheUsers(t *testing.T) {
	t.Parallel()
	const app = "extension_0123456789abcdef0123456789abcdef_"
	c := start(t, parse(t, `{"users":[
		{"id":"1","`+app+`badge":"00042","`+app+`start":"2019-06-06T00:00:00Z","`+app+`remote":true,"`+app+`floor":3,"`+app+`serial":3,"`+app+`tags":["a"]},
		{"id":"2","`+app+`start":null,"`+app+`serial":8589934592,"`+app+`mixed":1,"`+app+`nothing":null,"extension_short_x":1,"`+app+`half":1.5},
		{"id":"3","`+app+`mixed":"x","`+app+`tags":[]}]}`))
	list := func(body string) map[string]map[string]any {
		t.Helper()
		got, err := c.do(http.MethodPost, "/v1.0/directoryObjects/getAvailableExtensionProperties", body, "Content-Type", "application/json")
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, got.status, "%s", got.body)
		var p struct{ Value []map[string]any }
		require.NoError(t, json.Unmarshal(got.body, &p))
		found := map[string]map[string]any{}
		for _, property := range p.Value {
			found[property["name"].(string)] = property
		}
		return found
	}
	found := list(`{}`)
	types := map[string]any{}
	for name, property := range found {
		types[name[len(app):]] = property["dataType"]
		require.Equal(t, []any{"User"}, property["targetObjects"])
		require.Equal(t, false, property["isSyncedFromOnPremises"])
		require.Equal(t, name == app+"tags", property["isMultiValued"])
		require.Regexp(t, uuidForm(), property["id"])
	}
	require.Equal(t, map[string]any{
		"badge": "String", "start": "DateTime", "remote": "Boolean", "floor": "Integer", "serial": "LargeInteger",
		"tags": "String", "mixed": "String", "nothing": "String", "half": "String",
	}, types)
	require.Len(t, list(`{"isSyncedFromOnPremises":false}`), len(found))
	require.Empty(t, list(`{"isSyncedFromOnPremises":true}`))
	got, err := c.do(http.MethodPost, "/v1.0/directoryObjects/getAvailableExtensionProperties", `{`)
	require.NoError(t, err)
	c.requireError(got, http.StatusBadRequest, "Request_BadRequest")
	require.Contains(t, string(c.get("/v1.0/users/1?$select="+app+"badge").body), `"`+app+`badge":"00042"`)
	require.Len(t, start(t, graph.Demo()).extensionNames(), 2)
}

func (c *client) extensionNames() []string {
	c.t.Helper()
	got, err := c.do(http.MethodPost, "/v1.0/directoryObjects/getAvailableExtensionProperties", "{}")
	require.NoError(c.t, err)
	var p page
	require.NoError(c.t, json.Unmarshal(got.body, &p))
	return texts(c.t, p.Value, "name")
}

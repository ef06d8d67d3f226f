package graph_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

const nested = `{"users":[{"id":"u1","displayName":"Una"},{"id":"u2","displayName":"Udo"},{"id":"u3"}],
	"groups":[
	{"id":"gA","displayName":"Alpha Team","securityEnabled":true,"members":["gB"]},
	{"id":"gB","displayName":"Beta","members":["u1","gC","u1","nobody"]},
	{"id":"gC","displayName":"Gamma","members":["u2","gA",{"@odata.type":"#microsoft.graph.device","id":"d1"}]}]}`

func TestMembersOfNestedGroups(t *testing.T) {
	t.Parallel()
	c := start(t, parse(t, nested))
	ids := func(path string) []string {
		t.Helper()
		return texts(t, mustAll(c, "/v1.0/groups/"+path), "id")
	}
	require.Equal(t, []string{"gB"}, ids("gA/members"))
	require.Equal(t, []string{"u1", "gC"}, ids("gB/members"))
	require.Equal(t, []string{"u1", "u2", "gB", "gC", "d1"}, ids("gA/transitiveMembers?$top=2"))
	require.Equal(t, []string{"u1", "u2"}, ids("gA/transitiveMembers/microsoft.graph.user?$top=1&$select=id"))
	require.Equal(t, []string{"gB", "gC"}, ids("gA/transitiveMembers/graph.group"))
	require.Empty(t, ids("gA/members/graph.user"))

	got := c.page("/v1.0/groups/gC/members?$select=id,displayName")
	require.Equal(t, c.url+"/v1.0/$metadata#directoryObjects(id,displayName)", got.Context)
	require.Equal(t, `{"@odata.type":"#microsoft.graph.user","id":"u2","displayName":"Udo"}`, string(got.Value[0]))
	require.Equal(t, `{"@odata.type":"#microsoft.graph.group","id":"gA","displayName":"Alpha Team"}`, string(got.Value[1]))
	require.Equal(t, `{"@odata.type":"#microsoft.graph.device","id":"d1"}`, string(got.Value[2]))
	cast := c.page("/v1.0/groups/gC/members/microsoft.graph.user?$select=id&$count=true", "ConsistencyLevel", "eventual")
	require.Equal(t, c.url+"/v1.0/$metadata#users(id)", cast.Context)
	require.Equal(t, `{"id":"u2"}`, string(cast.Value[0]))
	require.Equal(t, 1, *cast.Count)
	require.Equal(t, "5", string(c.get("/v1.0/groups/gA/transitiveMembers/$count", "ConsistencyLevel", "eventual").body))
	c.requireError(c.get("/v1.0/groups/none/members"), http.StatusNotFound, "Request_ResourceNotFound")
	c.requireError(c.get("/v1.0/groups/gA/owners"), http.StatusBadRequest, "BadRequest")
	c.requireError(c.get("/v1.0/groups/gA/members/graph.device"), http.StatusBadRequest, "BadRequest")
}

func TestMembersStayInPlaceBetweenPages(t *testing.T) {
	t.Parallel()
	c := start(t, parse(t, nested))
	first := c.page("/v1.0/groups/gA/transitiveMembers?$top=1&$select=id")
	c.control(http.MethodDelete, "users/u1", "", http.StatusNoContent)
	c.control(http.MethodPut, "groups/gC/members", `["u3","u2"]`, http.StatusOK)
	require.Equal(t, []string{"u2", "u3", "gB", "gC"}, texts(t, mustAll(c, first.Next), "id"))
}

func TestGroupsAreListedAndSearched(t *testing.T) {
	t.Parallel()
	c := start(t, parse(t, nested))
	require.Equal(t, []string{"gA", "gB", "gC"}, texts(t, mustAll(c, "/v1.0/groups?$top=2"), "id"))
	require.NotContains(t, string(c.get("/v1.0/groups").body), `"members"`)
	found := c.page(`/v1.0/groups?$search=%22displayName:team%22&$select=id`, "ConsistencyLevel", "eventual")
	require.Equal(t, []string{"gA"}, texts(t, found.Value, "id"))
	require.Equal(t, []string{"gB"}, texts(t, mustAll(c, "/v1.0/groups?$filter=startswith(displayName,'b')"), "id"))
	require.Contains(t, string(c.get("/v1.0/groups/gA").body), `"securityEnabled":true`)
	c.requireError(c.get("/v1.0/groups/none"), http.StatusNotFound, "Request_ResourceNotFound")
}

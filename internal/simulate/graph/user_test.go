package graph_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

const oddities = `{"users":[
	{"id":"e-1","displayName":"Ann","mail":7,"employeeHireDate":"June sixth","note":"a\u0000b<&>\u00e9","big":12345678901234567890.10,
	 "manager":{"@odata.type":"#microsoft.graph.user","id":"e-2"}},
	{"id":"e-2","accountEnabled":false,"businessPhones":"none","displayName":"Bo \"the\" \\ Bear"},
	{"displayName":"without id"}]}`

func TestObjectsAreServedAsTheyAre(t *testing.T) {
	t.Parallel()
	c := start(t, parse(t, oddities))
	got := c.page("/v1.0/users?$select=id,mail,employeeHireDate,note,big,surname,accountEnabled,businessPhones")
	require.Equal(t, c.url+"/v1.0/$metadata#users(id,mail,employeeHireDate,note,big,surname,accountEnabled,businessPhones)", got.Context)
	require.Len(t, got.Value, 3)
	require.Equal(t, `{"id":"e-1","mail":7,"employeeHireDate":"June sixth","note":"a\u0000b<&>\u00e9","big":12345678901234567890.10,`+
		`"surname":null,"accountEnabled":true,"businessPhones":[]}`, string(got.Value[0]))
	require.Equal(t, `{"id":"e-2","mail":null,"employeeHireDate":null,"note":null,"big":null,`+
		`"surname":null,"accountEnabled":false,"businessPhones":"none"}`, string(got.Value[1]))
	require.Equal(t, []string{"e-1", "e-2", ""}, texts(t, got.Value, "id"))
}

func TestDefaultPropertiesOfAUser(t *testing.T) {
	t.Parallel()
	c := start(t, parse(t, oddities))
	got := c.page("/v1.0/users")
	require.JSONEq(t, `{"businessPhones":"none","displayName":"Bo \"the\" \\ Bear","givenName":null,"id":"e-2","jobTitle":null,"mail":null,
		"mobilePhone":null,"officeLocation":null,"preferredLanguage":null,"surname":null,"userPrincipalName":null}`, string(got.Value[1]))
}

func TestManagerIsServedWhenExpanded(t *testing.T) {
	t.Parallel()
	c := start(t, parse(t, oddities))
	got := c.page("/v1.0/users?$select=id&$top=1&$expand=manager($select=id,displayName)")
	require.Equal(t, `{"manager":{"@odata.type":"#microsoft.graph.user","id":"e-2","displayName":"Bo \"the\" \\ Bear"},"id":"e-1"}`, string(got.Value[0]))
	c.requireError(c.get("/v1.0/users?$expand=directReports"), http.StatusBadRequest, "Request_BadRequest")
}

func TestShowUser(t *testing.T) {
	t.Parallel()
	c := start(t, graph.Generate(3))
	first := c.page("/v1.0/users?$top=1&$select=id,userPrincipalName").Value
	id, upn := texts(t, first, "id")[0], texts(t, first, "userPrincipalName")[0]
	for _, key := range []string{id, upn} {
		got := c.get("/v1.0/users/" + key + "?%24select=id")
		require.JSONEq(t, `{"@odata.context":"`+c.url+`/v1.0/$metadata#users(id)/$entity","id":"`+id+`"}`, string(got.body))
	}
	c.requireError(c.get("/v1.0/users/gone"), http.StatusNotFound, "Request_ResourceNotFound")
}

func TestPagesHoldEveryUserOnce(t *testing.T) {
	t.Parallel()
	c := start(t, graph.Generate(250))
	for _, target := range []string{"/v1.0/users?$select=id", "/v1.0/users?$top=7&%24select=id", "/v1.0/users?$top=999&$select=id", "/v1.0/users?$top=50&$select=id"} {
		values, _ := c.all(target)
		ids := texts(t, values, "id")
		require.Len(t, ids, 250, target)
		require.Len(t, unique(ids), 250, target)
	}
	require.Len(t, c.page("/v1.0/users").Value, 100)
}

func TestNobodyIsLostWhenUsersComeAndGoBetweenPages(t *testing.T) {
	t.Parallel()
	c := start(t, graph.Generate(500))
	before := texts(t, mustAll(c, "/v1.0/users?$select=id&$top=999"), "id")

	first := c.page("/v1.0/users?$select=id&$top=100")
	seen := texts(t, first.Value, "id")
	for _, id := range append(before[:100:100], before[400:450]...) {
		c.control(http.MethodDelete, "users/"+id, "", http.StatusNoContent)
	}
	c.control(http.MethodPost, "users", `{"id":"new"}`, http.StatusCreated)
	rest, _ := c.all(first.Next)
	seen = append(seen, texts(t, rest, "id")...)

	want := append(append(before[:400:400], before[450:]...), "new")
	require.Equal(t, want, seen)
}

func TestPageSizeIsChecked(t *testing.T) {
	t.Parallel()
	c := start(t, graph.Generate(1))
	for _, top := range []string{"0", "1000", "-1", "many"} {
		c.requireError(c.get("/v1.0/users?$top="+top), http.StatusBadRequest, "Request_BadRequest")
	}
	c.requireError(c.get("/v1.0/users?$skiptoken=nonsense"), http.StatusBadRequest, "Directory_ExpiredPageToken")
	c.requireError(c.get("/v1.0/users?$orderby=displayName"), http.StatusBadRequest, "Request_BadRequest")
	c.requireError(c.get("/v1.0/printers"), http.StatusBadRequest, "BadRequest")
}

func TestFiltersAndCounts(t *testing.T) {
	t.Parallel()
	c := start(t, parse(t, `{"users":[{"id":"1","displayName":"Ann O'Hara","mail":"Ann@x.example"},{"id":"2","displayName":"anna lee"},{"id":"3","displayName":"Joann"}]}`))
	ids := func(query string, headers ...string) string {
		t.Helper()
		return strings.Join(texts(t, mustAll(c, "/v1.0/users?$top=1&"+query, headers...), "id"), ",")
	}
	require.Equal(t, "1,2", ids("$filter=startswith(displayName,'ANN')"))
	require.Equal(t, "1", ids("$filter=startswith(displayName,'Ann%20O''h')"))
	require.Equal(t, "1", ids("$filter=mail%20eq%20'ann@X.example'"))
	require.Equal(t, "1,3", ids("$filter=id%20in%20('3',%20'1','x')"))
	require.Equal(t, "1", ids(`$search=%22displayName:o'h%22`, "ConsistencyLevel", "eventual"))
	c.requireError(c.get("/v1.0/users?$filter=endswith(mail,'x')"), http.StatusBadRequest, "Request_UnsupportedQuery")
	c.requireError(c.get(`/v1.0/users?$search=%22displayName:a%22`), http.StatusBadRequest, "Request_BadRequest")

	require.Nil(t, c.page("/v1.0/users?$count=true").Count)
	require.Equal(t, 2, *c.page("/v1.0/users?$count=true&$filter=startswith(displayName,'ann')", "ConsistencyLevel", "eventual").Count)
	counted := c.get("/v1.0/users/$count", "ConsistencyLevel", "eventual")
	require.Equal(t, "3", string(counted.body))
	require.Equal(t, "text/plain", counted.header.Get("Content-Type"))
	c.requireError(c.get("/v1.0/users/$count"), http.StatusBadRequest, "Request_BadRequest")
}

func TestOrganization(t *testing.T) {
	t.Parallel()
	c := start(t, graph.Demo())
	got := c.page("/v1.0/organization?$select=id,displayName")
	require.Len(t, got.Value, 1)
	require.JSONEq(t, fmt.Sprintf(`{"id":%q,"displayName":"Alderney Instruments"}`, c.tenant.ID()), string(got.Value[0]))
	require.Contains(t, string(c.get("/v1.0/organization/"+c.tenant.ID()).body), "alderney.example")
	c.requireError(c.get("/v1.0/organization/other"), http.StatusNotFound, "Request_ResourceNotFound")

	nameless := start(t, parse(t, `{"organization":{"id":4,"displayName":"Odd"}}`))
	require.NotEmpty(t, nameless.tenant.ID())
	require.Equal(t, []string{"Odd"}, texts(t, nameless.page("/v1.0/organization").Value, "displayName"))
}

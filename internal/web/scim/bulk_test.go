package scim_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

func bulk(failOnErrors int, operations ...map[string]any) map[string]any {
	request := map[string]any{"schemas": []string{messages + "BulkRequest"}, "Operations": operations}
	if failOnErrors > 0 {
		request["failOnErrors"] = failOnErrors
	}
	return request
}

func bulkOp(method, path, bulkID string, data any) map[string]any {
	o := map[string]any{"method": method, "path": path}
	if bulkID != "" {
		o["bulkId"] = bulkID
	}
	if data != nil {
		o["data"] = data
	}
	return o
}

// outcomes are the operations of a bulk response.
func (b *bench) outcomes(request any) []map[string]any {
	b.Helper()
	a := b.send("POST", "/Bulk", request)
	require.Equal(b, http.StatusOK, a.status, a.text)
	require.Equal(b, media, a.header.Get("Content-Type"))
	require.Equal(b, []any{messages + "BulkResponse"}, a.body["schemas"])
	all := []map[string]any{}
	for _, o := range a.body["Operations"].([]any) {
		all = append(all, o.(map[string]any))
	}
	return all
}

func statusesOf(outcomes []map[string]any) []string {
	all := []string{}
	for _, o := range outcomes {
		all = append(all, o["status"].(string))
	}
	return all
}

// RFC 7644, sections 3.7.2 and 3.7.3.
func TestD8_Bulk(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	made := b.outcomes(bulk(0,
		bulkOp("POST", "/Groups", "group", map[string]any{"schemas": []string{schema.GroupURN}, "displayName": "Tour Guides", "members": values([]string{"bulkId:ana"})}),
		bulkOp("POST", "/Users", "ana", person("ana@corp.example")),
		bulkOp("POST", "/Users", "bob", map[string]any{"schemas": []string{schema.UserURN}, "userName": "bob@corp.example",
			schema.EnterpriseURN: map[string]any{"manager": map[string]any{"value": "bulkId:ana"}}}),
		bulkOp("PATCH", "/Users/bulkId:bob", "", patch(op("add", "title", "Guide"))),
	))
	require.Equal(t, []string{"201", "201", "201", "200"}, statusesOf(made))
	path := func(i int) string { return strings.TrimPrefix(made[i]["location"].(string), base) }
	ana, bob := b.get(path(1)), b.get(path(2))
	require.Equal(t, "ana@corp.example", ana.body["userName"])
	require.Equal(t, ana.header.Get("ETag"), made[1]["version"])
	require.Equal(t, bob.header.Get("ETag"), made[3]["version"])
	require.Equal(t, "Guide", bob.body["title"])
	require.Equal(t, ana.body["id"], at(bob.body, schema.EnterpriseURN, "manager", "value"))
	require.Equal(t, []string{ana.body["id"].(string)}, valuesOf(b.get(path(0)).body, "members"))
	require.Equal(t, []any{"group", "ana", "bob", nil}, []any{made[0]["bulkId"], made[1]["bulkId"], made[2]["bulkId"], made[3]["bulkId"]})
	require.NotContains(t, made[0], "response")

	stale := bulkOp("PUT", path(1), "", person("ana@corp.example"))
	stale["version"] = `W/"0"`
	current := bulkOp("DELETE", path(2), "", nil)
	current["version"] = bob.header.Get("ETag")
	changed := b.outcomes(bulk(0,
		bulkOp("PATCH", path(1), "", []any{op("add", "title", "Head")}), // as the RFC's example has it
		stale, current,
		bulkOp("DELETE", path(2), "", nil),
		bulkOp("POST", "/Users", "x", person("Ana@Corp.Example")),
	))
	require.Equal(t, []string{"200", "412", "204", "404", "409"}, statusesOf(changed))
	for i, status := range map[int]string{1: "412", 3: "404", 4: "409"} {
		response := changed[i]["response"].(map[string]any)
		require.Equal(t, []any{messages + "Error"}, response["schemas"])
		require.Equal(t, status, response["status"])
		require.NotEmpty(t, response["detail"])
	}
	require.Equal(t, "uniqueness", at(changed[4], "response", "scimType"))
	require.Equal(t, base+path(1), changed[1]["location"])
	require.NotContains(t, changed[4], "location")
	require.Equal(t, "Head", b.get(path(1)).body["title"])
}

func TestD8_BulkMistakes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ana := person("ana@corp.example")
	require.Equal(t, []string{"400", "400", "400", "400", "400", "400", "404"}, statusesOf(b.outcomes(bulk(0,
		bulkOp("POST", "/Things", "a", ana),
		bulkOp("POST", "/Users", "", ana),
		bulkOp("POST", "/Users/"+nobody, "b", ana),
		bulkOp("PUT", "/Users", "c", ana),
		bulkOp("GET", "/Users/"+nobody, "d", nil),
		bulkOp("POST", "/Users", "e", nil),
		bulkOp("DELETE", "/Groups/"+nobody, "f", nil),
	))))
	require.Equal(t, []string{"400"}, statusesOf(b.outcomes(bulk(1, bulkOp("POST", "/Things", "a", ana), bulkOp("POST", "/Users", "b", ana)))))
	require.Equal(t, json.Number("0"), b.get("/Users").body["totalResults"])
	require.Empty(t, b.outcomes(bulk(0)))

	b.requireError(b.send("POST", "/Bulk", "{"), http.StatusBadRequest, "invalidSyntax")
	b.requireError(b.send("POST", "/Bulk", `{"Operations":[{"method":1}]}`), http.StatusBadRequest, "invalidSyntax")
	b.requireError(b.send("POST", "/Bulk", bulk(0, bulkOp("POST", "/Users", "a", ana), bulkOp("POST", "/Users", "a", ana))), http.StatusBadRequest, "invalidValue")
	many := make([]map[string]any, 1001)
	for i := range many {
		many[i] = bulkOp("DELETE", "/Users/"+nobody, "", nil)
	}
	b.requireError(b.send("POST", "/Bulk", bulk(0, many...)), http.StatusRequestEntityTooLarge, "")
}

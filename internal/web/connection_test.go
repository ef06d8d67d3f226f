package web_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestA6_TheGroupsOfTheTenantAreListed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	path := "/v1/connections/" + b.connect() + "/groups"
	names := func(query string) (names []any) {
		for _, g := range b.get(path + query).json(t)["items"].([]any) {
			names = append(names, g.(map[string]any)["name"])
		}
		return names
	}
	require.ElementsMatch(t, []any{"Engineering", "Everybody in Spain", "Engine room"}, names(""))
	require.ElementsMatch(t, []any{"Engineering", "Engine room"}, names("?search=engin"))
	require.Equal(t, []any{map[string]any{"id": "g-1", "name": "Engineering", "description": "Builds", "email": "eng@contoso.example"}},
		b.get(path + "?search=engineering").json(t)["items"])

	var walked []any
	for next, pages := "", 0; ; pages++ {
		page := b.get(path + "?limit=1&cursor=" + next).json(t)
		walked = append(walked, page["items"].([]any)...)
		if next = page["next"].(string); next == "" {
			require.GreaterOrEqual(t, pages, 2)
			break
		}
		require.NotContains(t, next, "skiptoken")
	}
	require.Len(t, walked, 3)
	b.requireProblem(b.get(path+"?cursor=https%3A%2F%2Fevil.example%2Fv1.0%2Fgroups"), http.StatusBadRequest, "cursor_invalid")
	b.requireProblem(b.get(path+"?cursor=b2Rk"), http.StatusBadRequest, "cursor_invalid")
}

func TestA12_AMappingIsTriedOnPeopleInScope(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, err := b.store.CreateField(t.Context(), b.account.ID, "Phones", "text")
	require.NoError(t, err)
	connection := b.connect()
	try := func(scope string) answer {
		return b.post("/v1/mappings/test", `{"connection_id":"`+connection+`","scope":`+scope+`,"sample":50,"mappings":[{"source":"businessPhones","target":"phones"}]}`)
	}
	people := func(scope string) (ids []any) {
		a := try(scope)
		require.Equal(t, http.StatusOK, a.Status, a.Text)
		for _, row := range a.json(t)["rows"].([]any) {
			ids = append(ids, row.(map[string]any)["source_id"])
		}
		return ids
	}
	require.ElementsMatch(t, []any{"p-1", "p-2", "p-3"}, people(`{"kind":"all_users"}`))
	require.ElementsMatch(t, []any{"p-1", "p-2"}, people(`{"kind":"groups","group_ids":["g-2"]}`), "groups in groups count")
	require.Equal(t, []any{"p-1"}, people(`{"kind":"groups","group_ids":["g-1"]}`))
	require.Empty(t, people(`{"kind":"groups","group_ids":["g-3"]}`))
	row := try(`{"kind":"groups","group_ids":["g-1"]}`).json(t)["rows"].([]any)[0].(map[string]any)
	require.Equal(t, map[string]any{"source": []any{"+34 1", "+34 2"}, "value": "+34 1, +34 2", "error": nil}, row["values"].(map[string]any)["phones"])

	gone := try(`{"kind":"groups","group_ids":["g-1","g-9"]}`)
	b.requireProblem(gone, http.StatusUnprocessableEntity, "invalid")
	require.Equal(t, []string{"scope.group_ids[1]"}, gone.fields(t))
}

func TestMappingIsTriedOnRealRecords(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, err := b.store.CreateField(t.Context(), b.account.ID, "Job title", "text")
	require.NoError(t, err)
	connection := b.connect()
	before := b.digest()
	a := b.post("/v1/mappings/test", `{"connection_id":"`+connection+`","scope":{"kind":"all_users"},"sample":["p-1","p-2","p-9"],"mappings":[{"source":"jobTitle","target":"job_title"}]}`)
	require.Equal(t, http.StatusOK, a.Status, a.Text)
	rows := a.json(t)["rows"].([]any)
	require.Len(t, rows, 3)
	value := func(row int, target string) map[string]any {
		return rows[row].(map[string]any)["values"].(map[string]any)[target].(map[string]any)
	}
	require.Equal(t, map[string]any{"source": "Engineer", "value": "Engineer", "error": nil}, value(0, "job_title"))
	require.Equal(t, map[string]any{"source": "ana@contoso.example", "value": "ana@contoso.example", "error": nil}, value(0, "email"))
	missing := value(1, "last_name")
	require.Nil(t, missing["source"])
	require.Nil(t, missing["value"])
	require.NotEmpty(t, missing["error"])
	require.Contains(t, rows[2].(map[string]any)["error"], `"p-9"`)
	require.Equal(t, before, b.digest())

	require.Len(t, b.post("/v1/mappings/test", `{"connection_id":"`+connection+`","sample":1}`).json(t)["rows"], 1)
	require.Len(t, b.post("/v1/mappings/test", `{"connection_id":"`+connection+`"}`).json(t)["rows"], 3)
	wrong := b.post("/v1/mappings/test", `{"connection_id":"`+connection+`","mappings":[{"source":"nope","target":"job_title"}]}`)
	b.requireProblem(wrong, http.StatusUnprocessableEntity, "mapping_invalid")
	require.Equal(t, []string{"mappings[0].source"}, wrong.fields(t))
	pending := b.post("/v1/mappings/test", `{"connection_id":"`+b.begin("entra").id+`"}`)
	b.requireProblem(pending, http.StatusUnprocessableEntity, "invalid")
	require.Equal(t, []string{"connection_id"}, pending.fields(t))
}

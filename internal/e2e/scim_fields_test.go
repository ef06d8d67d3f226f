package e2e

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// extension is the URN of the schema of the account's custom fields.
func (p *idp) extension() string {
	return "urn:rollcall:scim:schemas:extension:" + p.account.ID + ":2:User"
}

// customField is a custom field with values that suit it and one that does not.
type customField struct {
	kind, scimType       string
	value, stored, other any
	wrong                any
}

func customFields() map[string]customField {
	return map[string]customField{
		"badge":  {"text", "string", "00042", "00042", "00043", 42},
		"salary": {"number", "decimal", 10.5, 10.5, 11.25, "a lot"},
		"desk":   {"integer", "integer", 7, 7.0, 8, 7.5},
		"remote": {"boolean", "boolean", true, true, false, "perhaps"},
		"joined": {"date", "string", "2019-06-06", "2019-06-06", "2020-02-29", "June sixth"},
		"signed": {"datetime", "dateTime", "2019-06-06T10:00:00Z", "2019-06-06T10:00:00Z", "2020-01-01T00:00:00Z", "yesterday"},
		"backup": {"email", "string", "ana@home.example", "ana@home.example", "ana@work.example", "nobody"},
	}
}

func TestD7_CustomFieldsOfEachType(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	p.denied(http.StatusNotFound, "", http.MethodGet, "/Schemas/"+p.extension(), nil)
	fields, values, stored := customFields(), object{}, object{}
	for id, f := range fields {
		require.Equal(t, id, p.field(id, f.kind))
		values[id], stored[id] = f.value, f.stored
	}
	described := p.must(http.StatusOK, http.MethodGet, "/Schemas/"+p.extension(), nil)
	require.Equal(t, p.extension(), described.body["id"])
	require.Len(t, described.body["attributes"], len(fields))
	for _, attribute := range described.body["attributes"].([]any) {
		require.Equal(t, fields[dig(attribute, "name").(string)].scimType, dig(attribute, "type"), dig(attribute, "name"))
		require.Equal(t, "readWrite", dig(attribute, "mutability"))
	}
	require.Contains(t, p.must(http.StatusOK, http.MethodGet, "/ResourceTypes/User", nil).text, p.extension())

	id := p.create(pushed("ana@corp.example", object{"schemas": []string{userURN, p.extension()}, p.extension(): values}))
	now := p.read(id)
	require.Contains(t, now["schemas"], p.extension())
	requireSameJSON(t, stored, now[p.extension()])
	requireSameJSON(t, stored, p.userByID(id).Fields)

	for name, f := range fields {
		path := p.extension() + ":" + name
		for _, refused := range []object{op("replace", path, f.wrong), op("add", "", object{p.extension(): object{name: f.wrong}})} {
			detail := p.denied(http.StatusBadRequest, "invalidValue", http.MethodPatch, "/Users/"+id, patchOf(op("replace", "title", "Lead"), refused))
			require.Contains(t, detail, name, "the refusal says which field")
		}
		require.Contains(t, p.denied(http.StatusBadRequest, "invalidValue", http.MethodPost, "/Users", pushed("bo@corp.example", object{p.extension(): object{name: f.wrong}})), name)
		require.NotContains(t, p.read(id), "title")
		requireSameJSON(t, f.other, dig(p.patch("/Users/"+id, op("replace", path, f.other)), p.extension(), name))
		requireSameJSON(t, f.other, p.userByID(id).Fields[name])
		require.Nil(t, dig(p.patch("/Users/"+id, op("remove", path, nil)), p.extension(), name))
		require.Nil(t, p.userByID(id).Fields[name])
	}
	require.NotContains(t, p.read(id), p.extension())
	require.NotContains(t, p.read(id)["schemas"], p.extension())
}

func TestD7_CustomFieldsAreFilteredAndReplaced(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	badge, desk, remote := p.field("Badge", "text"), p.field("Desk", "integer"), p.field("Remote", "boolean")
	with := func(values object) object { return object{p.extension(): values} }
	ana := p.create(pushed("ana@corp.example", with(object{badge: "A-1", desk: 9, remote: true})))
	p.create(pushed("bo@corp.example", with(object{badge: "B-2", desk: 10, remote: false})))
	p.create(pushed("cy@corp.example"))
	for filter, want := range map[string][]string{
		p.extension() + `:badge eq "A-1"`:     {"ana"},
		p.extension() + `:badge sw "b"`:       {"bo"},
		p.extension() + `:desk gt 9`:          {"bo"},
		p.extension() + `:desk ge 9`:          {"ana", "bo"},
		p.extension() + `:remote eq true`:     {"ana"},
		p.extension() + `:remote eq false`:    {"bo"},
		p.extension() + `:badge pr`:           {"ana", "bo"},
		`not (` + p.extension() + `:desk pr)`: {"cy"},
	} {
		require.Equal(t, want, p.named(filter), filter)
	}
	require.Equal(t, []string{"ana@corp.example", "bo@corp.example", "cy@corp.example"},
		p.list("/Users"+where("", "sortBy", p.extension()+":desk")).texts("userName"), "numbers sort as numbers, who has none comes last")
	p.must(http.StatusOK, http.MethodPut, "/Users/"+ana, pushed("ana@corp.example", with(object{badge: "A-2"})))
	require.Equal(t, object{"badge": "A-2"}, p.read(ana)[p.extension()])
	require.Equal(t, object{"badge": "A-2"}, p.userByID(ana).Fields)
}

// requireSameJSON compares as JSON, where 7 and 7.0 are the same.
func requireSameJSON(t *testing.T, want, got any, message ...any) {
	t.Helper()
	a, err := json.Marshal(want)
	require.NoError(t, err)
	b, err := json.Marshal(got)
	require.NoError(t, err)
	require.JSONEq(t, string(a), string(b), message...)
}

package scim

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// resources draws bodies from few values, so that filters match and values repeat.
func resources() *rapid.Generator[map[string]any] {
	word := rapid.SampledFrom([]string{"ada", "Bob", "cyd@x.example", "ß"})
	kind := rapid.SampledFrom([]any{"work", "home", nil})
	entry := rapid.Custom(func(t *rapid.T) any {
		return map[string]any{"value": word.Draw(t, "value"), "type": kind.Draw(t, "type"), "primary": rapid.SampledFrom([]any{true, false, nil, "True"}).Draw(t, "primary")}
	})
	return rapid.Custom(func(t *rapid.T) map[string]any {
		return map[string]any{
			"userName":           word.Draw(t, "userName"),
			"title":              rapid.SampledFrom([]any{"T", "", nil}).Draw(t, "title"),
			"name":               map[string]any{"givenName": word.Draw(t, "givenName"), "middleName": nil},
			"emails":             rapid.SliceOfN(entry, 0, 4).Draw(t, "emails"),
			"phoneNumbers":       rapid.SliceOfN(entry, 0, 2).Draw(t, "phoneNumbers"),
			schema.EnterpriseURN: map[string]any{"department": word.Draw(t, "department"), "manager": word.Draw(t, "manager")},
		}
	})
}

func operations() *rapid.Generator[map[string]any] {
	paths := map[string][]any{
		"title": {"x", "", nil}, "name.givenName": {"x", ""}, "name": {map[string]any{"familyName": "F", "middleName": nil}},
		"emails":                       {[]any{map[string]any{"value": "ada", "type": "work"}}, []any{}, map[string]any{"value": "n", "primary": true}},
		`emails[type eq "work"].value`: {"x@y.example", ""}, `emails[type eq "work"].primary`: {true, "false"},
		`emails[primary eq true].value`: {"x@y.example"}, `emails[value sw "a"].display`: {"D"}, `emails[type eq "home"]`: {map[string]any{"value": "h"}},
		"emails.display": {"D", nil}, schema.EnterpriseURN + ":manager": {"u7", map[string]any{"value": "u8"}}, schema.EnterpriseURN + ":department": {"QA", ""},
		schema.EnterpriseURN: {map[string]any{"department": "QA"}, nil}, accountURN + ":my_integer": {json.Number("5")},
	}
	names := slices.Sorted(maps.Keys(paths))
	return rapid.Custom(func(t *rapid.T) map[string]any {
		path := rapid.SampledFrom(names).Draw(t, "path")
		op := map[string]any{"op": rapid.SampledFrom([]string{"add", "Replace", "remove"}).Draw(t, "op"), "path": path}
		if op["op"] != "remove" {
			op["value"] = rapid.SampledFrom(paths[path]).Draw(t, "value")
		}
		return op
	})
}

func TestPatchProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r, _, err := Decode(userType(), []byte(toJSON(t, resources().Draw(rt, "resource"))))
		require.NoError(rt, err)
		before := toJSON(t, r)
		body := toJSON(t, map[string]any{"Operations": []any{operations().Draw(rt, "operation")}})
		p, err := ParsePatch(userType(), []byte(body))
		require.NoError(rt, err)

		once, active, err := p.ApplyUser(r, true, "u1")
		require.Equal(rt, before, toJSON(t, r), "PATCH must not change what it got")
		if err != nil {
			return
		}
		require.True(rt, active)
		again, _, err := Decode(userType(), []byte(toJSON(t, once)))
		require.NoError(rt, err)
		require.Equal(rt, once, again, "the result is in the form of Decode")
		twice, _, err := p.ApplyUser(once, true, "u1")
		require.NoError(rt, err)
		require.Equal(rt, once, twice, "PATCH twice is PATCH once")
	})
}

func FuzzPatch(f *testing.F) {
	const resource = `{"userName":"kim","emails":[{"value":"k@x.example","type":"work"},{"value":"l"}],"name":{"givenName":"K"},"` + schema.EnterpriseURN + `":{"manager":"u7"}}`
	for _, operation := range []string{
		`{"op":"replace","value":{"active":"False","name.givenName":"L","emails[type eq \"work\"].value":"n"}}`,
		`{"op":"add","path":"emails[type eq \"home\" and primary eq true]","value":{"value":[]}}`,
		`{"op":"remove","path":"` + schema.EnterpriseURN + `:manager","value":[{"value":"u7"}]}`,
		`{"op":"remove","path":"members[value eq \"u1\" or value eq \"u2\"]"}`,
		`{"op":"replace","path":"` + schema.EnterpriseURN + `","value":null}`,
		`{"op":"add","path":"emails","value":[null,{},"x",{"primary":true}]}`,
	} {
		f.Add(resource, `{"Operations":[`+operation+`]}`)
	}
	f.Fuzz(func(t *testing.T, resource, patch string) {
		if p, err := ParsePatch(schema.Group(), []byte(patch)); err == nil {
			_, _, _ = p.ApplyGroup(Group{DisplayName: "G"}, "g1")
		}
		r, active, err := Decode(userType(), []byte(resource))
		if err != nil {
			return
		}
		p, err := ParsePatch(userType(), []byte(patch))
		if err != nil {
			return
		}
		changed, _, err := p.ApplyUser(r, active == nil || *active, "u1")
		if err != nil {
			return
		}
		again, _, err := Decode(userType(), []byte(toJSON(t, changed)))
		require.NoError(t, err)
		require.Equal(t, changed, again)
	})
}

package scimquery_test

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// The values that random resources have and random filters ask for: few, so that they meet.
var (
	words   = []string{"a", "A", "Ab", "b%", "b_", `"`, `\`, "Σ", "σς", "ΟΔΟΣ", "İ", "ß", "ẞ", "é", "É", "zz", "😀", "work", "home", "kim@corp.example"}
	numbers = []string{"0", "7", "-7", "10", "12.5", "1e2", "100.0", "9007199254740993", "0.1"}
	times   = []string{"2026-01-01T00:00:03Z", "2011-05-13T04:42:34Z", "2011-05-13T04:42:34.000001Z", "2012-02-29T23:59:59.5Z", "0001-01-01T00:00:00Z"}
)

func maybe(t *rapid.T, object map[string]any, name string, value func() any) {
	if rapid.Bool().Draw(t, "has "+name) {
		object[name] = value()
	}
}

func word(t *rapid.T) any { return rapid.SampledFrom(words).Draw(t, "word") }

var randomUser = rapid.Custom(func(t *rapid.T) map[string]any {
	user := map[string]any{"active": rapid.Bool().Draw(t, "active")}
	text := func() any { return word(t) }
	for _, name := range []string{"externalId", "title", "nickName", "profileUrl"} {
		maybe(t, user, name, text)
	}
	maybe(t, user, "name", func() any {
		name := map[string]any{"givenName": word(t)}
		maybe(t, name, "familyName", text)
		return name
	})
	for _, name := range []string{"emails", "roles"} {
		maybe(t, user, name, func() any {
			return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) any {
				value := map[string]any{"value": word(t)}
				maybe(t, value, "type", text)
				maybe(t, value, "primary", func() any { return rapid.Bool().Draw(t, "primary") })
				return value
			}), 1, 3).Draw(t, name)
		})
	}
	maybe(t, user, schema.EnterpriseURN, func() any {
		extension := map[string]any{"department": word(t)}
		maybe(t, extension, "manager", func() any { return map[string]any{"value": word(t)} })
		return extension
	})
	maybe(t, user, custom, func() any {
		extension := map[string]any{"cost_code": word(t)}
		maybe(t, extension, "grade", func() any { return number(rapid.SampledFrom([]string{"0", "7", "-7", "10"}).Draw(t, "grade")) })
		maybe(t, extension, "rate", func() any { return number(rapid.SampledFrom(numbers).Draw(t, "rate")) })
		maybe(t, extension, "remote", func() any { return rapid.Bool().Draw(t, "remote") })
		maybe(t, extension, "joined_at", func() any { return rapid.SampledFrom(times).Draw(t, "joined_at") })
		return extension
	})
	return user
})

// randomUsers are users with different user names, the same for every run.
func randomUsers(n int) []map[string]any {
	users := make([]map[string]any, n)
	for i := range users {
		users[i] = randomUser.Example(i)
		users[i]["userName"] = fmt.Sprintf("%s.%d", words[i%len(words)], i)
	}
	return users
}

// operators by what they compare.
var (
	anyOperators    = []string{"eq", "ne"}
	orderOperators  = []string{"eq", "ne", "gt", "ge", "lt", "le"}
	stringOperators = []string{"eq", "ne", "gt", "ge", "lt", "le", "co", "sw", "ew"}
)

// attribute is an attribute that random filters ask for.
type attribute struct {
	path      string
	operators []string
	literals  []string
}

func quoted(texts ...string) []string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = quote(text)
	}
	return all
}

func attributesOf(b *bundle, t *schema.ResourceType) (top, ofValues []attribute) {
	strings := quoted(append([]string{""}, words...)...)
	truths := []string{"true", "false", `"True"`}
	var ids []string
	for _, resource := range append(b.users[:3:3], b.groups...) {
		ids = append(ids, quote(resource["id"].(string)))
	}
	ids = append(ids, `"nobody"`, `"00000000"`)
	top = []attribute{
		{"id", stringOperators, ids},
		{"externalId", stringOperators, strings},
		{"meta.created", orderOperators, quoted(times...)},
		{"meta.lastModified", orderOperators, quoted("2026-01-01T00:00:03.000001Z", "2026-01-01T02:00:03+02:00")},
		{"meta.resourceType", stringOperators, quoted("User", "user", "Group")},
		{"meta.version", stringOperators, quoted(`W/"1"`, "W")},
		{"schemas", stringOperators, quoted(schema.UserURN, schema.EnterpriseURN, custom, "enterprise")},
		{"displayName", stringOperators, strings},
	}
	if t.Name == "Group" {
		return append(top,
				attribute{"members", stringOperators, ids}, attribute{"members.value", stringOperators, ids},
				attribute{"members.display", stringOperators, quoted("ann lee 1", "Lee")}, attribute{"members.type", anyOperators, quoted("user", "Group")}),
			[]attribute{{"value", stringOperators, ids}, {"display", stringOperators, quoted("ann lee 2", "2")}, {"type", anyOperators, quoted("User")}}
	}
	return append(top,
		attribute{"userName", stringOperators, quoted("a.0", "A.1", "Σ", "οδοσ.9", "İ", "b%", "kim@CORP.example.19")},
		attribute{"active", anyOperators, truths},
		attribute{"title", stringOperators, strings}, attribute{"nickName", stringOperators, strings}, attribute{"profileUrl", stringOperators, strings},
		attribute{"name.givenName", stringOperators, strings}, attribute{"name.familyName", stringOperators, strings},
		attribute{"emails", stringOperators, strings}, attribute{"emails.type", stringOperators, strings}, attribute{"roles.primary", anyOperators, truths},
		attribute{schema.EnterpriseURN + ":department", stringOperators, strings}, attribute{schema.EnterpriseURN + ":manager", stringOperators, strings},
		attribute{custom + ":cost_code", stringOperators, strings}, attribute{custom + ":grade", orderOperators, []string{"0", "7", "-7", "10", "1e1"}},
		attribute{custom + ":rate", orderOperators, numbers}, attribute{custom + ":remote", anyOperators, truths},
		attribute{custom + ":joined_at", orderOperators, quoted(append(times, "2011-05-13T06:42:34+02:00")...)},
		attribute{"groups", stringOperators, ids}, attribute{"groups.display", stringOperators, strings}, attribute{"groups.type", anyOperators, quoted("direct", "x")},
	), []attribute{{"value", stringOperators, strings}, {"type", stringOperators, strings}, {"primary", anyOperators, truths}}
}

// randomFilter draws the text of a filter. lists are the multi-valued attributes with the sub-attributes ofValues.
func randomFilter(t *rapid.T, top, ofValues []attribute, lists []string, depth int) string {
	kind := rapid.IntRange(0, 9).Draw(t, "kind")
	switch {
	case kind < 2 && depth > 0:
		word := rapid.SampledFrom([]string{"and", "or", "AND", "Or"}).Draw(t, "word")
		return "(" + randomFilter(t, top, ofValues, lists, depth-1) + " " + word + " " + randomFilter(t, top, ofValues, lists, depth-1) + ")"
	case kind == 2 && depth > 0:
		return "not (" + randomFilter(t, top, ofValues, lists, depth-1) + ")"
	case kind == 3 && lists != nil:
		return rapid.SampledFrom(lists).Draw(t, "list") + "[" + randomFilter(t, ofValues, ofValues, nil, depth) + "]"
	}
	a := rapid.SampledFrom(top).Draw(t, "attribute")
	switch rapid.IntRange(0, 7).Draw(t, "how") {
	case 0:
		return a.path + " pr"
	case 1:
		return a.path + " " + rapid.SampledFrom(anyOperators).Draw(t, "operator") + " null"
	default:
		return strings.Join([]string{a.path, rapid.SampledFrom(a.operators).Draw(t, "operator"), rapid.SampledFrom(a.literals).Draw(t, "literal")}, " ")
	}
}

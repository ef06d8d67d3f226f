package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// generator makes random resources and filters on them: the same ones each time.
type generator struct{ *rand.Rand }

func newGenerator() generator { return generator{rand.New(rand.NewPCG(7643, 7644))} } //nolint:gosec // it is to be foreseen

// The values are few, so that filters meet resources.
var (
	words = []string{"ann", "ann lee", "lee", "an", "e", "Ann", "42", "work", "home", "b%", "straße"}
	dates = []string{"2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "2026-06-01T00:00:00Z", "2025-12-31T23:59:59.5Z"}
)

func pick[T any](g generator, from []T) T { return from[g.IntN(len(from))] }

func (g generator) resources(n int) []map[string]any {
	all := make([]map[string]any, n)
	for i := range all {
		all[i] = g.resource()
	}
	return all
}

func (g generator) resource() map[string]any {
	resource := map[string]any{
		"id": fmt.Sprint(g.IntN(20)), "userName": pick(g, words), "active": g.IntN(2) == 0, "schemas": []string{schema.UserURN},
		"meta": map[string]any{"resourceType": "User", "created": pick(g, dates)},
	}
	for _, name := range []string{"title", "nickName", "externalId"} {
		if g.IntN(3) > 0 {
			resource[name] = pick(g, words)
		}
	}
	if g.IntN(3) > 0 {
		resource["name"] = map[string]any{"givenName": pick(g, words)}
	}
	for _, name := range []string{"emails", "roles"} {
		if n := g.IntN(4); n > 0 {
			resource[name] = g.list(n)
		}
	}
	if g.IntN(2) == 0 {
		resource[schema.EnterpriseURN] = map[string]any{"department": pick(g, words), "manager": map[string]any{"value": pick(g, words)}}
	}
	return resource
}

func (g generator) list(n int) []any {
	list := make([]any, n)
	for i := range list {
		value := map[string]any{"value": pick(g, words)}
		if g.IntN(3) > 0 {
			value["type"] = pick(g, []string{"work", "home"})
		}
		if g.IntN(3) == 0 {
			value["primary"] = g.IntN(2) == 0
		}
		list[i] = value
	}
	return list
}

func (g generator) entries(n, resources int) []entry {
	all := make([]entry, n)
	for i := range all {
		all[i] = entry{Filter: g.filter(3, g.term), Resource: g.IntN(resources)}
	}
	return all
}

func (g generator) filter(depth int, term func() string) string {
	switch kind := g.IntN(8); {
	case depth == 0 || kind < 3:
		return term()
	case kind == 3:
		return "not (" + g.filter(depth-1, term) + ")"
	case kind == 4:
		return "(" + g.filter(depth-1, term) + ")"
	default:
		return g.filter(depth-1, term) + pick(g, []string{" and ", " or ", " AND ", " Or "}) + g.filter(depth-1, term)
	}
}

// term is a comparison or a value path.
func (g generator) term() string {
	switch g.IntN(20) {
	case 0, 1:
		return pick(g, []string{"emails", "roles"}) + "[" + g.filter(1, g.valueTerm) + "]"
	case 2:
		return "emails[" + g.filter(1, g.valueTerm) + "].value " + g.operator() + " " + g.word()
	case 3:
		return pick(g, []string{"active", "roles.primary"}) + pick(g, []string{" eq ", " ne "}) + pick(g, []string{"true", "false", `"true"`})
	case 4:
		return "meta.created " + pick(g, []string{"eq", "gt", "ge", "lt", "le"}) + fmt.Sprintf(" %q", pick(g, dates))
	case 5:
		return g.text() + pick(g, []string{" eq null", " ne null"})
	case 6, 7, 8:
		return g.text() + " pr"
	case 9:
		return pick(g, []string{"emails", "roles", schema.EnterpriseURN + ":manager"}) + " " + g.operator() + " " + g.word()
	case 10:
		return pick(g, []string{"active gt true", `nickName eq "an\u006e"`, `title co "\"x\""`, "title eq 42", schema.UserURN + `:userName co "n"`})
	default:
		return g.text() + " " + g.operator() + " " + g.word()
	}
}

func (g generator) valueTerm() string {
	switch g.IntN(6) {
	case 0:
		return "primary eq " + pick(g, []string{"true", "false"})
	case 1:
		return pick(g, []string{"type", "primary", "value"}) + " pr"
	default:
		return pick(g, []string{"type", "value"}) + " " + g.operator() + " " + g.word()
	}
}

func (g generator) text() string {
	return pick(g, []string{"id", "userName", "USERNAME", "title", "nickName", "externalId", "name.givenName", "emails.value", "emails.type", "roles.value",
		schema.EnterpriseURN + ":department", schema.EnterpriseURN + ":manager.value"})
}

func (g generator) operator() string {
	return pick(g, []string{"eq", "eq", "eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "EQ", "Co"})
}

func (g generator) word() string { return fmt.Sprintf("%q", pick(g, words)) }

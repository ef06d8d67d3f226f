package main

import (
	"math/rand/v2"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// question is a resource and the operations on it.
type question struct {
	Resource   map[string]any `json:"resource"`
	Operations []operation    `json:"operations"`
}

type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path,omitempty"`
	Value any    `json:"value,omitempty"`
}

// generator draws from few values, so that filters match and values repeat. All are of their
// attribute's type: the oracle knows no schema. It leaves out what the oracle cannot read, such as an
// extension's object by its URN.
type generator struct{ *rand.Rand }

func pick[T any](g generator, from ...T) T { return from[g.IntN(len(from))] }

func (g generator) question() question {
	q := question{Resource: g.resource()}
	for range 1 + g.IntN(3) {
		q.Operations = append(q.Operations, g.operation())
	}
	return q
}

func (g generator) resource() map[string]any {
	r := map[string]any{"userName": g.word(), "active": g.IntN(2) == 0}
	for _, name := range []string{"displayName", "title", "nickName"} {
		if g.IntN(2) == 0 {
			r[name] = g.word()
		}
	}
	if g.IntN(3) > 0 {
		r["name"] = g.name()
	}
	for _, name := range lists {
		if g.IntN(4) > 0 {
			r[name] = g.entries(name, 1+g.IntN(3))
		}
	}
	if g.IntN(3) == 0 {
		r[schema.EnterpriseURN] = map[string]any{"department": g.word(), "manager": map[string]any{"value": g.word()}}
	}
	return r
}

var lists = []string{"emails", "phoneNumbers", "addresses", "roles"}

func (g generator) word() string { return pick(g, "ada", "bob", "cyd", "dan", "eve") }

func (g generator) name() map[string]any {
	name := map[string]any{pick(g, "givenName", "familyName"): g.word()}
	if g.IntN(2) == 0 {
		name["middleName"] = g.word()
	}
	return name
}

// mainPart is the sub-attribute of a list's entries that says most.
func mainPart(list string) string {
	if list == "addresses" {
		return "locality"
	}
	return "value"
}

func (g generator) entry(list string) map[string]any {
	e := map[string]any{mainPart(list): g.word()}
	if g.IntN(4) > 0 {
		e["type"] = g.kind()
	}
	if list == "addresses" && g.IntN(2) == 0 {
		e["country"] = pick(g, "DE", "FR")
	}
	return e
}

func (g generator) kind() string { return pick(g, "work", "home", "other") }

// part is a sub-attribute of a list's entries that is a text.
func (g generator) part(list string) string {
	if list == "addresses" {
		return pick(g, "locality", "region")
	}
	return pick(g, "value", "display")
}

// entries are different, and at most one is primary.
func (g generator) entries(list string, n int) []any {
	var entries []any
	seen := map[string]bool{}
	primary := g.IntN(2 * n)
	for i := range n {
		e := g.entry(list)
		key, _ := e[mainPart(list)].(string)
		if seen[key] {
			continue
		}
		seen[key] = true
		if i == primary {
			e["primary"] = true
		}
		entries = append(entries, e)
	}
	return entries
}

func (g generator) operation() operation {
	op := pick(g, "add", "replace", "remove", "Add", "Replace", "Remove")
	if op == "remove" || op == "Remove" {
		return g.removal(op)
	}
	switch list := pick(g, lists...); g.IntN(10) {
	case 0, 1:
		return operation{Op: op, Value: g.object()}
	case 2:
		return operation{op, pick(g, "userName", "displayName", "title", "nickName", "externalId", "name.givenName", "name.middleName", schema.UserURN+":title"), g.word()}
	case 3:
		return operation{op, pick(g, schema.EnterpriseURN+":department", schema.EnterpriseURN+":manager.value"), g.word()}
	case 4:
		if g.IntN(2) == 0 {
			return operation{op, "active", g.IntN(2) == 0}
		}
		return operation{op, "name", g.name()}
	case 5:
		if g.IntN(3) == 0 {
			return operation{op, list, g.entry(list)}
		}
		return operation{op, list, g.entries(list, 1+g.IntN(2))}
	case 6:
		return operation{op, list + "." + g.part(list), g.word()}
	case 7:
		return operation{op, list + "[" + g.filter(list) + "]", g.entry(list)}
	case 8:
		return operation{op, list + "[" + g.filter(list) + "].primary", true}
	default:
		return operation{op, list + "[" + g.filter(list) + "]." + g.part(list), g.word()}
	}
}

func (g generator) removal(op string) operation {
	switch list := pick(g, lists...); g.IntN(6) {
	case 0:
		return operation{Op: op, Path: pick(g, "userName", "displayName", "title", "nickName", "name", "name.givenName", schema.EnterpriseURN+":manager.value", schema.EnterpriseURN+":department", schema.EnterpriseURN+":manager")}
	case 1:
		return operation{Op: op, Path: list}
	case 2:
		return operation{op, list, []any{g.entry(list)}}
	case 3:
		return operation{Op: op, Path: list + "[" + g.filter(list) + "]." + pick(g, "type", "primary", g.part(list))}
	case 4:
		return operation{op, pick(g, "title", "nickName"), g.word()}
	default:
		return operation{Op: op, Path: list + "[" + g.filter(list) + "]"}
	}
}

func (g generator) filter(list string) string {
	value := mainPart(list)
	switch g.IntN(8) {
	case 0:
		return "primary eq true"
	case 1:
		return value + ` eq "` + g.word() + `"`
	case 2:
		return `type eq "` + g.kind() + `" and ` + value + ` sw "` + g.word() + `"`
	case 3:
		return `type eq "` + g.kind() + `" or ` + value + ` co "` + g.word()[:1] + `"`
	case 4:
		return `type eq "` + g.kind() + `" and primary eq true`
	default:
		return `type eq "` + g.kind() + `"`
	}
}

// object is the value of an operation without a path.
func (g generator) object() map[string]any {
	v := map[string]any{}
	for range 1 + g.IntN(3) {
		switch list := pick(g, lists...); g.IntN(6) {
		case 0:
			v["name"] = g.name()
		case 1:
			v[pick(g, "name.givenName", "name.familyName")] = g.word()
		case 2:
			v[list] = g.entries(list, 1+g.IntN(2))
		case 3:
			v[pick(g, schema.EnterpriseURN+":department", schema.EnterpriseURN+":manager.value")] = g.word()
		case 4:
			v["active"] = g.IntN(2) == 0
		default:
			v[pick(g, "displayName", "title", "nickName")] = g.word()
		}
	}
	return v
}

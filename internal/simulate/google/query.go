package google

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

// term gives the values of an object that a field of a query is compared with.
type term func(simulate.Object) []string

// parseQuery reads clauses that must all hold: field=value, field:value (contains)
// and field:prefix*; a value with blanks stands in single or double quotes. A
// word without a field is compared with the terms under "". An empty query is nil.
// https://developers.google.com/workspace/admin/directory/v1/guides/search-users
func parseQuery(query string, terms map[string]term) (func(simulate.Object) bool, error) {
	query = strings.TrimSpace(query)
	if query == "" {
		return nil, nil
	}
	clause := regexp.MustCompile(`^(?:(\w+)([:=]))?(?:'((?:[^'\\]|\\.)*)'|"([^"]*)"|([^\s'"]+))(?:\s+|$)`)
	var match func(simulate.Object) bool
	for query != "" {
		m := clause.FindStringSubmatch(query)
		if m == nil || terms[m[1]] == nil {
			return nil, invalidInput("query")
		}
		value := strings.ReplaceAll(m[3], `\'`, `'`) + m[4] + m[5]
		match = both(match, clauseMatch(terms[m[1]], m[2], strings.ToLower(value)))
		query = query[len(m[0]):]
	}
	return match, nil
}

func clauseMatch(values term, operator, want string) func(simulate.Object) bool {
	prefix, isPrefix := strings.CutSuffix(want, "*")
	return func(o simulate.Object) bool {
		return slices.ContainsFunc(values(o), func(value string) bool {
			value = strings.ToLower(value)
			switch {
			case operator == "=":
				return value == want
			case isPrefix:
				return strings.HasPrefix(value, prefix)
			}
			return strings.Contains(value, want)
		})
	}
}

func userTerms() map[string]term {
	name := func(property string) term {
		return func(o simulate.Object) []string { return []string{nameOf(o, property)} }
	}
	flag := func(property string) term {
		return func(o simulate.Object) []string {
			if string(o.Get(property)) == "true" {
				return []string{"true"}
			}
			return []string{"false"}
		}
	}
	whole := func(o simulate.Object) []string {
		return []string{nameOf(o, "givenName") + " " + nameOf(o, "familyName"), nameOf(o, "familyName")}
	}
	return map[string]term{
		"":            func(o simulate.Object) []string { return append(whole(o), userAddresses(o)...) },
		"name":        whole,
		"givenName":   name("givenName"),
		"familyName":  name("familyName"),
		"email":       userAddresses,
		"isAdmin":     flag("isAdmin"),
		"isSuspended": flag("suspended"),
		"isArchived":  flag("archived"),
		"orgUnitPath": func(o simulate.Object) []string { return []string{o.Text("orgUnitPath")} },
	}
}

func groupTerms() map[string]term {
	return map[string]term{
		"name":  func(o simulate.Object) []string { return []string{o.Text("name")} },
		"email": func(o simulate.Object) []string { return []string{o.Text("email")} },
	}
}

// nameOf is a part of a user's name.
func nameOf(o simulate.Object, part string) string {
	raw := o.Get("name")
	if len(raw) == 0 || raw[0] != '{' {
		return ""
	}
	return simulate.Object(raw).Text(part)
}

// userAddresses are all of a user's addresses.
func userAddresses(o simulate.Object) []string {
	all := addresses(o)
	for element := range simulate.Elements(o.Get("emails")) {
		var email struct {
			Address string `json:"address"`
		}
		if json.Unmarshal(element, &email) == nil && email.Address != "" {
			all = append(all, email.Address)
		}
	}
	return all
}

package graph

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

const (
	defaultPage = 100
	maxPage     = 999
)

// listQuery is what a request for a collection asks for.
type listQuery struct {
	params  url.Values
	top     int
	selects string
	match   func(simulate.Object) bool // nil: everything
	count   bool
}

func parseList(r *http.Request, allowed ...string) (listQuery, error) {
	q := listQuery{params: r.URL.Query(), top: defaultPage}
	if err := refuseOthers(q.params, allowed); err != nil {
		return q, err
	}
	q.selects = q.params.Get("$select")
	if raw := q.params.Get("$top"); raw != "" {
		top, err := strconv.Atoi(raw)
		if err != nil {
			return q, badRequest("Invalid value '%s' for $top query option found. The $top query option requires a non-negative integer value.", raw)
		}
		if top < 1 || top > maxPage {
			return q, badRequest("Invalid page size specified: '%d'. Must be between 1 and 999 inclusive.", top)
		}
		q.top = top
	}
	q.count = q.params.Get("$count") == "true" && eventual(r)
	var err error
	q.match, err = parseMatch(r, q.params)
	return q, err
}

// refuseOthers answers for query options that this tenant does not simulate, so
// that a client never takes an ignored one for an obeyed one.
func refuseOthers(params url.Values, allowed []string) error {
	for name := range params {
		known := false
		for _, option := range allowed {
			known = known || option == name
		}
		if strings.HasPrefix(name, "$") && !known {
			return badRequest("The query option '%s' is not supported here by the simulated tenant.", name)
		}
	}
	return nil
}

func eventual(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("ConsistencyLevel"), "eventual")
}

func parseMatch(r *http.Request, params url.Values) (func(simulate.Object) bool, error) {
	filter, search := params.Get("$filter"), params.Get("$search")
	switch {
	case filter != "" && search != "":
		return nil, badRequest("$filter and $search together are not supported by the simulated tenant.")
	case filter != "":
		return parseFilter(filter)
	case search != "" && !eventual(r):
		return nil, badRequest("Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'")
	case search != "":
		return parseSearch(search)
	}
	return nil, nil
}

type grammar struct{ startsWith, equals, in, literal, search *regexp.Regexp }

func filterGrammar() grammar {
	const literal = `'((?:[^']|'')*)'`
	return grammar{
		startsWith: regexp.MustCompile(`^startswith\(\s*(\w+)\s*,\s*` + literal + `\s*\)$`),
		equals:     regexp.MustCompile(`^(\w+)\s+eq\s+` + literal + `$`),
		in:         regexp.MustCompile(`^(\w+)\s+in\s+\(\s*(` + literal + `(?:\s*,\s*` + literal + `)*)\s*\)$`),
		literal:    regexp.MustCompile(literal),
		search:     regexp.MustCompile(`^"(\w+):(.*)"$`),
	}
}

// parseFilter knows startswith(property,'x'), property eq 'x' and
// property in ('x','y'). Text compares without regard to case, as in Graph.
func parseFilter(filter string) (func(simulate.Object) bool, error) {
	g := filterGrammar()
	if m := g.startsWith.FindStringSubmatch(filter); m != nil {
		prefix := strings.ToLower(unquoteLiteral(m[2]))
		return func(o simulate.Object) bool { return strings.HasPrefix(strings.ToLower(o.Text(m[1])), prefix) }, nil
	}
	if m := g.equals.FindStringSubmatch(filter); m != nil {
		want := unquoteLiteral(m[2])
		return func(o simulate.Object) bool { return o.Get(m[1]) != nil && strings.EqualFold(o.Text(m[1]), want) }, nil
	}
	if m := g.in.FindStringSubmatch(filter); m != nil {
		want := map[string]bool{}
		for _, literal := range g.literal.FindAllStringSubmatch(m[2], -1) {
			want[strings.ToLower(unquoteLiteral(literal[1]))] = true
		}
		return func(o simulate.Object) bool { return want[strings.ToLower(o.Text(m[1]))] }, nil
	}
	return nil, &odataError{http.StatusBadRequest, "Request_UnsupportedQuery",
		"The simulated tenant supports $filter with startswith(property,'x'), property eq 'x' and property in ('x','y') only."}
}

// parseSearch knows "property:words": each word begins a word of the property.
func parseSearch(search string) (func(simulate.Object) bool, error) {
	m := filterGrammar().search.FindStringSubmatch(search)
	if m == nil {
		return nil, badRequest("Syntax error: $search must be of the form \"displayName:value\", quotes included.")
	}
	words := strings.Fields(strings.ToLower(m[2]))
	return func(o simulate.Object) bool {
		have := strings.Fields(strings.ToLower(o.Text(m[1])))
		for _, word := range words {
			if !anyHasPrefix(have, word) {
				return false
			}
		}
		return true
	}, nil
}

func anyHasPrefix(words []string, prefix string) bool {
	for _, word := range words {
		if strings.HasPrefix(word, prefix) {
			return true
		}
	}
	return false
}

func unquoteLiteral(s string) string { return strings.ReplaceAll(s, "''", "'") }

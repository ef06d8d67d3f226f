// Package scimquery is the SQL of a SCIM list: the condition of a filter, with its values as bound
// arguments, and the order of a sort. It runs nothing.
//
// Its SQL is over the aliases u (users) and s (scim_users) for users, and g (groups) for groups. It
// needs a database in UTF8 that has PostgreSQL's ICU collations: with them letters are folded as Go
// folds them whatever the database's locale is.
package scimquery

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/scim/filter"
	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// Query is which resources of a type a list has, and in which order.
type Query struct {
	resource   *schema.ResourceType
	filter     filter.Expression
	sortBy     *filter.Path // nil: by id alone
	descending bool
}

// New makes a query of a filter (nil: all resources) and the attribute to sort by (nil: by id alone).
// An attribute without an order, and one that only an answer has (meta.location, the $ref of a member
// or group), is a *filter.Error.
func New(t *schema.ResourceType, e filter.Expression, sortBy *filter.Path, descending bool) (Query, error) {
	q := Query{resource: t, filter: e, descending: descending}
	if e != nil {
		if err := checkStored(e, ""); err != nil {
			return Query{}, err
		}
	}
	if sortBy != nil {
		path, ok := sortBy.Comparable()
		if !ok || path.Filter != nil || !stored(path.String()) {
			return Query{}, &filter.Error{Type: filter.InvalidPath, Detail: fmt.Sprintf("Resources cannot be sorted by %s. Name an attribute with one value, or a sub-attribute.", sortBy)}
		}
		q.sortBy = &path
	}
	return q, nil
}

// Where is the condition of the filter, a boolean expression: true without a filter. It appends its
// values to args, and names each by its place there: $1 is args[0].
func (q Query) Where(args *[]any) string {
	if q.filter == nil {
		return "true"
	}
	return compiler{resource: q.resource, args: args}.condition(q.filter)
}

// Key is the expression of the sort key: a text that sorts as the attribute does, or null when the
// resource has no value. Of several values it is that of the primary one, else of the first. Without
// a sort it is null.
func (q Query) Key() string {
	if q.sortBy == nil {
		return "null::text"
	}
	return compiler{resource: q.resource}.key(*q.sortBy)
}

// OrderBy is what follows ORDER BY: the key, then the id. Who has no value comes last, or first when
// the order descends, RFC 7644, section 3.4.2.3. Backwards is the same list from its end.
func (q Query) OrderBy(backwards bool) string {
	direction := "ASC NULLS LAST"
	if q.descending != backwards {
		direction = "DESC NULLS FIRST"
	}
	if q.sortBy == nil {
		return q.id() + " " + direction
	}
	return fmt.Sprintf("%s %s, %s %s", q.Key(), direction, q.id(), direction)
}

// After is the condition that a resource comes after the one that has the key (nil: null) and the id,
// a UUID, in the order of OrderBy(backwards). It appends its values to args.
func (q Query) After(args *[]any, key *string, id string, backwards bool) string {
	c := compiler{args: args}
	down := q.descending != backwards
	beyond := ">"
	if down {
		beyond = "<"
	}
	further := fmt.Sprintf("%s %s %s::uuid", q.id(), beyond, c.bind(id))
	switch {
	case q.sortBy == nil:
		return further
	case key == nil && down:
		return fmt.Sprintf("(%s IS NOT NULL OR %s)", q.Key(), further)
	case key == nil:
		return fmt.Sprintf("(%s IS NULL AND %s)", q.Key(), further)
	}
	bound := c.bind(*key)
	condition := fmt.Sprintf("%s %s %s OR %[1]s = %[3]s AND %[4]s", q.Key(), beyond, bound, further)
	if !down {
		condition += fmt.Sprintf(" OR %s IS NULL", q.Key())
	}
	return "(" + condition + ")"
}

// id is the column of the id: for users that of the index which lists those of an account.
func (q Query) id() string {
	if q.resource.Name == "Group" {
		return "g.id"
	}
	return "s.user_id"
}

// checkStored refuses a filter on what only an answer has. prefix is the value path that it stands in.
func checkStored(e filter.Expression, prefix string) error {
	path := ""
	switch e := e.(type) {
	case filter.And:
		return cmp.Or(checkStored(e.Left, prefix), checkStored(e.Right, prefix))
	case filter.Or:
		return cmp.Or(checkStored(e.Left, prefix), checkStored(e.Right, prefix))
	case filter.Not:
		return checkStored(e.Operand, prefix)
	case filter.ValuePath:
		return checkStored(e.Filter, e.Path.String()+".")
	case filter.Comparison:
		path = prefix + e.Path.String()
	}
	if !stored(path) {
		return &filter.Error{Type: filter.InvalidFilter, Detail: fmt.Sprintf("Resources cannot be found by %s. Ask for the id that it ends with.", path)}
	}
	return nil
}

// stored says whether the database has the attribute at a path: addresses of resources it has not.
func stored(path string) bool { return path != "meta.location" && !strings.HasSuffix(path, ".$ref") }

package scimquery

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/scim/filter"
	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// compiler writes SQL. What it writes may be null, which is as false: only IS NOT TRUE negates.
type compiler struct {
	resource *schema.ResourceType
	args     *[]any
	// value is a sub-attribute of the value that a value path's filter is on; nil outside of one.
	value func(name string) operand
}

// bind appends an argument and is its name.
func (c compiler) bind(value any) string {
	*c.args = append(*c.args, value)
	return fmt.Sprintf("$%d", len(*c.args))
}

func (c compiler) condition(e filter.Expression) string {
	switch e := e.(type) {
	case filter.And:
		return "(" + c.condition(e.Left) + " AND " + c.condition(e.Right) + ")"
	case filter.Or:
		return "(" + c.condition(e.Left) + " OR " + c.condition(e.Right) + ")"
	case filter.Not:
		return negated(c.condition(e.Operand))
	case filter.Constant:
		return fmt.Sprint(bool(e))
	case filter.ValuePath:
		return c.valuePath(e)
	default:
		return c.comparison(e.(filter.Comparison))
	}
}

func negated(condition string) string { return "((" + condition + ") IS NOT TRUE)" }

func exists(r rows, condition string) string {
	return fmt.Sprintf("EXISTS (SELECT FROM %s WHERE %s AND %s)", r.from, r.where, condition)
}

func (c compiler) valuePath(e filter.ValuePath) string {
	if e.Path.Attribute.MultiValued {
		values := several(c.resource, e.Path)
		c.value = values.value
		return c.indexed(e.Path, e.Filter, exists(values, c.condition(e.Filter)))
	}
	c.value = func(name string) operand {
		path := e.Path
		path.Sub = path.Attribute.SubAttribute(name)
		return one(c.resource, path)
	}
	return "(" + present(one(c.resource, e.Path)) + " AND " + c.condition(e.Filter) + ")"
}

// comparison is that of one value, or of any of several. Who has none is not equal to all values.
func (c compiler) comparison(e filter.Comparison) string {
	switch {
	case c.value != nil:
		return c.compare(c.value(e.Path.Attribute.Name), e)
	case !e.Path.Attribute.MultiValued:
		return c.compare(one(c.resource, e.Path), e)
	}
	values := several(c.resource, e.Path)
	name := ""
	if e.Path.Sub != nil {
		name = e.Path.Sub.Name
	}
	found := exists(values, c.compare(values.value(name), e))
	if e.Operator == filter.NotEqual {
		return "(" + found + " OR NOT " + exists(values, "true") + ")"
	}
	return c.indexed(e.Path, e, found)
}

// indexed is a condition on values of an attribute, with what lets the index on addresses find them where
// an address is asked for.
func (c compiler) indexed(p filter.Path, e filter.Expression, condition string) string {
	address, ok := equalValue(e)
	if !ok || p.URN != "" || p.Attribute.Name != "emails" {
		return condition
	}
	return fmt.Sprintf("(s.address_keys @> ARRAY[%s::text] AND %s)", c.bind(filter.Fold(address)), condition)
}

// equalValue is the text that the value of whatever matches is equal to, if the filter says one.
func equalValue(e filter.Expression) (string, bool) {
	switch e := e.(type) {
	case filter.And:
		if text, ok := equalValue(e.Left); ok {
			return text, true
		}
		return equalValue(e.Right)
	case filter.Comparison:
		text, ok := e.Value.(string)
		return text, ok && e.Operator == filter.Equal && e.Path.Target().Name == "value"
	}
	return "", false
}

// compare is the comparison of a value.
func (c compiler) compare(o operand, e filter.Comparison) string {
	switch e.Operator {
	case filter.Present:
		return present(o)
	case filter.NotEqual:
		e.Operator = filter.Equal
		return negated(c.compare(o, e))
	}
	switch want := e.Value.(type) {
	case bool:
		if o.form == boolForm {
			return o.sql + " = " + c.bind(want) + "::boolean"
		}
		return o.sql + " = " + c.bind(fmt.Sprint(want)) + "::jsonb"
	case json.Number:
		return fmt.Sprintf("(jsonb_typeof(%s) = 'number' AND %[1]s %s %s::jsonb)", o.sql, sign[e.Operator], c.bind(want.String()))
	case time.Time:
		return fmt.Sprintf("%s %s %s::timestamptz", moment(o), sign[e.Operator], c.bind(want.Format(time.RFC3339Nano)))
	default:
		return c.compareText(o, e)
	}
}

// sign is SQL's spelling of an operator.
var sign = map[filter.Operator]string{
	filter.Equal: "=", filter.GreaterThan: ">", filter.GreaterOrEqual: ">=", filter.LessThan: "<", filter.LessOrEqual: "<=",
}

// compareText compares strings. Those that are equal to an id, a user name or an external id are
// written so that their index finds them.
func (c compiler) compareText(o operand, e filter.Comparison) string {
	want := e.Value.(string)
	equal := e.Operator == filter.Equal
	switch {
	case o.form == uuidForm && equal:
		if id, err := uuid.Parse(want); err != nil || id.String() != want {
			return "false"
		}
		return o.sql + " = " + c.bind(want) + "::uuid"
	case o.form == keyForm && equal:
		return o.sql + " = " + c.bind(directory.EmailKey(want))
	case folds(e.Path.Target()):
		want = filter.Fold(want)
	}
	value, bound := text(o, e.Path.Target()), c.bind(want)+"::text"
	switch e.Operator {
	case filter.Contains:
		return fmt.Sprintf("strpos(%s, %s) > 0", value, bound)
	case filter.StartsWith:
		return fmt.Sprintf("starts_with(%s, %s)", value, bound)
	case filter.EndsWith:
		return fmt.Sprintf("right(%s, length(%s)) = %[2]s", value, bound)
	case filter.Equal:
		return value + " = " + bound
	default:
		return fmt.Sprintf(`%s COLLATE "C" %s %s`, value, sign[e.Operator], bound)
	}
}

func present(o operand) string {
	switch o.form {
	case jsonForm:
		return o.sql + ` NOT IN ('null', '""', '{}', '[]')`
	case textForm:
		return o.sql + " <> ''"
	default:
		return o.sql + " IS NOT NULL"
	}
}

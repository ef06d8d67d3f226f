package scimquery

import (
	"fmt"

	"github.com/rollcall-sync/rollcall/internal/scim/filter"
	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

func folds(a *schema.Attribute) bool { return !a.CaseExact && a.Type != schema.Binary }

// text is an operand as a text, folded where the attribute is not case-exact: as filter.Fold does.
func text(o operand, a *schema.Attribute) string {
	value := o.sql
	switch o.form {
	case keyForm:
		return value
	case jsonForm:
		value = "(" + value + " #>> '{}')"
	case uuidForm, boolForm, timeForm:
		value = "(" + value + ")::text"
	case textForm:
	}
	if !folds(a) {
		return value
	}
	// ICU gives these two letters, and only them, another lower case than Go does.
	return `lower(translate(` + value + `, 'Σİ', 'σi') COLLATE "und-x-icu")`
}

// moment is an operand as a timestamp with time zone, or null where it is none. A cast that meets no
// timestamp fails; so only what looks like one is cast, with the first day of its month.
func moment(o operand) string {
	if o.form == timeForm {
		return o.sql
	}
	value := "(" + o.sql + " #>> '{}')"
	return fmt.Sprintf(`CASE WHEN %s ~ '^(?!0000)\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?Z$' `+
		`THEN (left(%[1]s, 8) || '01' || substr(%[1]s, 11))::timestamptz + (substr(%[1]s, 9, 2)::int - 1) * interval '24 hours' END`, value)
}

// key is the sort key of the attribute at a path.
func (c compiler) key(p filter.Path) string {
	if !p.Attribute.MultiValued {
		return sortable(one(c.resource, p), p.Target())
	}
	name := ""
	if p.Sub != nil {
		name = p.Sub.Name
	}
	values := several(c.resource, p)
	return fmt.Sprintf("(SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT 1)", sortable(values.value(name), p.Target()), values.from, values.where, values.order)
}

// sortable is an operand as a text whose order by bytes is the order of the attribute. Numbers are
// moved above zero, by as much as the largest that is told from a larger one.
func sortable(o operand, a *schema.Attribute) string {
	value := ""
	switch a.Type {
	case schema.Integer, schema.Decimal:
		value = fmt.Sprintf("CASE WHEN jsonb_typeof(%s) = 'number' THEN to_char(greatest(-1e20, least(1e20, (%[1]s)::numeric)) + 1e20, 'FM000000000000000000000.0000000000') END", o.sql)
	case schema.DateTime:
		value = fmt.Sprintf(`to_char(%s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')`, moment(o))
	default:
		if value = text(o, a); o.form == keyForm {
			return value
		}
	}
	return "(" + value + `) COLLATE "C"`
}

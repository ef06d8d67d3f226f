package filter

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// Match says whether a resource in the schema's spelling matches. It has what the filter may ask for
// as the client sees it, id and meta among them.
func Match(e Expression, resource map[string]any) bool {
	switch e := e.(type) {
	case And:
		return Match(e.Left, resource) && Match(e.Right, resource)
	case Or:
		return Match(e.Left, resource) || Match(e.Right, resource)
	case Not:
		return !Match(e.Operand, resource)
	case Constant:
		return bool(e)
	case ValuePath:
		for _, value := range valuesAt(resource, e.Path) {
			if MatchValue(e.Filter, value) {
				return true
			}
		}
		return false
	default:
		return e.(Comparison).match(valuesAt(resource, e.(Comparison).Path))
	}
}

// MatchValue says whether one value of an attribute matches the filter of a path to it.
func MatchValue(e Expression, value any) bool {
	if object, ok := value.(map[string]any); ok {
		return Match(e, object)
	}
	return Match(e, map[string]any{"value": value})
}

// valuesAt are the values at a path: none, one, or those of a multi-valued attribute. A value whose
// sub-attribute the path names and which lacks it is nil.
func valuesAt(resource map[string]any, p Path) []any {
	if p.URN != "" {
		resource, _ = resource[p.URN].(map[string]any)
	}
	values := list(resource[p.Attribute.Name])
	if p.Sub == nil {
		return values
	}
	subs := make([]any, len(values))
	for i, value := range values {
		object, _ := value.(map[string]any)
		subs[i] = object[p.Sub.Name]
	}
	return subs
}

func list(value any) []any {
	switch value := value.(type) {
	case nil:
		return nil
	case []any:
		return value
	case []string:
		values := make([]any, len(value))
		for i := range value {
			values[i] = value[i]
		}
		return values
	default:
		return []any{value}
	}
}

func (c Comparison) match(values []any) bool {
	if len(values) == 0 {
		return c.Operator == NotEqual
	}
	for _, value := range values {
		if c.matchOne(value) {
			return true
		}
	}
	return false
}

func (c Comparison) matchOne(value any) bool {
	if c.Operator == Present {
		return present(value)
	}
	if c.Operator.ofStrings() {
		return c.matchPart(value)
	}
	order, ok := c.order(value)
	switch c.Operator {
	case NotEqual:
		return !ok || order != 0
	case GreaterThan:
		return ok && order > 0
	case GreaterOrEqual:
		return ok && order >= 0
	case LessThan:
		return ok && order < 0
	case LessOrEqual:
		return ok && order <= 0
	default:
		return ok && order == 0
	}
}

func (c Comparison) matchPart(value any) bool {
	whole, ok := value.(string)
	part := c.Value.(string)
	if !c.Path.Target().CaseExact {
		whole, part = Fold(whole), Fold(part)
	}
	switch {
	case !ok:
		return false
	case c.Operator == StartsWith:
		return strings.HasPrefix(whole, part)
	case c.Operator == EndsWith:
		return strings.HasSuffix(whole, part)
	default:
		return strings.Contains(whole, part)
	}
}

// order is how a value compares with that of the comparison; ok is false when it cannot be.
func (c Comparison) order(value any) (order int, ok bool) {
	switch want := c.Value.(type) {
	case bool:
		is, ok := value.(bool)
		if is == want {
			return 0, ok
		}
		return 1, ok
	case json.Number:
		is, ok := value.(json.Number)
		if !ok {
			return 0, false
		}
		left, leftOK := rational(is)
		right, rightOK := rational(want)
		if !leftOK || !rightOK {
			return 0, false
		}
		return left.Cmp(right), true
	case time.Time:
		is, ok := value.(time.Time)
		if text, isText := value.(string); isText {
			is, ok = instant(text)
		}
		return is.Compare(want), ok
	default:
		is, ok := value.(string)
		wanted := want.(string)
		if target := c.Path.Target(); !target.CaseExact && target.Type != schema.Binary {
			is, wanted = Fold(is), Fold(wanted)
		}
		return cmp.Compare(is, wanted), ok
	}
}

// present says whether there is a value: RFC 7644, table 3, pr.
func present(value any) bool {
	switch value := value.(type) {
	case nil:
		return false
	case string:
		return value != ""
	case map[string]any:
		return len(value) > 0
	case []any:
		return len(value) > 0
	default:
		return true
	}
}

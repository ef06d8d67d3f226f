package scim

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// fill reads the members of a JSON object that find knows into holder. One without a value (null,
// an empty text, list or object: RFC 7643, section 2.5) takes the attribute out of holder. Unknown
// and read-only members are passed over. Of names that differ in case alone, the one that sorts last
// counts, which is the schema's own spelling. at is the path of holder, for messages.
func fill(holder map[string]any, find func(name string) *schema.Attribute, members map[string]any, at string) error {
	for _, name := range slices.Sorted(maps.Keys(members)) {
		a := find(name)
		if a == nil || a.Mutability == schema.ReadOnly {
			continue
		}
		value, err := read(a, members[name], at+a.Name)
		if err != nil {
			return err
		}
		if value == nil {
			delete(holder, a.Name)
		} else {
			holder[a.Name] = value
		}
	}
	return nil
}

// read is what a client wrote for an attribute in the form that Resource keeps; nil: no value.
func read(a *schema.Attribute, raw any, at string) (any, error) {
	if !a.MultiValued {
		return readOne(a, raw, at)
	}
	list, ok := raw.([]any)
	if !ok {
		list = []any{raw}
	}
	if len(list) > maxValues {
		return nil, tooManyValues(at)
	}
	var values []any
	for _, element := range list {
		value, err := readOne(a, element, at)
		if err != nil {
			return nil, err
		}
		if value != nil {
			values = append(values, value)
		}
	}
	if values == nil {
		return nil, nil
	}
	return settle(values), nil
}

// readOne reads a value of a single-valued attribute, or one of several.
func readOne(a *schema.Attribute, raw any, at string) (any, error) {
	if raw == nil {
		return nil, nil
	}
	switch a.Type {
	case schema.Complex:
		return readComplex(a, raw, at)
	case schema.Boolean:
		return readBoolean(raw, at)
	case schema.Integer, schema.Decimal:
		return readNumber(a, raw, at)
	default:
		return readText(a, raw, at)
	}
}

func readComplex(a *schema.Attribute, raw any, at string) (any, error) {
	members, err := objectOf(a, raw, at)
	if err != nil {
		return nil, err
	}
	value := map[string]any{}
	if err := fill(value, a.SubAttribute, members, at+"."); err != nil {
		return nil, err
	}
	if len(value) == 0 {
		return nil, nil
	}
	return value, nil
}

// objectOf is the JSON object that raw is for a complex attribute. Entra writes the manager as the
// bare id, or as a list of one object: a bare value stands for an object with that value.
func objectOf(a *schema.Attribute, raw any, at string) (map[string]any, error) {
	if list, ok := raw.([]any); ok && len(list) == 1 && !a.MultiValued {
		raw = list[0]
	}
	switch raw := raw.(type) {
	case nil:
		return nil, nil
	case map[string]any:
		return raw, nil
	case []any:
	default:
		if a.SubAttribute("value") != nil {
			return map[string]any{"value": raw}, nil
		}
	}
	return nil, refuse(InvalidValue, "The attribute %q takes an object, but got %s.", at, kindOf(raw))
}

func tooManyValues(at string) error {
	return refuse(InvalidValue, "The attribute %q takes at most %d values.", at, maxValues)
}

// settle is values without repetitions, and with one primary value at most, the last.
func settle(values []any) []any {
	values = distinct(values)
	if onePrimary(values, -1) {
		values = distinct(values)
	}
	return values
}

// distinct is values without repetitions (RFC 7643, section 2.4).
func distinct(values []any) []any {
	seen := make(map[string]bool, len(values))
	return slices.DeleteFunc(values, func(value any) bool {
		key, err := json.Marshal(value)
		repeated := err == nil && seen[string(key)]
		seen[string(key)] = true
		return repeated
	})
}

// onePrimary sets primary to false where another value is primary too (RFC 7644, section 3.5.2): that
// at the index preferred, else the last. It says whether there was one to set.
func onePrimary(values []any, preferred int) (changed bool) {
	if preferred < 0 || !isPrimary(values[preferred]) {
		preferred = -1
		for i, value := range values {
			if isPrimary(value) {
				preferred = i
			}
		}
	}
	for i, value := range values {
		if i != preferred && isPrimary(value) {
			value.(map[string]any)["primary"] = false
			changed = true
		}
	}
	return changed
}

func isPrimary(value any) bool {
	entry, ok := value.(map[string]any)
	return ok && entry["primary"] == true
}

// clone is a copy that shares nothing with the value.
func clone(value any) any {
	switch value := value.(type) {
	case map[string]any:
		copied := make(map[string]any, len(value))
		for name, member := range value {
			copied[name] = clone(member)
		}
		return copied
	case []any:
		copied := make([]any, len(value))
		for i := range value {
			copied[i] = clone(value[i])
		}
		return copied
	default:
		return value
	}
}

// same says whether two values of an attribute are equal, by the attribute's rule for the case of letters.
func same(a *schema.Attribute, x, y any) bool {
	left, textual := x.(string)
	right, both := y.(string)
	if textual && both && !a.CaseExact {
		return strings.EqualFold(left, right)
	}
	return x == y
}

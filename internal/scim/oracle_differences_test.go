package scim

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"github.com/rollcall-sync/rollcall/internal/scim/filter"
)

// difference is where we answer otherwise than scim-patch, and by what rule.
type difference struct {
	name  string
	rule  string
	when  func(step) bool // of the question, and where it says so of the oracle's answer
	holds func(step) bool // of our answer
}

// differences are judged in order.
func differences() []difference {
	return append(removals(), writes()...)
}

func removals() []difference {
	return []difference{
		{
			"a required attribute stays",
			`RFC 7644, 3.5.2.2: "If an attribute is removed or becomes unassigned and is defined as a required attribute or a read-only attribute, the server SHALL return an HTTP response status code and a JSON detail error response [...] with a "scimType" error code of "mutability"."`,
			func(s step) bool { return s.op == "remove" && s.path.Target().Required },
			func(s step) bool { return s.scimType == NotMutable },
		},
		{
			"a removal that names a value of a single-valued attribute",
			"The RFC gives a removal no value; Entra does (case G3 c): it removes that value and no other, and sets none.",
			func(s step) bool { return s.op == "remove" && s.value != nil && !s.path.Attribute.MultiValued },
			func(s step) bool {
				want := maps.Clone(s.before)
				if same(s.path.Attribute, want[s.path.Attribute.Name], s.value) {
					delete(want, s.path.Attribute.Name)
				}
				return reflect.DeepEqual(want, s.ours)
			},
		},
		{
			"a removal that names values",
			"The RFC gives a removal no value; Entra does (case G2 a, d): it removes the values that have what it names, and none is no error.",
			func(s step) bool { return s.op == "remove" && s.value != nil },
			func(s step) bool {
				named := s.value.([]any)[0].(map[string]any)
				return s.isList(slices.DeleteFunc(s.values(), func(value any) bool { return contains(value, named) }))
			},
		},
		{
			"a removal of what is not there",
			`RFC 7644, 3.5.2.2: "the matching records are removed": none are, which is no error (case G2 d).`,
			func(s step) bool { return s.op == "remove" && s.path.Filter != nil && len(s.matching()) == 0 },
			func(s step) bool { return reflect.DeepEqual(s.before, s.ours) },
		},
	}
}

func writes() []difference {
	return []difference{
		{
			"without a path, each attribute as with one",
			`RFC 7644, 3.5.2.1 and 3.5.2.3: a complex attribute's "Sub-attributes that are not specified in the "value" parameter are left unchanged", and "If the target location already contains the value specified, no changes SHOULD be made"; the oracle heeds both with a path only.`,
			func(s step) bool { return s.path.Attribute == nil },
			func(s step) bool { return reflect.DeepEqual(s.onePathAtATime(), s.ours) },
		},
		{
			"several values are a list",
			`RFC 7643, 2.4: "Multi-valued attributes contain a list of elements": the oracle stores one that is added alone as an object, and replaces parts of all by it.`,
			func(s step) bool {
				_, isObject := s.value.(map[string]any)
				return s.path.Filter == nil && s.path.Attribute.MultiValued && (isObject || s.path.Sub != nil) && (len(s.values()) == 0 || s.op == "replace" && s.path.Sub == nil)
			},
			func(s step) bool {
				if s.path.Sub != nil {
					return s.isList([]any{map[string]any{s.path.Sub.Name: s.value}})
				}
				return s.isList([]any{s.value})
			},
		},
		{
			"a replaced record",
			`RFC 7644, 3.5.2.3: "all matching record values SHALL be replaced": the oracle leaves what the new one does not name; we, only what the filter asks of it.`,
			func(s step) bool { return s.op == "replace" && s.path.Filter != nil && s.path.Sub == nil },
			func(s step) bool {
				equal, _ := filter.Equalities(s.path.Filter)
				record := maps.Clone(s.value.(map[string]any))
				for name, value := range equal {
					if record[name] == nil {
						record[name] = value
					}
				}
				want := s.values()
				for _, i := range s.matching() {
					want[i] = maps.Clone(record)
				}
				return s.isListBut("primary", want)
			},
		},
		{
			"a value without a type is taken over",
			"Case G3 (a): Entra writes the address of type work where ours has no type; it is the same address.",
			func(s step) bool {
				equal, _ := filter.Equalities(s.path.Filter)
				return s.path.Sub != nil && len(equal) == 1 && equal["type"] != nil && len(s.matching()) == 0 && untyped(s.values()) >= 0
			},
			func(s step) bool {
				want := s.values()
				entry := want[untyped(want)].(map[string]any)
				equal, _ := filter.Equalities(s.path.Filter)
				entry["type"], entry[s.path.Sub.Name] = equal["type"], s.value
				return s.isListBut("primary", want)
			},
		},
		{
			"no value equals what it is to be replaced by",
			`RFC 7644, 3.5.2.3: "no record match was made, the service provider SHALL indicate failure by returning HTTP status code 400 and a "scimType" error code of "noTarget"": the filter asks the very part that is written.`,
			func(s step) bool {
				equal, _ := filter.Equalities(s.path.Filter)
				return s.path.Sub != nil && equal[s.path.Sub.Name] != nil && len(s.matching()) == 0
			},
			func(s step) bool { return s.scimType == NoTarget },
		},
		{
			"a value that a filter describes is made",
			`RFC 7644, 3.5.2.3: "If the target location path specifies an attribute that does not exist, the service provider SHALL treat the operation as an "add""; 3.5.2.1: "If the target location does not exist, the attribute and value are added." The oracle does so for a part and one comparison only.`,
			func(s step) bool {
				_, clear := filter.Equalities(s.path.Filter)
				return clear && len(s.matching()) == 0 && (s.path.Sub != nil || s.op == "add")
			},
			func(s step) bool {
				entry, _ := filter.Equalities(s.path.Filter)
				if s.path.Sub != nil {
					entry[s.path.Sub.Name] = s.value
				} else {
					parts := maps.Clone(s.value.(map[string]any))
					maps.Copy(parts, entry)
					entry = parts
				}
				return s.isListBut("primary", append(s.values(), entry))
			},
		},
		{
			"a filter that describes no value",
			`RFC 7644, table 9: noTarget is "when the "path" value contains a filter that yields no match"; the oracle lets an add pass.`,
			func(s step) bool { return s.path.Filter != nil && len(s.matching()) == 0 },
			func(s step) bool { return s.scimType == NoTarget },
		},
		{
			"one primary value",
			`RFC 7644, 3.5.2: "For multi-valued attributes, a PATCH operation that sets a value's "primary" sub-attribute to "true" SHALL cause the server to automatically set "primary" to "false" for any other values in the array."`,
			func(s step) bool { return len(primaries(s.theirs[s.path.Attribute.Name])) > 1 },
			func(s step) bool {
				return len(primaries(s.ours[s.path.Attribute.Name])) == 1 && s.isListBut("primary", s.theirs[s.path.Attribute.Name].([]any))
			},
		},
		{
			"a value once",
			`RFC 7643, 2.4: "service providers SHOULD NOT return the same (type, value) combination more than once per attribute".`,
			func(s step) bool { return s.path.Attribute.MultiValued },
			func(s step) bool { return s.isList(distinct(s.theirs[s.path.Attribute.Name].([]any))) },
		},
	}
}

// values is a copy of the values of the path's attribute before the step.
func (s step) values() []any {
	values, _ := clone(s.before[s.path.Attribute.Name]).([]any)
	return values
}

// matching are the indexes of the values that match the path's filter.
func (s step) matching() []int {
	var indexes []int
	for i, value := range s.values() {
		if s.path.Filter != nil && filter.MatchValue(s.path.Filter, value) {
			indexes = append(indexes, i)
		}
	}
	return indexes
}

// isList says whether our answer is the resource before with these values.
func (s step) isList(values []any) bool {
	want := maps.Clone(s.before)
	want[s.path.Attribute.Name] = values
	if len(values) == 0 {
		delete(want, s.path.Attribute.Name)
	}
	return reflect.DeepEqual(want, s.ours)
}

// isListBut is isList with no regard to a part of the values, nor to repetitions that this makes.
func (s step) isListBut(part string, values []any) bool {
	got, ok := clone(s.ours).(map[string]any)
	if !ok {
		return false
	}
	ours, _ := got[s.path.Attribute.Name].([]any)
	s.ours = got
	got[s.path.Attribute.Name] = distinct(without(part, ours))
	return s.isList(distinct(without(part, values)))
}

func without(part string, values []any) []any {
	for _, value := range values {
		delete(value.(map[string]any), part)
	}
	return values
}

// onePathAtATime is the outcome of an operation without a path made into one for each of its attributes.
func (s step) onePathAtATime() map[string]any {
	members, _ := s.value.(map[string]any)
	r, active := maps.Clone(s.before), s.before["active"] == true
	delete(r, "active")
	for _, name := range slices.Sorted(maps.Keys(members)) {
		body, err := json.Marshal(map[string]any{"Operations": []any{map[string]any{"op": s.op, "path": name, "value": members[name]}}})
		if err != nil {
			return nil
		}
		p, err := ParsePatch(userType(), body)
		if err != nil {
			return nil
		}
		if r, active, err = p.ApplyUser(r, active, ""); err != nil {
			return nil
		}
	}
	return withActive(r, active)
}

func contains(value any, parts map[string]any) bool {
	for name, part := range parts {
		if value.(map[string]any)[name] != part {
			return false
		}
	}
	return true
}

func primaries(values any) []any {
	list, _ := values.([]any)
	return slices.DeleteFunc(slices.Clone(list), func(v any) bool { return !isPrimary(v) })
}

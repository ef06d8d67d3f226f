package scim

import (
	"maps"
	"slices"

	"github.com/rollcall-sync/rollcall/internal/scim/filter"
)

// changeValues is the values of a multi-valued attribute after the operation. It may change them in place.
func (o operation) changeValues(values []any) ([]any, error) {
	var err error
	switch {
	case o.name == removeOperation:
		values, err = o.removeValues(values)
	case o.putsValues():
		values, err = o.putValues(values)
	default:
		values, err = o.changeMatching(values)
	}
	if err == nil && len(values) > maxValues {
		err = tooManyValues(o.path.String())
	}
	return values, err
}

// putsValues says whether the operation adds whole values, or replaces all.
func (o operation) putsValues() bool {
	return o.name != removeOperation && o.path.Filter == nil && o.path.Sub == nil
}

// putValues adds the values, or replaces all by them.
func (o operation) putValues(values []any) ([]any, error) {
	value, err := read(o.path.Attribute, o.value, o.path.String())
	if err != nil {
		return nil, err
	}
	put, _ := value.([]any)
	if o.name == replaceOperation {
		return put, nil
	}
	return settle(append(values, put...)), nil
}

// removeValues removes the values that match, or their sub-attribute; where the operation names
// values, only those that equal one of them.
func (o operation) removeValues(values []any) ([]any, error) {
	named, err := o.namedValues()
	if err != nil {
		return nil, err
	}
	kept := make([]any, 0, len(values))
	for _, value := range values {
		gone, err := o.removes(value, named)
		if err != nil {
			return nil, err
		}
		if !gone {
			kept = append(kept, value)
		}
	}
	if o.path.Sub == nil {
		return kept, nil
	}
	return distinct(kept), nil
}

// namedValues are the values that a removal names; nil: it names none.
func (o operation) namedValues() ([]any, error) {
	if o.path.Sub != nil || !o.namesValue() {
		return nil, nil
	}
	list, ok := o.value.([]any)
	if !ok {
		list = []any{o.value}
	}
	if len(list) > maxValues {
		return nil, tooManyValues(o.path.String())
	}
	named := make([]any, 0, len(list))
	for _, element := range list {
		value, err := readOne(o.path.Attribute, element, o.path.String())
		if err != nil {
			return nil, err
		}
		named = append(named, value)
	}
	return named, nil
}

// removes says whether the operation removes the value; it removes the sub-attribute if that is all.
func (o operation) removes(value any, named []any) (bool, error) {
	if o.path.Filter != nil && !filter.MatchValue(o.path.Filter, value) {
		return false, nil
	}
	if o.path.Sub != nil {
		entry, _ := value.(map[string]any)
		err := o.unassign(entry, o.path.Sub)
		return len(entry) == 0, err
	}
	equalsValue := func(one any) bool { return equals(o.path.Attribute, value, one) }
	return named == nil || slices.ContainsFunc(named, equalsValue), nil
}

// changeMatching changes the values that match the filter, or all of them. Where none does, there is
// nothing to change, but the filter may say what is to be made.
func (o operation) changeMatching(values []any) ([]any, error) {
	last := -1
	for i, value := range values {
		if o.path.Filter != nil && !filter.MatchValue(o.path.Filter, value) {
			continue
		}
		changed, err := o.changeEntry(value.(map[string]any))
		if err != nil {
			return nil, err
		}
		values[i], last = changed, i
	}
	if last < 0 {
		return o.changeMissing(values)
	}
	onePrimary(values, last)
	return distinct(withoutEmpty(values)), nil
}

// changeMissing is for a filter that matches nothing. A sub-attribute, or what is to be added, gets a
// new value with what the filter asks of it, if that is clear: Entra's `emails[type eq "work"].value`.
// A value without a type is taken over where it is the only or the primary one.
func (o operation) changeMissing(values []any) ([]any, error) {
	wanted, clear := map[string]any{}, true
	if o.path.Filter != nil {
		wanted, clear = filter.Equalities(o.path.Filter)
	}
	if o.path.Sub != nil {
		_, circular := wanted[o.path.Sub.Name]
		clear = clear && !circular
	}
	if !clear || o.path.Sub == nil && o.name == replaceOperation {
		return nil, refuse(NoTarget, "No value of %q matches the filter of the path.", o.path.Attribute.Name)
	}
	made, err := o.changeEntry(map[string]any{})
	if err != nil || len(made) == 0 {
		return values, err
	}
	described := map[string]any{}
	if err := fill(described, o.path.Attribute.SubAttribute, wanted, o.path.Attribute.Name+"."); err != nil {
		return nil, err
	}
	if i := untyped(values); o.path.Sub != nil && len(described) == 1 && described["type"] != nil && i >= 0 {
		maps.Copy(values[i].(map[string]any), described)
		maps.Copy(values[i].(map[string]any), made)
		onePrimary(values, i)
		return distinct(values), nil
	}
	maps.Copy(made, described)
	values = append(values, made)
	onePrimary(values, len(values)-1)
	return distinct(values), nil
}

// untyped is the index of a value that has no type and is the only one, or the primary one; -1 without one.
func untyped(values []any) int {
	return slices.IndexFunc(values, func(value any) bool {
		_, typed := value.(map[string]any)["type"]
		return !typed && (len(values) == 1 || isPrimary(value))
	})
}

func withoutEmpty(values []any) []any {
	return slices.DeleteFunc(values, func(value any) bool { return len(value.(map[string]any)) == 0 })
}

// changeEntry is one value after the operation. A replaced value keeps of the old one what the path's
// filter asks of it.
func (o operation) changeEntry(entry map[string]any) (map[string]any, error) {
	if o.path.Sub != nil {
		return entry, o.assign(entry, o.path.Sub)
	}
	a, at := o.path.Attribute, o.path.String()
	members, err := objectOf(a, o.value, at)
	if err != nil {
		return nil, err
	}
	if o.name == replaceOperation {
		entry, _ = filter.Equalities(o.path.Filter)
		entry = maps.Clone(entry)
		if entry == nil {
			entry = map[string]any{}
		}
	}
	return entry, fill(entry, a.SubAttribute, members, at+".")
}

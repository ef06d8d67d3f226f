package scim

// distinctEffort is how many comparisons the search for repetitions among values is worth.
const distinctEffort = 8

// effort is about how much work the operation is on the resource: the weight of all that is compared.
// Only attributes with several values can make much of it, as each operation goes through all of them.
func (o operation) effort(r map[string]any) int {
	a := o.path.Attribute
	if a == nil || !a.MultiValued {
		return 0
	}
	holder := r
	if o.path.URN != "" {
		holder, _ = r[o.path.URN].(map[string]any)
	}
	values, _ := holder[a.Name].([]any)
	held, given := weight(values), weight(o.value)
	named, _ := o.value.([]any)
	switch {
	case o.putsValues():
		return distinctEffort * (held + given)
	case o.name == removeOperation:
		return held*(distinctEffort+o.path.Comparisons+len(named)) + given
	default:
		return held*(distinctEffort+o.path.Comparisons) + given*distinctEffort*(1+len(values))
	}
}

// weight is about how large a value is in memory, in bytes.
func weight(value any) int {
	const least = 32
	n := least
	switch value := value.(type) {
	case string:
		n += len(value)
	case map[string]any:
		for _, member := range value {
			n += weight(member)
		}
	case []any:
		for _, element := range value {
			n += weight(element)
		}
	}
	return n
}

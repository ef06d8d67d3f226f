package filter

// Operator compares an attribute with a value.
type Operator string

// The operators, RFC 7644, table 3.
const (
	Equal          Operator = "eq"
	NotEqual       Operator = "ne"
	Contains       Operator = "co"
	StartsWith     Operator = "sw"
	EndsWith       Operator = "ew"
	Present        Operator = "pr"
	GreaterThan    Operator = "gt"
	GreaterOrEqual Operator = "ge"
	LessThan       Operator = "lt"
	LessOrEqual    Operator = "le"
)

func (o Operator) known() bool {
	return o == Equal || o == NotEqual || o == Present || o.ofStrings() || o.ofOrder()
}

func (o Operator) ofStrings() bool { return o == Contains || o == StartsWith || o == EndsWith }

func (o Operator) ofOrder() bool {
	return o == GreaterThan || o == GreaterOrEqual || o == LessThan || o == LessOrEqual
}

// Expression is a filter: an And, Or, Not, Constant, Comparison or ValuePath.
type Expression interface{ expression() }

// And matches what both match.
type And struct{ Left, Right Expression }

// Or matches what either matches.
type Or struct{ Left, Right Expression }

// Not matches what the operand does not match.
type Not struct{ Operand Expression }

// Constant matches everything or nothing: what is left of a comparison of an attribute that the
// resource type lacks.
type Constant bool

// Comparison compares an attribute with a value; of several values one that matches is enough. A
// complex attribute is only ever asked whether it is Present.
//
// Value is a string (string, reference, binary), a bool, a json.Number (integer, decimal) or a
// time.Time in UTC (dateTime); nil with Present. It is as the client wrote it: where the attribute
// is not case-exact, both sides are compared as Fold makes them.
//
// An attribute without a value is NotEqual to every value: it is in the state of null, RFC 7643,
// section 2.5, which is not identical to any.
type Comparison struct {
	Path     Path // without a filter
	Operator Operator
	Value    any
}

// ValuePath matches when one of the values of an attribute matches the filter, whose paths begin at
// the value: emails[type eq "work" and value co "@corp.example"]. A value that is not complex is its
// own sub-attribute value; a single-valued attribute has one value.
type ValuePath struct {
	Path   Path
	Filter Expression
}

func (And) expression()        {}
func (Or) expression()         {}
func (Not) expression()        {}
func (Constant) expression()   {}
func (Comparison) expression() {}
func (ValuePath) expression()  {}

// Equalities are the comparisons of a value path's filter that says nothing but which values
// sub-attributes are equal to, joined by and: the values, as they stand in a resource, by the
// sub-attribute's name in the schema's spelling. ok is false for any other filter, and for one that
// gives a sub-attribute two values.
func Equalities(e Expression) (values map[string]any, ok bool) {
	values = map[string]any{}
	return values, equalities(e, values)
}

func equalities(e Expression, values map[string]any) bool {
	switch e := e.(type) {
	case And:
		return equalities(e.Left, values) && equalities(e.Right, values)
	case Comparison:
		name := e.Path.Attribute.Name
		if _, taken := values[name]; taken || e.Operator != Equal {
			return false
		}
		values[name] = e.stored()
		return true
	default:
		return false
	}
}

// ValuesOf are the values that a filter asks for which is nothing but `value eq`, joined by or, in
// order: those of members[value eq "a" or value eq "b"]. ok is false for any other filter.
func ValuesOf(e Expression) (values []string, ok bool) {
	switch e := e.(type) {
	case Or:
		left, ok := ValuesOf(e.Left)
		if !ok {
			return nil, false
		}
		right, ok := ValuesOf(e.Right)
		return append(left, right...), ok
	case Comparison:
		value, isString := e.Value.(string)
		return []string{value}, isString && e.Operator == Equal && e.Path.Attribute.Name == "value"
	default:
		return nil, false
	}
}

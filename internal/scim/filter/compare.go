package filter

import (
	"encoding/json"
	"math/big"
	"strings"
	"time"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// compared is the comparison of an attribute with a literal. That with null asks whether there is a value.
func compared(path Path, operator Operator, literal any) (Expression, error) {
	switch {
	case operator == Present:
		return Comparison{Path: path, Operator: Present}, nil
	case literal == nil && operator == Equal:
		return Not{Comparison{Path: path, Operator: Present}}, nil
	case literal == nil && operator == NotEqual:
		return Comparison{Path: path, Operator: Present}, nil
	}
	target, ok := path.Comparable()
	if !ok {
		return nil, invalid("%s cannot be compared as a whole: name one of its sub-attributes.", path)
	}
	value, err := literalOf(target, operator, literal)
	return Comparison{Path: target, Operator: operator, Value: value}, err
}

// withoutValue is the comparison of an attribute that has no value.
func withoutValue(operator Operator, literal any) Expression {
	return Constant(operator == Equal && literal == nil || operator == NotEqual && literal != nil)
}

// literalOf is the literal as a value of the attribute at the path. Booleans and binaries have no
// order, RFC 7644, table 3; only strings have parts. Entra writes booleans as strings.
func literalOf(path Path, operator Operator, literal any) (any, error) {
	attribute := path.Target()
	isString := attribute.Type == schema.String || attribute.Type == schema.Reference
	noOrder := attribute.Type == schema.Boolean || attribute.Type == schema.Binary
	if operator.ofStrings() && !isString || operator.ofOrder() && noOrder {
		return nil, invalid("%s is of type %s, which the operator %s is not for.", path, attribute.Type, operator)
	}
	value := any(nil)
	text, quoted := literal.(string)
	switch attribute.Type {
	case schema.Boolean:
		value = boolean(literal)
	case schema.Integer, schema.Decimal:
		value = number(literal, attribute.Type)
	case schema.DateTime:
		if at, ok := instant(text); ok {
			value = at
		}
	case schema.String, schema.Reference, schema.Binary, schema.Complex:
		if quoted {
			value = text
		}
	}
	if value == nil {
		return nil, invalid("%s is of type %s: it cannot be compared with %v.", path, attribute.Type, literal)
	}
	return value, nil
}

func boolean(literal any) any {
	switch literal := literal.(type) {
	case bool:
		return literal
	case string:
		if strings.EqualFold(literal, "true") || strings.EqualFold(literal, "false") {
			return strings.EqualFold(literal, "true")
		}
	}
	return nil
}

// number is a literal that is a number of the type; nil if it is none.
func number(literal any, of schema.Type) any {
	n, ok := literal.(json.Number)
	if !ok {
		return nil
	}
	exact, ok := rational(n)
	switch {
	case !ok || of == schema.Integer && !exact.IsInt():
		return nil
	case exact.Sign() == 0:
		return json.Number("0") // whatever its exponent is
	default:
		return n
	}
}

// rational is the exact value of a number; ok is false for one too large or too small for a double,
// and for one of more than 400 characters.
func rational(n json.Number) (exact *big.Rat, ok bool) {
	approximate, err := n.Float64()
	if err != nil || len(n) > 400 {
		return nil, false
	}
	if approximate != 0 {
		return new(big.Rat).SetString(n.String())
	}
	digits, _, _ := strings.Cut(strings.ToLower(n.String()), "e")
	return new(big.Rat), !strings.ContainsAny(digits, "123456789")
}

// instant is a dateTime, RFC 7643, section 2.3.5, to the microsecond, as the database keeps it. One
// without a time zone is in UTC.
func instant(text string) (at time.Time, ok bool) {
	at, err := time.Parse(time.RFC3339, strings.ToUpper(text))
	if err != nil {
		at, err = time.Parse("2006-01-02T15:04:05", text)
	}
	at = at.UTC().Round(time.Microsecond)
	return at, err == nil && at.Year() >= 1 && at.Year() <= 9999
}

// Fold is the form in which strings are compared that are not case-exact.
func Fold(text string) string { return strings.ToLower(text) }

// stored is the value of the comparison as it stands in a resource.
func (c Comparison) stored() any {
	if at, ok := c.Value.(time.Time); ok {
		return at.Format(time.RFC3339Nano)
	}
	return c.Value
}

package scim

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/scim/filter"
	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// Patch is a PATCH request, RFC 7644, section 3.5.2.
type Patch struct {
	t          *schema.ResourceType
	size       int // of the body, in bytes
	operations []operation
}

type operationName string

const (
	addOperation     operationName = "add"
	removeOperation  operationName = "remove"
	replaceOperation operationName = "replace"
)

// operation is one on an attribute. One without a path has become one for each attribute of its value.
type operation struct {
	name   operationName
	number int // of the operation in the request, for messages
	path   filter.Path
	value  any // as decoded from JSON; nil: null, or none
}

// ParsePatch reads the body of a PATCH. The names of operations may be in any case. Without a path,
// the names in the value may be paths themselves, and those that are unknown are passed over. A list
// without operations, which Microsoft's validator sends, changes nothing. Errors are *Error.
func ParsePatch(t *schema.ResourceType, body []byte) (Patch, error) {
	members, err := parseObject(body)
	if err != nil {
		return Patch{}, err
	}
	raw, _ := lookUp(members, "Operations")
	list, ok := raw.([]any)
	if !ok {
		return Patch{}, refuse(InvalidSyntax, "A PATCH needs \"Operations\": a list of operations.")
	}
	if len(list)+countNames(list) > maxOperations {
		return Patch{}, tooLarge("A PATCH has at most %d operations, those without a path counted by the attributes in their value.", maxOperations)
	}
	p := Patch{t: t, size: len(body)}
	for i, element := range list {
		operations, err := parseOperation(t, i+1, element)
		if err != nil {
			return Patch{}, numbered(i+1, err)
		}
		p.operations = append(p.operations, operations...)
	}
	return p, nil
}

// countNames is how many names the objects in the values of operations have: each may be a path to read.
func countNames(list []any) int {
	n := 0
	for _, element := range list {
		operation, _ := element.(map[string]any)
		value, _ := lookUp(operation, "value")
		members, _ := value.(map[string]any)
		n += len(members)
		for _, member := range members {
			part, _ := member.(map[string]any)
			n += len(part)
		}
	}
	return n
}

func parseOperation(t *schema.ResourceType, number int, raw any) ([]operation, error) {
	members, ok := raw.(map[string]any)
	if !ok {
		return nil, refuse(InvalidSyntax, "An operation is an object, but this is %s.", kindOf(raw))
	}
	op, _ := lookUp(members, "op")
	text, _ := op.(string)
	o := operation{name: operationName(strings.ToLower(text)), number: number}
	if o.name != addOperation && o.name != removeOperation && o.name != replaceOperation {
		return nil, refuse(InvalidSyntax, "The \"op\" of an operation is add, remove or replace, but this is %q.", shorten(text))
	}
	path, _ := lookUp(members, "path")
	where, ok := path.(string)
	if !ok && path != nil {
		return nil, refuse(InvalidPath, "The \"path\" of an operation is a text, but this is %s.", kindOf(path))
	}
	var given bool
	o.value, given = lookUp(members, "value")
	if !given && o.name != removeOperation {
		return nil, refuse(InvalidValue, "The operation %s needs a \"value\".", o.name)
	}
	if where == "" || strings.EqualFold(where, t.Core.ID) {
		return o.expand(t, "")
	}
	return o.at(t, where)
}

// at is the operation at a path that the client wrote. schemas follows from the attributes, and a
// password is never kept: writing them is no error and does nothing.
func (o operation) at(t *schema.ResourceType, where string) ([]operation, error) {
	if name := strings.ToLower(where); name == "password" || name == strings.ToLower(t.Core.ID)+":password" {
		return nil, nil
	}
	path, err := filter.ParsePath(t, where)
	if err != nil {
		return nil, AsError(err)
	}
	o.path = path
	switch {
	case path.Attribute == nil && o.name != removeOperation && o.value != nil:
		return o.expand(t, path.URN+":")
	case path.Attribute != nil && path.Attribute.Name == "schemas":
		return nil, nil
	case path.Attribute != nil && path.Attribute.Name != "id" && o.readOnly():
		return nil, refuse(NotMutable, "The attribute %q is read-only.", path)
	}
	return []operation{o}, nil
}

// namesValue says whether the operation has a value: null and the empty text are none.
func (o operation) namesValue() bool { return o.value != nil && o.value != "" }

func (o operation) readOnly() bool {
	return o.path.Attribute.Mutability == schema.ReadOnly || o.path.Target().Mutability == schema.ReadOnly
}

// expand makes an operation without a path, or with that of an extension, into one for each member of
// its value, whose name is a path after the prefix.
func (o operation) expand(t *schema.ResourceType, prefix string) ([]operation, error) {
	if o.name == removeOperation {
		return nil, refuse(NoTarget, "The operation remove needs a \"path\".")
	}
	members, ok := o.value.(map[string]any)
	if !ok {
		return nil, refuse(InvalidValue, "The value of an operation without the path of an attribute is an object, but this is %s.", kindOf(o.value))
	}
	var operations []operation
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !kept(t, prefix+name, members[name]) {
			continue
		}
		part := o
		part.value = members[name]
		parts, err := part.at(t, prefix+name)
		if err != nil && !unknown(err) {
			return nil, err
		}
		operations = append(operations, parts...)
	}
	return operations, nil
}

// kept says whether a name in the value of an operation is more than what clients send along that
// have just read the resource: its metadata, and read-only attributes without a value.
func kept(t *schema.ResourceType, name string, value any) bool {
	a := t.Attribute(name)
	if a == nil || a.Mutability != schema.ReadOnly {
		return true
	}
	list, isList := value.([]any)
	return a.Name != "meta" && value != nil && (!isList || len(list) > 0)
}

func unknown(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Type == InvalidPath
}

// numbered is the error with the number of its operation.
func numbered(number int, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	return &Error{Status: e.Status, Type: e.Type, Detail: fmt.Sprintf("Operation %d: %s", number, e.Detail)}
}

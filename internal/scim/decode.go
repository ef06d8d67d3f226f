package scim

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// Limits that keep the work on a request within bounds.
const (
	maxUserSize   = 1 << 20     // bytes of a user, or of a PATCH of one
	maxValues     = 1_000       // of an attribute of a user
	maxOperations = 2_000       // of a PATCH
	maxEffort     = 200_000_000 // of a PATCH of a user, as operation.effort counts it
)

// Decode reads the body of a POST or a PUT into the resource and what it says of active, which is nil
// when it says nothing. Names may be in any case, unknown and read-only attributes and a password are
// passed over, and schemas may be missing. Errors are *Error of type InvalidSyntax (no JSON object)
// or InvalidValue (which names the attribute), or of status 413.
func Decode(t *schema.ResourceType, body []byte) (Resource, *bool, error) {
	if len(body) > maxUserSize {
		return nil, nil, tooLarge("A user has at most %d bytes.", maxUserSize)
	}
	members, err := parseObject(body)
	if err != nil {
		return nil, nil, err
	}
	r := Resource{}
	if err := fill(r, t.Attribute, members, ""); err != nil {
		return nil, nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if extension := t.Extension(name); extension != nil {
			if err := fillExtension(r, extension, members[name]); err != nil {
				return nil, nil, err
			}
		}
	}
	var active *bool
	if said, ok := r["active"].(bool); ok {
		active = &said
	}
	delete(r, "active")
	return r, active, requireAll(t, r)
}

func fillExtension(r Resource, extension *schema.Schema, raw any) error {
	members, ok := raw.(map[string]any)
	if !ok && raw != nil {
		return refuse(InvalidValue, "The extension %q takes an object, but got %s.", extension.ID, kindOf(raw))
	}
	return within(r, extension.ID, func(holder map[string]any) error {
		return fill(holder, extension.Attribute, members, extension.ID+":")
	})
}

// within changes the complex value of the name, which is made if need be and goes if nothing is left of it.
func within(holder map[string]any, name string, change func(map[string]any) error) error {
	value, ok := holder[name].(map[string]any)
	if !ok {
		value = map[string]any{}
		holder[name] = value
	}
	err := change(value)
	if len(value) == 0 {
		delete(holder, name)
	}
	return err
}

// requireAll sees to it that the required attributes have values. active is no matter: whoever does
// not say means what it was, and true at first.
func requireAll(t *schema.ResourceType, r Resource) error {
	for _, a := range t.Core.Attributes {
		if !a.Required || a.Type == schema.Boolean {
			continue
		}
		if text, _ := r[a.Name].(string); strings.TrimSpace(text) == "" {
			return refuse(InvalidValue, "The attribute %q is required: give it a value that is not blank.", a.Name)
		}
	}
	return nil
}

// DecodeGroup reads the body of a POST or a PUT of a group. The members are nil when it does not name
// them, or names them null: only an empty list says that there are none. Errors are as Decode's.
func DecodeGroup(body []byte) (Group, *[]Member, error) {
	members, err := parseObject(body)
	if err != nil {
		return Group{}, nil, err
	}
	t := schema.Group()
	people, named := lookUp(members, "members")
	r := Resource{}
	if err := fill(r, func(name string) *schema.Attribute { return simple(t.Attribute(name)) }, members, ""); err != nil {
		return Group{}, nil, err
	}
	if err := requireAll(t, r); err != nil {
		return Group{}, nil, err
	}
	if !named || people == nil {
		return groupOf(r), nil, nil
	}
	list, err := readMembers(people)
	return groupOf(r), &list, err
}

func simple(a *schema.Attribute) *schema.Attribute {
	if a == nil || a.Type == schema.Complex {
		return nil
	}
	return a
}

func groupOf(r Resource) Group {
	displayName, _ := r["displayName"].(string)
	externalID, _ := r["externalId"].(string)
	return Group{DisplayName: displayName, ExternalID: externalID}
}

// readMembers reads a list of members, or one of them alone. Each needs a value.
func readMembers(raw any) ([]Member, error) {
	list, ok := raw.([]any)
	if !ok && raw != nil {
		list = []any{raw}
	}
	members := make([]Member, 0, len(list))
	seen := make(map[string]bool, len(list))
	attribute := schema.Group().Attribute("members")
	for _, element := range list {
		m, err := readMember(attribute, element)
		if err != nil {
			return nil, err
		}
		if !seen[m.Value] {
			seen[m.Value] = true
			members = append(members, m)
		}
	}
	return members, nil
}

func readMember(a *schema.Attribute, raw any) (Member, error) {
	members, err := objectOf(a, raw, a.Name)
	if err != nil {
		return Member{}, err
	}
	value, _ := lookUp(members, "value")
	id, err := read(a.SubAttribute("value"), value, "members.value")
	if err != nil {
		return Member{}, err
	}
	text, _ := id.(string)
	if strings.TrimSpace(text) == "" {
		return Member{}, refuse(InvalidValue, "A member has no value: give the id of a user as its \"value\".")
	}
	kind, _ := lookUp(members, "type")
	if named, _ := kind.(string); strings.EqualFold(named, "Group") {
		return Member{}, refuse(InvalidValue, "The member %q is a group, but nested groups are not supported: name the users in it as members.", shorten(text))
	}
	return Member{Value: text}, nil
}

// parseObject reads a body that must be one JSON object.
func parseObject(body []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var members map[string]any
	if err := d.Decode(&members); err != nil || members == nil {
		return nil, refuse(InvalidSyntax, "The body is not a JSON object.")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, refuse(InvalidSyntax, "The body is more than one JSON object.")
	}
	return members, nil
}

// lookUp is the member of the name, in any case: that which sorts last, as in fill.
func lookUp(members map[string]any, name string) (value any, found bool) {
	for _, key := range slices.Sorted(maps.Keys(members)) {
		if strings.EqualFold(key, name) {
			value, found = members[key], true
		}
	}
	return value, found
}

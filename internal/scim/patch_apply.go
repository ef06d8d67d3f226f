package scim

import (
	"encoding/json"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// ApplyUser is the resource and its active after all operations. r stays as it is; after an error
// nothing is changed. id is the resource's own: writing it is allowed where it is no change.
func (p Patch) ApplyUser(r Resource, active bool, id string) (Resource, bool, error) {
	if p.size > maxUserSize {
		return nil, false, tooLarge("A PATCH of a user has at most %d bytes.", maxUserSize)
	}
	changed := clone(map[string]any(r)).(map[string]any)
	changed["active"] = active
	effort := 0
	for _, o := range p.operations {
		if effort += o.effort(changed); effort > maxEffort {
			return nil, false, tooLarge("The PATCH has too many operations on attributes with many values. Send them in several requests.")
		}
		if err := o.apply(changed, id); err != nil {
			return nil, false, numbered(o.number, err)
		}
	}
	active = changed["active"] == true
	delete(changed, "active")
	if err := requireAll(p.t, changed); err != nil {
		return nil, false, err
	}
	if text, err := json.Marshal(changed); err != nil || len(text) > maxUserSize {
		return nil, false, tooLarge("A user has at most %d bytes, which this PATCH would exceed.", maxUserSize)
	}
	return changed, active, nil
}

// apply changes the resource.
func (o operation) apply(r map[string]any, id string) error {
	a := o.path.Attribute
	switch {
	case a == nil:
		delete(r, o.path.URN)
		return nil
	case a.Name == "id":
		if o.value != id || o.name == removeOperation {
			return refuse(NotMutable, "The attribute \"id\" is read-only.")
		}
		return nil
	case o.path.URN != "":
		return within(r, o.path.URN, o.change)
	default:
		return o.change(r)
	}
}

// change changes the attribute in the object that has it.
func (o operation) change(holder map[string]any) error {
	a := o.path.Attribute
	switch {
	case a.MultiValued:
		values, _ := holder[a.Name].([]any)
		values, err := o.changeValues(values)
		if len(values) == 0 {
			delete(holder, a.Name)
		} else {
			holder[a.Name] = values
		}
		return err
	case o.path.Sub != nil:
		return within(holder, a.Name, func(value map[string]any) error { return o.assign(value, o.path.Sub) })
	default:
		return o.assign(holder, a)
	}
}

// assign changes a single-valued attribute. Of a complex one, the sub-attributes that the value does
// not name stay (RFC 7644, sections 3.5.2.1 and 3.5.2.3).
func (o operation) assign(holder map[string]any, a *schema.Attribute) error {
	at := o.path.String()
	if o.name == removeOperation {
		return o.unassign(holder, a)
	}
	if a.Type == schema.Complex && o.namesValue() {
		members, err := objectOf(a, o.value, at)
		if err != nil {
			return err
		}
		return within(holder, a.Name, func(value map[string]any) error {
			return fill(value, a.SubAttribute, members, at+".")
		})
	}
	value, err := read(a, o.value, at)
	switch {
	case err != nil:
		return err
	case value != nil:
		holder[a.Name] = value
	case a.Required:
		return refuse(InvalidValue, "The attribute %q is required: give it a value.", at)
	default:
		delete(holder, a.Name)
	}
	return nil
}

// unassign takes the attribute out. An operation that names a value takes out only that: Entra names
// it, and a value that is not there must not remove another, nor be set.
func (o operation) unassign(holder map[string]any, a *schema.Attribute) error {
	if a.Required {
		return refuse(NotMutable, "The attribute %q is required and cannot be removed.", o.path)
	}
	if o.namesValue() {
		wanted, err := readOne(a, o.value, o.path.String())
		if err != nil || !equals(a, holder[a.Name], wanted) {
			return err
		}
	}
	delete(holder, a.Name)
	return nil
}

// equals says whether a stored value is the wanted one, as it was read: a complex one where all
// sub-attributes that the wanted one has are. Nothing equals nil.
func equals(a *schema.Attribute, stored, wanted any) bool {
	entry, isEntry := wanted.(map[string]any)
	if !isEntry {
		return wanted != nil && same(a, stored, wanted)
	}
	value, _ := stored.(map[string]any)
	for name, part := range entry {
		if !same(a.SubAttribute(name), value[name], part) {
			return false
		}
	}
	return true
}

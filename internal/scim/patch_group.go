package scim

import "github.com/rollcall-sync/rollcall/internal/scim/filter"

// ApplyGroup is the group after all operations, and what they do to the members, in order. Members are
// not known here, so that a change of a few does not load many: a filter on them may only say which
// ids, or which type. After an error nothing is changed. id is as in ApplyUser.
func (p Patch) ApplyGroup(g Group, id string) (Group, []MemberChange, error) {
	r := map[string]any{"displayName": g.DisplayName}
	if g.ExternalID != "" {
		r["externalId"] = g.ExternalID
	}
	var changes []MemberChange
	for _, o := range p.operations {
		if o.path.Attribute.Name != "members" {
			if err := o.apply(r, id); err != nil {
				return Group{}, nil, numbered(o.number, err)
			}
			continue
		}
		change, err := o.changeMembers()
		if err != nil {
			return Group{}, nil, numbered(o.number, err)
		}
		if change.Action == ReplaceMembers || len(change.Members) > 0 {
			changes = append(changes, change)
		}
	}
	if err := requireAll(p.t, r); err != nil {
		return Group{}, nil, err
	}
	return groupOf(r), changes, nil
}

// changeMembers is the operation on the members. To be replaced by null is no change, as in
// DecodeGroup: only an empty list says that there are none.
func (o operation) changeMembers() (MemberChange, error) {
	if o.path.Sub != nil {
		return MemberChange{}, refuse(NotMutable, "The attribute %q cannot be changed: add or remove the member.", o.path)
	}
	if o.path.Filter != nil {
		return o.removeMatchingMembers()
	}
	switch {
	case o.value == nil && o.name == removeOperation:
		return MemberChange{Action: ReplaceMembers}, nil
	case o.value == nil:
		return MemberChange{Action: AddMembers}, nil
	}
	members, err := readMembers(o.value)
	return MemberChange{Action: MemberAction(o.name), Members: members}, err
}

// removeMatchingMembers is the removal of those whom the path's filter names. All members are of type
// User.
func (o operation) removeMatchingMembers() (MemberChange, error) {
	if o.name != removeOperation {
		return MemberChange{}, refuse(NotMutable, "A member cannot be changed: remove it, and add another with the path \"members\".")
	}
	if ids, ok := filter.ValuesOf(o.path.Filter); ok {
		members := make([]Member, len(ids))
		for i, id := range ids {
			members[i].Value = id
		}
		return MemberChange{Action: RemoveMembers, Members: members}, nil
	}
	if equal, ok := filter.Equalities(o.path.Filter); ok && len(equal) == 1 && equal["type"] != nil {
		if same(o.path.Attribute.SubAttribute("type"), equal["type"], "User") {
			return MemberChange{Action: ReplaceMembers}, nil
		}
		return MemberChange{Action: RemoveMembers}, nil
	}
	return MemberChange{}, refuse(InvalidFilter, "Members are removed by their ids: use members[value eq \"…\"], several joined by or, or members[type eq \"User\"] for all.")
}

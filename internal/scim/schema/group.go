package schema

// Group is the resource type of groups, RFC 7643, section 4.2. Its members are users: a member's
// value is an id, which is case-exact (RFC 7643, section 3.1), and says all that can be written of it.
func Group() *ResourceType {
	displayName := nameText("displayName", "The name of the group. Several groups may have the same one.")
	displayName.Required = true
	return &ResourceType{
		Name:        "Group",
		Endpoint:    "/Groups",
		Description: "Group",
		Core:        Schema{ID: GroupURN, Name: "Group", Description: "Group", Attributes: []Attribute{displayName, members()}},
	}
}

func members() Attribute {
	value := identifier("value", "The id of the user. One who is not there yet joins when they arrive.")
	value.Mutability = Immutable
	kind := text("type", "What kind of resource the member is.")
	kind.Mutability, kind.CanonicalValues = Immutable, []string{"User"}
	ref := readOnly(Attribute{Name: "$ref", Description: "The URI of the member. It follows from the value.", Type: Reference, ReferenceTypes: []string{"User"}, CaseExact: true})
	ref.Mutability = Immutable
	a := complexAttribute("members", "The members of the group.",
		value,
		ref,
		kind,
		readOnly(Attribute{Name: "display", Description: "The name of the member.", Type: String}),
	)
	a.MultiValued = true
	return a
}

package schema

import "sync"

// The longest values, in characters. Identifiers and the like are indexed.
const (
	longText   = 10_000
	longName   = 500
	longBinary = 1_000_000
)

// Common are the attributes that every resource has, RFC 7643, section 3.1, and schemas. They belong
// to no schema.
func Common() []Attribute { return common() }

var common = sync.OnceValue(func() []Attribute {
	externalID := identifier("externalId", "The client's own identifier of the resource.")
	id := readOnly(identifier("id", "The identifier of the resource."))
	id.Returned, id.Uniqueness = Always, UniqueServer
	schemas := readOnly(Attribute{Name: "schemas", Description: "The schemas of the resource.", Type: Reference, ReferenceTypes: []string{"uri"}, MultiValued: true, CaseExact: true})
	schemas.Returned = Always
	return []Attribute{id, externalID, schemas, readOnly(Attribute{
		Name: "meta", Description: "What is known of the resource as such.", Type: Complex,
		Sub: []Attribute{
			{Name: "resourceType", Type: String, CaseExact: true},
			{Name: "created", Type: DateTime},
			{Name: "lastModified", Type: DateTime},
			{Name: "location", Type: Reference, ReferenceTypes: []string{"uri"}, CaseExact: true},
			{Name: "version", Type: String, CaseExact: true},
		},
	})}
})

// text is a string that clients may write, in which the case of letters does not count.
func text(name, description string) Attribute {
	return Attribute{Name: name, Description: description, Type: String, Mutability: ReadWrite, Returned: Default, Uniqueness: UniqueNone, MaxLength: longText}
}

// nameText is a text that users or groups are found by.
func nameText(name, description string) Attribute {
	a := text(name, description)
	a.MaxLength = longName
	return a
}

// identifier is a name in which the case of letters counts.
func identifier(name, description string) Attribute {
	a := nameText(name, description)
	a.CaseExact = true
	return a
}

// external is the address of something elsewhere, or its content as a data URI.
func external(name, description string) Attribute {
	return Attribute{
		Name: name, Description: description, Type: Reference, ReferenceTypes: []string{"external"}, CaseExact: true,
		Mutability: ReadWrite, Returned: Default, Uniqueness: UniqueNone, MaxLength: longBinary,
	}
}

func complexAttribute(name, description string, sub ...Attribute) Attribute {
	return Attribute{Name: name, Description: description, Type: Complex, Mutability: ReadWrite, Returned: Default, Uniqueness: UniqueNone, Sub: sub}
}

// labelled is a multi-valued attribute with the usual sub-attributes, RFC 7643, section 2.4.
func labelled(name, description string, value Attribute, types ...string) Attribute {
	a := complexAttribute(name, description, value, text("display", "A name for display."), label(types...), primary())
	a.MultiValued = true
	return a
}

func label(types ...string) Attribute {
	a := text("type", "A label that says what the value is for.")
	a.CanonicalValues = types
	return a
}

func primary() Attribute {
	return Attribute{
		Name: "primary", Description: "Whether this is the preferred value. At most one is.",
		Type: Boolean, Mutability: ReadWrite, Returned: Default, Uniqueness: UniqueNone,
	}
}

// readOnly is a with all that clients cannot write said of it and its sub-attributes.
func readOnly(a Attribute) Attribute {
	a.Mutability, a.Returned, a.Uniqueness = ReadOnly, Default, UniqueNone
	for i := range a.Sub {
		a.Sub[i] = readOnly(a.Sub[i])
	}
	return a
}

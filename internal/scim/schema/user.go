package schema

// User is the resource type of users: the core schema of RFC 7643, section 4.1, the enterprise
// extension, and the extension of the account's custom fields, which is nil where it has none.
func User(extension *Schema) *ResourceType {
	t := &ResourceType{
		Name:        "User",
		Endpoint:    "/Users",
		Description: "User Account",
		Core:        Schema{ID: UserURN, Name: "User", Description: "User Account", Attributes: userAttributes()},
		Extensions:  []Schema{enterprise()},
	}
	if extension != nil {
		t.Extensions = append(t.Extensions, *extension)
	}
	return t
}

// userAttributes are those of RFC 7643, section 4.1, but for password: Rollcall signs nobody in, so
// it takes none. active is required in the sense that it always has a value: true unless a client
// says otherwise, and it cannot be removed.
func userAttributes() []Attribute {
	userName := nameText("userName", "The name by which the identity provider knows the user, often an email address. Unique within the account, whatever the case of its letters.")
	userName.Required, userName.Uniqueness = true, UniqueServer
	return []Attribute{
		userName,
		complexAttribute("name", "The parts of the user's name.",
			text("formatted", "The full name, formatted for display."),
			text("familyName", "The family name, or last name: the user's last name in Rollcall."),
			text("givenName", "The given name, or first name: the user's first name in Rollcall."),
			text("middleName", "The middle name or names."),
			text("honorificPrefix", "What stands before the name, such as Ms."),
			text("honorificSuffix", "What stands after the name, such as III."),
		),
		text("displayName", "The name of the user, suitable for display."),
		text("nickName", "The casual way to address the user."),
		external("profileUrl", "The address of the user's online profile."),
		text("title", "The user's title, such as Vice President."),
		text("userType", "The relationship between the organization and the user, such as Contractor or Employee."),
		text("preferredLanguage", "The user's preferred languages, as in an Accept-Language header."),
		text("locale", "The user's default location for the purpose of formats, such as en-US."),
		text("timezone", "The user's time zone, such as America/Los_Angeles."),
		{
			Name: "active", Description: "Whether the identity provider wants the user in. It always has a value, true unless a client says otherwise, and cannot be removed.",
			Type: Boolean, Required: true, Mutability: ReadWrite, Returned: Default, Uniqueness: UniqueNone,
		},
		labelled("emails", "Email addresses. The primary one, else the first for work, is the user's Email ID in Rollcall.",
			nameText("value", "An email address."), "work", "home", "other"),
		labelled("phoneNumbers", "Phone numbers.",
			text("value", "A phone number."), "work", "home", "mobile", "fax", "pager", "other"),
		labelled("ims", "Instant messaging addresses.",
			text("value", "An instant messaging address."), "aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"),
		labelled("photos", "Addresses of photos.", external("value", "The address of a photo."), "photo", "thumbnail"),
		addresses(),
		groups(),
		labelled("entitlements", "Things that the user has.", text("value", "An entitlement.")),
		labelled("roles", "What the user is, such as Student or Faculty. It is kept for the client: it gives no role in Rollcall.",
			text("value", "A role.")),
		labelled("x509Certificates", "Certificates issued to the user.", Attribute{
			Name: "value", Description: "A DER-encoded X.509 certificate, in base 64.", Type: Binary,
			CaseExact: true, Mutability: ReadWrite, Returned: Default, Uniqueness: UniqueNone, MaxLength: longBinary,
		}),
	}
}

func addresses() Attribute {
	a := complexAttribute("addresses", "Physical mailing addresses.",
		text("formatted", "The full address, formatted for display or a label. It may contain line breaks."),
		text("streetAddress", "The street, with house number, apartment and the like. It may contain line breaks."),
		text("locality", "The city or locality."),
		text("region", "The state or region."),
		text("postalCode", "The postal code."),
		text("country", "The country, as a code of two letters of ISO 3166-1."),
		label("work", "home", "other"),
		primary(),
	)
	a.MultiValued = true
	return a
}

func groups() Attribute {
	return readOnly(Attribute{
		Name: "groups", Description: "The groups of which the user is a member. It follows from the members of groups.",
		Type: Complex, MultiValued: true, Sub: []Attribute{
			identifier("value", "The id of the group."),
			{Name: "$ref", Description: "The URI of the group.", Type: Reference, ReferenceTypes: []string{"Group"}, CaseExact: true},
			{Name: "display", Description: "The name of the group.", Type: String},
			{Name: "type", Description: "How the user is a member.", Type: String, CanonicalValues: []string{"direct"}},
		},
	})
}

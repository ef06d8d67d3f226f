package schema

// enterprise is the extension of RFC 7643, section 4.3. The RFC's two sections disagree on whether a
// manager needs a value; it does not here. $ref and displayName are read-only, and not returned.
func enterprise() Schema {
	return Schema{
		ID: EnterpriseURN, Name: "EnterpriseUser", Description: "Enterprise User",
		Attributes: []Attribute{
			text("employeeNumber", "The identifier of a person within an organization."),
			text("costCenter", "The name of a cost center."),
			text("organization", "The name of an organization."),
			text("division", "The name of a division."),
			text("department", "The name of a department."),
			complexAttribute("manager", "The user's manager.",
				identifier("value", "The id of the user who is the manager."),
				readOnly(Attribute{Name: "$ref", Description: "The URI of the manager.", Type: Reference, ReferenceTypes: []string{"User"}, CaseExact: true}),
				readOnly(Attribute{Name: "displayName", Description: "The name of the manager.", Type: String}),
			),
		},
	}
}

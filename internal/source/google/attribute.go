package google

import "github.com/rollcall-sync/rollcall/internal/directory"

// attributes lists the properties of a user that every customer has. A path into a list stands for
// the entry that is marked as the primary one, or else the first.
// https://developers.google.com/workspace/admin/directory/reference/rest/v1/users
func attributes() []directory.Attribute {
	return []directory.Attribute{
		{Path: "name.givenName", Name: "First name", Type: directory.Text},
		{Path: "name.familyName", Name: "Last name", Type: directory.Text},
		{Path: "name.fullName", Name: "Full name", Type: directory.Text},
		{Path: "name.displayName", Name: "Display name", Type: directory.Text},
		{Path: "primaryEmail", Name: "Primary email", Type: directory.Email},
		{Path: "aliases", Name: "Alias addresses", Type: directory.Text, MultiValued: true},
		{Path: "nonEditableAliases", Name: "Alias addresses of other domains", Type: directory.Text, MultiValued: true},
		{Path: "recoveryEmail", Name: "Recovery email", Type: directory.Email},
		{Path: "recoveryPhone", Name: "Recovery phone", Type: directory.Text},

		{Path: "organizations.title", Name: "Job title", Type: directory.Text},
		{Path: "organizations.department", Name: "Department", Type: directory.Text},
		{Path: "organizations.costCenter", Name: "Cost center", Type: directory.Text},
		{Path: "organizations.name", Name: "Company name", Type: directory.Text},
		{Path: "organizations.description", Name: "Employee type", Type: directory.Text},
		{Path: "organizations.location", Name: "Office location", Type: directory.Text},
		{Path: "organizations.domain", Name: "Company domain", Type: directory.Text},
		{Path: "organizations.symbol", Name: "Company symbol", Type: directory.Text},
		{Path: "organizations.fullTimeEquivalent", Name: "Full-time equivalent (thousandths of a percent)", Type: directory.Integer},
		{Path: "orgUnitPath", Name: "Organizational unit", Type: directory.Text},
		{Path: "externalIds.value", Name: "Employee ID", Type: directory.Text},
		{Path: manager, Name: "Manager", Type: directory.Person},
		{Path: "relations.value", Name: "Manager or other relation", Type: directory.Text},

		{Path: "phones.value", Name: "Phone", Type: directory.Text},
		{Path: "addresses.formatted", Name: "Address", Type: directory.Text},
		{Path: "addresses.streetAddress", Name: "Street address", Type: directory.Text},
		{Path: "addresses.extendedAddress", Name: "Extended address", Type: directory.Text},
		{Path: "addresses.poBox", Name: "PO box", Type: directory.Text},
		{Path: "addresses.postalCode", Name: "Postal code", Type: directory.Text},
		{Path: "addresses.locality", Name: "City", Type: directory.Text},
		{Path: "addresses.region", Name: "State or province", Type: directory.Text},
		{Path: "addresses.country", Name: "Country", Type: directory.Text},
		{Path: "addresses.countryCode", Name: "Country code", Type: directory.Text},
		{Path: "locations.area", Name: "Work area", Type: directory.Text},
		{Path: "locations.buildingId", Name: "Building ID", Type: directory.Text},
		{Path: "locations.floorName", Name: "Floor", Type: directory.Text},
		{Path: "locations.floorSection", Name: "Floor section", Type: directory.Text},
		{Path: "locations.deskCode", Name: "Desk", Type: directory.Text},

		{Path: "emails.address", Name: "Email of the list of emails", Type: directory.Email},
		{Path: "ims.im", Name: "Instant messenger", Type: directory.Text},
		{Path: "websites.value", Name: "Website", Type: directory.Text},
		{Path: "keywords.value", Name: "Keyword", Type: directory.Text},
		{Path: "languages.languageCode", Name: "Language", Type: directory.Text},
		{Path: "gender.type", Name: "Gender", Type: directory.Text},
		{Path: "gender.addressMeAs", Name: "Pronouns", Type: directory.Text},
		{Path: "notes.value", Name: "Notes", Type: directory.Text},
		{Path: "posixAccounts.username", Name: "POSIX user name", Type: directory.Text},

		{Path: "id", Name: "User ID", Type: directory.Text},
		{Path: "customerId", Name: "Customer ID", Type: directory.Text},
		{Path: "suspended", Name: "Suspended", Type: directory.Boolean},
		{Path: "suspensionReason", Name: "Suspension reason", Type: directory.Text},
		{Path: "archived", Name: "Archived", Type: directory.Boolean},
		{Path: "isAdmin", Name: "Super administrator", Type: directory.Boolean},
		{Path: "isDelegatedAdmin", Name: "Delegated administrator", Type: directory.Boolean},
		{Path: "isGuestUser", Name: "Guest", Type: directory.Boolean},
		{Path: "isEnrolledIn2Sv", Name: "Enrolled in 2-step verification", Type: directory.Boolean},
		{Path: "isEnforcedIn2Sv", Name: "2-step verification enforced", Type: directory.Boolean},
		{Path: "isMailboxSetup", Name: "Mailbox set up", Type: directory.Boolean},
		{Path: "agreedToTerms", Name: "Agreed to the terms", Type: directory.Boolean},
		{Path: "changePasswordAtNextLogin", Name: "Has to change the password", Type: directory.Boolean},
		{Path: "includeInGlobalAddressList", Name: "In the global address list", Type: directory.Boolean},
		{Path: "creationTime", Name: "Created", Type: directory.DateTime},
		{Path: "lastLoginTime", Name: "Last login", Type: directory.DateTime},
		{Path: "thumbnailPhotoUrl", Name: "Photo URL", Type: directory.Text},
	}
}

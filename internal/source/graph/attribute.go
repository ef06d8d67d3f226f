package graph

import (
	"strconv"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// attributes lists the properties of a user that hold plain values and that a list of users
// returns with the permission User.Read.All. Not among them are those that Graph returns for
// one user at a time only (aboutMe, birthday, hireDate, mySite, preferredName, interests,
// pastProjects, responsibilities, schools, skills) and those that need further permissions
// (employeeLeaveDateTime, deviceEnrollmentLimit).
// https://learn.microsoft.com/graph/api/resources/user#properties
func attributes() []directory.Attribute {
	list := []directory.Attribute{
		{Path: "givenName", Name: "First name", Type: directory.Text},
		{Path: "surname", Name: "Last name", Type: directory.Text},
		{Path: "displayName", Name: "Display name", Type: directory.Text},
		{Path: "mail", Name: "Email", Type: directory.Email},
		{Path: "userPrincipalName", Name: "User principal name", Type: directory.Email},
		{Path: "mailNickname", Name: "Mail nickname", Type: directory.Text},
		{Path: "otherMails", Name: "Other emails", Type: directory.Text, MultiValued: true},
		{Path: "proxyAddresses", Name: "Proxy addresses", Type: directory.Text, MultiValued: true},
		{Path: "imAddresses", Name: "Instant message addresses", Type: directory.Text, MultiValued: true},

		{Path: "jobTitle", Name: "Job title", Type: directory.Text},
		{Path: "department", Name: "Department", Type: directory.Text},
		{Path: "companyName", Name: "Company name", Type: directory.Text},
		{Path: "employeeId", Name: "Employee ID", Type: directory.Text},
		{Path: "employeeType", Name: "Employee type", Type: directory.Text},
		{Path: "employeeHireDate", Name: "Employee hire date", Type: directory.Date},
		{Path: manager, Name: "Manager", Type: directory.Person},
		{Path: "employeeOrgData/costCenter", Name: "Cost center", Type: directory.Text},
		{Path: "employeeOrgData/division", Name: "Division", Type: directory.Text},

		{Path: "mobilePhone", Name: "Mobile phone", Type: directory.Text},
		{Path: "businessPhones", Name: "Business phones", Type: directory.Text, MultiValued: true},
		{Path: "faxNumber", Name: "Fax number", Type: directory.Text},
		{Path: "officeLocation", Name: "Office location", Type: directory.Text},
		{Path: "streetAddress", Name: "Street address", Type: directory.Text},
		{Path: "city", Name: "City", Type: directory.Text},
		{Path: "state", Name: "State or province", Type: directory.Text},
		{Path: "postalCode", Name: "Postal code", Type: directory.Text},
		{Path: "country", Name: "Country or region", Type: directory.Text},
		{Path: "usageLocation", Name: "Usage location", Type: directory.Text},
		{Path: "preferredLanguage", Name: "Preferred language", Type: directory.Text},
		{Path: "preferredDataLocation", Name: "Preferred data location", Type: directory.Text},

		{Path: "id", Name: "Object ID", Type: directory.Text},
		{Path: "accountEnabled", Name: "Account enabled", Type: directory.Boolean},
		{Path: "userType", Name: "User type", Type: directory.Text},
		{Path: "creationType", Name: "Creation type", Type: directory.Text},
		{Path: "createdDateTime", Name: "Created", Type: directory.DateTime},
		{Path: "externalUserState", Name: "Guest invitation state", Type: directory.Text},
		{Path: "externalUserStateChangeDateTime", Name: "Guest invitation state changed", Type: directory.DateTime},
		{Path: "ageGroup", Name: "Age group", Type: directory.Text},
		{Path: "consentProvidedForMinor", Name: "Consent provided for minor", Type: directory.Text},
		{Path: "legalAgeGroupClassification", Name: "Legal age group", Type: directory.Text},
		{Path: "isResourceAccount", Name: "Resource account", Type: directory.Boolean},
		{Path: "isManagementRestricted", Name: "Management restricted", Type: directory.Boolean},
		{Path: "showInAddressList", Name: "Shown in address list", Type: directory.Boolean},
		{Path: "passwordPolicies", Name: "Password policies", Type: directory.Text},
		{Path: "lastPasswordChangeDateTime", Name: "Last password change", Type: directory.DateTime},
		{Path: "signInSessionsValidFromDateTime", Name: "Sign-in sessions valid from", Type: directory.DateTime},
		{Path: "securityIdentifier", Name: "Security identifier", Type: directory.Text},

		{Path: "onPremisesSyncEnabled", Name: "On-premises sync enabled", Type: directory.Boolean},
		{Path: "onPremisesLastSyncDateTime", Name: "On-premises last sync", Type: directory.DateTime},
		{Path: "onPremisesSamAccountName", Name: "On-premises SAM account name", Type: directory.Text},
		{Path: "onPremisesUserPrincipalName", Name: "On-premises user principal name", Type: directory.Text},
		{Path: "onPremisesDomainName", Name: "On-premises domain name", Type: directory.Text},
		{Path: "onPremisesDistinguishedName", Name: "On-premises distinguished name", Type: directory.Text},
		{Path: "onPremisesImmutableId", Name: "On-premises immutable ID", Type: directory.Text},
		{Path: "onPremisesSecurityIdentifier", Name: "On-premises security identifier", Type: directory.Text},
	}
	for i := range 15 {
		n := strconv.Itoa(i + 1)
		list = append(list, directory.Attribute{
			Path: "onPremisesExtensionAttributes/extensionAttribute" + n, Name: "Extension attribute " + n, Type: directory.Text,
		})
	}
	return list
}

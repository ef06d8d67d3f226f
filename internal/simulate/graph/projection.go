package graph

import (
	"strings"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

// projection writes chosen properties of an object, their values untouched.
type projection struct {
	names     []string
	prefixes  [][]byte // `"name":`
	fallbacks []string // served when the object lacks the property
	index     map[string]int
}

// newProjection chooses the properties of a $select, or the type's default ones.
func newProjection(selected string, defaults []string) projection {
	names := defaults
	if selected != "" {
		names = strings.Split(selected, ",")
	}
	p := projection{index: make(map[string]int, len(names))}
	for _, name := range names {
		name = strings.TrimSpace(name)
		if _, twice := p.index[name]; twice || name == "" {
			continue
		}
		p.index[name] = len(p.names)
		p.names = append(p.names, name)
		p.prefixes = append(p.prefixes, append(simulate.AppendString(nil, name), ':'))
		p.fallbacks = append(p.fallbacks, fallback(name))
	}
	return p
}

// with adds a property at the front unless it is there.
func (p projection) with(name string) projection {
	if _, ok := p.index[name]; ok {
		return p
	}
	return newProjection(strings.Join(append([]string{name}, p.names...), ","), nil)
}

// append writes object with extra, complete `"name":value` pairs each followed
// by a comma, in front.
func (p projection) append(dst []byte, object simulate.Object, extra string) []byte {
	var few [48][]byte
	values := few[:]
	if len(p.names) > len(few) {
		values = make([][]byte, len(p.names))
	}
	for name, value := range object.Properties() {
		if i, ok := p.index[string(name)]; ok {
			values[i] = value
		}
	}
	dst = append(dst, '{')
	dst = append(dst, extra...)
	for i, prefix := range p.prefixes {
		dst = append(dst, prefix...)
		if values[i] != nil {
			dst = append(dst, values[i]...)
		} else {
			dst = append(dst, p.fallbacks[i]...)
		}
		dst = append(dst, ',')
	}
	if dst[len(dst)-1] == ',' {
		dst = dst[:len(dst)-1]
	}
	return append(dst, '}')
}

// fallback is what Graph answers for a selected property without a value: an
// empty list for collections, true for accountEnabled (each user of a real
// tenant has it, and a file that leaves it out means nobody was disabled), else null.
func fallback(name string) string {
	switch name {
	case "accountEnabled":
		return "true"
	case "businessPhones", "otherMails", "proxyAddresses", "imAddresses", "groupTypes", "assignedLicenses",
		"assignedPlans", "identities", "verifiedDomains", "provisionedPlans", "resourceBehaviorOptions",
		"resourceProvisioningOptions", "onPremisesProvisioningErrors", "serviceProvisioningErrors":
		return "[]"
	}
	return "null"
}

// userDefaults are the properties of a user without $select.
// https://learn.microsoft.com/graph/api/user-list
func userDefaults() []string {
	return []string{
		"businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone",
		"officeLocation", "preferredLanguage", "surname", "userPrincipalName",
	}
}

// groupDefaults are the properties of a group without $select.
// https://learn.microsoft.com/graph/api/group-get
func groupDefaults() []string {
	return []string{
		"id", "deletedDateTime", "classification", "createdDateTime", "description", "displayName",
		"expirationDateTime", "groupTypes", "isAssignableToRole", "mail", "mailEnabled", "mailNickname",
		"membershipRule", "membershipRuleProcessingState", "onPremisesLastSyncDateTime",
		"onPremisesSecurityIdentifier", "onPremisesSyncEnabled", "preferredDataLocation", "preferredLanguage",
		"proxyAddresses", "renewedDateTime", "resourceBehaviorOptions", "resourceProvisioningOptions",
		"securityEnabled", "theme", "visibility", "onPremisesProvisioningErrors",
	}
}

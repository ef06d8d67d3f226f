package google

import (
	"slices"
	"strings"
)

// account is a kind of person who signs in on the consent page. None of them
// depends on the directory, so that whatever a test does to the directory, a
// consent stays what it was.
type account string

const (
	accountAdmin    account = "admin"
	accountMember   account = "member"
	accountPersonal account = "personal"
	accountOther    account = "other"
)

// Scopes of OpenID Connect; Google grants the short ones under their long names.
const (
	scopeOpenID  = "openid"
	scopeEmail   = scopePrefix + "userinfo.email"
	scopeProfile = scopePrefix + "userinfo.profile"
)

// readScopes are all that is needed to read a directory.
func readScopes() []string {
	return []string{
		scopeOpenID, scopeEmail,
		scopeDirectory + "user.readonly", scopeDirectory + "group.readonly",
		scopeDirectory + "customer.readonly", scopeDirectory + "userschema.readonly",
	}
}

// parseScopes reads a scope parameter.
func parseScopes(raw string) []string {
	scopes := strings.Fields(raw)
	for i, scope := range scopes {
		switch scope {
		case "email":
			scopes[i] = scopeEmail
		case "profile":
			scopes[i] = scopeProfile
		}
	}
	return scopes
}

// email is the address under which somebody signs in.
func (t *Tenant) email(who account) string {
	switch who {
	case accountPersonal:
		return "robin.personal@gmail.example"
	case accountOther:
		return "admin@" + t.other.customer().Text("customerDomain")
	case accountMember:
		return "somebody@" + t.store.customer().Text("customerDomain")
	}
	return "admin@" + t.store.customer().Text("customerDomain")
}

// claims are those of an ID token about somebody; nil when openid was not granted.
// https://developers.google.com/identity/openid-connect/openid-connect#an-id-tokens-payload
func (t *Tenant) claims(who account, scopes []string) map[string]any {
	if !slices.Contains(scopes, scopeOpenID) {
		return nil
	}
	email := t.email(who)
	claims := map[string]any{"sub": numericID("account "+email, 0)}
	if slices.Contains(scopes, scopeEmail) {
		claims["email"], claims["email_verified"] = email, true
	}
	if domain := t.domain(who); domain != "" {
		claims["hd"] = domain
	}
	return claims
}

// domain is the hosted domain of somebody; personal accounts have none.
func (t *Tenant) domain(who account) string {
	from := t.store
	switch who {
	case accountPersonal:
		return ""
	case accountOther:
		from = t.other
	}
	return from.customer().Text("customerDomain")
}

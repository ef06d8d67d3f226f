package graph

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

// The roles that a person can have in a tenant, by the ids of their templates.
// https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference
const (
	globalAdministrator = "62e90394-69f5-4237-9190-012177145e10"
	defaultUser         = "b79fbf4d-3ef9-4689-8143-76b194e85509"
)

// otherTenantID is the tenant of the administrator of another organization.
const otherTenantID = "0d3b5e7f-1a2c-4e6d-8b9f-a1c3e5d7f901"

// The people who sign in, by the names of their outcomes.
const (
	administrator = "administrator"
	notAdmin      = "not-admin"
	otherAdmin    = "other-organization"
)

// signInChoice differs from the real page in one thing: that one keeps a personal
// account for itself, with a message, and never sends the person back.
func signInChoice() choice {
	return choice{
		Title: "Sign in",
		What:  "the sign-in",
		Wish:  "wants to know who you are",
		outcomes: []outcome{
			{administrator, "Sign in as an administrator of this organization", "", ""},
			{notAdmin, "Sign in as a person who is no administrator", "", ""},
			{otherAdmin, "Sign in as an administrator of another organization", "", ""},
			{"personal-account", "Sign in with a personal Microsoft account", "access_denied",
				"AADSTS500200: User account is a personal Microsoft account. Personal Microsoft accounts are not supported for this application unless explicitly invited to an organization. Try signing out and signing in again with an organizational account."},
			{"decline", "Decline", "access_denied", "AADSTS65004: User declined to consent to access the app."},
		},
	}
}

// showSignIn is the page on which a person signs in.
func (t *Tenant) showSignIn(w http.ResponseWriter, r *http.Request) {
	if t.acceptsSignIn(w, r) {
		t.showChoice(w, r, signInChoice())
	}
}

// decideSignIn sends the person back to the application, with a code for their ID token.
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
func (t *Tenant) decideSignIn(w http.ResponseWriter, r *http.Request) {
	if !t.acceptsSignIn(w, r) {
		return
	}
	o, ok := signInChoice().chosen(w, r)
	switch {
	case !ok:
	case o.code != "":
		sendBack(w, r, o.failed())
	default:
		code := t.codes.Issue(simulate.Grant{
			ClientID: r.FormValue("client_id"), RedirectURI: r.FormValue("redirect_uri"), Challenge: r.FormValue("code_challenge"),
			Nonce: r.FormValue("nonce"), Subject: o.name, Scopes: strings.Fields(r.FormValue("scope")),
		})
		sendBack(w, r, url.Values{"code": {code}, "session_state": {newID()}})
	}
}

func (t *Tenant) acceptsSignIn(w http.ResponseWriter, r *http.Request) bool {
	mode := r.FormValue("response_mode")
	switch {
	case !t.acceptsVisit(w, r):
		return false
	case r.FormValue("response_type") != "code" || mode != "" && mode != "query":
		return refuseVisit(w, "AADSTS70005: The simulated tenant supports the response_type 'code' with the response_mode 'query' only.")
	case !slices.Contains(strings.Fields(r.FormValue("scope")), "openid"):
		return refuseVisit(w, "AADSTS70011: The simulated tenant signs people in with a scope that contains 'openid' only.")
	case r.FormValue("code_challenge") != "" && r.FormValue("code_challenge_method") != "S256":
		return refuseVisit(w, "AADSTS9002313: The simulated tenant supports the code_challenge_method 'S256' only.")
	}
	return true
}

// redeemCode answers a request for tokens with a code: who signed in.
func (t *Tenant) redeemCode(r *http.Request) (map[string]any, error) {
	client, err := t.checkClient(r)
	if err != nil {
		return nil, err
	}
	grant, err := t.codes.Redeem(r.PostFormValue("code"), client, r.PostFormValue("redirect_uri"), r.PostFormValue("code_verifier"))
	if err != nil {
		return nil, &loginError{http.StatusBadRequest, "invalid_grant", 70000, "Provided grant is invalid or malformed: " + err.Error() + "."}
	}
	claims := t.claimsOf(grant.Subject)
	claims["iss"] = simulate.BaseURL(r) + "/" + claims["tid"].(string) + "/v2.0"
	claims["aud"] = grant.ClientID
	claims["ver"] = "2.0"
	if grant.Nonce != "" {
		claims["nonce"] = grant.Nonce
	}
	return map[string]any{
		"token_type": "Bearer", "scope": strings.Join(grant.Scopes, " "),
		"expires_in": int(tokenLifetime.Seconds()), "ext_expires_in": int(tokenLifetime.Seconds()),
		"access_token": newID(), "id_token": t.issuer().IDToken(claims),
	}, nil
}

// claimsOf says who somebody is. The claim wids is there as for an application
// whose manifest asks for directory roles.
// https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
func (t *Tenant) claimsOf(subject string) map[string]any {
	tenant, domain, roles := t.ID(), "simulated.example", []string{defaultUser}
	if domains := t.domains(); len(domains) > 0 {
		domain = domains[0]
	}
	switch subject {
	case administrator:
		roles = append(roles, globalAdministrator)
	case otherAdmin:
		tenant, domain, roles = otherTenantID, "fabrikam.example", append(roles, globalAdministrator)
	}
	id := generatedID("sign-in of "+subject, 0)
	return map[string]any{
		"tid": tenant, "oid": id, "sub": id, "name": subject, "preferred_username": subject + "@" + domain, "wids": roles,
	}
}

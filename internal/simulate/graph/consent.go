package graph

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

//go:embed consent.html
var consentHTML string

// otherTenantID is the tenant that an admin of another organization consents for.
const otherTenantID = "0d3b5e7f-1a2c-4e6d-8b9f-a1c3e5d7f901"

// outcome is one way in which an admin's visit to the consent page can end.
type outcome struct {
	Name        string
	Label       string
	code        string // OAuth error; "": consent is given
	description string
}

func outcomes() []outcome {
	return []outcome{
		{"accept", "Accept as an administrator of this organization", "", ""},
		{"decline", "Decline", "access_denied",
			"AADSTS65004: User declined to consent to access the app."},
		{"not-admin", "Sign in as a person who is no administrator", "access_denied",
			"AADSTS90094: An administrator of the organization has set a policy that prevents you from granting the application the permissions it is requesting."},
		{"personal-account", "Sign in with a personal Microsoft account", "invalid_request",
			"AADSTS500200: User account is a personal Microsoft account. Personal Microsoft accounts are not supported for this application unless explicitly invited to an organization."},
		{"other-organization", "Accept as an administrator of another organization", "", ""},
	}
}

// showConsent is the page on which an admin decides: one plain link an outcome,
// so that a script follows the same path as a person.
func (t *Tenant) showConsent(w http.ResponseWriter, r *http.Request) {
	if !t.acceptsConsent(w, r) {
		return
	}
	type link struct{ Href, Label string }
	page := struct {
		Organization, ClientID string
		Scopes                 []string
		Links                  []link
	}{t.organization().Text("displayName"), r.FormValue("client_id"), strings.Fields(r.FormValue("scope")), nil}
	for _, o := range outcomes() {
		page.Links = append(page.Links, link{r.URL.EscapedPath() + "/" + o.Name + "?" + r.URL.RawQuery, o.Label})
	}
	var body bytes.Buffer
	if err := template.Must(template.New("consent").Parse(consentHTML)).Execute(&body, page); err != nil {
		http.Error(w, "The consent page cannot be shown.", http.StatusInternalServerError)
		return
	}
	writeBody(w, http.StatusOK, "text/html; charset=utf-8", body.Bytes())
}

// decideConsent sends the admin back to the application.
// https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
func (t *Tenant) decideConsent(w http.ResponseWriter, r *http.Request) {
	if !t.acceptsConsent(w, r) {
		return
	}
	for _, o := range outcomes() {
		if o.Name == r.PathValue("outcome") {
			http.Redirect(w, r, t.returnURL(r, o), http.StatusFound)
			return
		}
	}
	http.Error(w, "There is no such outcome.", http.StatusNotFound)
}

func (t *Tenant) returnURL(r *http.Request, o outcome) string {
	target, _ := url.Parse(r.FormValue("redirect_uri")) // checked by acceptsConsent
	query := target.Query()
	query.Set("state", r.FormValue("state"))
	query.Set("admin_consent", "True")
	switch {
	case o.code != "":
		query.Set("error", o.code)
		query.Set("error_description", o.description)
	case o.Name == "other-organization":
		query.Set("tenant", otherTenantID)
	default:
		t.revoked.Store(false)
		query.Set("tenant", t.ID())
	}
	if scope := r.FormValue("scope"); scope != "" && o.code == "" {
		query.Set("scope", scope)
	}
	target.RawQuery = query.Encode()
	return target.String()
}

// acceptsConsent answers what the login service says before it asks anybody.
func (t *Tenant) acceptsConsent(w http.ResponseWriter, r *http.Request) bool {
	refuse := func(message string) bool {
		http.Error(w, message, http.StatusBadRequest)
		return false
	}
	tenant := r.PathValue("tenant")
	if !anyTenant(tenant) && !t.isTenant(tenant) {
		return refuse(unknownTenant(tenant).Error())
	}
	if r.FormValue("client_id") == "" {
		return refuse("AADSTS900144: The request must contain the following parameter: 'client_id'.")
	}
	target, err := url.Parse(r.FormValue("redirect_uri"))
	if err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https" {
		return refuse("AADSTS50011: The redirect URI specified in the request is missing or not an absolute http address.")
	}
	return true
}

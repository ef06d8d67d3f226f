package google

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

const consentPath = "/o/oauth2/v2/auth"

//go:embed consent.html
var consentHTML string

// outcome is one way in which an admin's visit to the consent page can end.
type outcome struct {
	Name     string
	Label    string
	account  account // who signs in; "": consent is declined
	unticked bool    // the last scope of the directory is left unticked
}

func outcomes() []outcome {
	return []outcome{
		{"accept", "Accept as an administrator of this organization", accountAdmin, false},
		{"decline", "Decline", "", false},
		{"not-admin", "Sign in as a person who is no administrator, and accept", accountMember, false},
		{"personal-account", "Sign in with a personal Google account, and accept", accountPersonal, false},
		{"other-organization", "Accept as an administrator of another organization", accountOther, false},
		{"partial", "Accept as an administrator, but untick one permission", accountAdmin, true},
	}
}

// showConsent is the page on which an admin decides: one plain link an outcome,
// so that a script follows the same path as a person.
func (t *Tenant) showConsent(w http.ResponseWriter, r *http.Request) {
	if !acceptsConsent(w, r) {
		return
	}
	type link struct{ Href, Label, Account string }
	customer := t.store.customer()
	page := struct {
		Organization, Domain, ClientID string
		Scopes                         []string
		Offline                        bool
		Links                          []link
	}{organizationName(customer), customer.Text("customerDomain"), r.FormValue("client_id"),
		parseScopes(r.FormValue("scope")), r.FormValue("access_type") == "offline", nil}
	for _, o := range outcomes() {
		href := r.URL.EscapedPath() + "/" + o.Name + "?" + strings.ReplaceAll(r.URL.RawQuery, "+", "%20") // a plus would be escaped as HTML
		account := ""
		if o.account != "" {
			account = t.email(o.account)
		}
		page.Links = append(page.Links, link{href, o.Label, account})
	}
	var body bytes.Buffer
	if err := template.Must(template.New("consent").Parse(consentHTML)).Execute(&body, page); err != nil {
		http.Error(w, "The consent page cannot be shown.", http.StatusInternalServerError)
		return
	}
	simulate.WriteBody(w, http.StatusOK, "text/html; charset=utf-8", body.Bytes())
}

func organizationName(customer simulate.Object) string {
	if raw := customer.Get("postalAddress"); len(raw) > 0 && raw[0] == '{' {
		if name := simulate.Object(raw).Text("organizationName"); name != "" {
			return name
		}
	}
	return customer.Text("customerDomain")
}

// decideConsent sends the admin back to the application.
func (t *Tenant) decideConsent(w http.ResponseWriter, r *http.Request) {
	if !acceptsConsent(w, r) {
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

// returnURL is the callback with its answer, as Google writes it.
// https://developers.google.com/identity/protocols/oauth2/web-server#handlingresponse
func (t *Tenant) returnURL(r *http.Request, o outcome) string {
	target, _ := url.Parse(r.FormValue("redirect_uri")) // checked by acceptsConsent
	query := target.Query()
	if state := r.FormValue("state"); state != "" {
		query.Set("state", state)
	}
	if o.account == "" {
		query.Set("error", "access_denied")
		target.RawQuery = query.Encode()
		return target.String()
	}
	scopes := parseScopes(r.FormValue("scope"))
	if o.unticked {
		scopes = untick(scopes)
	}
	query.Set("code", t.codes.Issue(simulate.Grant{
		ClientID: r.FormValue("client_id"), RedirectURI: r.FormValue("redirect_uri"),
		Challenge: r.FormValue("code_challenge"), Nonce: r.FormValue("nonce"),
		Subject: string(o.account), Scopes: scopes, Offline: r.FormValue("access_type") == "offline",
	}))
	query.Set("scope", strings.Join(scopes, " "))
	query.Set("authuser", "0")
	query.Set("prompt", "consent")
	if domain := t.domain(o.account); domain != "" {
		query.Set("hd", domain)
	}
	target.RawQuery = query.Encode()
	return target.String()
}

// untick leaves out the last scope of the directory.
func untick(scopes []string) []string {
	for i, scope := range slices.Backward(scopes) {
		if strings.HasPrefix(scope, scopeDirectory) {
			return slices.Delete(scopes, i, i+1)
		}
	}
	return scopes
}

// acceptsConsent answers what the login service says before it asks anybody.
func acceptsConsent(w http.ResponseWriter, r *http.Request) bool {
	refuse := func(code, message string) bool {
		http.Error(w, "Access blocked: authorization error. "+message+"\nError 400: "+code, http.StatusBadRequest)
		return false
	}
	target, err := url.Parse(r.FormValue("redirect_uri"))
	method := r.FormValue("code_challenge_method")
	switch {
	case r.FormValue("client_id") == "":
		return refuse("invalid_request", "Missing required parameter: client_id")
	case err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https":
		return refuse("invalid_request", "Missing or invalid parameter: redirect_uri")
	case r.FormValue("response_type") != "code":
		return refuse("unsupported_response_type", "The simulated tenant supports response_type=code only.")
	case strings.TrimSpace(r.FormValue("scope")) == "":
		return refuse("invalid_request", "Missing required parameter: scope")
	case r.FormValue("code_challenge") != "" && method != "S256":
		return refuse("invalid_request", "The simulated tenant supports code_challenge_method=S256 only.")
	}
	return true
}

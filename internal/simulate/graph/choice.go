package graph

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

//go:embed choice.html
var choiceHTML string

// outcome is one way in which somebody's visit to a page of the login service can end.
type outcome struct {
	name        string // in the path
	label       string
	code        string // OAuth error; "": it ends well
	description string
}

// choice is a page on which a person decides: one plain link an outcome, so that
// a script follows the same path as a person.
type choice struct {
	Title, What, Wish string
	outcomes          []outcome
}

func (t *Tenant) showChoice(w http.ResponseWriter, r *http.Request, c choice) {
	type link struct{ Href, Label string }
	page := struct {
		choice
		Organization, ClientID string
		Scopes                 []string
		Links                  []link
	}{c, t.organization().Text("displayName"), r.FormValue("client_id"), strings.Fields(r.FormValue("scope")), nil}
	for _, o := range c.outcomes {
		page.Links = append(page.Links, link{r.URL.EscapedPath() + "/" + o.name + "?" + r.URL.RawQuery, o.label})
	}
	var body bytes.Buffer
	if err := template.Must(template.New("choice").Parse(choiceHTML)).Execute(&body, page); err != nil {
		http.Error(w, "The page cannot be shown.", http.StatusInternalServerError)
		return
	}
	simulate.WriteBody(w, http.StatusOK, "text/html; charset=utf-8", body.Bytes())
}

// chosen is the outcome that the path names; without one the answer is written.
func (c choice) chosen(w http.ResponseWriter, r *http.Request) (outcome, bool) {
	for _, o := range c.outcomes {
		if o.name == r.PathValue("outcome") {
			return o, true
		}
	}
	http.Error(w, "There is no such outcome.", http.StatusNotFound)
	return outcome{}, false
}

// sendBack redirects to the application with values and the state that it sent.
func sendBack(w http.ResponseWriter, r *http.Request, values url.Values) {
	target, _ := url.Parse(r.FormValue("redirect_uri")) // checked by acceptsVisit
	query := target.Query()
	query.Set("state", r.FormValue("state"))
	for name := range values {
		query.Set(name, values.Get(name))
	}
	target.RawQuery = query.Encode()
	http.Redirect(w, r, target.String(), http.StatusFound)
}

// failed are the values of an outcome that is an error.
func (o outcome) failed() url.Values {
	return url.Values{"error": {o.code}, "error_description": {o.description}}
}

// acceptsVisit answers what the login service says before it asks anybody.
func (t *Tenant) acceptsVisit(w http.ResponseWriter, r *http.Request) bool {
	tenant := r.PathValue("tenant")
	target, err := url.Parse(r.FormValue("redirect_uri"))
	switch {
	case !anyTenant(tenant) && !t.isTenant(tenant):
		return refuseVisit(w, unknownTenant(tenant).Error())
	case r.FormValue("client_id") == "":
		return refuseVisit(w, "AADSTS900144: The request must contain the following parameter: 'client_id'.")
	case err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https":
		return refuseVisit(w, "AADSTS50011: The redirect URI specified in the request is missing or not an absolute http address.")
	}
	return true
}

func refuseVisit(w http.ResponseWriter, message string) bool {
	http.Error(w, message, http.StatusBadRequest)
	return false
}

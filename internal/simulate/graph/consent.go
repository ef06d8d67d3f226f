package graph

import (
	"net/http"
	"net/url"
)

func consentChoice() choice {
	return choice{
		Title: "Permissions requested",
		What:  "the admin consent",
		Wish:  "asks to read your organization, users and groups",
		outcomes: []outcome{
			{"accept", "Accept as an administrator of this organization", "", ""},
			{"decline", "Decline", "access_denied", "AADSTS65004: User declined to consent to access the app."},
			{notAdmin, "Try as an administrator who may not consent to these permissions", "access_denied",
				"AADSTS90094: An administrator of the organization has set a policy that prevents you from granting the application the permissions it is requesting."},
		},
	}
}

// showConsent is the page on which an admin decides for the organization.
func (t *Tenant) showConsent(w http.ResponseWriter, r *http.Request) {
	if t.acceptsVisit(w, r) {
		t.showChoice(w, r, consentChoice())
	}
}

// decideConsent sends the admin back to the application.
// https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
func (t *Tenant) decideConsent(w http.ResponseWriter, r *http.Request) {
	if !t.acceptsVisit(w, r) {
		return
	}
	o, ok := consentChoice().chosen(w, r)
	if !ok {
		return
	}
	values := o.failed()
	if o.code == "" {
		t.revoked.Store(false)
		values = url.Values{"tenant": {t.ID()}}
		if scope := r.FormValue("scope"); scope != "" {
			values.Set("scope", scope)
		}
	}
	values.Set("admin_consent", "True")
	sendBack(w, r, values)
}

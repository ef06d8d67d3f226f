package web

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/admin"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/web/problem"
)

// finishConsent is where the provider sends the administrator back to, to go on to the provider's
// next page or to be told that all is done. No sign-in: the state, which only the account's own
// request made, says whose connection it is.
func (s *site) finishConsent(w http.ResponseWriter, r *http.Request) {
	provider := directory.Provider(r.PathValue("provider"))
	if provider != directory.Entra && provider != directory.Google {
		s.report.Write(w, r, problem.NoRoute())
		return
	}
	query := r.URL.Query()
	connecting, err := s.admin.FinishConsent(r.Context(), admin.ConsentAnswer{
		Provider: provider, State: query.Get("state"), Code: query.Get("code"), TenantID: query.Get("tenant"),
		Error: query.Get("error"), Description: query.Get("error_description"),
	})
	switch {
	case err != nil:
		s.refuse(w, r, "Not connected", err)
	case connecting.Next != "":
		http.Redirect(w, r, connecting.Next, http.StatusSeeOther)
	case wantsJSON(r):
		s.tellConnected(w, r, connecting)
	default:
		s.say(w, r, http.StatusOK, connectedPage(connecting))
	}
}

// connectedPage names the account too: whoever was sent here by somebody else sees for whom they let
// Rollcall in.
func connectedPage(connecting admin.Connecting) message {
	c := connecting.Connection
	return message{
		Title: "Connected to " + c.Tenant.Name,
		Text: []string{
			"Rollcall can now read the directory of " + c.Tenant.Name + " (tenant id " + c.Tenant.ID + ", domains: " + strings.Join(c.Tenant.Domains, ", ") +
				") for the account '" + connecting.Account + "' of Rollcall.",
			"If this is not the directory you meant, delete the connection in Rollcall. If you do not know the account, take Rollcall's access away in " +
				c.Provider.Title() + ". Otherwise you can close this page.",
		},
	}
}

func (s *site) tellConnected(w http.ResponseWriter, r *http.Request, connecting admin.Connecting) {
	w.Header().Set("Content-Type", "application/json")
	c := connecting.Connection
	answer := map[string]any{"id": c.ID, "provider": c.Provider, "state": c.State, "tenant": c.Tenant, "account": connecting.Account}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		s.log.DebugContext(r.Context(), "write connection", "request_id", problem.RequestID(r.Context()), "error", err)
	}
}

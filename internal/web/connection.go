package web

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/admin"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/web/problem"
)

// finishConnection is where the provider sends the administrator back to. No sign-in: the state,
// which only the account's own request made, says whose connection it is.
func (s *site) finishConnection(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("provider") != string(directory.Entra) {
		s.report.Write(w, r, problem.NoRoute())
		return
	}
	query := r.URL.Query()
	c, err := s.admin.FinishConnection(r.Context(), admin.Consent{
		State: query.Get("state"), TenantID: query.Get("tenant"), Error: query.Get("error"),
	})
	if err != nil {
		s.refuse(w, r, "Not connected", err)
		return
	}
	if wantsJSON(r) {
		s.tellConnected(w, r, c)
		return
	}
	s.say(w, r, http.StatusOK, message{
		Title: "Connected to " + c.Tenant.Name,
		Text: []string{
			"Rollcall can now read the directory of " + c.Tenant.Name + " (tenant id " + c.Tenant.ID + ", domains: " + strings.Join(c.Tenant.Domains, ", ") + ").",
			"If this is not the directory you meant, delete the connection in Rollcall. You can close this page.",
		},
	})
}

func (s *site) tellConnected(w http.ResponseWriter, r *http.Request, c directory.Connection) {
	w.Header().Set("Content-Type", "application/json")
	answer := map[string]any{"id": c.ID, "provider": c.Provider, "state": c.State, "tenant": c.Tenant}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		s.log.DebugContext(r.Context(), "write connection", "request_id", problem.RequestID(r.Context()), "error", err)
	}
}

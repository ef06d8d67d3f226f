package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/devstack"
)

// adminWork is all that an admin does, and the request with which they do it.
var adminWork = map[string][]string{
	"the account":    {"GET /v1/account", "PATCH /v1/account", "POST /v1/account/report"},
	"fields":         {"GET /v1/fields", "POST /v1/fields", "DELETE /v1/fields/{id}"},
	"roles":          {"GET /v1/roles", "POST /v1/roles", "DELETE /v1/roles/{id}"},
	"organizations":  {"GET /v1/organizations", "POST /v1/organizations", "DELETE /v1/organizations/{id}"},
	"connections":    {"POST /v1/connections", "GET /v1/connections/{id}", "DELETE /v1/connections/{id}", "GET /v1/connections/{id}/groups", "GET /v1/connections/{id}/attributes"},
	"mappings":       {"POST /v1/mappings/test", "GET /v1/scim/mappings", "PUT /v1/scim/mappings"},
	"configurations": {"GET /v1/configurations", "POST /v1/configurations", "GET /v1/configurations/{id}", "PATCH /v1/configurations/{id}", "DELETE /v1/configurations/{id}"},
	"syncing": {
		"POST /v1/configurations/{id}/sync", "POST /v1/configurations/{id}/disable", "POST /v1/configurations/{id}/enable", "POST /v1/configurations/{id}/preview",
		"GET /v1/configurations/{id}/status", "POST /v1/configurations/{id}/users/{source_id}/sync",
	},
	"runs": {
		"GET /v1/runs", "GET /v1/runs/{id}", "GET /v1/runs/{id}/changes", "POST /v1/runs/{id}/approve", "POST /v1/runs/{id}/reject", "POST /v1/runs/{id}/cancel",
		"POST /v1/runs/{id}/rerun", "POST /v1/runs/{id}/undo",
	},
	"users": {
		"GET /v1/users", "GET /v1/users/{id}", "PATCH /v1/users/{id}", "POST /v1/users/{id}/activate", "POST /v1/users/{id}/deactivate", "POST /v1/users/{id}/restore",
		"POST /v1/invitations/{token}/accept",
	},
	"groups":        {"GET /v1/groups", "GET /v1/groups/{id}/members"},
	"the sync log":  {"GET /v1/changes", "GET /v1/events"},
	"notifications": {"GET /v1/notifications", "POST /v1/notifications/{id}/read"},
	"SCIM":          {"GET /v1/scim/tokens", "POST /v1/scim/tokens", "DELETE /v1/scim/tokens/{id}", "GET /v1/scim/guard", "POST /v1/scim/guard/approve"},
	"webhooks":      {"GET /v1/webhooks", "POST /v1/webhooks", "GET /v1/webhooks/{id}", "PATCH /v1/webhooks/{id}", "DELETE /v1/webhooks/{id}", "POST /v1/webhooks/{id}/replay"},
}

// The starter describes and serves all of it: with a token each request is understood, without one none is.
func TestE4_AllAdminWorkGoesThroughTheAPI(t *testing.T) {
	t.Parallel()
	c := accountOf(t, lendAny(t), t.Name(), 10)
	var described struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	c.call(http.MethodGet, "/openapi.json", nil, &described)
	stranger := devstack.Client{Base: c.stack.StarterURL()}
	for what, requests := range adminWork {
		for _, request := range requests {
			method, path, _ := strings.Cut(request, " ")
			require.Contains(t, described.Paths[path], strings.ToLower(method), "%s: %s is not described", what, request)
			sent := strings.NewReplacer("{id}", nobodysID, "{source_id}", "e-1", "{token}", "none").Replace(path)
			var refusal *devstack.APIError
			require.ErrorAs(t, stranger.Call(t.Context(), method, sent, nil, nil), &refusal, request)
			if path != "/v1/invitations/{token}/accept" {
				require.Equal(t, http.StatusUnauthorized, refusal.Status, request)
			}
			require.NotEmpty(t, refusal.Code, request)
			require.NotEmpty(t, refusal.Detail, request)
		}
	}
}

package graph_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

func TestTokenRequestsAnswerLikeTheLoginService(t *testing.T) {
	t.Parallel()
	c := start(t, graph.Generate(1), graph.ClientSecret("s3cret"))

	refused := func(got answer, status int, code string, number float64) {
		t.Helper()
		require.Equal(t, status, got.status, "%s", got.body)
		var body map[string]any
		require.NoError(t, json.Unmarshal(got.body, &body))
		require.Equal(t, code, body["error"])
		require.Equal(t, []any{number}, body["error_codes"])
		require.Contains(t, body["error_description"], "AADSTS")
	}
	refused(c.tokenRequest(c.tenant.ID(), "wrong"), http.StatusUnauthorized, "invalid_client", 7000215)
	refused(c.tokenRequest("11111111-0000-4000-8000-000000000000", "s3cret"), http.StatusBadRequest, "invalid_request", 90002)
	refused(c.tokenRequest("common", "s3cret"), http.StatusBadRequest, "invalid_request", 50059)
	require.Equal(t, http.StatusOK, c.tokenRequest("alderney.example", "s3cret").status, "a verified domain names the tenant")

	c.control(http.MethodPost, "revoke-consent", "", http.StatusNoContent)
	refused(c.tokenRequest(c.tenant.ID(), "s3cret"), http.StatusBadRequest, "unauthorized_client", 7000229)
	c.requireError(c.get("/v1.0/users"), http.StatusUnauthorized, "InvalidAuthenticationToken")

	c.control(http.MethodPost, "grant-consent", "", http.StatusNoContent)
	require.Len(t, c.page("/v1.0/users").Value, 1)
}

func TestGraphWantsItsOwnToken(t *testing.T) {
	t.Parallel()
	c := start(t, graph.Generate(1))
	for _, token := range []string{"", "nonsense", c.token + "x", "a.b.c"} {
		got := c.get("/v1.0/users", "Authorization", "Bearer "+token)
		c.requireError(got, http.StatusUnauthorized, "InvalidAuthenticationToken")
	}
	c.requireError(c.get("/v1.0/users", "Authorization", ""), http.StatusUnauthorized, "InvalidAuthenticationToken")
}

func TestTokensOutliveARestart(t *testing.T) {
	t.Parallel()
	before, after := start(t, graph.Generate(1)), start(t, graph.Generate(1))
	require.Equal(t, http.StatusOK, after.get("/v1.0/users", "Authorization", "Bearer "+before.token).status)
}

func TestOpenIDConfigurationNamesTheAddressItWasAskedAt(t *testing.T) {
	t.Parallel()
	c := start(t, graph.Generate(1))
	var got map[string]any
	require.NoError(t, json.Unmarshal(c.get("/"+c.tenant.ID()+"/v2.0/.well-known/openid-configuration").body, &got))
	require.Equal(t, c.url+"/"+c.tenant.ID()+"/oauth2/v2.0/token", got["token_endpoint"])
	require.Equal(t, c.url+"/"+c.tenant.ID()+"/v2.0", got["issuer"])
	require.Equal(t, http.StatusBadRequest, c.get("/nobody/v2.0/.well-known/openid-configuration").status)
}

func TestAdminConsent(t *testing.T) {
	t.Parallel()
	c := start(t, graph.Generate(1))
	query := "?" + url.Values{
		"client_id": {"app-1"}, "state": {"s=&1"}, "scope": {"https://graph.microsoft.com/.default"},
		"redirect_uri": {"https://app.example/connect/entra/callback?x=1"},
	}.Encode()

	shown := c.get("/common/v2.0/adminconsent" + query)
	require.Equal(t, http.StatusOK, shown.status)
	require.Contains(t, string(shown.body), `<html lang="en">`)

	for outcome, want := range map[string]url.Values{
		"accept":    {"tenant": {c.tenant.ID()}, "scope": {"https://graph.microsoft.com/.default"}},
		"decline":   {"error": {"access_denied"}},
		"not-admin": {"error": {"access_denied"}},
	} {
		for _, path := range []string{"/organizations/v2.0/adminconsent/", "/" + c.tenant.ID() + "/v2.0/adminconsent/", "/" + c.tenant.ID() + "/adminconsent/"} {
			require.Contains(t, string(shown.body), "/adminconsent/"+outcome+"?")
			got := c.followOnce(path + outcome + query)
			require.Equal(t, "app.example", got.Host)
			values := got.Query()
			require.Equal(t, "s=&1", values.Get("state"))
			require.Equal(t, "True", values.Get("admin_consent"))
			require.Equal(t, "1", values.Get("x"))
			for name := range want {
				require.Equal(t, want.Get(name), values.Get(name), outcome)
			}
		}
	}
	require.Equal(t, http.StatusBadRequest, c.get("/common/v2.0/adminconsent?client_id=a&redirect_uri=javascript:1").status)
	require.Equal(t, http.StatusBadRequest, c.get("/nobody/v2.0/adminconsent"+query).status)
	require.Equal(t, http.StatusNotFound, c.get("/common/v2.0/adminconsent/unheard-of"+query).status)
}

func TestAcceptingHealsRevokedConsent(t *testing.T) {
	t.Parallel()
	c := start(t, graph.Generate(1))
	c.control(http.MethodPost, "revoke-consent", "", http.StatusNoContent)
	c.followOnce("/common/adminconsent/accept?client_id=a&redirect_uri=http%3A%2F%2Fapp.example%2F")
	require.Equal(t, http.StatusOK, c.get("/v1.0/users").status)
}

// followOnce returns where an answer sends the browser.
func (c *client) followOnce(path string) *url.URL {
	c.t.Helper()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := browser.Get(c.url + path)
	require.NoError(c.t, err)
	require.Equal(c.t, http.StatusFound, read(c.t, response).status)
	location, err := response.Location()
	require.NoError(c.t, err)
	return location
}

package admin

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/simulate"
)

const (
	contoso             = "84841066-274d-4ec0-a5c1-276be684bdd3"
	globalAdministrator = "62e90394-69f5-4237-9190-012177145e10"
	directoryReader     = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"
)

// service is a sign-in service that says of people whatever a test wants, which no vendor's would.
type service struct {
	*httptest.Server
	issuer *simulate.Issuer

	mu          sync.Mutex
	status      int
	answer      map[string]any // of the token endpoint
	asked       url.Values     // what the token endpoint was asked last
	discoveries int
}

func newService(t *testing.T) *service {
	t.Helper()
	s := &service{issuer: simulate.NewIssuer(), status: http.StatusOK}
	mux := http.NewServeMux()
	discover := func(issuer string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			s.mu.Lock()
			s.discoveries++
			s.mu.Unlock()
			simulate.WriteJSON(w, http.StatusOK, map[string]any{
				"issuer": s.URL + issuer, "token_endpoint": s.URL + "/token", "jwks_uri": s.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"},
			})
		}
	}
	mux.HandleFunc("GET /organizations/v2.0/.well-known/openid-configuration", discover("/{tenantid}/v2.0"))
	mux.HandleFunc("GET /.well-known/openid-configuration", discover(""))
	mux.HandleFunc("GET /keys", s.issuer.ServeKeys)
	mux.HandleFunc("POST /token", s.token)
	s.Server = httptest.NewTLSServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *service) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = r.ParseForm()
	s.asked = r.PostForm
	simulate.WriteJSON(w, s.status, s.answer)
}

func (s *service) answers(status int, answer map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.answer = status, answer
}

func (s *service) admin() *Admin {
	return New(Options{
		HTTP: s.Client(), PublicURL: "https://rollcall.example",
		EntraClientID: "client-1", EntraClientSecret: "right", EntraLoginURL: s.URL + "/",
		GoogleClientID: "client-2", GoogleClientSecret: "right", GoogleLoginURL: s.URL,
	})
}

// A sign-in counts when all of its ID token is as it has to be, and for nothing else.
func TestA4_WhatASignInAtEntraProves(t *testing.T) {
	t.Parallel()
	s := newService(t)
	a := s.admin()
	claims := func(change map[string]any) map[string]any {
		all := map[string]any{
			"iss": s.URL + "/" + contoso + "/v2.0", "aud": "client-1", "tid": contoso, "nonce": "n", "sub": "x", "wids": []string{directoryReader, globalAdministrator},
		}
		maps.Copy(all, change)
		maps.DeleteFunc(all, func(_ string, value any) bool { return value == nil })
		return all
	}
	personal := map[string]any{"tid": personalTenant, "iss": s.URL + "/" + personalTenant + "/v2.0"}
	rows := []struct {
		name   string
		change map[string]any
		code   string
	}{
		{"an administrator", nil, ""},
		{"somebody else", map[string]any{"wids": []string{directoryReader}}, "not_an_administrator"},
		{"somebody without a role", map[string]any{"wids": []string{}}, "not_an_administrator"},
		{"nothing about roles in the token", map[string]any{"wids": nil}, "directory_roles_not_sent"},
		{"a personal account", personal, "personal_account"},
		{"another nonce", map[string]any{"nonce": "m"}, "consent_failed"},
		{"no nonce", map[string]any{"nonce": nil}, "consent_failed"},
		{"for another application", map[string]any{"aud": "client-2"}, "consent_failed"},
		{"expired", map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}, "consent_failed"},
		{"issued by another tenant", map[string]any{"iss": s.URL + "/11111111-2222-4333-8444-555555555555/v2.0"}, "consent_failed"},
		{"issued elsewhere", map[string]any{"iss": "https://evil.example/" + contoso + "/v2.0"}, "consent_failed"},
		{"no tenant", map[string]any{"tid": "", "iss": s.URL + "//v2.0"}, "consent_failed"},
	}
	for _, row := range rows {
		s.answers(http.StatusOK, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": s.issuer.IDToken(claims(row.change))})
		tenant, err := entra{a}.provenTenant(t.Context(), "code-1", proof{Verifier: "v", Nonce: "n"})
		if row.code == "" {
			require.NoError(t, err, row.name)
			require.Equal(t, contoso, tenant)
			continue
		}
		require.True(t, directory.HasCode(err, row.code), "%s: %v", row.name, err)
		require.Empty(t, tenant)
	}
	require.Equal(t, url.Values{
		"grant_type": {"authorization_code"}, "code": {"code-1"}, "code_verifier": {"v"}, "client_id": {"client-1"}, "client_secret": {"right"},
		"redirect_uri": {"https://rollcall.example/connect/entra/callback"},
	}, s.asked)
	require.Equal(t, 1, s.discoveries, "what was discovered is kept")
	require.Contains(t, rolesUnknown().Sentence(), `Ask the operator of Rollcall to set "groupMembershipClaims"`)

	forged := simulate.NewIssuer().IDToken(claims(nil))
	s.answers(http.StatusOK, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": forged})
	_, err := entra{a}.provenTenant(t.Context(), "code-1", proof{Verifier: "v", Nonce: "n"})
	require.True(t, directory.HasCode(err, "consent_failed"), "signed by somebody else: %v", err)
}

func TestA4_WhatTheTokenEndpointMayAnswer(t *testing.T) {
	t.Parallel()
	s := newService(t)
	a := s.admin()
	const personal = "ana@contoso.example"
	rows := []struct {
		status int
		answer map[string]any
		code   string
	}{
		{400, map[string]any{"error": "invalid_grant", "error_description": "AADSTS70000 " + personal}, "consent_failed"},
		{401, map[string]any{"error": "invalid_client", "error_description": personal}, "provider_not_set_up"},
		{429, map[string]any{"error": "slow_down"}, "source_unavailable"},
		{503, map[string]any{}, "source_unavailable"},
		{200, map[string]any{"access_token": "a", "token_type": "Bearer"}, "consent_failed"},
		{200, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": "a.b.c"}, "consent_failed"},
	}
	for _, row := range rows {
		s.answers(row.status, row.answer)
		_, _, err := a.signedIn(t.Context(), google{a}.login(), "code", proof{})
		require.True(t, directory.HasCode(err, row.code), "%d %v: %v", row.status, row.answer, err)
		require.NotContains(t, err.Error(), personal)
	}
	s.Close()
	_, _, err := s.admin().signedIn(t.Context(), google{s.admin()}.login(), "code", proof{})
	require.True(t, directory.HasCode(err, "source_unavailable"), err)
}

func TestA4_WhatAGrantOfGoogleMustHold(t *testing.T) {
	t.Parallel()
	s := newService(t)
	a := s.admin()
	all := append([]string{oidc.ScopeOpenID, "https://www.googleapis.com/auth/userinfo.email"}, googleScopes()...)
	grant := func(domain, refresh string, scopes []string) error {
		claims := map[string]any{"iss": s.URL, "aud": "client-2", "nonce": "n", "sub": "x"}
		if domain != "" {
			claims["hd"] = domain
		}
		s.answers(http.StatusOK, map[string]any{
			"access_token": "a", "token_type": "Bearer", "scope": strings.Join(scopes, " "), "refresh_token": refresh, "id_token": s.issuer.IDToken(claims),
		})
		token, id, err := a.signedIn(t.Context(), google{a}.login(), "code", proof{Verifier: oauth2.GenerateVerifier(), Nonce: "n"})
		require.NoError(t, err)
		return checkGrant(token, id)
	}
	require.NoError(t, grant("contoso.example", "1//r", all))
	require.True(t, directory.HasCode(grant("", "1//r", all), "personal_account"))
	require.True(t, directory.HasCode(grant("contoso.example", "", all), "consent_incomplete"))
	for _, scope := range googleScopes() {
		rest := slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == scope })
		require.True(t, directory.HasCode(grant("contoso.example", "1//r", rest), "consent_incomplete"), scope)
	}
}

func TestA4_RefusalsByMicrosoftsNumber(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ code, description, want string }{
		{"access_denied", "AADSTS65004: User declined to consent to access the app.", "consent_declined"},
		{"access_denied", "AADSTS90094: An administrator of the organization has set a policy", "not_an_administrator"},
		{"invalid_request", "AADSTS500200: User account is a personal Microsoft account.", "personal_account"},
		{"access_denied", "", "consent_declined"},
		{"server_error", "", "source_unavailable"},
		{"invalid_scope", "AADSTS70011", "consent_failed"},
	} {
		e := refusal(ConsentAnswer{Provider: directory.Entra, Error: row.code, Description: row.description})
		require.Equal(t, row.want, e.Code, row.description)
		require.NotContains(t, e.Sentence(), "AADSTS")
	}
}

package google_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/rollcall-sync/rollcall/internal/simulate/google"
)

const callback = "http://127.0.0.1:8080/connect/google/callback"

func scopes() []string {
	const directory = "https://www.googleapis.com/auth/admin.directory."
	return []string{"openid", "email", directory + "user.readonly", directory + "group.readonly",
		directory + "customer.readonly", directory + "userschema.readonly"}
}

// visit is an admin's way through the consent page.
type visit struct {
	provider *oidc.Provider
	config   oauth2.Config
	verifier string
	returned url.Values
}

// visitConsent opens the consent page and follows the link of an outcome.
func (c *client) visitConsent(outcome string) visit {
	c.t.Helper()
	provider, err := oidc.NewProvider(c.t.Context(), c.url)
	require.NoError(c.t, err)
	v := visit{provider: provider, verifier: oauth2.GenerateVerifier(), config: oauth2.Config{
		ClientID: "app-1", ClientSecret: "s3cret", Endpoint: provider.Endpoint(), RedirectURL: callback, Scopes: scopes(),
	}}
	page := v.config.AuthCodeURL("state-1", oauth2.AccessTypeOffline, oauth2.ApprovalForce, oidc.Nonce("nonce-1"),
		oauth2.SetAuthURLParam("include_granted_scopes", "false"), oauth2.S256ChallengeOption(v.verifier))
	shown := c.get(strings.TrimPrefix(page, c.url))
	require.Equal(c.t, http.StatusOK, shown.status)
	for _, scope := range scopes()[2:] {
		require.Contains(c.t, string(shown.body), scope)
	}
	link := regexp.MustCompile(`href="([^"]*/` + outcome + `\?[^"]*)"`).FindSubmatch(shown.body)
	require.NotNil(c.t, link, "no link for %s in %s", outcome, shown.body)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Get(c.url + html.UnescapeString(string(link[1])))
	require.NoError(c.t, err)
	require.NoError(c.t, response.Body.Close())
	require.Equal(c.t, http.StatusFound, response.StatusCode)
	location, err := response.Location()
	require.NoError(c.t, err)
	require.True(c.t, strings.HasPrefix(location.String(), callback+"?"))
	v.returned = location.Query()
	require.Equal(c.t, "state-1", v.returned.Get("state"))
	return v
}

type identity struct {
	Subject string `json:"sub"`
	Email   string `json:"email"`
	Domain  string `json:"hd"`
	Nonce   string `json:"nonce"`
}

// exchange redeems the code as a client does, checking the ID token.
func (c *client) exchange(v visit) (*oauth2.Token, identity) {
	c.t.Helper()
	token, err := v.config.Exchange(c.t.Context(), v.returned.Get("code"), oauth2.VerifierOption(v.verifier))
	require.NoError(c.t, err)
	raw, _ := token.Extra("id_token").(string)
	proven, err := v.provider.Verifier(&oidc.Config{ClientID: "app-1"}).Verify(c.t.Context(), raw)
	require.NoError(c.t, err)
	var who identity
	require.NoError(c.t, proven.Claims(&who))
	return token, who
}

func TestAnAdministratorConsents(t *testing.T) {
	t.Parallel()
	c := start(t, google.Generate(5), google.ClientSecret("s3cret"))
	v := c.visitConsent("accept")
	require.Equal(t, "tidewell.example", v.returned.Get("hd"))
	token, who := c.exchange(v)
	require.Equal(t, identity{Subject: who.Subject, Email: "admin@tidewell.example", Domain: "tidewell.example", Nonce: "nonce-1"}, who)
	require.Regexp(t, `^\d{21}$`, who.Subject)
	granted := strings.Fields(token.Extra("scope").(string))
	require.Len(t, granted, 6)
	require.Contains(t, granted, "https://www.googleapis.com/auth/userinfo.email", "Google grants email under its long name")
	require.NotEmpty(t, token.RefreshToken)

	c.token = token.AccessToken
	require.Equal(t, "C03tidew1", c.show("customers/my_customer")["id"])
	c.token = c.refreshed(token.RefreshToken)
	require.Len(t, c.show("users?customer=my_customer")["users"], 5)

	_, err := v.config.Exchange(t.Context(), v.returned.Get("code"), oauth2.VerifierOption(v.verifier))
	var refused *oauth2.RetrieveError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "invalid_grant", refused.ErrorCode, "a code works once")
	v = c.visitConsent("accept")
	_, err = v.config.Exchange(t.Context(), v.returned.Get("code"), oauth2.VerifierOption(oauth2.GenerateVerifier()))
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "invalid_grant", refused.ErrorCode, "the verifier is another's")
}

func TestOtherOutcomesOfConsent(t *testing.T) {
	t.Parallel()
	c := start(t, google.Generate(5))
	require.Equal(t, "access_denied", c.visitConsent("decline").returned.Get("error"))

	token, who := c.exchange(c.visitConsent("not-admin"))
	require.Equal(t, "tidewell.example", who.Domain)
	c.token = token.AccessToken
	c.requireError(c.get(api+"customers/my_customer"), http.StatusForbidden, "forbidden")
	require.Contains(t, string(c.get(api+"users?customer=my_customer").body), "Not Authorized to access this resource/api")

	token, who = c.exchange(c.visitConsent("personal-account"))
	require.Empty(t, who.Domain)
	c.token = token.AccessToken
	c.requireError(c.get(api+"customers/my_customer"), http.StatusForbidden, "forbidden")

	token, who = c.exchange(c.visitConsent("other-organization"))
	require.Equal(t, "brightwater.example", who.Domain)
	c.token = token.AccessToken
	require.Equal(t, "C02other9", c.show("customers/my_customer")["id"])
	require.NotContains(t, c.show("users?customer=my_customer"), "users", "nobody of this organization is shown")

	token, _ = c.exchange(c.visitConsent("partial"))
	require.NotContains(t, token.Extra("scope"), "userschema")
	c.token = token.AccessToken
	require.Len(t, c.show("users?customer=my_customer")["users"], 5)
	refused := c.get(api + "customer/my_customer/schemas")
	c.requireError(refused, http.StatusForbidden, "insufficientPermissions")
	require.Contains(t, string(refused.body), "ACCESS_TOKEN_SCOPE_INSUFFICIENT")

	require.Equal(t, http.StatusBadRequest, c.get("/o/oauth2/v2/auth?client_id=a").status)
	require.Equal(t, http.StatusNotFound, c.get("/o/oauth2/v2/auth/shrug?client_id=a&response_type=code&scope=openid&redirect_uri="+callback).status)
}

func TestARefreshTokenIsGivenForOfflineAccessOnly(t *testing.T) {
	t.Parallel()
	c := start(t, google.Generate(1))
	v := c.visitConsent("accept")
	v.config.Scopes = []string{"email"}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Get(strings.Replace(v.config.AuthCodeURL("s"), "/auth?", "/auth/accept?", 1))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	location, err := response.Location()
	require.NoError(t, err)
	token, err := v.config.Exchange(t.Context(), location.Query().Get("code"))
	require.NoError(t, err)
	require.Empty(t, token.RefreshToken)
	require.Nil(t, token.Extra("id_token"), "openid was not asked for")
}

func TestRevokedConsent(t *testing.T) {
	t.Parallel()
	c := start(t, google.Generate(1))
	requireRevoked := func(refresh string) {
		t.Helper()
		got := c.refresh(refresh, "app-1")
		require.Equal(t, http.StatusBadRequest, got.status)
		require.Equal(t, "invalid_grant", got.object(t)["error"])
	}
	first := c.granted()
	c.control(http.MethodPost, "revoke-consent", "", http.StatusNoContent)
	c.requireError(c.get(api+"customers/my_customer"), http.StatusUnauthorized, "authError")
	requireRevoked(first)
	second := c.granted()
	requireRevoked(first)
	c.token = c.refreshed(second)
	c.show("customers/my_customer")

	require.Equal(t, http.StatusOK, c.post("/revoke", url.Values{"token": {c.token}}).status)
	requireRevoked(second)
	c.requireError(c.get(api+"customers/my_customer"), http.StatusUnauthorized, "authError")
	require.Equal(t, "invalid_token", c.post("/revoke", url.Values{"token": {second}}).object(t)["error"])
	requireRevoked("1//nonsense.x")
}

func TestTokenRequestsAnswerLikeTheLoginService(t *testing.T) {
	t.Parallel()
	c := start(t, google.Generate(1), google.ClientSecret("s3cret"))
	token, _ := c.exchange(c.visitConsent("accept"))
	for _, refused := range []struct {
		form   url.Values
		status int
		code   string
	}{
		{url.Values{"client_secret": {"s3cret"}}, 400, "invalid_request"},
		{url.Values{"client_id": {"app-1"}}, 400, "invalid_request"},
		{url.Values{"client_id": {"app-1"}, "client_secret": {"wrong"}}, 401, "invalid_client"},
		{url.Values{"client_id": {"app-1"}, "client_secret": {"s3cret"}, "grant_type": {"password"}}, 400, "unsupported_grant_type"},
		{url.Values{"client_id": {"app-1"}, "client_secret": {"s3cret"}, "grant_type": {"authorization_code"}, "code": {"x"}}, 400, "invalid_grant"},
		{url.Values{"client_id": {"app-2"}, "client_secret": {"s3cret"}, "grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}}, 401, "unauthorized_client"},
	} {
		got := c.post("/token", refused.form)
		require.Equal(t, refused.status, got.status, "%s", got.body)
		require.Equal(t, refused.code, got.object(t)["error"])
	}
	for _, wrong := range []string{"", "nonsense", token.RefreshToken, token.AccessToken + "x", "ya29.e30.x"} {
		c.token = wrong
		got := c.get(api + "customers/my_customer")
		reason := "authError"
		if wrong == "" {
			reason = "required"
		}
		c.requireError(got, http.StatusUnauthorized, reason)
	}
}

func TestTokensOutliveARestart(t *testing.T) {
	t.Parallel()
	before, after := start(t, google.Generate(1)), start(t, google.Generate(1))
	after.token = after.refreshed(before.granted())
	after.show("customers/my_customer")
	after.token = before.token
	after.show("customers/my_customer")
}

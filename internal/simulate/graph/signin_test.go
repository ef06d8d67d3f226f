package graph_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

const callback = "https://app.example/connect/entra/callback"

// whoSignedIn are the claims that an application reads.
type whoSignedIn struct {
	Tenant   string   `json:"tid"`
	Object   string   `json:"oid"`
	Username string   `json:"preferred_username"`
	Roles    []string `json:"wids"`
}

func signInQuery(verifier string) string {
	query := url.Values{
		"client_id": {"app-1"}, "response_type": {"code"}, "response_mode": {"query"}, "scope": {"openid profile email"},
		"redirect_uri": {callback}, "state": {"s=&1"}, "nonce": {"n-1"}, "prompt": {"select_account"},
	}
	if verifier != "" {
		query.Set("code_challenge", oauth2.S256ChallengeFromVerifier(verifier))
		query.Set("code_challenge_method", "S256")
	}
	return "?" + query.Encode()
}

// signInAs chooses an outcome, as a browser does, and redeems the code.
func (c *client) signInAs(outcome string) whoSignedIn {
	c.t.Helper()
	verifier := oauth2.GenerateVerifier()
	back := c.followOnce("/organizations/oauth2/v2.0/authorize/" + outcome + signInQuery(verifier)).Query()
	require.Equal(c.t, "s=&1", back.Get("state"))
	got := c.redeem(back.Get("code"), verifier)
	require.Equal(c.t, http.StatusOK, got.status, "%s", got.body)
	var answer struct {
		IDToken string `json:"id_token"`
	}
	require.NoError(c.t, json.Unmarshal(got.body, &answer))

	var claims whoSignedIn
	keys := oidc.NewRemoteKeySet(c.t.Context(), c.keysAddress())
	config := &oidc.Config{ClientID: "app-1", SkipIssuerCheck: true}
	token, err := oidc.NewVerifier("", keys, config).Verify(c.t.Context(), answer.IDToken)
	require.NoError(c.t, err)
	require.NoError(c.t, token.Claims(&claims))
	require.Equal(c.t, c.url+"/"+claims.Tenant+"/v2.0", token.Issuer)
	require.Equal(c.t, "n-1", token.Nonce)
	return claims
}

func (c *client) keysAddress() string {
	c.t.Helper()
	var known struct {
		Keys   string `json:"jwks_uri"`
		Issuer string `json:"issuer"`
	}
	require.NoError(c.t, json.Unmarshal(c.get("/organizations/v2.0/.well-known/openid-configuration").body, &known))
	require.Equal(c.t, c.url+"/{tenantid}/v2.0", known.Issuer)
	return known.Keys
}

func (c *client) redeem(code, verifier string) answer {
	c.t.Helper()
	response, err := http.PostForm(c.url+"/organizations/oauth2/v2.0/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"app-1"}, "client_secret": {"s3cret"}, "code": {code},
		"redirect_uri": {callback}, "code_verifier": {verifier},
	})
	require.NoError(c.t, err)
	return read(c.t, response)
}

func TestSignInSaysWhoAndWithWhichRoles(t *testing.T) {
	t.Parallel()
	const globalAdministrator, defaultUser = "62e90394-69f5-4237-9190-012177145e10", "b79fbf4d-3ef9-4689-8143-76b194e85509"
	c := start(t, graph.Generate(1))
	admin, other, member := c.signInAs("administrator"), c.signInAs("other-organization"), c.signInAs("not-admin")
	require.Equal(t, c.tenant.ID(), admin.Tenant)
	require.Contains(t, admin.Roles, globalAdministrator)
	require.Equal(t, "administrator@alderney.example", admin.Username)
	require.Equal(t, c.tenant.ID(), member.Tenant)
	require.Equal(t, []string{defaultUser}, member.Roles)
	require.NotEqual(t, admin.Object, member.Object)
	require.Regexp(t, uuidForm(), other.Tenant)
	require.NotEqual(t, c.tenant.ID(), other.Tenant)
	require.Contains(t, other.Roles, globalAdministrator)
	require.Equal(t, admin, c.signInAs("administrator"), "the same person each time")
}

func TestSignInPageLeadsToEveryOutcome(t *testing.T) {
	t.Parallel()
	c := start(t, graph.Generate(1))
	shown := c.get("/organizations/oauth2/v2.0/authorize" + signInQuery("v"))
	require.Equal(t, http.StatusOK, shown.status)
	for _, outcome := range []string{"administrator", "not-admin", "other-organization", "personal-account", "decline"} {
		require.Contains(t, string(shown.body), "/organizations/oauth2/v2.0/authorize/"+outcome+"?")
	}
	for outcome, number := range map[string]string{"personal-account": "AADSTS500200", "decline": "AADSTS65004"} {
		back := c.followOnce("/organizations/oauth2/v2.0/authorize/" + outcome + signInQuery("v")).Query()
		require.Equal(t, "access_denied", back.Get("error"))
		require.Contains(t, back.Get("error_description"), number+": ")
		require.Equal(t, "s=&1", back.Get("state"))
		require.Empty(t, back.Get("code"))
	}
	const application = "?client_id=a&redirect_uri=https%3A%2F%2Fapp.example%2F"
	for _, query := range []string{
		"", application, application + "&response_type=token&scope=openid", application + "&response_type=code&scope=profile",
		application + "&response_type=code&scope=openid&response_mode=fragment", signInQuery("") + "&code_challenge=x&code_challenge_method=plain",
	} {
		got := c.get("/organizations/oauth2/v2.0/authorize" + query)
		require.Equal(t, http.StatusBadRequest, got.status, query)
		require.Contains(t, string(got.body), "AADSTS")
	}
	require.Equal(t, http.StatusNotFound, c.get("/organizations/oauth2/v2.0/authorize/unheard-of"+signInQuery("v")).status)
	require.Equal(t, http.StatusBadRequest, c.get("/nobody/oauth2/v2.0/authorize"+signInQuery("v")).status)
}

func TestCodesAreUsedOnceByWhoAskedForThem(t *testing.T) {
	t.Parallel()
	c := start(t, graph.Generate(1), graph.ClientSecret("s3cret"))
	code := func(verifier string) string {
		return c.followOnce("/organizations/oauth2/v2.0/authorize/administrator" + signInQuery(verifier)).Query().Get("code")
	}
	refused := func(got answer) {
		t.Helper()
		require.Equal(t, http.StatusBadRequest, got.status, "%s", got.body)
		require.Contains(t, string(got.body), `"error":"invalid_grant"`)
	}
	verifier := oauth2.GenerateVerifier()
	used := code(verifier)
	require.Equal(t, http.StatusOK, c.redeem(used, verifier).status)
	refused(c.redeem(used, verifier))
	refused(c.redeem(code(verifier), oauth2.GenerateVerifier()))
	refused(c.redeem(code(verifier), ""))
	refused(c.redeem("unheard-of", verifier))

	response, err := http.PostForm(c.url+"/organizations/oauth2/v2.0/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"app-1"}, "client_secret": {"wrong"}, "code": {code(verifier)},
		"redirect_uri": {callback}, "code_verifier": {verifier},
	})
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, read(t, response).status)
}

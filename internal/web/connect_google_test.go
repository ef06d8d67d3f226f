package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestA4_A5_ConnectingGoogleVerifiesTheCustomer(t *testing.T) {
	t.Parallel()
	b := newGoogleBench(t)
	c := b.begin("google")
	require.True(t, strings.HasPrefix(c.authorizeURL, b.tenants.google+"/o/oauth2/v2/auth?"), c.authorizeURL)
	query := c.query(b)
	require.Equal(t, "offline", query.Get("access_type"))
	require.Equal(t, "consent", query.Get("prompt"))
	require.Equal(t, "S256", query.Get("code_challenge_method"))
	const scope = "https://www.googleapis.com/auth/admin.directory."
	require.ElementsMatch(t, []string{"openid", "email", scope + "user.readonly", scope + "group.readonly", scope + "customer.readonly", scope + "userschema.readonly"}, strings.Fields(query.Get("scope")))

	path := b.choose(c.authorizeURL, "accept")
	a := b.send("GET", path, "", "", header{"Accept", "application/json"})
	require.Equal(t, http.StatusOK, a.Status, a.Text)
	require.Equal(t, map[string]any{
		"id": c.id, "provider": "google", "state": "connected", "tenant": map[string]any{"id": customerID, "name": "Contoso", "domains": []any{"contoso.example"}},
	}, a.json(t))
	b.requireNotConnected(path, http.StatusGone, "consent_state_used_or_expired", "Start connecting again")
	require.Contains(t, b.get("/v1/connections/"+c.id+"/groups").Text, `"name":"Engineering"`)
	var secret []byte
	require.NoError(t, b.db.Get(&secret, `SELECT secret FROM connections WHERE id = $1`, c.id))
	refresh, err := b.keyring.Open(secret, []byte("connection/"+c.id))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(refresh), "1//"))

	require.Equal(t, http.StatusNoContent, b.send("DELETE", "/v1/connections/"+c.id, b.owner, "").Status)
	var left bool
	require.NoError(t, b.db.Get(&left, `SELECT secret IS NOT NULL FROM connections WHERE id = $1`, c.id))
	require.False(t, left, "the secret is destroyed")
	require.Equal(t, http.StatusBadRequest, b.refreshAtGoogle(string(refresh)), "and given back to Google")
}

// refreshAtGoogle asks for an access token with a refresh token.
func (b *bench) refreshAtGoogle(token string) int {
	b.Helper()
	response, err := b.tenants.client().PostForm(b.tenants.google+"/token", map[string][]string{
		"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {"client-2"}, "client_secret": {"right"},
	})
	require.NoError(b, err)
	require.NoError(b, response.Body.Close())
	return response.StatusCode
}

func TestA4_EachRefusalAtGoogleIsSaid(t *testing.T) {
	t.Parallel()
	b := newGoogleBench(t)
	c := b.begin("google")
	b.requireNotConnected(b.choose(c.authorizeURL, "decline"), http.StatusForbidden, "consent_declined", "Consent was declined")
	require.Equal(t, 1, b.consents(), "a refusal uses nothing up")
	rows := []struct{ outcome, code, says string }{
		{"not-admin", "not_an_administrator", "super administrator"},
		{"personal-account", "personal_account", "personal account"},
		{"partial", "consent_incomplete", "allow all that is asked for"},
	}
	for _, row := range rows {
		path := b.choose(b.reconnect(c.id).authorizeURL, row.outcome)
		b.requireNotConnected(path, http.StatusForbidden, row.code, row.says)
		b.requireNotConnected(path, http.StatusGone, "consent_state_used_or_expired", "")
	}
	require.Equal(t, "pending", b.get("/v1/connections/" + c.id).json(t)["state"])
	require.Equal(t, http.StatusOK, b.comeBack(b.choose(b.reconnect(c.id).authorizeURL, "accept")).Status)
}

func TestA5_ReconnectingGoogleKeepsTheCustomer(t *testing.T) {
	t.Parallel()
	b := newGoogleBench(t)
	c := b.begin("google")
	require.Equal(t, http.StatusOK, b.comeBack(b.choose(c.authorizeURL, "accept")).Status)
	var before, after []byte
	require.NoError(t, b.db.Get(&before, `SELECT secret FROM connections WHERE id = $1`, c.id))
	b.requireNotConnected(b.choose(b.reconnect(c.id).authorizeURL, "other-organization"), http.StatusConflict, "tenant_changed", "Contoso")
	require.NoError(t, b.db.Get(&after, `SELECT secret FROM connections WHERE id = $1`, c.id))
	require.Equal(t, before, after)
	require.Equal(t, http.StatusOK, b.comeBack(b.choose(b.reconnect(c.id).authorizeURL, "accept")).Status)
	require.NoError(t, b.db.Get(&after, `SELECT secret FROM connections WHERE id = $1`, c.id))
	require.NotEqual(t, before, after)
}

func TestA2_AConfigurationOfGoogleIsSaved(t *testing.T) {
	t.Parallel()
	b := newGoogleBench(t)
	c := b.begin("google")
	require.Equal(t, http.StatusOK, b.comeBack(b.choose(c.authorizeURL, "accept")).Status)
	a := b.post("/v1/configurations", configurationBody(c.id, `,"scope":{"kind":"groups","group_ids":["201"]}`))
	require.Equal(t, http.StatusCreated, a.Status, a.Text)
	require.Equal(t, "google", a.json(t)["provider"])
	require.Len(t, a.json(t)["mappings"], 3)
}

package web_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
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
		"id": c.id, "provider": "google", "state": "connected", "account": "Contoso", "tenant": map[string]any{"id": customerID, "name": "Contoso", "domains": []any{"contoso.example"}},
	}, a.json(t))
	b.requireNotConnected(path, http.StatusGone, "consent_state_used_or_expired", "Start connecting again")
	require.Contains(t, b.get("/v1/connections/"+c.id+"/groups").Text, `"name":"Engineering"`)
	refresh := b.refreshToken(c.id)
	require.True(t, strings.HasPrefix(refresh, "1//"))

	require.Equal(t, http.StatusNoContent, b.send("DELETE", "/v1/connections/"+c.id, b.owner, "").Status)
	var left bool
	require.NoError(t, b.db.Get(&left, `SELECT secret IS NOT NULL FROM connections WHERE id = $1`, c.id))
	require.False(t, left, "the secret is destroyed")
	require.Equal(t, http.StatusBadRequest, b.refreshAtGoogle(refresh), "and given back to Google")
}

// refreshToken is what a connection to a customer of Google Workspace lives by.
func (b *bench) refreshToken(connectionID string) string {
	b.Helper()
	var secret []byte
	require.NoError(b, b.db.Get(&secret, `SELECT secret FROM connections WHERE id = $1`, connectionID))
	refresh, err := b.keyring.Open(secret, []byte("connection/"+connectionID))
	require.NoError(b, err)
	return string(refresh)
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

// What is wrong with Rollcall's own registration, or with an answer, is not the administrator's fault.
func TestA4_WhoIsAnAdministratorIsNotToldOtherwise(t *testing.T) {
	t.Parallel()
	b := newGoogleBench(t)
	c := b.begin("google")
	rows := []struct{ fault, says string }{
		{`{"path":"/customers/","status":403,"body":"{\"error\":{\"code\":403,\"errors\":[{\"reason\":\"accessNotConfigured\"}]}}","times":1}`, "Ask the operator of Rollcall to enable the Admin SDK API"},
		{`{"path":"/customers/","status":200,"body":"{}","times":1}`, "malformed answer"},
		{`{"path":"/customers/","status":403,"body":"{\"error\":{\"code\":403,\"errors\":[{\"reason\":\"domainPolicy\"}]}}","times":1}`, "does not allow Rollcall to read this"},
	}
	for _, row := range rows {
		path := b.choose(b.reconnect(c.id).authorizeURL, "accept")
		b.fault(b.tenants.google, row.fault)
		b.requireNotConnected(path, http.StatusConflict, "source_refused", row.says)
	}
	path := b.choose(b.reconnect(c.id).authorizeURL, "accept")
	b.fault(b.tenants.google, `{"path":"/customers/","status":403,"body":"{\"error\":{\"code\":403,\"errors\":[{\"reason\":\"forbidden\"}]}}","times":1}`)
	b.requireNotConnected(path, http.StatusForbidden, "not_an_administrator", "super administrator")

	b.admin.GoogleClientSecret = "wrong"
	path = b.choose(b.reconnect(c.id).authorizeURL, "accept")
	b.requireNotConnected(path, http.StatusServiceUnavailable, "provider_not_set_up", "ROLLCALL_GOOGLE_CLIENT_SECRET")
}

// connectGoogle connects a customer of Google Workspace and returns the connection's id.
func (b *bench) connectGoogle() string {
	b.Helper()
	c := b.begin("google")
	require.Equal(b, http.StatusOK, b.comeBack(b.choose(c.authorizeURL, "accept")).Status)
	return c.id
}

// Google may end all that a person has allowed Rollcall at once.
func TestAGrantIsNotGivenBackWhileAnotherConnectionReadsTheTenant(t *testing.T) {
	t.Parallel()
	b := newGoogleBench(t)
	first, second := b.connectGoogle(), b.connectGoogle()
	one, two := b.refreshToken(first), b.refreshToken(second)
	require.Equal(t, http.StatusNoContent, b.send("DELETE", "/v1/connections/"+first, b.owner, "").Status)
	require.Equal(t, http.StatusOK, b.refreshAtGoogle(one))
	require.Equal(t, http.StatusNoContent, b.send("DELETE", "/v1/connections/"+second, b.owner, "").Status)
	require.Equal(t, http.StatusBadRequest, b.refreshAtGoogle(two))
	require.NotContains(t, b.log.String(), "grant not given back")
}

func TestAFreshGrantThatIsRefusedIsGivenBack(t *testing.T) {
	t.Parallel()
	b := newGoogleBench(t)
	sent := b.tokensSent()
	b.requireNotConnected(b.choose(b.begin("google").authorizeURL, "partial"), http.StatusForbidden, "consent_incomplete", "")
	require.Equal(t, http.StatusBadRequest, b.refreshAtGoogle(sent()), "one that is not whole")

	id := b.connectGoogle()
	sent()
	b.requireNotConnected(b.choose(b.reconnect(id).authorizeURL, "other-organization"), http.StatusConflict, "tenant_changed", "")
	require.Equal(t, http.StatusBadRequest, b.refreshAtGoogle(sent()), "one for another organization")
	b.requireNotConnected(b.choose(b.reconnect(id).authorizeURL, "partial"), http.StatusForbidden, "consent_incomplete", "")
	require.Equal(t, http.StatusOK, b.refreshAtGoogle(sent()), "with it, Google could end the one that the connection lives by")
	b.requireNotConnected(b.choose(b.begin("google").authorizeURL, "not-admin"), http.StatusForbidden, "not_an_administrator", "")
	require.Equal(t, http.StatusOK, b.refreshAtGoogle(sent()), "whose it is cannot be known")
	require.Contains(t, b.get("/v1/connections/"+id+"/groups").Text, `"name":"Engineering"`)
}

// tokensSent has the next refresh token that Google gives to Rollcall read by the function returned.
func (b *bench) tokensSent() func() string {
	b.Helper()
	tap := &tap{next: b.admin.HTTP.Transport}
	b.admin.HTTP.Transport = tap
	return tap.take
}

// tap remembers the last refresh token in the answers that pass.
type tap struct {
	next http.RoundTripper
	mu   sync.Mutex
	last string
}

func (p *tap) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := p.next.RoundTrip(r)
	if err != nil || r.URL.Path != "/token" {
		return response, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, errors.Join(err, response.Body.Close())
	}
	var answer struct {
		Refresh string `json:"refresh_token"`
	}
	if json.Unmarshal(body, &answer) == nil && answer.Refresh != "" {
		p.mu.Lock()
		p.last = answer.Refresh
		p.mu.Unlock()
	}
	inner := response.Body
	response.Body = struct {
		io.Reader
		io.Closer
	}{bytes.NewReader(body), inner}
	return response, nil
}

func (p *tap) take() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := p.last
	p.last = ""
	return last
}

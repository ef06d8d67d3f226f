package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// connectEntra goes through both of Microsoft's pages, and returns the last answer.
func (b *bench) connectEntra(c begun) answer {
	b.Helper()
	a := b.comeBack(b.choose(c.authorizeURL, "administrator"))
	require.Equal(b, http.StatusSeeOther, a.Status, a.Text)
	return b.comeBack(b.choose(a.Header.Get("Location"), "accept"))
}

func TestA4_A5_ConnectingEntraVerifiesTheTenant(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	require.Equal(t, http.StatusOK, b.send("PATCH", "/v1/account", b.owner, `{"name":"Rollcall & Sons"}`).Status)
	c := b.begin("entra")
	require.True(t, strings.HasPrefix(c.authorizeURL, b.tenants.entra+"/organizations/oauth2/v2.0/authorize?"), c.authorizeURL)
	query := c.query(b)
	require.Equal(t, "https://rollcall.example/connect/entra/callback", query.Get("redirect_uri"))
	require.Equal(t, "openid profile email", query.Get("scope"))
	require.Equal(t, "S256", query.Get("code_challenge_method"))
	require.Len(t, query.Get("state"), 43) // 32 bytes in base64url
	require.Len(t, query.Get("nonce"), 43)
	var kept int
	require.NoError(t, b.db.Get(&kept, `SELECT count(*) FROM consents c WHERE strpos(c::text, $1) > 0 OR strpos(c::text, $2) > 0`, query.Get("state"), query.Get("nonce")))
	require.Zero(t, kept, "neither the state nor the nonce is kept in the clear")

	signedIn := b.choose(c.authorizeURL, "administrator")
	a := b.comeBack(signedIn)
	require.Equal(t, http.StatusSeeOther, a.Status, a.Text)
	consent, err := url.Parse(a.Header.Get("Location"))
	require.NoError(t, err)
	require.Equal(t, "/"+tenantID+"/v2.0/adminconsent", consent.Path)
	require.Equal(t, b.tenants.entra+"/.default", consent.Query().Get("scope"))
	require.NotEqual(t, c.state(b), consent.Query().Get("state"))
	require.Equal(t, "pending", b.get("/v1/connections/" + c.id).json(t)["state"])
	b.requireNotConnected(signedIn, http.StatusGone, "consent_state_used_or_expired", "Start connecting again")

	consented := b.choose(a.Header.Get("Location"), "accept")
	page := b.comeBack(consented)
	require.Equal(t, http.StatusOK, page.Status, page.Text)
	require.Contains(t, page.Header.Get("Content-Type"), "text/html")
	require.Contains(t, page.Text, "Connected to Contoso")
	require.Contains(t, page.Text, tenantID)
	require.Contains(t, page.Text, "for the account &#39;Rollcall &amp; Sons&#39; of Rollcall")
	b.requireNotConnected(consented, http.StatusGone, "consent_state_used_or_expired", "Start connecting again")
	require.Zero(t, b.consents())

	shown := b.get("/v1/connections/" + c.id).json(t)
	require.Equal(t, "connected", shown["state"])
	require.Equal(t, map[string]any{"id": tenantID, "name": "Contoso", "domains": []any{"contoso.example"}}, shown["tenant"])
	require.Contains(t, b.get("/v1/connections/"+c.id+"/attributes").Text, `"path":"mail"`)
	require.Equal(t, http.StatusNoContent, b.send("DELETE", "/v1/connections/"+c.id, b.owner, "").Status)
	require.Equal(t, "revoked", b.get("/v1/connections/" + c.id).json(t)["state"])
	b.requireProblem(b.get("/v1/connections/"+c.id+"/attributes"), http.StatusConflict, "connection_not_connected")
	b.requireProblem(b.get("/v1/connections/"+c.id+"/groups"), http.StatusConflict, "connection_not_connected")
	b.requireProblem(b.post("/v1/connections/"+c.id+"/reconnect", ""), http.StatusConflict, "connection_revoked")
}

func TestA4_EachRefusalAtEntraIsSaid(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c := b.begin("entra")
	b.requireNotConnected(b.choose(c.authorizeURL, "decline"), http.StatusForbidden, "consent_declined", "Consent was declined")
	b.requireNotConnected(b.choose(c.authorizeURL, "personal-account"), http.StatusForbidden, "personal_account", "work account")
	require.Equal(t, 1, b.consents(), "a refusal uses nothing up")

	b.requireNotConnected(b.choose(c.authorizeURL, "not-admin"), http.StatusForbidden, "not_an_administrator", "Global Administrator")
	require.Zero(t, b.consents(), "a sign-in does")

	next := b.comeBack(b.choose(b.begin("entra").authorizeURL, "administrator")).Header.Get("Location")
	b.requireNotConnected(b.choose(next, "decline"), http.StatusForbidden, "consent_declined", "Go back and accept")
	other := strings.Replace(b.choose(next, "accept"), tenantID, "11111111-2222-4333-8444-555555555555", 1)
	b.requireNotConnected(other, http.StatusForbidden, "consent_other_organization", "another organization")
	require.NotContains(t, b.get("/v1/connections").Text, `"connected"`)
	require.NotContains(t, b.log.String(), "level=ERROR")
}

func TestA4_AForgedExpiredOrMisusedStateConnectsNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c, expired := b.begin("entra"), b.begin("entra")
	_, err := b.db.Exec(`UPDATE consents SET expires_at = now() - interval '1 second' WHERE connection_id = $1`, expired.id)
	require.NoError(t, err)
	before := b.digest()
	const used = "consent_state_used_or_expired"
	rows := []struct {
		name, query string
		status      int
		code        string
	}{
		{"forged", "code=x&state=" + strings.Repeat("A", 43), 410, used},
		{"forged refusal", "error=access_denied&state=" + strings.Repeat("A", 43), 410, used},
		{"expired", "code=x&state=" + expired.state(b), 410, used},
		{"no state", "code=x", 400, "consent_malformed"},
		{"no code", "state=" + c.state(b), 400, "consent_malformed"},
		{"consent without a sign-in", "admin_consent=True&tenant=" + tenantID + "&state=" + c.state(b), 400, "consent_malformed"},
		{"not just now", "error=temporarily_unavailable&state=" + c.state(b), 503, "source_unavailable"},
		{"another error", "error=invalid_scope&error_description=AADSTS70011&state=" + c.state(b), 403, "consent_failed"},
	}
	for _, row := range rows {
		b.requireNotConnected("/connect/entra/callback?"+row.query, row.status, row.code, "")
		page := b.comeBack("/connect/entra/callback?" + row.query)
		require.Equal(t, row.status, page.Status, row.name)
		require.Contains(t, page.Text, "<h1>Not connected</h1>", row.name)
	}
	b.requireNotConnected("/connect/google/callback?code=x&state="+c.state(b), 400, "consent_malformed", "")
	require.Equal(t, before, b.digest())

	b.requireNotConnected("/connect/entra/callback?code=made-up&state="+c.state(b), http.StatusForbidden, "consent_failed", "Start connecting again")
	require.Equal(t, http.StatusOK, b.connectEntra(b.reconnect(c.id)).Status)
}

// A code that somebody else got is of no use with a state of ours: the verifier does not fit.
func TestA4_ACodeOfAnotherSignInIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ours, theirs := b.begin("entra"), b.begin("entra")
	stolen := b.choose(theirs.authorizeURL, "administrator")
	injected := strings.Replace(stolen, url.QueryEscape(theirs.state(b)), url.QueryEscape(ours.state(b)), 1)
	require.NotEqual(t, stolen, injected)
	b.requireNotConnected(injected, http.StatusForbidden, "consent_failed", "nothing was connected")
}

func TestA4_WhoMayNotAdministerAnyMoreConnectsNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	made := b.post("/v1/tokens", `{"name":"x","role":"user_admin"}`).json(t)
	a := b.send("POST", "/v1/connections", made["token"].(string), `{"provider":"entra"}`)
	require.Equal(t, http.StatusCreated, a.Status, a.Text)
	path := b.choose(a.json(t)["authorize_url"].(string), "administrator")
	require.Equal(t, http.StatusNoContent, b.send("DELETE", "/v1/tokens/"+made["id"].(string), b.owner, "").Status)
	b.requireNotConnected(path, http.StatusForbidden, "consent_requester", "admin")
}

func TestA5_ReconnectingEntraKeepsTheTenant(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c := b.begin("entra")
	require.Equal(t, http.StatusOK, b.connectEntra(c).Status)
	again := b.reconnect(c.id)
	b.requireNotConnected(b.choose(again.authorizeURL, "other-organization"), http.StatusConflict, "tenant_changed", "Contoso")
	require.Equal(t, "connected", b.get("/v1/connections/" + c.id).json(t)["state"])
	require.Equal(t, http.StatusOK, b.connectEntra(b.reconnect(c.id)).Status)
}

func TestA4_AFreshConsentMayTakeAMoment(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c := b.begin("entra")
	next := b.comeBack(b.choose(c.authorizeURL, "administrator")).Header.Get("Location")
	path := b.choose(next, "accept")
	b.fault(b.tenants.entra, `{"path":"^/v1\\.0/organization","status":403,"body":"{\"error\":{\"code\":\"Authorization_RequestDenied\"}}","times":2}`)
	require.Equal(t, http.StatusOK, b.comeBack(path).Status)
}

func TestA4_AWrongRegistrationIsTheOperators(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.admin.EntraClientSecret = "wrong"
	b.requireNotConnected(b.choose(b.begin("entra").authorizeURL, "administrator"), http.StatusServiceUnavailable, "provider_not_set_up", "ROLLCALL_ENTRA_CLIENT_SECRET")
	refused := b.post("/v1/connections", `{"provider":"google"}`)
	b.requireProblem(refused, http.StatusServiceUnavailable, "provider_not_set_up")
	require.Contains(t, refused.Text, "ROLLCALL_GOOGLE_CLIENT_ID and ROLLCALL_GOOGLE_CLIENT_SECRET")
}

// fault has a tenant answer wrongly.
func (b *bench) fault(tenant, fault string) {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, tenant+"/_sim/faults", strings.NewReader(fault))
	require.NoError(b, err)
	response, err := b.tenants.client().Do(r)
	require.NoError(b, err)
	require.NoError(b, response.Body.Close())
	require.Less(b, response.StatusCode, 300)
}

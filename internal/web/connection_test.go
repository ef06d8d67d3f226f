package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConnectVerifiesTheTenant(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id, state := b.beginConnection()
	a := b.send("GET", "/connect/entra/callback?"+url.Values{"tenant": {tenantID}, "state": {state}, "admin_consent": {"True"}}.Encode(), "", "")
	require.Equal(t, http.StatusOK, a.Status, a.Text)
	require.Contains(t, a.Header.Get("Content-Type"), "text/html")
	require.Contains(t, a.Text, "Connected to Contoso")
	require.Contains(t, a.Text, tenantID)
	c := b.get("/v1/connections/" + id).json(t)
	require.Equal(t, "connected", c["state"])
	require.Equal(t, map[string]any{"id": tenantID, "name": "Contoso", "domains": []any{"contoso.example"}}, c["tenant"])
	attributes := b.get("/v1/connections/" + id + "/attributes").json(t)["items"].([]any)
	require.Contains(t, attributes, map[string]any{"path": "mail", "name": "Email", "type": "email"})

	again := b.send("GET", "/connect/entra/callback?tenant="+tenantID+"&state="+state, "", "", header{"Accept", "application/json"})
	b.requireProblem(again, http.StatusGone, "consent_state_used_or_expired")
	require.Equal(t, http.StatusNoContent, b.send("DELETE", "/v1/connections/"+id, b.owner, "").Status)
	require.Equal(t, "revoked", b.get("/v1/connections/" + id).json(t)["state"])
	b.requireProblem(b.get("/v1/connections/"+id+"/attributes"), http.StatusConflict, "connection_not_connected")
}

// beginConnection makes a connection and returns it with the state of its consent.
func (b *bench) beginConnection() (id, state string) {
	b.Helper()
	begun := b.post("/v1/connections", `{"provider":"entra"}`)
	require.Equal(b, http.StatusCreated, begun.Status, begun.Text)
	c := begun.json(b)
	require.Equal(b, "pending", c["state"])
	require.Nil(b, c["tenant"])
	require.Contains(b, c["reads"], "users and groups")
	at, err := url.Parse(c["authorize_url"].(string))
	require.NoError(b, err)
	require.Equal(b, "https://login.example/organizations/v2.0/adminconsent", at.Scheme+"://"+at.Host+at.Path)
	query := at.Query()
	require.Equal(b, "client-1", query.Get("client_id"))
	require.Equal(b, "https://graph.example/.default", query.Get("scope"))
	require.Equal(b, "https://rollcall.example/connect/entra/callback", query.Get("redirect_uri"))
	state = query.Get("state")
	require.Len(b, state, 43) // 32 bytes in base64url
	var kept int
	require.NoError(b, b.db.Get(&kept, `SELECT count(*) FROM connections c WHERE strpos(c::text, $1) > 0`, state))
	require.Zero(b, kept, "the state itself is not kept")
	return c["id"].(string), state
}

func TestConnectFailsClearly(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id, state := b.beginConnection()
	expiredID, expired := b.beginConnection()
	_, err := b.db.Exec(`UPDATE connections SET state_expires_at = now() - interval '1 second' WHERE id = $1`, expiredID)
	require.NoError(t, err)
	before := b.digest()
	rows := []struct {
		name, query string
		status      int
		says        string
	}{
		{"declined", "error=access_denied&error_description=AADSTS65004&state=" + state, 403, "Consent was declined"},
		{"another error", "error=invalid_client&state=" + state, 403, "work account"},
		{"not just now", "error=temporarily_unavailable&state=" + state, 503, "few minutes"},
		{"forged", "tenant=" + tenantID + "&state=" + strings.Repeat("A", 43), 410, "not ours"},
		{"expired", "tenant=" + tenantID + "&state=" + expired, 410, "expired"},
		{"no state", "tenant=" + tenantID, 400, "lacks a usable state"},
		{"no tenant", "state=" + state, 400, "lacks a usable tenant"},
		{"tenant that is none", "tenant=common&state=" + state, 400, "lacks a usable tenant"},
	}
	for _, row := range rows {
		a := b.send("GET", "/connect/entra/callback?"+row.query, "", "")
		require.Equal(t, row.status, a.Status, row.name)
		require.Contains(t, a.Text, "<h1>Not connected</h1>", row.name)
		require.Contains(t, a.Text, row.says, row.name)
		p := b.send("GET", "/connect/entra/callback?"+row.query, "", "", header{"Accept", "application/json"})
		b.requireProblem(p, row.status, "")
	}
	require.Equal(t, before, b.digest())
	require.Equal(t, "pending", b.get("/v1/connections/" + id).json(t)["state"])

	other := b.send("GET", "/connect/entra/callback?tenant=11111111-2222-3333-4444-555555555555&state="+state, "", "")
	require.Equal(t, http.StatusConflict, other.Status, "the tenant that answers is not the one that consented")
	require.Equal(t, "pending", b.get("/v1/connections/" + id).json(t)["state"])
}

func TestMappingIsTriedOnRealRecords(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, err := b.store.CreateField(t.Context(), b.account.ID, "Job title", "text")
	require.NoError(t, err)
	connection := b.connect()
	before := b.digest()
	a := b.post("/v1/mappings/test", `{"connection_id":"`+connection+`","scope":{"kind":"all_users"},"sample":["p-1","p-2","p-9"],"mappings":[{"source":"jobTitle","target":"job_title"}]}`)
	require.Equal(t, http.StatusOK, a.Status, a.Text)
	rows := a.json(t)["rows"].([]any)
	require.Len(t, rows, 3)
	value := func(row int, target string) map[string]any {
		return rows[row].(map[string]any)["values"].(map[string]any)[target].(map[string]any)
	}
	require.Equal(t, map[string]any{"source": "Engineer", "value": "Engineer", "error": nil}, value(0, "job_title"))
	require.Equal(t, map[string]any{"source": "ana@contoso.example", "value": "ana@contoso.example", "error": nil}, value(0, "email"))
	missing := value(1, "last_name")
	require.Nil(t, missing["source"])
	require.Nil(t, missing["value"])
	require.NotEmpty(t, missing["error"])
	require.Contains(t, rows[2].(map[string]any)["error"], `"p-9"`)
	require.Equal(t, before, b.digest())

	require.Len(t, b.post("/v1/mappings/test", `{"connection_id":"`+connection+`","sample":1}`).json(t)["rows"], 1)
	require.Len(t, b.post("/v1/mappings/test", `{"connection_id":"`+connection+`"}`).json(t)["rows"], 2)
	wrong := b.post("/v1/mappings/test", `{"connection_id":"`+connection+`","mappings":[{"source":"nope","target":"job_title"}]}`)
	b.requireProblem(wrong, http.StatusUnprocessableEntity, "mapping_invalid")
	require.Equal(t, []string{"mappings[0].source"}, wrong.fields(t))
	pendingID, _ := b.beginConnection()
	pending := b.post("/v1/mappings/test", `{"connection_id":"`+pendingID+`"}`)
	b.requireProblem(pending, http.StatusUnprocessableEntity, "invalid")
	require.Equal(t, []string{"connection_id"}, pending.fields(t))
}

package web_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mail"
)

// newSCIMToken makes a token of a SCIM client and returns its id and its secret.
func (b *bench) newSCIMToken(body string) (id, secret string) {
	b.Helper()
	a := b.post("/v1/scim/tokens", body)
	require.Equal(b, http.StatusCreated, a.Status, a.Text)
	token := a.json(b)
	return token["id"].(string), token["token"].(string)
}

func TestD1_SCIMIsTurnedOnAndOffByItsTokens(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := b.post("/v1/scim/tokens", `{"name":"  Okta  "}`)
	require.Equal(t, http.StatusCreated, a.Status, a.Text)
	made := a.json(t)
	require.Equal(t, "Okta", made["name"])
	require.Equal(t, "https://rollcall.example/scim/v2", made["base_url"])
	require.Equal(t, "Account Owner", made["created_by"])
	require.Nil(t, made["expires_at"])
	secret := made["token"].(string)
	require.True(t, strings.HasPrefix(secret, "rcs_"))
	require.Equal(t, "scim", b.get("/v1/account").json(t)["provisioning"])

	listed := b.get("/v1/scim/tokens")
	require.NotContains(t, listed.Text, secret, "shown once")
	items := listed.json(t)["items"].([]any)
	require.Len(t, items, 1)
	require.NotContains(t, items[0], "token")
	require.Equal(t, "https://rollcall.example/scim/v2", items[0].(map[string]any)["base_url"])
	require.NotContains(t, b.log.String(), secret)

	second, _ := b.newSCIMToken(`{"name":"Okta, new"}`)
	for _, id := range []string{made["id"].(string), second} {
		require.Equal(t, "scim", b.get("/v1/account").json(t)["provisioning"])
		require.Equal(t, http.StatusNoContent, b.send("DELETE", "/v1/scim/tokens/"+id, b.owner, "").Status)
	}
	require.Equal(t, "none", b.get("/v1/account").json(t)["provisioning"])
	for _, item := range b.get("/v1/scim/tokens").json(t)["items"].([]any) {
		require.NotNil(t, item.(map[string]any)["revoked_at"])
	}
}

// The second service is refused and told which one is on and how to turn it off, either way round.
func TestA3_OneServiceAtATimeEitherWayRound(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	connection := b.connect()
	id, _ := b.newSCIMToken(`{"name":"Okta"}`)
	refused := b.post("/v1/configurations", configurationBody(connection, ""))
	b.requireProblem(refused, http.StatusConflict, "provisioning_in_use")
	require.Contains(t, refused.json(t)["detail"], "SCIM is on for this account. Revoke its SCIM tokens to turn it off.")
	require.Equal(t, http.StatusNoContent, b.send("DELETE", "/v1/scim/tokens/"+id, b.owner, "").Status)
	require.Equal(t, http.StatusCreated, b.post("/v1/configurations", configurationBody(connection, "")).Status)
	refused = b.post("/v1/scim/tokens", `{"name":"Okta"}`)
	b.requireProblem(refused, http.StatusConflict, "provisioning_in_use")
	require.Contains(t, refused.json(t)["detail"], "Directory sync is on for this account already. Delete its configuration to turn it off.")
}

func TestD1_SCIMTokensThatCannotBe(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for body, field := range map[string]string{
		`{"name":"   "}`: "name",
		`{"name":"` + strings.Repeat("x", 201) + `"}`:         "name",
		`{"name":"Okta","expires_at":"2020-01-01T00:00:00Z"}`: "expires_at",
		`{"name":"Okta","expires_at":"next year"}`:            "expires_at",
		`{}`: "name",
	} {
		a := b.post("/v1/scim/tokens", body)
		b.requireProblem(a, http.StatusUnprocessableEntity, "")
		require.Equal(t, []string{field}, a.fields(t), a.Text)
	}
	require.Equal(t, "none", b.get("/v1/account").json(t)["provisioning"])
}

// L1 (g): a plain member makes no token; the three admin roles do.
func TestCaseL1_OnlyAdminsMakeSCIMTokens(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	member := b.newToken(directory.RoleMember)
	for _, r := range [][3]string{
		{"POST", "/v1/scim/tokens", `{"name":"Okta"}`}, {"GET", "/v1/scim/tokens", ""}, {"DELETE", "/v1/scim/tokens/" + uuid.NewString(), ""},
		{"GET", "/v1/scim/guard", ""}, {"PATCH", "/v1/scim/guard", "{}"}, {"POST", "/v1/scim/guard/approve", ""},
	} {
		b.requireProblem(b.send(r[0], r[1], member, r[2]), http.StatusForbidden, "role_forbidden")
	}
	for _, role := range []string{directory.RoleAccountOwner, directory.RoleSuperAdmin, directory.RoleUserAdmin} {
		require.Equal(t, http.StatusCreated, b.send("POST", "/v1/scim/tokens", b.newToken(role), `{"name":"Okta"}`).Status)
	}
}

func TestD1_ATokenThatExpiresSoonTellsTheAdminsAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	at := time.Now().Add(time.Hour).UTC().Truncate(time.Second).Format(time.RFC3339)
	a := b.post("/v1/scim/tokens", `{"name":"Trial","expires_at":"`+at+`"}`)
	require.Equal(t, http.StatusCreated, a.Status, a.Text)
	require.Equal(t, at, a.json(t)["expires_at"])
	told := b.get("/v1/notifications").json(t)["items"].([]any)
	require.Len(t, told, 1)
	require.Equal(t, "scim_token_expiring", told[0].(map[string]any)["kind"])
	require.Contains(t, b.workflows.seen(), "mail-waiting mail-outbox/"+b.account.ID)
}

func TestF11_TheGuardIsSetAndApprovedThroughTheAPI(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	number := func(n string) json.Number { return json.Number(n) }
	require.Equal(t, map[string]any{
		"max_removals": number("500"), "max_removal_percent": number("20"), "window_days": number("7"), "state": "open",
		"held_at": nil, "approved_until": nil, "approved_by": nil, "removals": number("0"), "waiting_total": number("0"), "waiting": []any{},
	}, b.get("/v1/scim/guard").json(t))
	set := b.send("PATCH", "/v1/scim/guard", b.owner, `{"max_removals":10,"window_days":30}`)
	require.Equal(t, http.StatusOK, set.Status, set.Text)
	require.Equal(t, number("10"), set.json(t)["max_removals"])
	require.Equal(t, number("20"), set.json(t)["max_removal_percent"])
	for _, body := range []string{`{"max_removals":-1}`, `{"max_removals":3000000000}`, `{"max_removal_percent":101}`, `{"window_days":0}`, `{"window_days":91}`} {
		b.requireProblem(b.send("PATCH", "/v1/scim/guard", b.owner, body), http.StatusUnprocessableEntity, "")
	}
	b.requireProblem(b.post("/v1/scim/guard/approve", ""), http.StatusConflict, "guard_not_held")

	ana, _ := b.newUser("ana@contoso.example", directory.Active)
	_, err := b.db.Exec(`UPDATE scim_guards SET held_at = now()`)
	require.NoError(t, err)
	_, err = b.db.Exec(`INSERT INTO scim_held_removals (account_id, user_id, action) VALUES ($1, $2, 'deactivate')`, b.account.ID, ana)
	require.NoError(t, err)
	held := b.get("/v1/scim/guard").json(t)
	require.Equal(t, "held", held["state"])
	waiting := held["waiting"].([]any)[0].(map[string]any)
	require.Equal(t, []any{ana, "Ana Lopez", "deactivate"}, []any{waiting["user_id"], waiting["label"], waiting["action"]})
	approved := b.post("/v1/scim/guard/approve", "")
	require.Equal(t, http.StatusOK, approved.Status, approved.Text)
	require.Equal(t, "approved", approved.json(t)["state"])
	require.Equal(t, "Account Owner", approved.json(t)["approved_by"])
	require.Empty(t, approved.json(t)["waiting"])
}

// The link of the set-up mail: who is in already accepts, on the page or through the API.
func TestD5_TheSetUpLinkIsAcceptedOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ana, invitation := b.newUser("ana@contoso.example", directory.Active)
	_, err := b.db.Exec(`UPDATE users SET accepted_at = NULL WHERE id = $1`, ana)
	require.NoError(t, err)
	_, err = b.db.Exec(`UPDATE mails SET kind = 'setup' WHERE user_id = $1`, ana)
	require.NoError(t, err)
	token, err := mail.InvitationToken(b.keyring, invitation)
	require.NoError(t, err)
	require.Contains(t, b.send("GET", "/invitations/"+token, "", "").Text, "Accept the invitation to start working.")
	a := b.send("POST", "/v1/invitations/"+token+"/accept", "", "")
	require.Equal(t, http.StatusOK, a.Status, a.Text)
	require.Equal(t, "active", a.json(t)["status"])
	b.requireProblem(b.send("POST", "/v1/invitations/"+token+"/accept", "", ""), http.StatusGone, "invitation_used")
}

func TestChangesShowSCIMAttributes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, err := b.db.Exec(`
		INSERT INTO changes (account_id, label, source, action, before, after, outcome)
		VALUES ($1, 'Ana', 'scim', 'update', '{"attributes": {"title": null}}', '{"attributes": {"title": "Lead", "active": true}}', 'applied')`, b.account.ID)
	require.NoError(t, err)
	change := b.get("/v1/changes").json(t)["items"].([]any)[0].(map[string]any)
	require.Equal(t, map[string]any{"attributes": map[string]any{"title": nil}}, change["before"])
	require.Equal(t, map[string]any{"attributes": map[string]any{"title": "Lead", "active": true}}, change["after"])
}

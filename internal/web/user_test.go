package web_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mail"
)

func TestUsersAreListedUnlessDeleted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ana, _ := b.newUser("ana@contoso.example", directory.Invited)
	gone, _ := b.newUser("gone@contoso.example", directory.Invited)
	_, err := b.db.Exec(`UPDATE users SET status = 'deleted', deactivated_by = 'source', email_key = NULL WHERE id = $1`, gone)
	require.NoError(t, err)
	ids := func(query string) (ids []any) {
		for _, u := range b.get("/v1/users" + query).json(t)["items"].([]any) {
			ids = append(ids, u.(map[string]any)["id"])
		}
		return ids
	}
	require.Len(t, ids(""), 2, "the owner and Ana")
	require.Equal(t, []any{ana}, ids("?search=LOPEZ"))
	require.Equal(t, []any{gone}, ids("?status=deleted"))
	u := b.get("/v1/users/" + ana).json(t)
	require.Equal(t, map[string]any{
		"id": ana, "email": "ana@contoso.example", "first_name": "Ana", "last_name": "Lopez", "status": "invited", "fields": map[string]any{},
		"role": "member", "organization": nil, "groups": []any{}, "source": "directory_sync",
		"waiting_place": nil, "deleted_at": nil,
	}, u)
	require.NotNil(t, b.get("/v1/users/" + gone).json(t)["deleted_at"])
	waiting, _ := b.newUser("wu@contoso.example", directory.AwaitingLicence)
	require.Equal(t, []any{waiting}, ids("?status=awaiting_licence"))
	require.Equal(t, "1", b.get("/v1/users/" + waiting).json(t)["waiting_place"].(json.Number).String())
	_, err = b.db.Exec(`DELETE FROM users WHERE id = $1`, waiting)
	require.NoError(t, err)

	first := b.get("/v1/users?limit=1").json(t)
	require.Len(t, first["items"], 1)
	second := b.get("/v1/users?limit=1&cursor=" + first["next"].(string)).json(t)
	require.Len(t, second["items"], 1)
	require.Empty(t, second["next"])
	require.NotEqual(t, first["items"], second["items"])
}

func TestUsersShowTheirGroupsAndGroupsTheirMembers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ana, _ := b.newUser("ana@contoso.example", directory.Invited)
	bo, _ := b.newUser("bo@contoso.example", directory.Invited)
	group := b.newGroup("Engineering", ana)
	b.newGroup("Sales", ana, bo)
	require.Len(t, b.get("/v1/users/" + ana).json(t)["groups"], 2)
	for _, u := range b.get("/v1/users?search=ana%40").json(t)["items"].([]any) {
		require.Contains(t, u.(map[string]any)["groups"], group)
	}
	shown := b.get("/v1/groups/" + group).json(t)
	require.Equal(t, "Engineering", shown["name"])
	require.Equal(t, "1", shown["members"].(json.Number).String())
	require.Equal(t, "0", shown["parked"].(json.Number).String())
	found := b.get("/v1/groups?search=SALE").json(t)["items"].([]any)
	require.Len(t, found, 1)
	require.Len(t, b.get("/v1/groups").json(t)["items"], 2)
	members := b.get("/v1/groups/" + group + "/members").json(t)["items"].([]any)
	require.Len(t, members, 1)
	require.Equal(t, ana, members[0].(map[string]any)["id"])
	require.Contains(t, members[0].(map[string]any)["groups"], group)
}

func TestNotificationsAreOfTheUserOfTheToken(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ana, _ := b.newUser("ana@contoso.example", directory.Active)
	mine, theirs := b.notify(b.ownerID()), b.notify(ana)
	items := func(query string) []any { return b.get("/v1/notifications" + query).json(t)["items"].([]any) }
	require.Len(t, items(""), 1)
	require.Equal(t, mine, items("?unread=true")[0].(map[string]any)["id"])
	require.Equal(t, "Bo left.", items("")[0].(map[string]any)["message"])
	require.Nil(t, items("")[0].(map[string]any)["read_at"])
	require.NotNil(t, b.post("/v1/notifications/"+mine+"/read", "").json(t)["read_at"])
	require.Empty(t, items("?unread=true"))
	require.Len(t, items(""), 1)
	b.requireProblem(b.post("/v1/notifications/"+theirs+"/read", ""), http.StatusNotFound, "not_found")

	nobody := b.newToken(directory.RoleUserAdmin)
	require.Empty(t, b.send("GET", "/v1/notifications", nobody, "").json(t)["items"])
	b.requireProblem(b.send("POST", "/v1/notifications/"+mine+"/read", nobody, ""), http.StatusNotFound, "not_found")
}

func TestF9_AnAdminRestoresADeletedUser(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ana, _ := b.newUser("ana@contoso.example", directory.Active)
	_, err := b.db.Exec(`UPDATE users SET status = 'deleted', deactivated_by = 'source', email_key = NULL, accepted_at = now() WHERE id = $1`, ana)
	require.NoError(t, err)
	restored := b.post("/v1/users/"+ana+"/restore", "")
	require.Equal(t, http.StatusOK, restored.Status, restored.Text)
	require.Equal(t, "active", restored.json(t)["status"])
}

func TestLicencesAreForOwnersAndSuperAdmins(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.requireProblem(b.send("PATCH", "/v1/account", b.newToken(directory.RoleUserAdmin), `{"licences":{"total":9}}`), http.StatusForbidden, "role_forbidden")
	a := b.send("PATCH", "/v1/account", b.newToken(directory.RoleSuperAdmin), `{"licences":{"total":9},"recycle_bin_days":60}`)
	require.Equal(t, http.StatusOK, a.Status, a.Text)
	require.Equal(t, "9", a.json(t)["licences"].(map[string]any)["total"].(json.Number).String())
	require.Equal(t, "60", a.json(t)["recycle_bin_days"].(json.Number).String())
}

func TestChangesNameGroupsAndMemberships(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ana, _ := b.newUser("ana@contoso.example", directory.Invited)
	group := b.newGroup("Engineering", ana)
	for _, row := range []struct{ subject, userID any }{{"group", nil}, {"membership", ana}} {
		_, err := b.db.Exec(`
			INSERT INTO changes (account_id, subject, user_id, group_id, label, source, action, outcome)
			VALUES ($1, $2, $3, $4, 'Engineering', 'directory_sync', 'create', 'applied')`, b.account.ID, row.subject, row.userID, group)
		require.NoError(t, err)
	}
	subjects := []any{}
	for _, c := range b.get("/v1/changes?group_id=" + group).json(t)["items"].([]any) {
		subjects = append(subjects, c.(map[string]any)["subject"])
	}
	require.Equal(t, []any{
		map[string]any{"type": "membership", "id": nil, "user_id": ana, "group_id": group, "label": "Engineering"},
		map[string]any{"type": "group", "id": group, "label": "Engineering"},
	}, subjects)
	lines := b.export("/v1/changes?group_id=" + group)
	require.Equal(t, []string{"membership", "", "Engineering", ana, group}, lines.of(0, "subject_type", "subject_id", "subject_label", "user_id", "group_id"))
	require.Equal(t, []string{"group", group, "Engineering"}, lines.of(1, "subject_type", "subject_id", "subject_label"))
}

func TestAdminsActivateAndDeactivateAndTheLogSaysSo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ana, _ := b.newUser("ana@contoso.example", directory.Invited)
	require.Equal(t, "active", b.post("/v1/users/"+ana+"/activate", "").json(t)["status"])
	require.Equal(t, "deactivated", b.post("/v1/users/"+ana+"/deactivate", "").json(t)["status"])
	changes := b.get("/v1/changes?user_id=" + ana).json(t)["items"].([]any)
	require.Len(t, changes, 2)
	newest := changes[0].(map[string]any)
	require.Equal(t, "deactivate", newest["action"])
	require.Equal(t, "admin", newest["source"])
	require.Equal(t, map[string]any{"type": "user", "id": ana, "label": "Ana Lopez"}, newest["subject"])
	require.Equal(t, map[string]any{"status": "active"}, newest["before"])
	require.Equal(t, map[string]any{"status": "deactivated"}, newest["after"])
	require.Nil(t, newest["error"])
	owner := b.get("/v1/users?search=owner").json(t)["items"].([]any)[0].(map[string]any)["id"].(string)
	b.requireProblem(b.post("/v1/users/"+owner+"/deactivate", ""), http.StatusConflict, "last_admin")
}

func TestInvitationsAreAccepted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	link := func(email string) string {
		_, invitation := b.newUser(email, directory.Invited)
		token, err := mail.InvitationToken(b.keyring, invitation)
		require.NoError(t, err)
		return token
	}
	ana := link("ana@contoso.example")
	page := b.send("GET", "/invitations/"+ana, "", "")
	require.Equal(t, http.StatusOK, page.Status)
	require.Contains(t, page.Text, `<form method="post">`)
	require.Equal(t, "1", itoa(b.licencesUsed()), "looking accepts nothing")

	accepted := b.send("POST", "/v1/invitations/"+ana+"/accept", "", "")
	require.Equal(t, http.StatusOK, accepted.Status, accepted.Text)
	require.Equal(t, "active", accepted.json(t)["status"])
	b.requireProblem(b.send("POST", "/v1/invitations/"+ana+"/accept", "", ""), http.StatusGone, "invitation_used")
	welcome := b.send("POST", "/invitations/"+link("bo@contoso.example"), "", "")
	require.Equal(t, http.StatusOK, welcome.Status)
	require.Contains(t, welcome.Text, "Welcome, Ana Lopez")

	cy := link("cy@contoso.example")
	b.requireProblem(b.send("POST", "/v1/invitations/"+cy+"/accept", "", ""), http.StatusConflict, "licences_exhausted")
	full := b.send("POST", "/invitations/"+cy, "", "")
	require.Equal(t, http.StatusConflict, full.Status)
	require.Contains(t, full.Text, "Contact your admins")
	require.Equal(t, "3", itoa(b.licencesUsed()))

	for _, forged := range []string{"x", ana + "x", strings.Repeat("A", 900), "k." + strings.Repeat("A", 64)} {
		require.Contains(t, []int{http.StatusNotFound, http.StatusUnprocessableEntity}, b.send("POST", "/v1/invitations/"+forged+"/accept", "", "").Status)
		require.Equal(t, http.StatusNotFound, b.send("POST", "/invitations/"+forged, "", "").Status)
	}
	require.NotContains(t, b.log.String(), ana, "a token in a path is not logged")
}

func (b *bench) licencesUsed() (n int) {
	b.Helper()
	require.NoError(b, b.db.Get(&n, `SELECT licences_used FROM accounts WHERE id = $1`, b.account.ID))
	return n
}

func TestNobodyMakesATokenAboveThemselves(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	userAdmin := b.newToken(directory.RoleUserAdmin)
	for _, role := range []string{directory.RoleAccountOwner, directory.RoleSuperAdmin} {
		b.requireProblem(b.send("POST", "/v1/tokens", userAdmin, `{"name":"x","role":"`+role+`"}`), http.StatusForbidden, "role_forbidden")
	}
	made := b.send("POST", "/v1/tokens", userAdmin, `{"name":"x","role":"user_admin"}`)
	require.Equal(t, http.StatusCreated, made.Status, made.Text)
	secret := made.json(t)["token"].(string)
	require.Equal(t, http.StatusOK, b.send("GET", "/v1/users", secret, "").Status)
	require.NotContains(t, b.get("/v1/tokens").Text, secret)
	require.Equal(t, http.StatusOK, b.send("GET", "/v1/users", "", "", header{"Authorization", "bEARER " + secret}).Status)
	for _, tok := range b.get("/v1/tokens").json(t)["items"].([]any) {
		if tok := tok.(map[string]any); tok["role"] == directory.RoleAccountOwner {
			b.requireProblem(b.send("DELETE", "/v1/tokens/"+tok["id"].(string), userAdmin, ""), http.StatusForbidden, "role_forbidden")
		}
	}
	require.Equal(t, http.StatusNoContent, b.send("DELETE", "/v1/tokens/"+made.json(t)["id"].(string), userAdmin, "").Status)
	b.requireProblem(b.send("GET", "/v1/users", secret, ""), http.StatusUnauthorized, "token_invalid")
}

func TestFieldsRolesAndOrganizations(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	field := b.post("/v1/fields", `{"name":" Joining date ","type":"date"}`)
	require.Equal(t, http.StatusCreated, field.Status, field.Text)
	require.Equal(t, map[string]any{"id": "joining_date", "name": "Joining date", "type": "date", "system": false}, field.json(t))
	b.requireProblem(b.post("/v1/fields", `{"name":"joining DATE","type":"text"}`), http.StatusConflict, "field_exists")
	require.Len(t, b.get("/v1/fields").json(t)["items"], 4)
	b.requireProblem(b.send("DELETE", "/v1/fields/email", b.owner, ""), http.StatusConflict, "field_system")
	require.Equal(t, http.StatusNoContent, b.send("DELETE", "/v1/fields/joining_date", b.owner, "").Status)
	for _, path := range []string{"/v1/roles", "/v1/organizations"} {
		made := b.post(path, `{"name":"Sales"}`)
		require.Equal(t, http.StatusCreated, made.Status, made.Text)
		b.requireProblem(b.post(path, `{"name":"Sales"}`), http.StatusConflict, "")
		require.Contains(t, b.get(path).Text, `"Sales"`)
		require.Equal(t, http.StatusNoContent, b.send("DELETE", path+"/"+made.json(t)["id"].(string), b.owner, "").Status)
		b.requireProblem(b.send("DELETE", path+"/"+made.json(t)["id"].(string), b.owner, ""), http.StatusNotFound, "not_found")
	}
	b.requireProblem(b.send("DELETE", "/v1/roles/member", b.owner, ""), http.StatusConflict, "")
	patched := b.send("PATCH", "/v1/account", b.owner, `{"date_format":"MM/DD/YYYY","time_zone":"Europe/Berlin","report_frequency":"never"}`).json(t)
	require.Equal(t, "MM/DD/YYYY", patched["date_format"])
	require.Equal(t, "Contoso", patched["name"])
	require.Equal(t, patched, b.get("/v1/account").json(t))
}

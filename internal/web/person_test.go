package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// personSync is the answer about one person.
type personSync struct {
	SourceID string `json:"source_id"`
	Steps    []struct {
		Name, Status, Message string
		Detail                map[string]any
	}
	Change, User map[string]any
}

func (p personSync) statuses() string {
	var all []string
	for _, s := range p.Steps {
		all = append(all, s.Name+" "+s.Status)
	}
	return strings.Join(all, ", ")
}

func (p personSync) messages() map[string]string {
	all := map[string]string{}
	for _, s := range p.Steps {
		all[s.Name] = s.Message
	}
	return all
}

const allDone = "read done, scope done, map done, match done, decide done, apply done"

func personPath(configuration, sourceID string) string {
	return "/v1/configurations/" + configuration + "/users/" + url.PathEscape(sourceID) + "/sync"
}

func (b *bench) syncPerson(configuration, sourceID string) personSync {
	b.Helper()
	a := b.post(personPath(configuration, sourceID), "")
	require.Equal(b, http.StatusOK, a.Status, a.Text)
	var p personSync
	require.NoError(b, json.Unmarshal([]byte(a.Text), &p))
	return p
}

// edit changes the simulated tenant.
func (b *bench) edit(method, path, body string) {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), method, b.tenants.entra+"/_sim/"+path, strings.NewReader(body))
	require.NoError(b, err)
	response, err := b.tenants.client().Do(r)
	require.NoError(b, err)
	require.NoError(b, response.Body.Close())
	require.Less(b, response.StatusCode, 300)
}

// set changes the settings of a configuration.
func (b *bench) set(configuration, settings string) {
	b.Helper()
	a := b.send("PATCH", "/v1/configurations/"+configuration, b.owner, settings)
	require.Equal(b, http.StatusOK, a.Status, a.Text)
}

func TestF7_APersonIsCreatedStepByStep(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, err := b.store.CreateField(t.Context(), b.account.ID, "Job title", directory.Text)
	require.NoError(t, err)
	id := b.configure()
	b.set(id, `{"mappings":[{"source":"jobTitle","target":"job_title"}]}`)

	p := b.syncPerson(id, "p-1")
	require.Equal(t, "p-1", p.SourceID)
	require.Equal(t, allDone, p.statuses())
	require.Equal(t, map[string]string{
		"read":   "Ana Lopez is in Microsoft Entra ID, and enabled there.",
		"scope":  "Ana Lopez is in scope: all users are.",
		"map":    "All 4 values fit.",
		"match":  "No user is linked to them; nobody has the address ana@contoso.example.",
		"decide": "They will be created and invited.",
		"apply":  "Ana Lopez was created and is invited.",
	}, p.messages())
	require.Equal(t, map[string]any{"enabled": true, "attributes": map[string]any{
		"givenName": "Ana", "surname": "Lopez", "mail": "ana@contoso.example", "jobTitle": "Engineer",
	}}, p.Steps[0].Detail)
	require.Equal(t, map[string]any{"source": "Engineer", "value": "Engineer", "error": nil}, p.Steps[2].Detail["values"].(map[string]any)["job_title"])
	require.Equal(t, map[string]any{"by": "none"}, p.Steps[3].Detail)
	require.Equal(t, "create", p.Steps[4].Detail["action"])
	require.Equal(t, "Lopez", p.Steps[4].Detail["after"].(map[string]any)["last_name"])
	require.Equal(t, map[string]any{"outcome": "applied"}, p.Steps[5].Detail)
	require.Equal(t, "invited", p.User["status"])
	require.Equal(t, map[string]any{"job_title": "Engineer"}, p.User["fields"])
	require.Nil(t, p.Change["run_id"])
	logged := b.get("/v1/changes").json(t)["items"].([]any)
	require.Len(t, logged, 1)
	require.Equal(t, "p-1", logged[0].(map[string]any)["source_id"])
	require.Empty(t, b.get("/v1/runs").json(t)["items"])
	require.Contains(t, b.workflows.seen(), "mail-waiting mail-outbox/"+b.account.ID)

	again := b.syncPerson(id, "p-1")
	require.Equal(t, "read done, scope done, map done, match done, decide done, apply skipped", again.statuses())
	require.Equal(t, "They are the user Ana Lopez (ana@contoso.example), who is invited.", again.messages()["match"])
	require.Equal(t, map[string]any{"by": "link", "user_id": p.User["id"]}, again.Steps[3].Detail)
	require.Equal(t, "There is nothing to do: the user is as the directory says.", again.messages()["decide"])
	require.Nil(t, again.Change)
	require.Equal(t, p.User, again.User)
	for _, personal := range []string{"Ana", "ana@", "Lopez", "p-1"} {
		require.NotContains(t, b.log.String(), personal)
	}
}

func TestF7_APersonIsUpdatedAndTheRestWaitsForTheRun(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.configure()
	b.syncPerson(id, "p-1")
	b.set(id, `{"groups":{"enabled":true,"group_ids":["g-1"]}}`)
	b.edit("PATCH", "users/p-1", `{"surname":"Lee","mail":"ana.lee@contoso.example"}`)
	p := b.syncPerson(id, "p-1")
	require.Equal(t, allDone, p.statuses())
	require.Equal(t, "What changes: email, last name.", p.messages()["decide"])
	require.Equal(t, map[string]any{"email": "ana@contoso.example", "last_name": "Lopez"}, p.Steps[4].Detail["before"])
	require.Equal(t, "Ana Lee was updated. Left to the next run: memberships of groups.", p.messages()["apply"])
	require.Equal(t, "ana.lee@contoso.example", p.User["email"])
}

func TestF7_APersonIsAdopted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.configure()
	ana, _ := b.newUser("ana@contoso.example", directory.Active)
	p := b.syncPerson(id, "p-1")
	require.Equal(t, allDone, p.statuses())
	require.Equal(t, map[string]any{"by": "address", "user_id": ana}, p.Steps[3].Detail)
	require.Equal(t, "No user is linked to them; the user Ana Lopez, who does not come from Microsoft Entra ID, has the address ana@contoso.example.", p.messages()["match"])
	require.Equal(t, "The user will be linked to them and follow the directory from now on.", p.messages()["decide"])
	require.Equal(t, "Ana Lopez was linked to the user.", p.messages()["apply"])
	require.Equal(t, ana, p.User["id"])
}

func TestF7_WhoIsDisabledIsDeactivated(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.configure()
	b.syncPerson(id, "p-1")
	b.edit("PATCH", "users/p-1", `{"accountEnabled":false}`)
	p := b.syncPerson(id, "p-1")
	require.Equal(t, "Ana Lopez is in Microsoft Entra ID, and disabled there.", p.messages()["read"])
	require.Equal(t, "They will be deactivated: they are disabled in Microsoft Entra ID.", p.messages()["decide"])
	require.Equal(t, "Ana Lopez was deactivated.", p.messages()["apply"])
	require.Equal(t, "deactivated", p.User["status"])
	require.Equal(t, "There is nothing to do: the user is deactivated already.", b.syncPerson(id, "p-1").messages()["decide"])

	b.edit("PATCH", "users/p-1", `{"accountEnabled":true}`)
	p = b.syncPerson(id, "p-1")
	require.Equal(t, "They will be brought back: they are enabled and in scope.", p.messages()["decide"])
	require.Equal(t, "Ana Lopez was brought back and is invited.", p.messages()["apply"])

	b.edit("PATCH", "users/p-3", `{"accountEnabled":false}`)
	p = b.syncPerson(id, "p-3")
	require.Equal(t, "They will be created as deactivated and get no invitation: they are disabled in Microsoft Entra ID.", p.messages()["decide"])
	require.Equal(t, "Cy Young was created.", p.messages()["apply"])
}

func TestF7_WhomAnAdminTookOutStaysOut(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.configure()
	ana := b.syncPerson(id, "p-1").User["id"].(string)
	require.Equal(t, http.StatusOK, b.post("/v1/users/"+ana+"/deactivate", "").Status)
	p := b.syncPerson(id, "p-1")
	require.Equal(t, "There is nothing to do: an admin took the user out, and only an admin brings them back.", p.messages()["decide"])
	require.Equal(t, "deactivated", p.User["status"])
}

func TestF7_WhoIsGoneIsDeactivatedOrDeleted(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ wish, says, status string }{
		{"deactivate", "They will be deactivated", "deactivated"}, {"delete", "They will be moved to the recycle bin", "deleted"},
	} {
		t.Run(row.wish, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			id := b.configure()
			b.set(id, `{"on_source_delete":"`+row.wish+`"}`)
			b.syncPerson(id, "p-1")
			b.edit("DELETE", "users/p-1", "")
			p := b.syncPerson(id, "p-1")
			require.Equal(t, "read done, scope skipped, map skipped, match done, decide done, apply done", p.statuses())
			require.Equal(t, "Microsoft Entra ID has nobody with the id 'p-1'.", p.messages()["read"])
			require.Equal(t, row.says+": they are gone from Microsoft Entra ID.", p.messages()["decide"])
			require.Equal(t, row.wish, p.Change["action"])
			require.Equal(t, row.status, p.User["status"])

			nobody := b.syncPerson(id, "p-9")
			require.Equal(t, "read done, scope skipped, map skipped, match done, decide done, apply skipped", nobody.statuses())
			require.Equal(t, "There is nothing to do: nobody here is linked to them.", nobody.messages()["decide"])
			require.Nil(t, nobody.Change)
			require.Nil(t, nobody.User)
		})
	}
}

func TestF7_WhoIsOutOfScope(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.configure()
	b.syncPerson(id, "p-3")
	b.set(id, `{"scope":{"kind":"groups","group_ids":["g-3","g-2"]}}`)
	in := b.syncPerson(id, "p-1")
	require.Equal(t, "Ana Lopez is in scope, as a member of the group 'Everybody in Spain'.", in.messages()["scope"], "groups in groups count")
	require.Equal(t, allDone, in.statuses())

	out := b.syncPerson(id, "p-3")
	require.Equal(t, "read done, scope done, map skipped, match done, decide done, apply done", out.statuses())
	require.Equal(t, "Cy Young is out of scope: they are in none of the 2 chosen groups.", out.messages()["scope"])
	require.Equal(t, "They will be deactivated: they are out of scope.", out.messages()["decide"])
	require.Equal(t, "deactivated", out.User["status"])
}

// While a group cannot be read, it is not known that somebody is not in it.
func TestF7_AScopeThatIsUnknownChangesNothing(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, method, path, body string }{
		{"gone", "DELETE", "groups/g-1", ""},
		{"unreadable", "POST", "faults", `{"path":"/groups/g-1/transitiveMembers","status":403}`},
		{"incomplete", "POST", "faults", `{"path":"/groups/g-1/transitiveMembers/.*count","body":"7"}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			id := b.configure()
			b.syncPerson(id, "p-3")
			b.set(id, `{"scope":{"kind":"groups","group_ids":["g-1","g-2"]}}`)
			b.edit(row.method, row.path, row.body)
			before := b.digest()
			p := b.syncPerson(id, "p-3")
			require.Equal(t, "read done, scope failed, map skipped, match skipped, decide skipped, apply skipped", p.statuses())
			require.Contains(t, p.messages()["scope"], "The group 'g-1' ")
			require.Contains(t, p.messages()["scope"], "So it is not known whether Cy Young is in scope. ")
			require.Equal(t, before, b.digest())
			require.Contains(t, b.syncPerson(id, "p-2").messages()["scope"], "as a member of the group 'Everybody in Spain'", "who is in another one is in scope")
		})
	}
}

func TestF7_AValueThatDoesNotFit(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.configure()
	nameless := b.syncPerson(id, "p-2")
	require.Equal(t, "read done, scope done, map done, match done, decide failed, apply skipped", nameless.statuses())
	require.Contains(t, nameless.messages()["map"], "Not all of 3 values fit. ")
	require.NotNil(t, nameless.Steps[2].Detail["values"].(map[string]any)["last_name"].(map[string]any)["error"])
	require.Equal(t, "error", nameless.Change["action"])
	require.Equal(t, "mandatory_missing", nameless.Change["error"].(map[string]any)["code"])
	require.Nil(t, nameless.User)

	b.syncPerson(id, "p-3")
	b.edit("PATCH", "users/p-3", `{"mail":"nowhere","surname":"Old"}`)
	p := b.syncPerson(id, "p-3")
	require.Equal(t, allDone, p.statuses())
	require.Contains(t, p.messages()["decide"], "What changes: last name. The rest stays as it is. ")
	require.Equal(t, "Old", p.User["last_name"])
	require.Equal(t, "cy@contoso.example", p.User["email"])
}

func TestF7_AnAddressThatIsTaken(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.configure()
	b.syncPerson(id, "p-1")
	b.edit("PATCH", "users/p-3", `{"mail":"ana@contoso.example"}`)
	p := b.syncPerson(id, "p-3")
	require.Equal(t, "read done, scope done, map done, match done, decide failed, apply skipped", p.statuses())
	require.Contains(t, p.messages()["match"], "the address ana@contoso.example is that of the user Ana Lopez, who is another person of Microsoft Entra ID.")
	require.Contains(t, p.messages()["decide"], "is already the address of another person of the directory.")
	require.Equal(t, map[string]any{"by": "none"}, p.Steps[3].Detail)
}

func TestF7_TheLastAdminStays(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.configure()
	b.edit("PATCH", "users/p-1", `{"mail":"owner@contoso.example"}`)
	require.Equal(t, allDone, b.syncPerson(id, "p-1").statuses())
	b.edit("DELETE", "users/p-1", "")
	p := b.syncPerson(id, "p-1")
	require.Equal(t, "read done, scope skipped, map skipped, match done, decide done, apply failed", p.statuses())
	require.Equal(t, "Ana Lopez is the last account owner or super admin and was kept. Make somebody else account owner or super admin, then sync again.", p.messages()["apply"])
	require.Equal(t, map[string]any{"outcome": "failed"}, p.Steps[5].Detail)
	require.Equal(t, "active", p.User["status"])
}

func TestF7_Refused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.configure()
	_, other := b.newAccount("Fabrikam")
	before := b.digest()
	b.requireProblem(b.send("POST", personPath(id, "p-1"), other, ""), http.StatusNotFound, "not_found")
	b.requireProblem(b.send("POST", personPath(id, "p-1"), b.newToken(directory.RoleMember), ""), http.StatusForbidden, "role_forbidden")
	for _, bad := range []string{"%00", "a%00b", "%ff", ".", "..", "%2e%2e", strings.Repeat("9", 501), strings.Repeat("%E2%82%AC", 600)} {
		a := b.post("/v1/configurations/"+id+"/users/"+bad+"/sync", "")
		require.Contains(t, []int{http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusTemporaryRedirect}, a.Status, bad+a.Text)
	}
	for _, odd := range []string{"p-1/manager", "p 1?x=1#y", "ä+%&=;'\"", `{"a":1}`, strings.Repeat("9", 500), "../p-1"} {
		p := b.syncPerson(id, odd)
		require.Equal(t, odd, p.SourceID)
		require.Nil(t, p.User)
	}
	run, err := b.workflows.openRun(t.Context(), id, 1, "")
	require.NoError(t, err)
	running := b.post(personPath(id, "p-1"), "")
	b.requireProblem(running, http.StatusConflict, "run_in_progress")
	_, err = b.store.CloseRun(t.Context(), run, directory.RunCancelled, "")
	require.NoError(t, err)
	require.NoError(t, b.store.SetState(t.Context(), id, directory.Disabled))
	b.requireProblem(b.post(personPath(id, "p-1"), ""), http.StatusConflict, "configuration_disabled")
	require.NoError(t, b.store.SetState(t.Context(), id, directory.Enabled))
	_, err = b.db.Exec(`DELETE FROM runs; DELETE FROM api_tokens WHERE role_id = 'member'`)
	require.NoError(t, err)
	require.Equal(t, before, b.digest())
	require.NotContains(t, b.log.String(), "level=ERROR")
}

func TestF7_ADirectoryThatCannotBeRead(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.configure()
	b.syncPerson(id, "p-1")
	before := b.digest()
	b.edit("POST", "faults", `{"path":"/users/","status":429,"headers":{"Retry-After":"7"},"times":1}`)
	throttled := b.post(personPath(id, "p-1"), "")
	b.requireProblem(throttled, http.StatusServiceUnavailable, directory.CodeSourceThrottled)
	require.Equal(t, "7", throttled.Header.Get("Retry-After"))
	b.edit("POST", "revoke-consent", "")
	b.requireProblem(b.post(personPath(id, "p-1"), ""), http.StatusServiceUnavailable, directory.CodeSourceUnavailable) // the token may be out of date
	b.requireProblem(b.post(personPath(id, "p-1"), ""), http.StatusConflict, directory.CodeConsentRevoked)
	require.Equal(t, before, b.digest())

	_, err := b.db.Exec(`UPDATE connections SET state = 'revoked'`)
	require.NoError(t, err)
	b.requireProblem(b.post(personPath(id, "p-1"), ""), http.StatusConflict, "connection_not_connected")
}

// What another tenant lacks is not gone.
func TestF7_AnotherTenantIsNotBelieved(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.configure()
	b.syncPerson(id, "p-1")
	before := b.digest()
	b.edit("DELETE", "users/p-1", "")
	b.edit("POST", "faults", `{"path":"/organization","body":"{\"value\":[{\"id\":\"11111111-274d-4ec0-a5c1-276be684bdd3\",\"displayName\":\"Other\",\"verifiedDomains\":[]}]}"}`)
	b.requireProblem(b.post(personPath(id, "p-1"), ""), http.StatusConflict, directory.CodeTenantChanged)
	require.Equal(t, before, b.digest())
}

func TestF7_ManyRequestsAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.configure()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if a := b.post(personPath(id, "p-1"), ""); a.Status != http.StatusOK {
				t.Error(a.Text)
			}
		})
	}
	wg.Wait()
	require.Len(t, b.get("/v1/users").json(t)["items"], 2, "the owner and Ana")
	require.Len(t, b.get("/v1/changes").json(t)["items"], 1)
}

func TestF7_AtGoogleAnAddressFindsThePerson(t *testing.T) {
	t.Parallel()
	b := newGoogleBench(t)
	c := b.connectGoogle()
	a := b.post("/v1/configurations", configurationBody(c, ""))
	require.Equal(t, http.StatusCreated, a.Status, a.Text)
	id := a.json(t)["id"].(string)
	p := b.syncPerson(id, "101")
	require.Equal(t, allDone, p.statuses())
	again := b.syncPerson(id, "ana@contoso.example")
	require.Equal(t, "101", again.SourceID, "the id that the directory has")
	require.Equal(t, p.User, again.User)
}

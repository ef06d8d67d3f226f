package web_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// apiRoute is a route as the API's own description has it.
type apiRoute struct {
	method, path string
	open         bool // needs no sign-in
	hasBody      bool
	optionalBody bool
	// oneText is a property of the body that is a text.
	oneText string
}

func (r apiRoute) name() string { return r.method + " " + r.path }

// at is the route's path for a thing.
func (r apiRoute) at(id string) string {
	return strings.NewReplacer("{id}", id, "{token}", "none").Replace(r.path)
}

// about is the first part of the path: what the route is about.
func (r apiRoute) about() string { return strings.Split(r.path, "/")[2] }

// apiRoutes reads all routes from /openapi.json, so that none can be forgotten.
func (b *bench) apiRoutes() []apiRoute {
	b.Helper()
	var description struct {
		Paths map[string]map[string]struct {
			Security    []any
			RequestBody *struct {
				Required bool
				Content  map[string]struct {
					Schema struct {
						Ref string `json:"$ref"`
					}
				}
			}
		}
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct{ Type any }
			}
		}
	}
	require.NoError(b, json.Unmarshal([]byte(b.send("GET", "/openapi.json", "", "").Text), &description))
	var routes []apiRoute
	for path, methods := range description.Paths {
		for method, op := range methods {
			r := apiRoute{method: strings.ToUpper(method), path: path, open: len(op.Security) == 0}
			if op.RequestBody != nil {
				r.hasBody, r.optionalBody = true, !op.RequestBody.Required
				schema := description.Components.Schemas[strings.TrimPrefix(op.RequestBody.Content["application/json"].Schema.Ref, "#/components/schemas/")]
				for name, property := range schema.Properties {
					if property.Type == "string" && name > r.oneText {
						r.oneText = name
					}
				}
			}
			routes = append(routes, r)
		}
	}
	require.Len(b, routes, 70)
	return routes
}

// things makes one of everything that a route can be about, by the first part of the path.
func (b *bench) things() map[string]string {
	b.Helper()
	configuration := b.configure()
	run, err := b.workflows.openRun(b.Context(), configuration, 1, "")
	require.NoError(b, err)
	user, _ := b.newUser("ana@contoso.example", directory.Invited)
	token, _, err := b.store.CreateToken(b.Context(), b.account.ID, "one", directory.RoleMember)
	require.NoError(b, err)
	field, err := b.store.CreateField(b.Context(), b.account.ID, "Job title", directory.Text)
	require.NoError(b, err)
	role, err := b.store.CreateRole(b.Context(), b.account.ID, "Clerk")
	require.NoError(b, err)
	organization, err := b.store.CreateOrganization(b.Context(), b.account.ID, "Sales")
	require.NoError(b, err)
	scimToken := uuid.NewString()
	_, err = b.db.Exec(`INSERT INTO scim_tokens (id, account_id, name, hash, created_by) VALUES ($1, $2, 'one', 'hash', 'Ana')`, scimToken, b.account.ID)
	require.NoError(b, err)
	webhook, _, err := b.admin.CreateWebhook(b.Context(), directory.Principal{AccountID: b.account.ID, Name: "Ana"}, "https://hooks.example/", 0)
	require.NoError(b, err)
	return map[string]string{
		"configurations": configuration, "runs": run, "users": user, "tokens": token.ID, "connections": b.connect(),
		"fields": field.ID, "roles": role.ID, "organizations": organization.ID, "groups": b.newGroup("Engineering"),
		"notifications": b.notify(b.ownerID()), "scim": scimToken, "webhooks": webhook.ID,
	}
}

func TestEveryRouteRefusesWhoMayNot(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	things, member, userAdmin := b.things(), b.newToken(directory.RoleMember), b.newToken(directory.RoleUserAdmin)
	_, other := b.newAccount("Fabrikam")
	before := b.digest()
	for _, r := range b.apiRoutes() {
		path := r.at(things[r.about()])
		if r.open {
			continue
		}
		for _, token := range []string{"", "rc_unknown", "rc_" + strings.Repeat("x", 5000)} {
			a := b.send(r.method, path, token, "")
			b.requireProblem(a, http.StatusUnauthorized, "")
			require.Contains(t, a.Header.Get("WWW-Authenticate"), "Bearer", r.name())
		}
		switch r.name() {
		case "GET /v1/account", "GET /v1/notifications":
			require.Equal(t, http.StatusOK, b.send(r.method, path, member, "").Status)
		case "POST /v1/notifications/{id}/read": // their own alone, and this one is the owner's
			b.requireProblem(b.send(r.method, path, member, ""), http.StatusNotFound, "not_found")
		default:
			b.requireProblem(b.send(r.method, path, member, "{}"), http.StatusForbidden, "role_forbidden")
		}
		if !strings.Contains(r.path, "{id}") {
			continue
		}
		// Nothing of another account can be told from what is not there at all.
		theirs := b.send(r.method, path, other, bodyFor(r))
		b.requireProblem(theirs, http.StatusNotFound, "not_found")
		ours := b.send(r.method, r.at(strings.ToLower(uuid.NewString())), userAdmin, bodyFor(r))
		require.Equal(t, ours.json(t)["detail"], theirs.json(t)["detail"], r.name())
		require.NotContains(t, theirs.Text, "Contoso")
	}
	require.Equal(t, before, b.digest())
}

// bodyFor is a body that the route takes.
func bodyFor(r apiRoute) string {
	switch {
	case r.name() == "POST /v1/webhooks/{id}/replay":
		return `{"after":"latest"}`
	case r.hasBody:
		return "{}"
	default:
		return ""
	}
}

func TestEveryRouteRefusesBadForm(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	things := b.things()
	before := b.digest()
	for _, r := range b.apiRoutes() {
		path := r.at(things[r.about()])
		if strings.Contains(r.path, "{id}") {
			for _, id := range []string{"no-such-thing", "%00", "%ff", "..%2f..", strings.Repeat("9", 3000), "urn:uuid:" + uuid.NewString()} {
				b.requireProblem(b.send(r.method, r.at(id), b.owner, bodyFor(r)), http.StatusNotFound, "not_found")
			}
		}
		b.requireProblem(b.send(r.method, path+"?x=%zz", b.owner, ""), http.StatusBadRequest, "malformed")
		b.requireProblem(b.send(r.method, path+"?search=%00", b.owner, ""), http.StatusBadRequest, "malformed")
		b.requireProblem(b.send("TRACE", path, b.owner, ""), http.StatusMethodNotAllowed, "method_not_allowed")
		if !r.hasBody {
			continue
		}
		if !r.optionalBody {
			b.requireProblem(b.send(r.method, path, b.owner, ""), http.StatusBadRequest, "malformed")
		}
		for _, body := range []string{`{`, `{"name":}`, `{"name":"a"} x`, `{"name":"a","NAME":"b"}`, "\xff\xfe", "\ufeff{}"} {
			b.requireProblem(b.send(r.method, path, b.owner, body), http.StatusBadRequest, "malformed")
		}
		for _, kind := range []string{"text/plain", "application/xml", "multipart/form-data", "application/x-www-form-urlencoded", ";"} {
			b.requireProblem(b.send(r.method, path, b.owner, `{}`, header{"Content-Type", kind}), http.StatusBadRequest, "malformed")
		}
		for _, body := range []string{`null`, `[]`, `"x"`, `7`} {
			b.requireProblem(b.send(r.method, path, b.owner, body), http.StatusUnprocessableEntity, "invalid")
		}
		unknown := b.send(r.method, path, b.owner, `{"surprise":1}`)
		b.requireProblem(unknown, http.StatusUnprocessableEntity, "invalid")
		require.Contains(t, unknown.fields(t), "surprise", r.name())
		wrong := b.send(r.method, path, b.owner, `{"`+r.oneText+`":{"a":[1]}}`)
		b.requireProblem(wrong, http.StatusUnprocessableEntity, "invalid")
		require.Contains(t, wrong.fields(t), r.oneText, r.name())
		b.requireProblem(b.send(r.method, path, b.owner, `{"`+r.oneText+`":"`+strings.Repeat("a", 1<<20)+`"}`), http.StatusRequestEntityTooLarge, "too_large")
	}
	require.Equal(t, before, b.digest())
	require.NotContains(t, b.log.String(), "level=ERROR")
}

func TestBadValuesAreNamedByField(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	things := b.things()
	before := b.digest()
	configuration := "/v1/configurations/" + things["configurations"]
	rows := []struct {
		method, path, body string
		status             int
		field              string
	}{
		{"PATCH", "/v1/account", `{"name":"  "}`, 422, "name"},
		{"PATCH", "/v1/account", `{"name":"a\u0000b"}`, 422, "name"},
		{"PATCH", "/v1/account", `{"name":"` + strings.Repeat("a", 201) + `"}`, 422, "name"},
		{"PATCH", "/v1/account", `{"date_format":"YY"}`, 422, "date_format"},
		{"PATCH", "/v1/account", `{"time_zone":"Mars/Base"}`, 422, "time_zone"},
		{"PATCH", "/v1/account", `{"time_zone":"../../etc/passwd"}`, 422, "time_zone"},
		{"PATCH", "/v1/account", `{"report_frequency":"hourly"}`, 422, "report_frequency"},
		{"PATCH", "/v1/account", `{"report_hour":24}`, 422, "report_hour"},
		{"PATCH", "/v1/account", `{"report_hour":-1}`, 422, "report_hour"},
		{"PATCH", "/v1/account", `{"licences":{"total":0}}`, 422, "licences.total"},
		{"PATCH", "/v1/account", `{"licences":{"total":1e15}}`, 422, "licences.total"},
		{"PATCH", "/v1/account", `{"licences":{"used":1}}`, 422, "licences.used"},
		{"PATCH", "/v1/account", `{"licences":9}`, 422, "licences"},
		{"PATCH", "/v1/account", `{"recycle_bin_days":0}`, 422, "recycle_bin_days"},
		{"PATCH", "/v1/account", `{"recycle_bin_days":366}`, 422, "recycle_bin_days"},
		{"PATCH", "/v1/account", `{"log_days":29}`, 422, "log_days"},
		{"PATCH", "/v1/account", `{"log_days":3651}`, 422, "log_days"},
		{"POST", "/v1/fields", `{"name":"X"}`, 422, "type"},
		{"POST", "/v1/fields", `{"name":"X","type":"money"}`, 422, "type"},
		{"POST", "/v1/fields", `{"name":"\u0000","type":"text"}`, 422, "name"},
		{"POST", "/v1/roles", `{"name":""}`, 422, "name"},
		{"POST", "/v1/organizations", `{"name":" "}`, 422, "name"},
		{"POST", "/v1/tokens", `{"name":"x","role":"emperor"}`, 422, "role"},
		{"POST", "/v1/connections", `{"provider":"okta"}`, 422, "provider"},
		{"PATCH", configuration, `{"schedule":{"weekday":"monday","time":"25:00","time_zone":"UTC"}}`, 422, "schedule.time"},
		{"PATCH", configuration, `{"guard":{"max_removal_percent":101}}`, 422, "guard.max_removal_percent"},
		{"PATCH", configuration, `{"guard":{"max_removals":1e30}}`, 422, "guard.max_removals"},
		{"PATCH", configuration, `{"guard":{"window_days":0}}`, 422, "guard.window_days"},
		{"PATCH", configuration, `{"guard":{"window_days":91}}`, 422, "guard.window_days"},
		{"PATCH", configuration, `{"scope":{"kind":"some"}}`, 422, "scope.kind"},
		{"PATCH", configuration, `{"scope":{"kind":"groups"}}`, 422, "scope.group_ids"},
		{"PATCH", configuration, `{"scope":{"kind":"all_users","group_ids":["g-1"]}}`, 422, "scope.group_ids"},
		{"PATCH", configuration, `{"scope":{"kind":"groups","group_ids":["g-1","g-1"]}}`, 422, "scope.group_ids[1]"},
		{"PATCH", configuration, `{"scope":{"kind":"groups","group_ids":["g-1","g-9"]}}`, 422, "scope.group_ids[1]"},
		{"PATCH", configuration, `{"groups":{"enabled":false,"group_ids":["g-1"]}}`, 422, "groups.group_ids"},
		{"PATCH", configuration, `{"groups":{"enabled":true,"group_ids":["","g-9"]}}`, 422, "groups.group_ids[1]"},
		{"POST", configuration + "/preview", `{"scope":{"kind":"groups","group_ids":["g-9"]}}`, 422, "scope.group_ids[0]"},
		{"POST", configuration + "/preview", `{"name":" "}`, 422, "name"},
		{"PATCH", configuration, `{"notify_user_ids":["urn:uuid:1"]}`, 422, "notify_user_ids[0]"},
		{"POST", "/v1/mappings/test", `{"connection_id":"` + things["connections"] + `","sample":51}`, 422, "sample"},
		{"POST", "/v1/mappings/test", `{"connection_id":"` + things["connections"] + `","sample":0}`, 422, "sample"},
		{"POST", "/v1/mappings/test", `{"connection_id":"` + things["connections"] + `","sample":[7]}`, 422, "sample"},
		{"POST", "/v1/mappings/test", `{"connection_id":"` + things["connections"] + `","scope":{"kind":"groups"}}`, 422, "scope.group_ids"},
		{"GET", "/v1/users?limit=0", ``, 422, "limit"},
		{"GET", "/v1/users?limit=many", ``, 422, "limit"},
		{"GET", "/v1/users?status=lost", ``, 422, "status"},
		{"GET", "/v1/runs?configuration_id=urn:uuid:1", ``, 422, "configuration_id"},
		{"GET", "/v1/changes?since=yesterday", ``, 422, "since"},
		{"GET", "/v1/changes?outcome=odd", ``, 422, "outcome"},
		{"GET", "/v1/changes?group_id=g-1", ``, 422, "group_id"},
		{"GET", "/v1/notifications?unread=perhaps", ``, 422, "unread"},
		{"GET", "/v1/groups?cursor=b2Rk", ``, 400, ""},
		{"GET", "/v1/changes?cursor=odd!", ``, 400, ""},
		{"GET", "/v1/events?after=first", ``, 400, ""},
		{"GET", "/v1/events?after=-1", ``, 400, ""},
		{"GET", "/v1/events?after=9223372036854775808", ``, 400, ""},
		{"GET", "/v1/events?limit=501", ``, 422, "limit"},
		{"POST", "/v1/webhooks", `{"after":"0"}`, 422, "url"},
		{"POST", "/v1/webhooks", `{"url":"http://hooks.example/"}`, 422, "url"},
		{"POST", "/v1/webhooks", `{"url":"https://10.0.0.1/"}`, 422, "url"},
		{"POST", "/v1/webhooks", `{"url":"https://hooks.example/","after":"first"}`, 400, ""},
		{"POST", "/v1/webhooks", `{"url":"https://hooks.example/","after":"7"}`, 410, ""},
		{"PATCH", "/v1/webhooks/" + things["webhooks"], `{"url":"https://ana:pw@hooks.example/"}`, 422, "url"},
		{"PATCH", "/v1/webhooks/" + things["webhooks"], `{"state":"paused"}`, 422, "state"},
		{"POST", "/v1/webhooks/" + things["webhooks"] + "/replay", `{}`, 422, "after"},
		{"GET", "/v1/runs?cursor=b2Rk", ``, 400, ""},
		{"GET", "/v1/users?cursor=b2Rk", ``, 400, ""},
	}
	for _, row := range rows {
		a := b.send(row.method, row.path, b.owner, row.body)
		b.requireProblem(a, row.status, "")
		if row.field != "" {
			require.Contains(t, a.fields(t), row.field, row.method+" "+row.path+" "+row.body)
		}
	}
	require.Equal(t, before, b.digest())
	require.NotContains(t, b.log.String(), "level=ERROR")
}

func TestWhatNoRouteTakes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, path := range []string{"/", "/v1", "/v1/", "/v1/accounts", "/v1/account/", "/v2/account", "/connect/okta/callback", "/connect/entra"} {
		b.requireProblem(b.get(path), http.StatusNotFound, "not_found")
	}
	a := b.send("PUT", "/v1/account", b.owner, "{}")
	b.requireProblem(a, http.StatusMethodNotAllowed, "method_not_allowed")
	require.Equal(t, "GET, HEAD, PATCH", a.Header.Get("Allow"))
}

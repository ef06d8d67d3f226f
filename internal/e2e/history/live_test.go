package history

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	_ "github.com/lib/pq"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mail"
)

const (
	patience = 2 * time.Minute
	beat     = 10 * time.Millisecond
)

// live is the real account beside the model's. Without one, all that it is told is in vain.
type live struct {
	ctx     context.Context
	vendor  vendor
	db      *sql.DB
	account devstack.Account
	fields  map[string]string // ids by name
	sync    string            // id of the configuration
	known   map[string]string // ids of users by the model's key
	last    string            // id of the last run
	number  string            // of the connection

	clean   bool // the last run ended well and could tell where changes begin
	unsure  bool // settings were edited since, or where changes begin was forgotten
	partial int  // incremental runs since the last full one
}

// open makes an account whose tenant holds the world's directory.
func open(ctx context.Context, w *world, v vendor, db *sql.DB) *live {
	l := &live{ctx: ctx, vendor: v, db: db, fields: map[string]string{}, known: map[string]string{}}
	var err error
	l.account, err = stack.NewAccount(ctx, "History "+rapid.StringMatching("[a-z]{8}").Draw(w.T, "name"), "owner@rollcall.example", w.account.Licences+1)
	require.NoError(w, err)
	l.calm(w.T)
	l.simulate(w.T, http.MethodPut, "directory", v.file(w.roster))
	connection, err := stack.Connect(ctx, l.account, v.provider)
	require.NoError(w, err)
	l.number = connection
	for _, name := range []string{"title", "city"} {
		var field struct {
			ID string `json:"id"`
		}
		l.call(w.T, http.MethodPost, "/v1/fields", object{"name": name, "type": "text"}, &field)
		l.fields[name] = field.ID
	}
	return l
}

// close ends what is left of the account's work, so that it does not meddle with the next one.
func (l *live) close(t *rapid.T) {
	l.calm(t)
	if l.sync != "" {
		l.call(t, http.MethodDelete, "/v1/configurations/"+l.sync, nil, nil)
	}
}

func (l *live) tenant() http.Handler {
	if l.vendor.provider == directory.Google {
		return stack.GoogleTenant()
	}
	return stack.Tenant()
}

// simulate uses the control plane of the simulated tenant.
func (l *live) simulate(t *rapid.T, method, path string, body any) {
	t.Helper()
	encoded, err := json.Marshal(body)
	require.NoError(t, err)
	answer := httptest.NewRecorder()
	l.tenant().ServeHTTP(answer, httptest.NewRequest(method, "/_sim/"+path, bytes.NewReader(encoded)))
	require.Less(t, answer.Code, 300, answer.Body.String())
}

func (l *live) calm(t *rapid.T)                { l.simulate(t, http.MethodDelete, "faults", nil) }
func (l *live) fault(t *rapid.T, fault object) { l.simulate(t, http.MethodPost, "faults", fault) }

func (l *live) putPerson(t *rapid.T, p person, known bool) {
	switch {
	case l == nil:
	case known:
		l.simulate(t, http.MethodPatch, "users/"+p.ID, l.vendor.person(p))
	default:
		l.simulate(t, http.MethodPost, "users", l.vendor.written(p))
	}
}

func (l *live) dropPerson(t *rapid.T, id string) {
	if l != nil {
		l.simulate(t, http.MethodDelete, "users/"+id, nil)
	}
}

func (l *live) putGroup(t *rapid.T, g group, known bool) {
	switch {
	case l == nil:
	case known:
		l.simulate(t, http.MethodPatch, "groups/"+g.ID, object{l.vendor.nameOf: g.Name})
		l.simulate(t, http.MethodPut, "groups/"+g.ID+"/members", append([]string{}, g.Members...))
	default:
		l.simulate(t, http.MethodPost, "groups", l.vendor.group(g))
	}
}

func (l *live) dropGroup(t *rapid.T, id string) {
	if l != nil {
		l.simulate(t, http.MethodDelete, "groups/"+id, nil)
	}
}

func (l *live) forget(t *rapid.T) {
	if l != nil {
		l.unsure = true
		l.simulate(t, http.MethodPost, "expire-delta", nil)
	}
}

func (l *live) call(t *rapid.T, method, path string, in, out any) {
	t.Helper()
	require.NoError(t, stack.Client(l.account).Call(l.ctx, method, path, in, out), "%s %s", method, path)
}

// status is how a call is answered.
func (l *live) status(t *rapid.T, client devstack.Client, path string) int {
	t.Helper()
	var refusal *devstack.APIError
	err := client.Call(l.ctx, http.MethodPost, path, nil, nil)
	if errors.As(err, &refusal) {
		return refusal.Status
	}
	require.NoError(t, err)
	return http.StatusOK
}

// act has an admin do something to a user.
func (l *live) act(t *rapid.T, key, action string) int {
	t.Helper()
	return l.status(t, stack.Client(l.account), "/v1/users/"+l.known[key]+"/"+action)
}

// accept accepts a user's invitation.
func (l *live) accept(t *rapid.T, key string) int {
	t.Helper()
	keys, err := stack.Keyring()
	require.NoError(t, err)
	var invitation string
	require.NoError(t, l.db.QueryRowContext(l.ctx, `SELECT coalesce(invitation_id::text, '') FROM users WHERE id = $1`, l.known[key]).Scan(&invitation))
	token, err := mail.InvitationToken(keys, invitation)
	require.NoError(t, err)
	return l.status(t, devstack.Client{Base: stack.StarterURL()}, "/v1/invitations/"+token+"/accept")
}

// written are settings as the API takes them.
func (l *live) written(s settings) object {
	scope := object{"kind": "all_users"}
	if s.Scope != nil {
		scope = object{"kind": "groups", "group_ids": s.Scope}
	}
	mappings := []object{}
	for _, field := range where(s.Fields, func(bool) bool { return true }) {
		mappings = append(mappings, object{"source": l.vendor.paths[field], "target": l.fields[field], "sync_updates": s.Fields[field]})
	}
	if s.KeepLast {
		mappings = append(mappings, object{"source": l.vendor.paths["last"], "target": "last_name", "sync_updates": false})
	}
	preference := directory.DeactivateUser
	if s.Delete {
		preference = directory.DeleteUser
	}
	return object{
		"scope": scope, "groups": object{"enabled": s.Groups, "group_ids": append([]string{}, s.GroupIDs...)}, "mappings": mappings,
		"on_source_delete": preference, "guard": object{"max_removals": s.MaxRemovals, "max_removal_percent": s.Percent},
	}
}

// configure saves the configuration, whose weekly run is days away, and so starts the first run.
func (l *live) configure(w *world) {
	in := l.written(w.settings)
	in["name"], in["connection_id"] = "Staff", l.number
	later := time.Now().UTC().AddDate(0, 0, 3).Weekday().String()
	in["schedule"] = object{"weekday": strings.ToLower(later), "time": "02:00", "time_zone": "Europe/Berlin"}
	var made struct {
		ID string `json:"id"`
	}
	l.call(w.T, http.MethodPost, "/v1/configurations", in, &made)
	l.sync = made.ID
}

// edit saves parts of the world's settings.
func (l *live) edit(w *world, parts ...string) {
	if l == nil {
		return
	}
	l.unsure = l.unsure || !slices.Equal(parts, []string{"guard"})
	in := l.written(w.settings)
	maps.DeleteFunc(in, func(part string, _ any) bool { return !slices.Contains(parts, part) })
	l.call(w.T, http.MethodPatch, "/v1/configurations/"+l.sync, in, nil)
}

// await asks again and again until done.
func (l *live) await(t *rapid.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for deadline := time.After(patience); !done(); {
		select {
		case <-tick.C:
		case <-deadline:
			require.FailNow(t, "waited in vain for "+what)
		}
	}
}

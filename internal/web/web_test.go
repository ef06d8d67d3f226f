package web_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	_ "github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/admin"
	"github.com/rollcall-sync/rollcall/internal/devstack/postgrestest"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/secret"
	"github.com/rollcall-sync/rollcall/internal/store"
	"github.com/rollcall-sync/rollcall/internal/web"
)

// bench is a starter on a real database, with an account and a stand-in for the workflows.
type bench struct {
	*testing.T
	url       string
	db        *sqlx.DB
	store     *store.Store
	admin     *admin.Admin
	workflows *workflowsStandIn
	tenants   *tenants
	keyring   *secret.Keyring
	log       *logText
	account   directory.Account
	owner     string // token
}

// newBench has a tenant of Microsoft Entra ID alone: Rollcall is not registered with Google.
func newBench(t *testing.T) *bench { return startBench(t, false) }

// newGoogleBench has a customer of Google Workspace too.
func newGoogleBench(t *testing.T) *bench { return startBench(t, true) }

func startBench(t *testing.T, google bool) *bench {
	t.Helper()
	database := postgrestest.New(t, store.Migrate)
	s, err := store.Open(t.Context(), database, store.MaxConnections(5))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	db, err := sqlx.Open("postgres", database)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	keyring, err := secret.Parse(secret.Generate())
	require.NoError(t, err)
	b := &bench{T: t, db: db, store: s, keyring: keyring, workflows: &workflowsStandIn{store: s}, log: &logText{}}
	b.account, b.owner = b.newAccount("Contoso")
	b.tenants = b.serveTenants(google)
	log := slog.New(slog.NewTextHandler(b.log, nil))
	options := admin.Options{
		Store: s, Temporal: b.workflows, Keyring: keyring, Log: log,
		PublicURL: "https://rollcall.example", TemporalUIURL: "https://temporal.example", Namespace: "rollcall",
	}
	b.tenants.register(&options, keyring)
	b.admin = admin.New(options)
	handler, err := web.Handler(web.Options{Log: log, Admin: b.admin, SCIMRate: 1000, Wake: func(string) {}, Mounts: map[string]http.Handler{
		"/codec/S3CR3T/": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "decoded") }),
	}})
	require.NoError(t, err)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

func (b *bench) newAccount(name string) (directory.Account, string) {
	b.Helper()
	a, token, err := b.store.CreateAccount(b.Context(), store.NewAccount{Name: name, OwnerEmail: "owner@" + strings.ToLower(name) + ".example", Licences: 3})
	require.NoError(b, err)
	return a, token
}

func (b *bench) newToken(role string) string {
	b.Helper()
	_, token, err := b.store.CreateToken(b.Context(), b.account.ID, "a "+role, role)
	require.NoError(b, err)
	return token
}

// answer is a response that is read.
type answer struct {
	Status int
	Header http.Header
	Text   string
}

// json is the answer's body; numbers keep their digits.
func (a answer) json(t testing.TB) map[string]any {
	t.Helper()
	var v map[string]any
	d := json.NewDecoder(strings.NewReader(a.Text))
	d.UseNumber()
	require.NoError(t, d.Decode(&v), a.Text)
	return v
}

// fields are the fields that a problem names.
func (a answer) fields(t testing.TB) []string {
	t.Helper()
	var names []string
	errors, _ := a.json(t)["errors"].([]any)
	for _, e := range errors {
		names = append(names, e.(map[string]any)["field"].(string))
	}
	return names
}

type header struct{ name, value string }

func (b *bench) send(method, path, token, body string, headers ...header) answer {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), method, b.url+path, strings.NewReader(body))
	require.NoError(b, err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		r.Header.Set(h.name, h.value)
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(b, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(b, err)
	return answer{response.StatusCode, response.Header, string(text)}
}

// get, post and so on send as the account owner.
func (b *bench) get(path string) answer        { return b.send("GET", path, b.owner, "") }
func (b *bench) post(path, body string) answer { return b.send("POST", path, b.owner, body) }

// requireProblem checks the shape of every error, and its status and code.
func (b *bench) requireProblem(a answer, status int, code string) {
	b.Helper()
	require.Equal(b, status, a.Status, a.Text)
	require.Equal(b, "application/problem+json", a.Header.Get("Content-Type"), a.Text)
	p := a.json(b)
	require.Equal(b, "about:blank", p["type"])
	require.Equal(b, http.StatusText(status), p["title"])
	require.Equal(b, json.Number(itoa(status)), p["status"])
	require.NotEmpty(b, p["detail"])
	if code != "" {
		require.Equal(b, code, p["code"], a.Text)
	}
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

// connect makes a connection and has it connected; it returns its id.
func (b *bench) connect() string {
	b.Helper()
	c, err := b.store.CreateConnection(b.Context(), b.account.ID, directory.Entra)
	require.NoError(b, err)
	_, err = b.store.Connect(b.Context(), b.account.ID, c.ID, directory.Tenant{ID: tenantID, Name: "Contoso", Domains: []string{"contoso.example"}}, nil)
	require.NoError(b, err)
	return c.ID
}

// configure makes a configuration and returns its id.
func (b *bench) configure() string {
	b.Helper()
	a := b.post("/v1/configurations", configurationBody(b.connect(), ""))
	require.Equal(b, http.StatusCreated, a.Status, a.Text)
	return a.json(b)["id"].(string)
}

// configurationBody is the smallest body of a configuration, with more members where given.
func configurationBody(connectionID, more string) string {
	return `{"name":"Contoso staff","connection_id":"` + connectionID + `","schedule":{"weekday":"monday","time":"02:00","time_zone":"Europe/Berlin"}` + more + `}`
}

// newGroup makes a synced group with members, and returns its id.
func (b *bench) newGroup(name string, members ...string) string {
	b.Helper()
	id := uuid.NewString()
	_, err := b.db.ExecContext(b.Context(), `INSERT INTO groups (id, account_id, name, source) VALUES ($1, $2, $3, 'directory_sync')`, id, b.account.ID, name)
	require.NoError(b, err)
	for _, member := range members {
		_, err := b.db.ExecContext(b.Context(), `INSERT INTO memberships (account_id, group_id, user_id) VALUES ($1, $2, $3)`, b.account.ID, id, member)
		require.NoError(b, err)
	}
	return id
}

// ownerID is the id of the account's owner.
func (b *bench) ownerID() (id string) {
	b.Helper()
	require.NoError(b, b.db.GetContext(b.Context(), &id, `SELECT id FROM users WHERE account_id = $1 AND role_id = 'account_owner'`, b.account.ID))
	return id
}

// notify tells a user something, and returns the notification's id.
func (b *bench) notify(userID string) string {
	b.Helper()
	id := uuid.NewString()
	_, err := b.db.ExecContext(b.Context(), `
		INSERT INTO notifications (id, account_id, user_id, kind, cause, title, message) VALUES ($1, $2, $3, 'admin_left', $1, 'An admin left', 'Bo left.')`,
		id, b.account.ID, userID)
	require.NoError(b, err)
	return id
}

// newUser puts a user into the account, invited unless active, and returns the user's and the
// invitation's id.
func (b *bench) newUser(email string, status directory.UserStatus) (id, invitation string) {
	b.Helper()
	id, invitation = uuid.NewString(), uuid.NewString()
	_, err := b.db.ExecContext(b.Context(), `
		INSERT INTO users (id, account_id, email, email_key, first_name, last_name, status, source, invitation_id, invited_at)
		VALUES ($1, $2, $3, lower($3), 'Ana', 'Lopez', $4, 'directory_sync', $5, now())`, id, b.account.ID, email, status, invitation)
	require.NoError(b, err)
	_, err = b.db.ExecContext(b.Context(), `INSERT INTO mails (account_id, kind, user_id, cause) VALUES ($1, 'invitation', $2, $3)`, b.account.ID, id, invitation)
	require.NoError(b, err)
	return id, invitation
}

// digest changes when anything in the database does, but for the use of tokens.
func (b *bench) digest() string {
	b.Helper()
	var all bytes.Buffer
	for _, table := range []string{"accounts", "roles", "organizations", "fields", "users", "connections", "configurations", "links", "runs", "changes", "mails", "consents", "groups", "memberships", "notifications", "scim_tokens", "scim_guards"} {
		var sum string
		require.NoError(b, b.db.GetContext(b.Context(), &sum, `SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM `+table+` t`))
		all.WriteString(table + "=" + sum + " ")
	}
	var tokens string
	require.NoError(b, b.db.GetContext(b.Context(), &tokens, `SELECT md5(string_agg(concat_ws(',', id, name, role_id, revoked_at), '|' ORDER BY id)) FROM api_tokens`))
	return all.String() + tokens
}

// logText is a log that can be read while it is written.
type logText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logText) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

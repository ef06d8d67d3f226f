package scim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jmoiron/sqlx"
	_ "github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/admin"
	"github.com/rollcall-sync/rollcall/internal/devstack/postgrestest"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/scim/schema"
	"github.com/rollcall-sync/rollcall/internal/store"
	"github.com/rollcall-sync/rollcall/internal/web"
)

const (
	public   = "https://rollcall.example"
	base     = public + "/scim/v2"
	media    = "application/scim+json"
	messages = "urn:ietf:params:scim:api:messages:2.0:"
	nobody   = "0198c0de-0000-7000-8000-000000000000"
)

// bench is a starter on a real database, with an account that takes pushes.
type bench struct {
	testing.TB
	store *store.Store
	db    *sqlx.DB
	url   string
	log   *logText
	woken atomic.Int64

	account directory.Account
	token   string
}

// newBench has an account with a custom field of each type that SCIM knows.
func newBench(t *testing.T) *bench { return startBench(t, 100_000) }

func startBench(t testing.TB, rate int) *bench {
	t.Helper()
	database := postgrestest.New(t, store.Migrate)
	s, err := store.Open(t.Context(), database, store.MaxConnections(10))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	db, err := sqlx.Open("postgres", database)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	b := &bench{TB: t, store: s, db: db, log: &logText{}}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(b.log.String())
		}
	})
	log := slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	handler, err := web.Handler(web.Options{
		Admin: admin.New(admin.Options{Store: s, Log: log, PublicURL: public}), Log: log, SCIMRate: rate,
		Wake: func(accountID string) { b.woken.Add(1) },
	})
	require.NoError(t, err)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	b.url = server.URL
	b.account, b.token = b.newAccount("Contoso", 1000)
	for _, kind := range []directory.FieldType{directory.Text, directory.Number, directory.Integer, directory.Boolean, directory.Date, directory.DateTime} {
		_, err := s.CreateField(t.Context(), b.account.ID, "A "+string(kind), kind)
		require.NoError(t, err)
	}
	return b
}

// newAccount makes an account with SCIM on, and its token.
func (b *bench) newAccount(name string, licences int) (directory.Account, string) {
	b.Helper()
	a, _, err := b.store.CreateAccount(b.Context(), store.NewAccount{Name: name, OwnerEmail: "owner@" + strings.ToLower(name) + ".example", Licences: licences})
	require.NoError(b, err)
	return a, b.newToken(a.ID)
}

func (b *bench) newToken(accountID string) string {
	b.Helper()
	_, token, err := b.store.CreateSCIMToken(b.Context(), accountID, "a client", "a test", nil)
	require.NoError(b, err)
	return token
}

// extension is the URN of the account's custom fields.
func (b *bench) extension() string {
	return "urn:rollcall:scim:schemas:extension:" + b.account.ID + ":2:User"
}

// answer is a response that is read. Its body is nil when there is none.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

type header struct{ name, value string }

// send sends a request as the account's client. A body that is no string is sent as JSON.
func (b *bench) send(method, path string, body any, headers ...header) answer {
	b.Helper()
	a, err := b.try(method, path, body, headers...)
	require.NoError(b, err)
	return a
}

// try is send for other goroutines than the test's.
func (b *bench) try(method, path string, body any, headers ...header) (answer, error) {
	text, ok := body.(string)
	if !ok && body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return answer{}, err
		}
		text = string(encoded)
	}
	r, err := http.NewRequestWithContext(b.Context(), method, b.url+"/scim/v2"+path, strings.NewReader(text))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Authorization", "Bearer "+b.token)
	if text != "" {
		r.Header.Set("Content-Type", media)
	}
	for _, h := range headers {
		r.Header.Set(h.name, h.value)
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	a := answer{status: response.StatusCode, header: response.Header, text: string(read)}
	if err == nil && len(read) > 0 && strings.HasPrefix(a.header.Get("Content-Type"), media) {
		decoder := json.NewDecoder(bytes.NewReader(read))
		decoder.UseNumber()
		err = decoder.Decode(&a.body)
	}
	return a, err
}

func (b *bench) get(path string, headers ...header) answer {
	b.Helper()
	return b.send("GET", path, nil, headers...)
}

// made is what a POST made.
func (b *bench) made(path string, body any) map[string]any {
	b.Helper()
	a := b.send("POST", path, body)
	require.Equal(b, http.StatusCreated, a.status, a.text)
	return a.body
}

// newUser makes a user of the name, and is their id.
func (b *bench) newUser(userName string) string {
	b.Helper()
	return b.made("/Users", person(userName))["id"].(string)
}

func (b *bench) newGroup(name string, members ...string) string {
	b.Helper()
	return b.made("/Groups", map[string]any{"schemas": []string{schema.GroupURN}, "displayName": name, "members": values(members)})["id"].(string)
}

// patched is the resource after operations.
func (b *bench) patched(path string, operations ...any) map[string]any {
	b.Helper()
	a := b.send("PATCH", path, patch(operations...))
	require.Equal(b, http.StatusOK, a.status, a.text)
	return a.body
}

// requireError checks the shape of every error, RFC 7644, section 3.12.
func (b *bench) requireError(a answer, status int, scimType string) {
	b.Helper()
	require.Equal(b, status, a.status, a.text)
	require.Equal(b, media, a.header.Get("Content-Type"), a.text)
	require.Equal(b, []any{messages + "Error"}, a.body["schemas"])
	require.Equal(b, fmt.Sprint(status), a.body["status"])
	require.NotEmpty(b, a.body["detail"])
	if scimType == "" {
		require.NotContains(b, a.body, "scimType", a.text)
	} else {
		require.Equal(b, scimType, a.body["scimType"], a.text)
	}
	for _, private := range []string{"pq:", "SQL", "SELECT", "constraint", "goroutine"} {
		require.NotContains(b, a.text, private)
	}
}

func person(userName string) map[string]any {
	return map[string]any{
		"schemas": []string{schema.UserURN}, "userName": userName, "externalId": "ext-" + userName, "active": true,
		"name":   map[string]any{"givenName": "Kim", "familyName": "Roe"},
		"emails": []any{map[string]any{"value": userName, "type": "work", "primary": true}},
	}
}

func patch(operations ...any) map[string]any {
	return map[string]any{"schemas": []string{messages + "PatchOp"}, "Operations": operations}
}

// op is a PATCH operation; an empty path and a nil value are left out.
func op(op, path string, value any) map[string]any {
	o := map[string]any{"op": op}
	if path != "" {
		o["path"] = path
	}
	if value != nil {
		o["value"] = value
	}
	return o
}

// values are members with these values.
func values(ids []string) []any {
	all := []any{}
	for _, id := range ids {
		all = append(all, map[string]any{"value": id})
	}
	return all
}

// valuesOf are the values of a multi-valued attribute.
func valuesOf(resource map[string]any, attribute string) []string {
	all := []string{}
	elements, _ := resource[attribute].([]any)
	for _, element := range elements {
		all = append(all, element.(map[string]any)["value"].(string))
	}
	return all
}

// logText is a log that many write to.
type logText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

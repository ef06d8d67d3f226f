package graph_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
	"github.com/rollcall-sync/rollcall/internal/source/graph"
)

const (
	tenantID = "9efe224a-224a-9efe-4a22-fe9e4a22fe9e"
	token    = "eyJhbGciOiJub25lIn0.c2VjcmV0.dG9rZW4"
	secret   = "S3CR3T-abc"
)

// wire is a hand-made Graph with its sign-in service, for answers that no tenant would give.
type wire struct {
	*httptest.Server

	mu       sync.Mutex
	answer   http.HandlerFunc
	requests []*http.Request // to Graph
	tokens   int             // given out
}

func newWire(t testing.TB, answer http.HandlerFunc) *wire {
	w := &wire{answer: answer}
	mux := http.NewServeMux()
	mux.HandleFunc("/"+tenantID+"/v2.0/.well-known/openid-configuration", func(out http.ResponseWriter, _ *http.Request) {
		base := w.URL + "/" + tenantID
		_, _ = fmt.Fprintf(out, `{"issuer":"%[1]s/v2.0","authorization_endpoint":"%[1]s/oauth2/v2.0/authorize","token_endpoint":"%[1]s/oauth2/v2.0/token"}`, base)
	})
	mux.HandleFunc("/"+tenantID+"/oauth2/v2.0/token", func(out http.ResponseWriter, _ *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.tokens++
		_, _ = fmt.Fprintf(out, `{"token_type":"Bearer","expires_in":3599,"access_token":%q}`, token)
	})
	mux.HandleFunc("/v1.0/", func(out http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.requests = append(w.requests, r)
		w.mu.Unlock()
		w.answer(out, r)
	})
	w.Server = httptest.NewTLSServer(mux)
	t.Cleanup(w.Close)
	return w
}

func (w *wire) opener() *graph.Opener {
	roots := x509.NewCertPool()
	roots.AddCert(w.Certificate())
	return graph.New(graph.Options{ClientID: "rollcall", ClientSecret: secret, LoginURL: w.URL, GraphURL: w.URL + "/", RootCAs: roots})
}

func body(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, text) }
}

func failure(t *testing.T, err error) *directory.Error {
	t.Helper()
	var coded *directory.Error
	require.ErrorAs(t, err, &coded)
	return coded
}

func TestRequests(t *testing.T) {
	t.Parallel()
	w := newWire(t, nil)
	next := w.URL + "/v1.0/users?%24select=id&$skiptoken=a%2Bb%24%2f~%7E"
	w.answer = body(`{"value":[{"id":"e-1","extra":1,"mail":null,
		"onPremisesExtensionAttributes":{"extensionAttribute1":"00042"},"employeeOrgData":null}],"@odata.nextLink":"` + next + `"}`)
	from := open(t, w.opener(), tenantID)
	paths := []string{"mail", "onPremisesExtensionAttributes/extensionAttribute1", "employeeOrgData.costCenter", "onPremisesExtensionAttributes/none", "/"}

	page, err := from.Users(t.Context(), "", paths, 5000)
	require.NoError(t, err)
	require.Equal(t, []source.Record{{ID: "e-1", Enabled: true, Attributes: map[string]json.RawMessage{
		"onPremisesExtensionAttributes/extensionAttribute1": json.RawMessage(`"00042"`),
	}}}, page.Records)
	require.Equal(t, next, page.Next)
	_, err = from.Users(t.Context(), page.Next, paths, 5)
	require.NoError(t, err)
	_, err = from.User(t.Context(), "a/b?c", paths)
	require.Error(t, err)

	require.Len(t, w.requests, 3)
	require.Equal(t, "/v1.0/users?$select=accountEnabled,employeeOrgData,id,mail,onPremisesExtensionAttributes&$top=999", w.requests[0].RequestURI)
	require.Equal(t, strings.TrimPrefix(next, w.URL), w.requests[1].RequestURI)
	require.Equal(t, "/v1.0/users/a%2Fb%3Fc?$select=accountEnabled,employeeOrgData,id,mail,onPremisesExtensionAttributes", w.requests[2].RequestURI)
	for _, r := range w.requests {
		require.Equal(t, "Bearer "+token, r.Header.Get("Authorization"))
		require.Equal(t, "application/json", r.Header.Get("Accept"))
	}
}

func TestManager(t *testing.T) {
	t.Parallel()
	w := newWire(t, body(`{"value":[{"id":"1","manager":{"@odata.type":"#microsoft.graph.user","id":"2"}},{"id":"2"},{"id":"3","manager":null}]}`))
	from := open(t, w.opener(), tenantID)
	page, err := from.Users(t.Context(), "", []string{"manager", "mail"}, 0)
	require.NoError(t, err)
	require.Equal(t, json.RawMessage(`"2"`), page.Records[0].Attributes["manager"])
	require.Empty(t, page.Records[1].Attributes)
	require.Empty(t, page.Records[2].Attributes)
	w.answer = body(`{"id":"1","manager":{"id":"2"}}`)
	user, err := from.User(t.Context(), "1", []string{"manager"})
	require.NoError(t, err)
	require.Equal(t, json.RawMessage(`"2"`), user.Attributes["manager"])
	w.answer = body(`{"value":[],"@odata.deltaLink":"` + w.URL + `/v1.0/users/delta?$deltatoken=x"}`)
	incremental, ok := from.(source.Incremental)
	require.True(t, ok)
	_, err = incremental.ChangesLink(t.Context(), []string{"manager"})
	require.NoError(t, err)

	require.Equal(t, "/v1.0/users?$expand=manager($select=id)&$select=accountEnabled,id,mail&$top=999", plain(t, w.requests[0]))
	require.Equal(t, "/v1.0/users/1?$expand=manager($select=id)&$select=accountEnabled,id", plain(t, w.requests[1]))
	require.Equal(t, "/v1.0/users/delta?$select=accountEnabled,id,manager&$deltatoken=latest", plain(t, w.requests[2]), "changes are not expanded")
}

// plain is where a request goes, unescaped.
func plain(t *testing.T, r *http.Request) string {
	t.Helper()
	address, err := url.PathUnescape(r.RequestURI)
	require.NoError(t, err)
	return address
}

func TestEnabled(t *testing.T) {
	t.Parallel()
	w := newWire(t, body(`{"value":[{"id":"1","accountEnabled":true},{"id":"2","accountEnabled":false},{"id":"3","accountEnabled":null},{"id":"4"}]}`))
	page, err := open(t, w.opener(), tenantID).Users(t.Context(), "", nil, 0)
	require.NoError(t, err)
	var enabled []bool
	for _, record := range page.Records {
		enabled = append(enabled, record.Enabled)
	}
	require.Equal(t, []bool{true, false, true, true}, enabled)
}

func TestMalformedAnswers(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{}`, `{"value":null}`, `{"value":{}}`, `{"value":"none"}`, `[]`, `"x"`, `null`, `{"error":{"code":"x"}}`,
		`{"value":[null]}`, `{"value":[{}]}`, `{"value":[{"id":""}]}`, `{"value":[{"id":null}]}`, `{"value":[{"id":7}]}`,
		`{"value":[{"id":"1","accountEnabled":"no"}]}`, `{"value":[],"@odata.nextLink":7}`,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, body(text))
			page, err := open(t, w.opener(), tenantID).Users(t.Context(), "", nil, 0)
			require.Empty(t, page)
			got := failure(t, err)
			require.Equal(t, directory.CodeSourceRefused, got.Code)
			require.True(t, got.Permanent)
			require.Contains(t, got.Message, "malformed answer")
		})
	}
	for _, text := range []string{``, `{"value":[`, `{"value":[]}}`, `<html>`} {
		w := newWire(t, body(text))
		_, err := open(t, w.opener(), tenantID).Users(t.Context(), "", nil, 0)
		require.Equal(t, directory.CodeSourceUnavailable, failure(t, err).Code, text)
	}
	for _, text := range []string{`many`, `-1`, `{"error":{}}`} {
		w := newWire(t, body(text))
		_, err := open(t, w.opener(), tenantID).CountUsers(t.Context())
		require.Equal(t, directory.CodeSourceRefused, failure(t, err).Code, text)
	}
}

// A token goes to the configured Graph alone, whatever a stored or served link says.
func TestTokenStaysWithGraph(t *testing.T) {
	t.Parallel()
	collector := newWire(t, body(`{"value":[]}`))
	w := newWire(t, func(out http.ResponseWriter, r *http.Request) {
		http.Redirect(out, r, collector.URL+"/v1.0/users", http.StatusFound)
	})
	from := open(t, w.opener(), tenantID)
	_, err := from.Users(t.Context(), "", nil, 0)
	require.Equal(t, directory.CodeSourceUnavailable, failure(t, err).Code)
	asked := len(w.requests)
	for _, link := range []string{
		collector.URL + "/v1.0/users?$skiptoken=x", strings.Replace(w.URL, "https", "http", 1) + "/v1.0/users", w.URL + "/beta/users",
		strings.Replace(w.URL, "https://", "https://a@", 1) + "/v1.0/users", w.URL + ".example/v1.0/users", "/v1.0/users", "::",
	} {
		_, err := from.Users(t.Context(), link, nil, 0)
		require.Equal(t, directory.CodeSourceRefused, failure(t, err).Code, link)
		require.True(t, failure(t, err).Permanent)
	}
	require.Len(t, w.requests, asked)
	require.Empty(t, collector.requests)
}

// Case L3: what a server echoes is in no error.
func TestErrorsKeepNoSecret(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 302, 400, 401, 403, 404, 410, 429, 500, 503} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			w := newWire(t, func(out http.ResponseWriter, r *http.Request) {
				sent := r.Header.Get("Authorization")
				out.Header().Set("WWW-Authenticate", "Bearer claims="+sent)
				out.Header().Set("Retry-After", sent)
				out.WriteHeader(status)
				_, _ = fmt.Fprintf(out, `{"error":{"code":%[1]q,"message":%[1]q},"value":%[1]q,"id":%[1]q}`, sent)
			})
			from := open(t, w.opener(), tenantID)
			_, first := from.Users(t.Context(), "", nil, 0)
			_, second := from.CountUsers(t.Context())
			_, third := from.Tenant(t.Context())
			require.Len(t, w.requests, 3)
			for _, err := range []error{first, second, third} {
				got := failure(t, err)
				said := fmt.Sprintf("%v %+v %s %v", err, got, got.Sentence(), got.Cause)
				for _, word := range []string{token, secret, "c2VjcmV0", base64.StdEncoding.EncodeToString([]byte(token))} {
					require.NotContains(t, said, word)
				}
			}
		})
	}
}

func TestTokenIsReused(t *testing.T) {
	t.Parallel()
	w := newWire(t, body(`{"value":[]}`))
	opener := w.opener()
	for range 3 {
		_, err := open(t, opener, tenantID).Users(t.Context(), "", nil, 0)
		require.NoError(t, err)
	}
	require.Equal(t, 1, w.tokens)

	good := w.answer
	w.answer = func(out http.ResponseWriter, _ *http.Request) { out.WriteHeader(http.StatusUnauthorized) }
	_, err := open(t, opener, tenantID).Users(t.Context(), "", nil, 0)
	require.Equal(t, directory.CodeSourceUnavailable, failure(t, err).Code, "a token that was good may be out of date")
	_, err = open(t, opener, tenantID).Users(t.Context(), "", nil, 0)
	require.Equal(t, directory.CodeConsentRevoked, failure(t, err).Code, "a new token is refused as well")
	w.answer = good
	_, err = open(t, opener, tenantID).Users(t.Context(), "", nil, 0)
	require.NoError(t, err)
	require.Equal(t, 3, w.tokens)
}

func TestTenantChanged(t *testing.T) {
	t.Parallel()
	w := newWire(t, body(`{"value":[{"id":"00000000-0000-4000-8000-000000000000","displayName":"Fabrikam"}]}`))
	_, err := open(t, w.opener(), tenantID).Tenant(t.Context())
	require.Equal(t, directory.CodeTenantChanged, failure(t, err).Code)
	require.True(t, failure(t, err).Permanent)
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	good := graph.Options{ClientID: "rollcall", ClientSecret: secret}
	_, err := graph.New(good).Open(t.Context(), directory.Connection{})
	require.Equal(t, "connection_pending", failure(t, err).Code)
	for name, change := range map[string]func(*graph.Options){
		"no secret":      func(o *graph.Options) { o.ClientSecret = "" },
		"plain login":    func(o *graph.Options) { o.LoginURL = "http://login.example" },
		"plain Graph":    func(o *graph.Options) { o.GraphURL = "http://graph.example" },
		"relative Graph": func(o *graph.Options) { o.GraphURL = "graph.example" },
		"no URL":         func(o *graph.Options) { o.GraphURL = "https://a b" },
	} {
		options := good
		change(&options)
		_, err := graph.New(options).Open(t.Context(), directory.Connection{Tenant: &directory.Tenant{ID: tenantID}})
		require.Equal(t, directory.CodeSourceRefused, failure(t, err).Code, name)
		require.NotContains(t, err.Error(), secret)
	}
	from := open(t, graph.New(good), tenantID)
	require.NotNil(t, from)
}

func TestSignInRefused(t *testing.T) {
	t.Parallel()
	w := newWire(t, body(`{"value":[]}`))
	from := open(t, w.opener(), "11111111-2222-3333-4444-555555555555") // the sign-in service answers 404
	_, err := from.Tenant(t.Context())
	require.Equal(t, directory.CodeSourceRefused, failure(t, err).Code)
	require.Empty(t, w.requests)
}

// Microsoft's own samples of the answers that the source reads.
func TestMicrosoftsSamples(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for _, sample := range readSamples(t) {
		route, _, _ := strings.Cut(strings.TrimPrefix(sample.Request.Path, "/v1.0"), "?")
		w := newWire(t, body(sample.text()))
		from := open(t, w.opener(), tenantID)
		var err error
		switch paths := []string{"displayName", "mail"}; {
		case sample.Request.Method != http.MethodGet:
			continue
		case route == "/users":
			_, err = from.Users(t.Context(), "", paths, 0)
		case route == "/users/*":
			_, err = from.User(t.Context(), "x", paths)
		case route == "/users/$count":
			var count int
			count, err = from.CountUsers(t.Context())
			require.Equal(t, 893, count)
		case route == "/organization":
			_, err = from.Tenant(t.Context())
		case route == "/groups":
			_, err = from.Groups(t.Context(), "", "", 0)
		case route == "/groups/*":
			_, err = from.Group(t.Context(), "x")
		case route == "/groups/*/transitiveMembers":
			_, err = from.Members(t.Context(), "x", "")
		case route == "/users/delta":
			_, err = from.(source.Incremental).Changes(t.Context(), w.URL+"/v1.0/users/delta?$deltatoken=T1")
		default:
			continue
		}
		if route != "/organization" && route != "/users/$count" && !sample.hasIDs() {
			require.ErrorContains(t, err, "without an id", "an answer to a request that did not select ids")
			continue
		}
		require.NoError(t, err, sample.Request.Path)
		seen[route]++
	}
	require.Equal(t, map[string]int{
		"/users": 6, "/users/*": 2, "/users/$count": 1, "/users/delta": 1, "/organization": 1,
		"/groups": 4, "/groups/*": 2, "/groups/*/transitiveMembers": 1,
	}, seen)
}

type sample struct {
	Request  struct{ Method, Path string }
	Response struct{ Body json.RawMessage }
}

func readSamples(t *testing.T) []sample {
	data, err := os.ReadFile("../../../../shared/fixtures/graph/responses.json")
	if err != nil {
		t.Skipf("Microsoft's samples are not there: %v", err)
	}
	var samples []sample
	require.NoError(t, json.Unmarshal(data, &samples))
	return samples
}

// text is the body as it was sent: a body that is no JSON is a string in the file.
func (s sample) text() string {
	var text string
	if json.Unmarshal(s.Response.Body, &text) == nil {
		return text
	}
	return string(s.Response.Body)
}

// hasIDs says whether all records of the sample have an id.
func (s sample) hasIDs() bool {
	var one struct {
		ID    string
		Value json.RawMessage
	}
	var list []struct{ ID string }
	_ = json.Unmarshal([]byte(s.text()), &one)
	if json.Unmarshal(one.Value, &list) != nil {
		return one.ID != "" || strings.Contains(string(one.Value), `"id"`)
	}
	for _, record := range list {
		if record.ID == "" {
			return false
		}
	}
	return true
}

// BenchmarkPage reads a page of 999 users over HTTPS on loopback.
func BenchmarkPage(b *testing.B) {
	var users []string
	for i := range 999 {
		users = append(users, fmt.Sprintf(`{"id":"00000000-0000-4000-8000-%012d","accountEnabled":true,"givenName":"Ada","surname":"Lovelace %d","mail":"ada%d@contoso.example","department":"Research","jobTitle":"Analyst","employeeHireDate":"2019-06-06T00:00:00Z"}`, i, i, i))
	}
	text := `{"value":[` + strings.Join(users, ",") + `]}`
	from := open(b, newWire(b, body(text)).opener(), tenantID)
	paths := []string{"givenName", "surname", "mail", "department", "jobTitle", "employeeHireDate"}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		page, err := from.Users(b.Context(), "", paths, 0)
		if err != nil || len(page.Records) != 999 {
			b.Fatal(len(page.Records), err)
		}
	}
}

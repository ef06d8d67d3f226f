package google_test

import (
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
	"github.com/rollcall-sync/rollcall/internal/source/google"
)

const (
	customerID = "C01abc"
	token      = "ya29.c2VjcmV0dG9rZW4"
	refresh    = "1//RT-xyz"
	secret     = "S3CR3T-abc"
)

// wire is a hand-made Directory API with its sign-in service, for answers that no tenant would give.
type wire struct {
	*httptest.Server

	mu       sync.Mutex
	answer   http.HandlerFunc
	signIn   http.HandlerFunc
	requests []*http.Request // to the API
	tokens   []url.Values    // asked for
	revoked  []url.Values    // given back, one at a time
}

func newWire(t testing.TB, answer http.HandlerFunc) *wire {
	w := &wire{answer: answer, signIn: body(fmt.Sprintf(`{"token_type":"Bearer","expires_in":3599,"access_token":%q}`, token))}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(out http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		w.mu.Lock()
		w.tokens = append(w.tokens, r.PostForm)
		w.mu.Unlock()
		w.signIn(out, r)
	})
	mux.HandleFunc("POST /revoke", func(out http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		w.revoked = append(w.revoked, r.PostForm)
		w.answer(out, r)
	})
	mux.HandleFunc("/admin/directory/v1/", func(out http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.requests = append(w.requests, r)
		w.mu.Unlock()
		w.answer(out, r)
	})
	w.Server = httptest.NewTLSServer(mux)
	t.Cleanup(w.Close)
	return w
}

func (w *wire) options() google.Options {
	roots := x509.NewCertPool()
	roots.AddCert(w.Certificate())
	return google.Options{ClientID: "rollcall", ClientSecret: secret, LoginURL: w.URL, APIURL: w.URL + "/", RootCAs: roots, Unseal: unseal}
}

func (w *wire) open(t testing.TB) source.Source {
	return open(t, google.New(w.options()), customerID, refresh)
}

func body(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		_, _ = fmt.Fprint(w, text)
	}
}

// status answers with a status and an error of the Directory API.
func status(code int, domain, reason, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = fmt.Fprintf(w, `{"error":{"code":%d,"message":%q,"errors":[{"domain":%q,"reason":%q,"message":%q}]}}`, code, message, domain, reason, message)
	}
}

func failure(t *testing.T, err error) *directory.Error {
	t.Helper()
	var coded *directory.Error
	require.ErrorAs(t, err, &coded)
	return coded
}

func TestRequests(t *testing.T) {
	t.Parallel()
	w := newWire(t, body(`{"schemas":[],"users":[],"id":"1","nextPageToken":"a+b/c="}`))
	from := w.open(t)
	ctx := t.Context()
	paths := []string{"name.givenName", "name.familyName", "primaryEmail", "", "x)y.z"}
	page, err := from.Users(ctx, "", paths, 5000)
	require.NoError(t, err)
	require.Equal(t, "a+b/c=", page.Next)
	_, err = from.Users(ctx, page.Next, append(paths, "customSchemas.HR.badge"), 3)
	require.NoError(t, err)
	_, err = from.User(ctx, "a/b?c", paths)
	require.NoError(t, err)
	_, err = from.Group(ctx, "g/1")
	require.NoError(t, err)
	_, err = from.Groups(ctx, "p", "O'Brien", 0)
	require.NoError(t, err)
	_, err = from.Members(ctx, "g/1", "p")
	require.NoError(t, err)
	_, err = from.CountMembers(ctx, "g/1")
	require.NoError(t, err)

	var asked []string
	for _, r := range w.requests {
		address, err := url.PathUnescape(strings.TrimPrefix(r.RequestURI, "/admin/directory/v1/"))
		require.NoError(t, err)
		asked = append(asked, address)
		require.Equal(t, "Bearer "+token, r.Header.Get("Authorization"))
	}
	const common = "alt=json&%s&prettyPrint=false"
	require.Equal(t, []string{
		"users?alt=json&customer=my_customer&fields=nextPageToken,users(archived,id,name,primaryEmail,suspended)&maxResults=500&prettyPrint=false&projection=basic",
		"customer/my_customer/schemas?" + fmt.Sprintf(common, "fields=schemas(schemaName,displayName,fields(fieldName,displayName,fieldType,multiValued))"),
		"users?alt=json&customer=my_customer&fields=nextPageToken,users(archived,customSchemas,id,name,primaryEmail,suspended)&maxResults=3&pageToken=a+b/c=&prettyPrint=false&projection=full",
		"users/a/b?c?" + fmt.Sprintf(common, "fields=archived,id,name,primaryEmail,suspended") + "&projection=basic",
		"groups/g/1?" + fmt.Sprintf(common, "fields=id,name,description,email"),
		"groups?alt=json&customer=my_customer&fields=nextPageToken,groups(id,name,description,email)&maxResults=200&pageToken=p&prettyPrint=false&query=name:O*",
		"groups/g/1/members?alt=json&fields=nextPageToken,members(id,type)&includeDerivedMembership=true&maxResults=200&pageToken=p&prettyPrint=false",
		"groups/g/1?" + fmt.Sprintf(common, "fields=directMembersCount"),
	}, asked)
	require.Contains(t, w.requests[3].RequestURI, "/users/a%2Fb%3Fc?")
	require.Equal(t, []url.Values{{
		"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_id": {"rollcall"}, "client_secret": {secret},
	}}, w.tokens)
}

func TestMalformedAnswers(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"users":{}}`, `{"users":"none"}`, `[]`, `"x"`, `null`, `7`, `{"error":{"code":403}}`,
		`{"users":[null]}`, `{"users":[{}]}`, `{"users":[{"id":""}]}`, `{"users":[{"id":null}]}`, `{"users":[{"id":7}]}`,
		`{"users":[{"id":"1","suspended":"no"}]}`, `{"users":[{"id":"1","archived":1}]}`, `{"users":[],"nextPageToken":7}`,
	} {
		w := newWire(t, body(text))
		page, err := w.open(t).Users(t.Context(), "", nil, 0)
		require.Empty(t, page)
		got := failure(t, err)
		require.Equal(t, directory.CodeSourceRefused, got.Code, text)
		require.True(t, got.Permanent)
		require.Contains(t, got.Message, "malformed answer")
	}
	for _, text := range []string{``, `{"users":[`, `{"users":[]}}`, `<html>`} {
		w := newWire(t, body(text))
		_, err := w.open(t).Users(t.Context(), "", nil, 0)
		require.Equal(t, directory.CodeSourceUnavailable, failure(t, err).Code, text)
	}
	for _, text := range []string{`{"groups":[{}],"members":[{"type":"USER"}],"customerDomain":"x.example"}`, `{"groups":7,"members":{},"id":7}`} {
		from := newWire(t, body(text)).open(t)
		_, groups := from.Groups(t.Context(), "", "", 0)
		_, one := from.Group(t.Context(), "g")
		_, members := from.Members(t.Context(), "g", "")
		_, customer := from.Tenant(t.Context())
		for _, err := range []error{groups, one, members, customer} {
			require.Equal(t, directory.CodeSourceRefused, failure(t, err).Code, text)
		}
	}
}

// A token goes to the configured API alone, wherever an answer leads.
func TestTokenStaysWithTheAPI(t *testing.T) {
	t.Parallel()
	collector := newWire(t, body(`{}`))
	w := newWire(t, func(out http.ResponseWriter, r *http.Request) {
		http.Redirect(out, r, collector.URL+"/admin/directory/v1/users", http.StatusFound)
	})
	_, err := w.open(t).Users(t.Context(), "", nil, 0)
	require.Equal(t, directory.CodeSourceUnavailable, failure(t, err).Code)
	w.signIn = func(out http.ResponseWriter, r *http.Request) {
		http.Redirect(out, r, collector.URL+"/token", http.StatusTemporaryRedirect)
	}
	_, err = w.open(t).Users(t.Context(), "", nil, 0)
	require.Equal(t, directory.CodeSourceUnavailable, failure(t, err).Code)
	require.Empty(t, collector.requests)
	require.Empty(t, collector.tokens)
}

// Case L3: what a server echoes is in no error.
func TestCaseL3_ErrorsKeepNoSecret(t *testing.T) {
	t.Parallel()
	for _, code := range []int{200, 302, 400, 401, 403, 404, 412, 429, 500, 503} {
		for _, signIn := range []bool{false, true} {
			w := newWire(t, nil)
			echo := func(out http.ResponseWriter, r *http.Request) {
				sent := r.Header.Get("Authorization") + r.PostForm.Encode()
				out.Header().Set("WWW-Authenticate", "Bearer claims="+sent)
				out.Header().Set("Retry-After", sent)
				out.Header().Set("Content-Type", "application/json")
				out.WriteHeader(code)
				_, _ = fmt.Fprintf(out, `{"error":{"code":400,"message":%[1]q,"errors":[{"reason":%[1]q,"domain":%[1]q}]},"users":%[1]q,"members":%[1]q,"id":7}`, sent)
			}
			w.answer = echo
			if signIn {
				w.signIn = echo
			}
			from := w.open(t)
			_, first := from.Users(t.Context(), "", nil, 0)
			_, second := from.Members(t.Context(), "g", "")
			_, third := from.Tenant(t.Context())
			for _, err := range []error{first, second, third} {
				got := failure(t, err)
				said := fmt.Sprintf("%v %+v %s %v", err, got, got.Sentence(), got.Cause)
				for _, word := range []string{token, "c2VjcmV0", refresh, "RT-xyz", secret, base64.StdEncoding.EncodeToString([]byte(token))} {
					require.NotContains(t, said, word, code)
				}
			}
		}
	}
}

func TestTokenIsReused(t *testing.T) {
	t.Parallel()
	w := newWire(t, body(`{}`))
	opener := google.New(w.options())
	for range 3 {
		_, err := open(t, opener, customerID, refresh).Users(t.Context(), "", nil, 0)
		require.NoError(t, err)
	}
	require.Len(t, w.tokens, 1)

	good := w.answer
	w.answer = status(401, "global", "authError", "Invalid Credentials")
	_, err := open(t, opener, customerID, refresh).Users(t.Context(), "", nil, 0)
	require.Equal(t, directory.CodeSourceUnavailable, failure(t, err).Code, "a token that was good may be out of date")
	_, err = open(t, opener, customerID, refresh).Users(t.Context(), "", nil, 0)
	require.Equal(t, directory.CodeConsentRevoked, failure(t, err).Code, "a new token is refused as well")
	w.answer = good
	_, err = open(t, opener, customerID, refresh).Users(t.Context(), "", nil, 0)
	require.NoError(t, err)
	require.Len(t, w.tokens, 3)

	_, err = open(t, opener, customerID, "1//another").Users(t.Context(), "", nil, 0)
	require.NoError(t, err)
	require.Len(t, w.tokens, 4, "a new consent has a token of its own")
	require.Equal(t, "1//another", w.tokens[3].Get("refresh_token"))
}

// An outdated token that several requests use at the same time is no revoked consent for any of them.
func TestOutdatedTokenOfManyRequests(t *testing.T) {
	t.Parallel()
	const many = 4
	w := newWire(t, body(`{}`))
	from := w.open(t)
	_, err := from.Users(t.Context(), "", nil, 0)
	require.NoError(t, err)

	arrived := make(chan struct{}, many)
	refuse := make(chan struct{})
	w.answer = func(out http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-refuse
		status(401, "global", "authError", "Invalid Credentials")(out, r)
	}
	failures := make(chan error, many)
	for range many {
		go func() {
			_, err := from.Users(t.Context(), "", nil, 0)
			failures <- err
		}()
	}
	for range many {
		<-arrived
	}
	close(refuse)
	for range many {
		require.Equal(t, directory.CodeSourceUnavailable, failure(t, <-failures).Code)
	}
}

func TestTenant(t *testing.T) {
	t.Parallel()
	w := newWire(t, body(`{"id":"C01abc","customerDomain":"corp.example"}`))
	got, err := w.open(t).Tenant(t.Context())
	require.NoError(t, err)
	require.Equal(t, directory.Tenant{ID: customerID, Name: "corp.example", Domains: []string{"corp.example"}}, got)

	other := open(t, google.New(w.options()), "C02other", refresh)
	_, err = other.Tenant(t.Context())
	require.Equal(t, directory.CodeTenantChanged, failure(t, err).Code)
	require.True(t, failure(t, err).Permanent)

	first, err := google.New(w.options()).Open(t.Context(), directory.Connection{ID: "connection-1", Secret: seal(refresh)})
	require.NoError(t, err)
	got, err = first.Tenant(t.Context())
	require.NoError(t, err, "a connection without a tenant learns it")
	require.Equal(t, customerID, got.ID)
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	good := google.Options{ClientID: "rollcall", ClientSecret: secret, Unseal: unseal}
	connection := directory.Connection{ID: "connection-1", Secret: seal(refresh)}
	_, err := google.New(good).Open(t.Context(), directory.Connection{ID: "connection-1"})
	require.Equal(t, "connection_pending", failure(t, err).Code)
	for name, change := range map[string]func(*google.Options){
		"no id":        func(o *google.Options) { o.ClientID = "" },
		"no secret":    func(o *google.Options) { o.ClientSecret = "" },
		"no key":       func(o *google.Options) { o.Unseal = nil },
		"plain login":  func(o *google.Options) { o.LoginURL = "http://login.example" },
		"plain API":    func(o *google.Options) { o.APIURL = "http://api.example" },
		"relative API": func(o *google.Options) { o.APIURL = "api.example" },
		"no URL":       func(o *google.Options) { o.APIURL = "https://a b" },
	} {
		options := good
		change(&options)
		_, err := google.New(options).Open(t.Context(), connection)
		require.Equal(t, directory.CodeSourceRefused, failure(t, err).Code, name)
		require.NotContains(t, err.Error(), secret)
	}
	_, err = google.New(good).Open(t.Context(), directory.Connection{ID: "connection-2", Secret: seal(refresh)})
	require.Equal(t, directory.CodeSourceRefused, failure(t, err).Code, "the secret of another connection")
	_, err = google.New(good).Open(t.Context(), connection)
	require.NoError(t, err)
}

// BenchmarkPage reads a page of 500 users over HTTPS on loopback.
func BenchmarkPage(b *testing.B) {
	var users []string
	for i := range 500 {
		users = append(users, fmt.Sprintf(`{"id":"1%020d","suspended":false,"archived":false,"name":{"givenName":"Ada","familyName":"Lovelace %d"},"primaryEmail":"ada%d@contoso.example","organizations":[{"title":"Analyst","department":"Research","primary":true}]}`, i, i, i))
	}
	text := `{"users":[` + strings.Join(users, ",") + `]}`
	from := newWire(b, body(text)).open(b)
	paths := []string{"name.givenName", "name.familyName", "primaryEmail", "organizations.title", "organizations.department"}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		page, err := from.Users(b.Context(), "", paths, 0)
		if err != nil || len(page.Records) != 500 {
			b.Fatal(len(page.Records), err)
		}
	}
}

// An answer that breaks off says nothing for certain, whatever its status.
func TestRefusalThatBreaksOffIsWorthAnotherTry(t *testing.T) {
	t.Parallel()
	w := newWire(t, func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("Content-Length", "500")
		out.WriteHeader(http.StatusForbidden)
		_, _ = out.Write([]byte(`{"error":{"code":403,"errors":[{"domain":"usageLimits","rea`))
	})
	_, err := w.open(t).Users(t.Context(), "", nil, 0)
	require.Equal(t, directory.CodeSourceUnavailable, failure(t, err).Code)
	require.False(t, failure(t, err).Permanent)
}

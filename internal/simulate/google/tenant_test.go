package google_test

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/simulate/google"
)

const api = "/admin/directory/v1/"

// client speaks to a simulated tenant over real HTTP.
type client struct {
	t      *testing.T
	tenant *google.Tenant
	url    string
	token  string
}

// answer is a response that has been read.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) object(t *testing.T) map[string]any {
	t.Helper()
	var object map[string]any
	require.NoError(t, json.Unmarshal(a.body, &object), "%s", a.body)
	return object
}

// start serves a directory and signs in as its administrator.
func start(t *testing.T, directory google.Directory, options ...google.Option) *client {
	t.Helper()
	tenant := google.New(directory, options...)
	server := httptest.NewServer(tenant)
	t.Cleanup(server.Close)
	c := &client{t: t, tenant: tenant, url: server.URL}
	c.token = c.refreshed(c.granted())
	return c
}

func parse(t *testing.T, directory string) google.Directory {
	t.Helper()
	parsed, err := google.Parse([]byte(directory))
	require.NoError(t, err)
	return parsed
}

// granted is a refresh token of an administrator.
func (c *client) granted() string {
	c.t.Helper()
	token, _ := c.control(http.MethodPost, "grant-consent", "", http.StatusOK).object(c.t)["refresh_token"].(string)
	require.NotEmpty(c.t, token)
	return token
}

// refreshed is an access token got with a refresh token.
func (c *client) refreshed(refresh string) string {
	c.t.Helper()
	got := c.refresh(refresh, "app-1")
	require.Equal(c.t, http.StatusOK, got.status, "%s", got.body)
	token, _ := got.object(c.t)["access_token"].(string)
	return token
}

func (c *client) refresh(refresh, clientID string) answer {
	c.t.Helper()
	return c.post("/token", url.Values{
		"grant_type": {"refresh_token"}, "client_id": {clientID}, "client_secret": {"s3cret"}, "refresh_token": {refresh},
	})
}

func (c *client) post(path string, form url.Values) answer {
	c.t.Helper()
	return c.do(http.MethodPost, path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

// do sends a request with the token.
func (c *client) do(method, target, body string, headers ...string) answer {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.url+target, strings.NewReader(body))
	require.NoError(c.t, err)
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(c.t, err)
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	require.NoError(c.t, err)
	return answer{response.StatusCode, response.Header, read}
}

func (c *client) get(target string) answer {
	c.t.Helper()
	return c.do(http.MethodGet, target, "")
}

func (c *client) control(method, path, body string, status int) answer {
	c.t.Helper()
	got := c.do(method, "/_sim/"+path, body)
	require.Equal(c.t, status, got.status, "%s", got.body)
	return got
}

// show reads one object of the Directory API.
func (c *client) show(target string) map[string]any {
	c.t.Helper()
	got := c.get(api + target)
	require.Equal(c.t, http.StatusOK, got.status, "%s", got.body)
	return got.object(c.t)
}

// all reads a list to its end and returns the values of one property of its items.
func (c *client) all(target, list, property string) (values []string, pages int) {
	c.t.Helper()
	values = []string{}
	for token := ""; ; {
		page := c.show(target + "&pageToken=" + token)
		pages++
		items, _ := page[list].([]any)
		for _, item := range items {
			value, _ := item.(map[string]any)[property].(string)
			values = append(values, value)
		}
		var more bool
		if token, more = page["nextPageToken"].(string); !more {
			return values, pages
		}
	}
}

// requireError checks an error in Google's form.
func (c *client) requireError(got answer, status int, reason string) {
	c.t.Helper()
	require.Equal(c.t, status, got.status, "%s", got.body)
	var body struct {
		Error struct {
			Code    int
			Message string
			Status  string
			Errors  []struct{ Domain, Reason, Message string }
		}
	}
	require.NoError(c.t, json.Unmarshal(got.body, &body), "%s", got.body)
	require.Equal(c.t, status, body.Error.Code)
	require.NotEmpty(c.t, body.Error.Message)
	require.NotEmpty(c.t, body.Error.Status)
	require.Len(c.t, body.Error.Errors, 1)
	require.Equal(c.t, reason, body.Error.Errors[0].Reason)
	require.NotEmpty(c.t, body.Error.Errors[0].Domain)
}

// fixture is a sample that lies beside the project.
func fixture(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "..", "shared", "fixtures", "google", name)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the sample %s is not there; it lies beside the project in shared/fixtures", name)
	}
	return path
}

package graph_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

// client speaks to a simulated tenant over real HTTP.
type client struct {
	t      *testing.T
	tenant *graph.Tenant
	url    string
	token  string
}

// answer is a response that has been read.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// page is a collection as Graph answers it.
type page struct {
	Context   string            `json:"@odata.context"`
	Count     *int              `json:"@odata.count"`
	Next      string            `json:"@odata.nextLink"`
	DeltaLink string            `json:"@odata.deltaLink"`
	Value     []json.RawMessage `json:"value"`
}

func start(t *testing.T, directory graph.Directory, options ...graph.Option) *client {
	t.Helper()
	tenant := graph.New(directory, options...)
	server := httptest.NewServer(tenant)
	t.Cleanup(server.Close)
	c := &client{t: t, tenant: tenant, url: server.URL}
	c.token = c.signIn()
	return c
}

func parse(t *testing.T, directory string) graph.Directory {
	t.Helper()
	parsed, err := graph.Parse([]byte(directory))
	require.NoError(t, err)
	return parsed
}

func (c *client) signIn() string {
	c.t.Helper()
	got := c.tokenRequest(c.tenant.ID(), "s3cret")
	require.Equal(c.t, http.StatusOK, got.status, "%s", got.body)
	var token struct {
		Type    string `json:"token_type"`
		Expires int    `json:"expires_in"`
		Access  string `json:"access_token"`
	}
	require.NoError(c.t, json.Unmarshal(got.body, &token))
	require.Equal(c.t, "Bearer", token.Type)
	require.Positive(c.t, token.Expires)
	return token.Access
}

func (c *client) tokenRequest(tenant, secret string) answer {
	c.t.Helper()
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"app-1"}, "client_secret": {secret},
		"scope": {"https://graph.microsoft.com/.default"},
	}
	response, err := http.PostForm(c.url+"/"+tenant+"/oauth2/v2.0/token", form)
	require.NoError(c.t, err)
	return read(c.t, response)
}

// do sends a request; what starts with / is relative to the tenant.
func (c *client) do(method, target, body string, headers ...string) (answer, error) {
	c.t.Helper()
	if strings.HasPrefix(target, "/") {
		target = c.url + target
	}
	request, err := http.NewRequestWithContext(c.t.Context(), method, target, strings.NewReader(body))
	require.NoError(c.t, err)
	request.Header.Set("Authorization", "Bearer "+c.token)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, read}, err
}

func (c *client) get(target string, headers ...string) answer {
	c.t.Helper()
	got, err := c.do(http.MethodGet, target, "", headers...)
	require.NoError(c.t, err)
	return got
}

func (c *client) page(target string, headers ...string) page {
	c.t.Helper()
	got := c.get(target, headers...)
	require.Equal(c.t, http.StatusOK, got.status, "%s", got.body)
	var p page
	require.NoError(c.t, json.Unmarshal(got.body, &p))
	return p
}

// all follows the next links to the end and returns the values and the last page.
func (c *client) all(target string, headers ...string) ([]json.RawMessage, page) {
	c.t.Helper()
	var values []json.RawMessage
	for {
		p := c.page(target, headers...)
		values = append(values, p.Value...)
		if p.Next == "" {
			return values, p
		}
		target = p.Next
	}
}

func (c *client) control(method, path, body string, status int) answer {
	c.t.Helper()
	got, err := c.do(method, "/_sim/"+path, body)
	require.NoError(c.t, err)
	require.Equal(c.t, status, got.status, "%s", got.body)
	return got
}

func (c *client) requireError(got answer, status int, code string) {
	c.t.Helper()
	require.Equal(c.t, status, got.status, "%s", got.body)
	var body struct {
		Error struct {
			Code, Message string
			InnerError    map[string]string
		}
	}
	require.NoError(c.t, json.Unmarshal(got.body, &body))
	require.Equal(c.t, code, body.Error.Code)
	require.NotEmpty(c.t, body.Error.Message)
	require.NotEmpty(c.t, body.Error.InnerError["date"])
	require.NotEmpty(c.t, body.Error.InnerError["request-id"])
	require.NotEmpty(c.t, body.Error.InnerError["client-request-id"])
}

func read(t *testing.T, response *http.Response) answer {
	t.Helper()
	defer response.Body.Close()
	var body bytes.Buffer
	_, err := body.ReadFrom(response.Body)
	require.NoError(t, err)
	return answer{response.StatusCode, response.Header, body.Bytes()}
}

// texts is one property of each value.
func texts(t *testing.T, values []json.RawMessage, property string) []string {
	t.Helper()
	list := []string{}
	for _, value := range values {
		var object map[string]any
		require.NoError(t, json.Unmarshal(value, &object))
		text, _ := object[property].(string)
		list = append(list, text)
	}
	return list
}

func mustAll(c *client, target string, headers ...string) []json.RawMessage {
	c.t.Helper()
	values, _ := c.all(target, headers...)
	return values
}

func unique(list []string) map[string]bool {
	set := map[string]bool{}
	for _, s := range list {
		set[s] = true
	}
	return set
}

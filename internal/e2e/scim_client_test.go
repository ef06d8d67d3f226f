package e2e

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/directory"
)

const (
	scimMedia     = "application/scim+json"
	userURN       = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupURN      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	messages      = "urn:ietf:params:scim:api:messages:2.0:"
	nobodysID     = "5f0c7f3a-1f7b-4f39-9c28-3b3b0a3f5f11"
)

// idp is an identity provider that pushes into an account over SCIM.
type idp struct {
	*company
	credentials scimToken
}

// scimToken is a SCIM token as the API shows it; its secret only when it was just made.
type scimToken struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Token      string     `json:"token"`
	BaseURL    string     `json:"base_url"`
	ExpiresAt  *time.Time `json:"expires_at"`
	LastUsedAt *time.Time `json:"last_used_at"`
}

// newIDP makes an account with so many licences, one of which its owner holds, and a SCIM client of it.
func newIDP(t *testing.T, licences int) *idp {
	t.Helper()
	return pushing(accountOf(t, lendAny(t), t.Name(), licences))
}

// accountOf is an account at a stack, without a directory. No other has its name, by which its mails are
// told apart, however often the test runs.
func accountOf(t *testing.T, stack *devstack.Stack, name string, licences int) *company {
	t.Helper()
	account, err := stack.NewAccount(t.Context(), name+"-"+rand.Text()[:8], owner, licences)
	require.NoError(t, err)
	return &company{T: t, stack: stack, account: account}
}

// pushing turns SCIM on for the account.
func pushing(c *company) *idp {
	c.Helper()
	return &idp{company: c, credentials: c.scimToken("Okta")}
}

// neighbour is another account's identity provider at the same stack.
func (p *idp) neighbour(t *testing.T, name string) *idp {
	t.Helper()
	return pushing(accountOf(t, p.stack, t.Name()+"/"+name, 100))
}

// lendAny gives the test whichever stack is free first.
func lendAny(t *testing.T) *devstack.Stack {
	t.Helper()
	of := directory.Entra
	var stack *devstack.Stack
	select {
	case stack = <-stacks[directory.Entra]:
	case stack = <-stacks[directory.Google]:
		of = directory.Google
	case <-t.Context().Done():
		t.Fatal("no stack became free")
	}
	t.Cleanup(func() { stacks[of] <- stack })
	return stack
}

// scimToken makes a SCIM token.
func (c *company) scimToken(name string) scimToken {
	c.Helper()
	var made scimToken
	c.call(http.MethodPost, "/v1/scim/tokens", object{"name": name}, &made)
	require.NotEmpty(c, made.Token)
	return made
}

// apiToken makes a token of the API that belongs to nobody.
func (c *company) apiToken(role string) string {
	c.Helper()
	var made struct {
		Token string `json:"token"`
	}
	c.call(http.MethodPost, "/v1/tokens", object{"name": "A program", "role": role}, &made)
	return made.Token
}

// reply is an answer over SCIM.
type reply struct {
	*testing.T
	status int
	header http.Header
	text   string
	body   object
}

// at is the value at a path of names and places in the answer; nil where there is none.
func (r reply) at(path ...any) any { return dig(r.body, path...) }

func dig(value any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			o, _ := value.(object)
			value = o[step]
		case int:
			list, _ := value.([]any)
			if step >= len(list) {
				return nil
			}
			value = list[step]
		}
	}
	return value
}

// exchange sends a request with the client's token; headers are name, value, …, and an empty value
// leaves one out. A body that is a string goes as it is.
func (p *idp) exchange(method, path string, in any, headers ...string) (reply, error) {
	var content io.Reader
	switch in := in.(type) {
	case nil:
	case string:
		content = strings.NewReader(in)
	default:
		encoded, err := json.Marshal(in)
		if err != nil {
			return reply{}, err
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(p.Context(), method, p.credentials.BaseURL+path, content)
	if err != nil {
		return reply{}, err
	}
	headers = append([]string{"Authorization", "Bearer " + p.credentials.Token, "Accept", scimMedia, "Content-Type", scimMedia}, headers...)
	for pair := range slices.Chunk(headers, 2) {
		if pair[1] == "" {
			request.Header.Del(pair[0])
		} else {
			request.Header.Set(pair[0], pair[1])
		}
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return reply{T: p.T, status: response.StatusCode, header: response.Header, text: string(text)}, err
}

// send is exchange with what holds of every answer: it is no fault of the server, its body is SCIM's JSON,
// and a refusal has the body of RFC 7644, section 3.12.
func (p *idp) send(method, path string, in any, headers ...string) reply {
	p.Helper()
	r, err := p.exchange(method, path, in, headers...)
	require.NoError(p, err, "%s %s", method, path)
	require.True(p, r.status < 500 || r.status == http.StatusNotImplemented, "%s %s: %d %s", method, path, r.status, r.text)
	if r.text == "" {
		require.Contains(p, []int{http.StatusNoContent, http.StatusNotModified}, r.status, "%s %s has no body", method, path)
		return r
	}
	require.True(p, strings.HasPrefix(r.header.Get("Content-Type"), scimMedia), r.header.Get("Content-Type"))
	require.NoError(p, json.Unmarshal([]byte(r.text), &r.body), r.text)
	if r.status >= 400 {
		require.Equal(p, []any{messages + "Error"}, r.body["schemas"], r.text)
		require.Equal(p, number(r.status), r.body["status"], "the status is a string")
		require.NotEmpty(p, r.body["detail"], r.text)
		for _, inside := range []string{"pq:", "sql", "SQL", "constraint", "panic", "goroutine"} {
			require.NotContains(p, r.body["detail"], inside)
		}
	}
	return r
}

// must is send with the status that the answer must have.
func (p *idp) must(status int, method, path string, in any, headers ...string) reply {
	p.Helper()
	r := p.send(method, path, in, headers...)
	require.Equal(p, status, r.status, "%s %s: %s", method, path, r.text)
	return r
}

// denied is must with a refusal of the scimType, none when empty; it returns the detail.
func (p *idp) denied(status int, scimType, method, path string, in any, headers ...string) string {
	p.Helper()
	r := p.must(status, method, path, in, headers...)
	kind, _ := r.body["scimType"].(string)
	require.Equal(p, scimType, kind, r.text)
	return r.body["detail"].(string)
}

// where is the query of a filter, with further parameters as name, value, ….
func where(filter string, more ...string) string {
	values := url.Values{}
	if filter != "" {
		values.Set("filter", filter)
	}
	for pair := range slices.Chunk(more, 2) {
		values.Set(pair[0], pair[1])
	}
	return "?" + values.Encode()
}

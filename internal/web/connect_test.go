package web_test

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/stretchr/testify/require"
)

// begun is a connection that waits for consent.
type begun struct{ id, authorizeURL string }

func (c begun) query(b *bench) url.Values {
	b.Helper()
	at, err := url.Parse(c.authorizeURL)
	require.NoError(b, err)
	return at.Query()
}

func (c begun) state(b *bench) string { b.Helper(); return c.query(b).Get("state") }

// begin begins a connection to a provider's directory.
func (b *bench) begin(provider string) begun {
	b.Helper()
	a := b.post("/v1/connections", `{"provider":"`+provider+`"}`)
	require.Equal(b, http.StatusCreated, a.Status, a.Text)
	c := a.json(b)
	require.Equal(b, "pending", c["state"])
	require.Nil(b, c["tenant"])
	require.Contains(b, c["reads"], "email address")
	return begun{c["id"].(string), c["authorize_url"].(string)}
}

// reconnect asks for consent anew.
func (b *bench) reconnect(id string) begun {
	b.Helper()
	a := b.post("/v1/connections/"+id+"/reconnect", "")
	require.Equal(b, http.StatusOK, a.Status, a.Text)
	return begun{id, a.json(b)["authorize_url"].(string)}
}

// choose opens a page of a directory, takes one of the ways out of it, and returns the path of
// Rollcall's callback to which the browser is sent.
func (b *bench) choose(address, outcome string) string {
	b.Helper()
	browser := b.tenants.client()
	open := func(address string) *http.Response {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, address, nil)
		require.NoError(b, err)
		response, err := browser.Do(r)
		require.NoError(b, err)
		require.NoError(b, response.Body.Close())
		return response
	}
	require.Equal(b, http.StatusOK, open(address).StatusCode, address)
	link, err := url.Parse(address)
	require.NoError(b, err)
	response := open(link.JoinPath(outcome).String())
	require.Equal(b, http.StatusFound, response.StatusCode)
	path, ours := strings.CutPrefix(response.Header.Get("Location"), "https://rollcall.example")
	require.True(b, ours, response.Header.Get("Location"))
	return path
}

// comeBack has the browser follow the directory's answer to Rollcall.
func (b *bench) comeBack(path string) answer { b.Helper(); return b.send("GET", path, "", "") }

// requireNotConnected checks that a callback says why nothing was connected, to a person as well as
// to a program.
func (b *bench) requireNotConnected(path string, status int, code, says string) {
	b.Helper()
	p := b.send("GET", path, "", "", header{"Accept", "application/json"})
	b.requireProblem(p, status, code)
	require.Contains(b, p.Text, says)
}

// consents is the number of consents that are on their way.
func (b *bench) consents() (n int) {
	b.Helper()
	require.NoError(b, b.db.Get(&n, `SELECT count(*) FROM consents`))
	return n
}

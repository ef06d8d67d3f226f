package e2e

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/directory"
)

// begun is a connection for which consent was asked.
type begun struct {
	ID           string                    `json:"id"`
	AuthorizeURL string                    `json:"authorize_url"`
	Reads        string                    `json:"reads"`
	State        directory.ConnectionState `json:"state"`
	Tenant       *directory.Tenant         `json:"tenant"`
}

// begin asks for consent to read another directory.
func (c *company) begin() begun {
	c.Helper()
	var b begun
	c.call(http.MethodPost, "/v1/connections", object{"provider": c.vendor.provider}, &b)
	return b
}

// reconnect asks for consent for the company's connection anew.
func (c *company) reconnect() begun {
	c.Helper()
	var b begun
	c.call(http.MethodPost, "/v1/connections/"+c.connection+"/reconnect", nil, &b)
	return b
}

func (c *company) connectionNow(id string) begun {
	c.Helper()
	var b begun
	c.call(http.MethodGet, "/v1/connections/"+id, nil, &b)
	return b
}

// answer is what a browser that goes nowhere by itself is answered.
type answer struct {
	status int
	next   string // where it is sent
	body   string
}

// visit opens an address of the simulated tenant or of Rollcall.
func (c *company) visit(address string) answer {
	c.Helper()
	if !strings.HasPrefix(address, c.stack.StarterURL()) {
		recorder := httptest.NewRecorder()
		c.tenant().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, address, nil))
		return answer{recorder.Code, recorder.Header().Get("Location"), recorder.Body.String()}
	}
	request, err := http.NewRequestWithContext(c.Context(), http.MethodGet, address, nil)
	require.NoError(c, err)
	request.Header.Set("Accept", "application/json")
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(c, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(c, err)
	return answer{response.StatusCode, response.Header.Get("Location"), string(body)}
}

// choose follows a page's link to the outcome, and returns where the tenant then sends the browser.
func (c *company) choose(address, outcome string) (callback string) {
	c.Helper()
	page := c.visit(address)
	require.Equal(c, http.StatusOK, page.status, page.body)
	base, err := url.Parse(address)
	require.NoError(c, err)
	for _, link := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(page.body, -1) {
		target, err := base.Parse(html.UnescapeString(link[1]))
		require.NoError(c, err)
		if path.Base(target.Path) == outcome {
			sent := c.visit(target.String())
			require.Equal(c, http.StatusFound, sent.status, sent.body)
			return sent.next
		}
	}
	require.FailNow(c, "the page has no link to the outcome "+outcome, page.body)
	return ""
}

// decline is how an answer that is no success explains itself.
func (a answer) decline(t *testing.T) devstack.APIError {
	t.Helper()
	refusal := devstack.APIError{Status: a.status}
	require.NoError(t, json.Unmarshal([]byte(a.body), &refusal), a.body)
	return refusal
}

// steps are the outcomes of the pages on which an admin of the company accepts.
func (v vendor) steps() []string {
	if v.provider == directory.Entra {
		return []string{"administrator", "accept"}
	}
	return []string{"accept"}
}

// goThrough follows the outcomes, page after page, and returns what Rollcall answers at last.
func (c *company) goThrough(address string, outcomes ...string) answer {
	c.Helper()
	var said answer
	for i, outcome := range outcomes {
		said = c.visit(c.choose(address, outcome))
		if address = said.next; i < len(outcomes)-1 {
			require.Equal(c, http.StatusSeeOther, said.status, said.body)
		}
	}
	return said
}

func TestA4_ConsentConnects(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.unconnected(t, 10)
		c.serve(crowd(1))
		b := c.begin()
		require.Equal(t, directory.ConnectionPending, b.State)
		for _, what := range []string{v.provider.Title(), "role", "email address", "domain", "users", "groups"} {
			require.Contains(t, b.Reads, what, "what will be read is said beforehand")
		}
		said := c.goThrough(b.AuthorizeURL, v.steps()...)
		require.Equal(t, http.StatusOK, said.status, said.body)
		now := c.connectionNow(b.ID)
		require.Equal(t, directory.ConnectionConnected, now.State)
		require.Equal(t, "Corp Ltd", now.Tenant.Name)
		require.Equal(t, []string{"corp.example"}, now.Tenant.Domains)
	})
}

// Each way in which consent can fail has a sentence of its own, and connects nothing.
func TestA4_ConsentThatIsNone(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.unconnected(t, 10)
		c.serve(crowd(1))
		type failure struct {
			outcomes   []string
			code, says string
		}
		failures := []failure{
			{[]string{"decline"}, "consent_declined", "Consent was declined, so nothing was connected."},
			{[]string{"not-admin"}, "not_an_administrator", "no administrator of the organization"},
			{[]string{"personal-account"}, "personal_account", "personal account, which belongs to no organization"},
		}
		if v.provider == directory.Google {
			failures = append(failures, failure{[]string{"partial"}, "consent_incomplete", "did not allow Rollcall to read all that it needs"})
		} else {
			failures = append(failures, failure{[]string{"administrator", "decline"}, "consent_declined", "Consent was declined"})
		}
		said := map[string]string{}
		for _, f := range failures {
			b := c.begin()
			refusal := c.goThrough(b.AuthorizeURL, f.outcomes...).decline(t)
			require.Equal(t, http.StatusForbidden, refusal.Status, refusal.Detail)
			require.Equal(t, f.code, refusal.Code)
			require.Contains(t, refusal.Detail, f.says)
			require.Contains(t, []string{"", f.code}, said[refusal.Detail], "each has a sentence of its own")
			said[refusal.Detail] = f.code
			require.Equal(t, directory.ConnectionPending, c.connectionNow(b.ID).State)
			require.Nil(t, c.connectionNow(b.ID).Tenant)
		}
	})
}

func TestA4_WhoDeclinedCanThinkAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.unconnected(t, 10)
		c.serve(crowd(1))
		b := c.begin()
		require.Equal(t, "consent_declined", c.goThrough(b.AuthorizeURL, "decline").decline(t).Code)
		said := c.goThrough(b.AuthorizeURL, v.steps()...)
		require.Equal(t, http.StatusOK, said.status, said.body)
		require.Equal(t, directory.ConnectionConnected, c.connectionNow(b.ID).State)
	})
}

func TestA4_AStateIsGoodOnceAndForAShortTime(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.unconnected(t, 10)
		c.serve(crowd(1))
		gone := func(callback string) {
			t.Helper()
			refusal := c.visit(callback).decline(t)
			require.Equal(t, http.StatusGone, refusal.Status)
			require.Equal(t, "consent_state_used_or_expired", refusal.Code)
			require.Contains(t, refusal.Detail, "Start connecting again.")
		}
		b := c.begin()
		callback := c.choose(b.AuthorizeURL, v.steps()[0])
		gone(withState(t, callback, "forged"))

		first := c.visit(callback)
		require.Less(t, first.status, http.StatusBadRequest, first.body)
		gone(callback)

		late := c.begin()
		callback = c.choose(late.AuthorizeURL, v.steps()[0])
		_, err := c.database().ExecContext(t.Context(), `UPDATE consents SET expires_at = now() WHERE connection_id = $1`, late.ID)
		require.NoError(t, err)
		gone(callback)
		require.Equal(t, directory.ConnectionPending, c.connectionNow(late.ID).State)

		none := c.visit(withState(t, callback, "")).decline(t)
		require.Equal(t, http.StatusBadRequest, none.Status)
	})
}

func withState(t *testing.T, callback, state string) string {
	t.Helper()
	address, err := url.Parse(callback)
	require.NoError(t, err)
	query := address.Query()
	query.Set("state", state)
	address.RawQuery = query.Encode()
	return address.String()
}

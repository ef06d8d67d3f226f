package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/simulate"
	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

const (
	patience = 30 * time.Second
	beat     = 20 * time.Millisecond
)

// object is a JSON object.
type object = map[string]any

// company is a customer: an account of Rollcall, and a directory at the simulated tenant.
type company struct {
	*testing.T
	stack      *devstack.Stack
	account    devstack.Account
	connection string
	sync       string // id of the configuration, once there is one
	last       string // id of the last run that was waited for
}

// newCompany makes an account whose tenant holds the given people, connected and not configured.
func newCompany(t *testing.T, people ...object) *company {
	t.Helper()
	return companyOf(t, directoryOf(t, people...), 1000)
}

func companyOf(t *testing.T, tenant graph.Directory, licences int) *company {
	t.Helper()
	c := &company{T: t, stack: lend(t)}
	c.serve(tenant)
	t.Cleanup(c.calm)
	var err error
	c.account, err = c.stack.NewAccount(t.Context(), t.Name(), "owner@rollcall.example", licences)
	require.NoError(t, err)
	c.connection, err = c.stack.ConnectEntra(t.Context(), c.account)
	require.NoError(t, err)
	return c
}

// serve has the simulated tenant hold another directory.
func (c *company) serve(tenant graph.Directory) {
	c.Helper()
	var file bytes.Buffer
	_, err := tenant.WriteTo(&file)
	require.NoError(c, err)
	c.simulate(http.MethodPut, "directory", json.RawMessage(file.Bytes()))
}

// directoryOf is a tenant's file with the people in it.
func directoryOf(t *testing.T, people ...object) graph.Directory {
	t.Helper()
	tenant := graph.Directory{Organization: graph.Demo().Organization}
	for _, person := range people {
		encoded, err := json.Marshal(person)
		require.NoError(t, err)
		tenant.Users = append(tenant.Users, simulate.Object(encoded))
	}
	return tenant
}

// person is a complete user of Microsoft Graph, with further properties put over it.
func person(id, first, last string, more ...object) object {
	address := strings.ToLower(first + "." + last + "@corp.example")
	p := object{"id": id, "givenName": first, "surname": last, "mail": address, "userPrincipalName": address, "accountEnabled": true}
	for _, properties := range more {
		for name, value := range properties {
			p[name] = value
		}
	}
	return p
}

// simulate uses the control plane of the simulated tenant.
func (c *company) simulate(method, path string, body any) {
	c.Helper()
	encoded, err := json.Marshal(body)
	require.NoError(c, err)
	answer := httptest.NewRecorder()
	c.stack.Tenant().ServeHTTP(answer, httptest.NewRequest(method, "/_sim/"+path, bytes.NewReader(encoded)))
	require.Less(c, answer.Code, 300, answer.Body.String())
}

func (c *company) calm() { c.simulate(http.MethodDelete, "faults", nil) }

func (c *company) fault(fault object) { c.Helper(); c.simulate(http.MethodPost, "faults", fault) }

func (c *company) call(method, path string, in, out any) {
	c.Helper()
	require.NoError(c, c.stack.Client(c.account).Call(c.Context(), method, path, in, out), "%s %s", method, path)
}

// refused makes a call that must be refused with the status.
func (c *company) refused(status int, method, path string, in any) *devstack.APIError {
	c.Helper()
	var refusal *devstack.APIError
	require.ErrorAs(c, c.stack.Client(c.account).Call(c.Context(), method, path, in, nil), &refusal, "%s %s", method, path)
	require.Equal(c, status, refusal.Status, refusal.Error())
	return refusal
}

// field makes a field and returns its id.
func (c *company) field(name, kind string) string {
	c.Helper()
	var field struct {
		ID string `json:"id"`
	}
	c.call(http.MethodPost, "/v1/fields", object{"name": name, "type": kind}, &field)
	return field.ID
}

func mapping(source, target string) object { return object{"source": source, "target": target} }

// settings are those of a configuration whose weekly run is days away.
func (c *company) settings(more ...object) object {
	later := time.Now().UTC().AddDate(0, 0, 3).Weekday().String()
	s := object{
		"name": "Staff", "connection_id": c.connection,
		"schedule": object{"weekday": strings.ToLower(later), "time": "02:00", "time_zone": "Europe/Berlin"},
	}
	for _, part := range more {
		for name, value := range part {
			s[name] = value
		}
	}
	return s
}

// configure saves a configuration and waits for its first run to end.
func (c *company) configure(more ...object) ended {
	c.Helper()
	var made struct {
		ID string `json:"id"`
	}
	c.call(http.MethodPost, "/v1/configurations", c.settings(more...), &made)
	c.sync = made.ID
	return c.nextRun()
}

// ended is a run that has ended.
type ended struct {
	ID              string              `json:"id"`
	ConfigurationID string              `json:"configuration_id"`
	Kind            directory.RunKind   `json:"kind"`
	Trigger         directory.Trigger   `json:"trigger"`
	RequestedBy     string              `json:"requested_by"`
	Status          directory.RunStatus `json:"status"`
	Reason          string              `json:"reason"`
	Counts          directory.Counts    `json:"counts"`
	StartedAt       time.Time           `json:"started_at"`
	FinishedAt      *time.Time          `json:"finished_at"`
	WorkflowID      string              `json:"workflow_id"`
	RunID           string              `json:"run_id"`
}

func (c *company) path(action string) string { return "/v1/configurations/" + c.sync + action }

// syncNow asks for a run and waits for its end.
func (c *company) syncNow() ended {
	c.Helper()
	c.call(http.MethodPost, c.path("/sync"), nil, nil)
	return c.nextRun()
}

func (c *company) runs() []ended {
	c.Helper()
	var list struct {
		Items []ended `json:"items"`
	}
	c.call(http.MethodGet, "/v1/runs?configuration_id="+c.sync, nil, &list)
	return list.Items
}

// nextRun waits until a run newer than the last one has ended.
func (c *company) nextRun() ended {
	c.Helper()
	var newest ended
	c.await("the end of the next run", func() bool {
		runs := c.runs()
		if len(runs) == 0 {
			return false
		}
		newest = runs[0]
		return newest.ID != c.last && newest.Status.Ended()
	})
	c.last = newest.ID
	return newest
}

// runUntil waits until done says of the run that it is as wanted.
func (c *company) runUntil(id string, done func(ended) bool) ended {
	c.Helper()
	var run ended
	c.await("the run", func() bool {
		run = ended{}
		c.call(http.MethodGet, "/v1/runs/"+id, nil, &run)
		return done(run)
	})
	return run
}

// await asks again and again until done.
func (c *company) await(what string, done func() bool) {
	c.Helper()
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for deadline := time.After(patience); !done(); {
		select {
		case <-tick.C:
		case <-deadline:
			require.FailNow(c, "waited in vain for "+what)
		}
	}
}

// user is a user as the API shows it.
type user struct {
	ID        string               `json:"id"`
	Email     string               `json:"email"`
	FirstName string               `json:"first_name"`
	LastName  string               `json:"last_name"`
	Status    directory.UserStatus `json:"status"`
	Fields    object               `json:"fields"`
	Role      string               `json:"role"`
	Source    directory.Origin     `json:"source"`
}

// users are all users of the account but its owner, by address.
func (c *company) users(query string) map[string]user {
	c.Helper()
	all := map[string]user{}
	for cursor := ""; ; {
		var page struct {
			Items []user `json:"items"`
			Next  string `json:"next"`
		}
		c.call(http.MethodGet, "/v1/users?limit=500&"+query+"&cursor="+url.QueryEscape(cursor), nil, &page)
		for _, u := range page.Items {
			if u.Role != directory.RoleAccountOwner {
				all[u.Email] = u
			}
		}
		if cursor = page.Next; cursor == "" {
			return all
		}
	}
}

// user is the one user of the account with the address.
func (c *company) user(address string) user {
	c.Helper()
	u, found := c.users("")[address]
	require.True(c, found, "no user has the address %s", address)
	return u
}

// statuses counts users by status.
func (c *company) statuses() map[directory.UserStatus]int {
	c.Helper()
	count := map[directory.UserStatus]int{}
	for _, query := range []string{"", "status=deleted"} {
		for _, u := range c.users(query) {
			count[u.Status]++
		}
	}
	return count
}

// change is one line of the sync log.
type change struct {
	RunID    *string           `json:"run_id"`
	Action   directory.Action  `json:"action"`
	Outcome  directory.Outcome `json:"outcome"`
	Before   object            `json:"before"`
	After    object            `json:"after"`
	SourceID string            `json:"source_id"`
	Subject  struct {
		ID    string `json:"id"`
		Label string `json:"label"`
	} `json:"subject"`
	Problems []directory.Problem `json:"problems"`
}

// changes are all changes of a run, by the source's id of whom they are about.
func (c *company) changes(run ended) map[string]change {
	c.Helper()
	all := map[string]change{}
	for cursor := ""; ; {
		var page struct {
			Items []change `json:"items"`
			Next  string   `json:"next"`
		}
		c.call(http.MethodGet, "/v1/runs/"+run.ID+"/changes?limit=500&cursor="+url.QueryEscape(cursor), nil, &page)
		for _, one := range page.Items {
			require.NotContains(c, all, one.SourceID, "two changes about one person")
			all[one.SourceID] = one
		}
		if cursor = page.Next; cursor == "" {
			return all
		}
	}
}

// graphURL is where Rollcall reads the simulated tenant: links to next pages begin with it.
func (c *company) graphURL() string {
	c.Helper()
	var begun struct {
		AuthorizeURL string `json:"authorize_url"`
	}
	c.call(http.MethodPost, "/v1/connections", object{"provider": "entra"}, &begun)
	address, err := url.Parse(begun.AuthorizeURL)
	require.NoError(c, err)
	return address.Scheme + "://" + address.Host + "/v1.0"
}

// page is the body of a page of users that Graph would answer.
func page(t *testing.T, next string, people ...object) string {
	t.Helper()
	body := object{"value": people}
	if next != "" {
		body["@odata.nextLink"] = next
	}
	encoded, err := json.Marshal(body)
	require.NoError(t, err)
	return string(encoded)
}

// invitations are the mails of the account's invitations, by address.
func (c *company) invitations() map[string][]string {
	mails := map[string][]string{}
	for _, message := range c.stack.Mailbox().Messages() {
		if message.Subject == "You are invited to "+c.account.Name {
			to := message.To[0]
			mails[to] = append(mails[to], message.Text)
		}
	}
	return mails
}

// invitation is the token of the one invitation that was mailed to the address.
func (c *company) invitation(address string) string {
	c.Helper()
	c.await("an invitation to "+address, func() bool { return len(c.invitations()[address]) > 0 })
	mails := c.invitations()[address]
	require.Len(c, mails, 1)
	words := strings.Fields(mails[0])
	const link = "/invitations/"
	at := slices.IndexFunc(words, func(word string) bool { return strings.Contains(word, link) })
	require.GreaterOrEqual(c, at, 0, "the mail has no link: %s", mails[0])
	require.True(c, strings.HasPrefix(words[at], c.stack.StarterURL()+link), "the link leads elsewhere: %s", words[at])
	return strings.TrimPrefix(words[at], c.stack.StarterURL()+link)
}

// accept accepts the invitation that was mailed to the address.
func (c *company) accept(address string) {
	c.Helper()
	var accepted struct {
		Status directory.UserStatus `json:"status"`
	}
	err := devstack.Client{Base: c.stack.StarterURL()}.Call(c.Context(), http.MethodPost, "/v1/invitations/"+c.invitation(address)+"/accept", nil, &accepted)
	require.NoError(c, err)
	require.Equal(c, directory.Active, accepted.Status)
}

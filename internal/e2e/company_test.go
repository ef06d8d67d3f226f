package e2e

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/directory"
)

const (
	patience = 2 * time.Minute // for machines that do much else
	beat     = 20 * time.Millisecond
	owner    = "owner@rollcall.example"
)

// object is a JSON object.
type object = map[string]any

// company is a customer: an account of Rollcall, and a directory at a simulated tenant.
type company struct {
	*testing.T
	vendor     vendor
	stack      *devstack.Stack
	account    devstack.Account
	connection string
	known      map[string]object // people of the directory, by id
	sync       string            // id of the configuration, once there is one
	last       string            // id of the last run that was waited for
}

// newCompany makes an account whose Entra tenant holds the given people, connected and not configured.
func newCompany(t *testing.T, people ...object) *company {
	t.Helper()
	return entra().company(t, people...)
}

// newGoogleCompany is newCompany with a customer of Google Workspace.
func newGoogleCompany(t *testing.T, people ...object) *company {
	t.Helper()
	return google().company(t, people...)
}

func (v vendor) company(t *testing.T, people ...object) *company {
	t.Helper()
	return v.companyOf(t, 1000, people)
}

// companyOf makes an account with so many licences, connected and not configured.
func (v vendor) companyOf(t *testing.T, licences int, people []object, groups ...object) *company {
	t.Helper()
	c := v.unconnected(t, licences)
	c.serve(people, groups...)
	c.connect()
	return c
}

// unconnected makes an account that has no connection yet.
func (v vendor) unconnected(t *testing.T, licences int) *company {
	t.Helper()
	c := &company{T: t, vendor: v, stack: lend(t, v.provider)}
	t.Cleanup(c.calm)
	var err error
	c.account, err = c.stack.NewAccount(t.Context(), t.Name(), owner, licences)
	require.NoError(t, err)
	return c
}

func (c *company) connect() {
	c.Helper()
	var err error
	c.connection, err = c.stack.Connect(c.Context(), c.account, c.vendor.provider)
	require.NoError(c, err)
}

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

// mapping maps what a word stands for, or an attribute of the vendor's, to a field.
func (c *company) mapping(word, target string) object {
	return object{"source": c.vendor.path(word), "target": target}
}

// ofGroups is the scope of the people of some groups.
func ofGroups(ids ...string) object {
	return object{"scope": object{"kind": "groups", "group_ids": ids}}
}

// withGroups has some groups synced themselves; none: all that there are in the scope.
func withGroups(ids ...string) object {
	return object{"groups": object{"enabled": true, "group_ids": append([]string{}, ids...)}}
}

// guarded are thresholds above which a run waits for approval.
func guarded(removals, percent int) object {
	return object{"guard": object{"max_removals": removals, "max_removal_percent": percent}}
}

// settings are those of a configuration whose weekly run is days away.
func (c *company) settings(more ...object) object {
	later := time.Now().UTC().AddDate(0, 0, 3).Weekday().String()
	s := object{
		"name": "Staff", "connection_id": c.connection,
		"schedule": object{"weekday": strings.ToLower(later), "time": "02:00", "time_zone": "Europe/Berlin"},
	}
	for _, part := range more {
		maps.Copy(s, part)
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

func (c *company) path(action string) string { return "/v1/configurations/" + c.sync + action }

// edit changes settings of the configuration.
func (c *company) edit(more ...object) {
	c.Helper()
	settings := object{}
	for _, part := range more {
		maps.Copy(settings, part)
	}
	c.call(http.MethodPatch, c.path(""), settings, nil)
}

// saved are the settings of the configuration.
func (c *company) saved() directory.Settings {
	c.Helper()
	var saved directory.Settings
	c.call(http.MethodGet, c.path(""), nil, &saved)
	return saved
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

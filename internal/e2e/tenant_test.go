package e2e

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// tenant is the company's simulated tenant.
func (c *company) tenant() http.Handler {
	if c.vendor.provider == directory.Google {
		return c.stack.GoogleTenant()
	}
	return c.stack.Tenant()
}

// simulate uses the control plane of the simulated tenant and returns its answer.
func (c *company) simulate(method, path string, body any) []byte {
	c.Helper()
	encoded, err := json.Marshal(body)
	require.NoError(c, err)
	answer := httptest.NewRecorder()
	c.tenant().ServeHTTP(answer, httptest.NewRequest(method, "/_sim/"+path, bytes.NewReader(encoded)))
	require.Less(c, answer.Code, 300, answer.Body.String())
	return answer.Body.Bytes()
}

// serve has the tenant hold another directory: these people and groups, and nobody else.
func (c *company) serve(people []object, groups ...object) {
	c.Helper()
	c.known = map[string]object{}
	for _, who := range people {
		c.known[who["id"].(string)] = maps.Clone(who)
	}
	c.simulate(http.MethodPut, "directory", c.vendor.file(people, groups...))
}

// joins adds a person to the directory.
func (c *company) joins(who object) {
	c.Helper()
	c.known[who["id"].(string)] = maps.Clone(who)
	c.simulate(http.MethodPost, "users", c.vendor.written(c.vendor.person(who)))
}

// edits gives a person of the directory other properties.
func (c *company) edits(id string, properties object) {
	c.Helper()
	maps.Copy(c.known[id], properties)
	c.simulate(http.MethodPatch, "users/"+id, c.vendor.person(c.known[id]))
}

// leaves deletes a person from the directory.
func (c *company) leaves(id string) {
	c.Helper()
	c.simulate(http.MethodDelete, "users/"+id, nil)
}

// forms adds a group to the directory.
func (c *company) forms(what object) {
	c.Helper()
	c.simulate(http.MethodPost, "groups", c.vendor.group(what))
}

// regroups puts other members into a group of the directory.
func (c *company) regroups(id string, members ...any) {
	c.Helper()
	c.simulate(http.MethodPut, "groups/"+id+"/members", append([]any{}, members...))
}

// renames gives a group of the directory another name.
func (c *company) renames(id, name string) {
	c.Helper()
	c.simulate(http.MethodPatch, "groups/"+id, rename(object{"title": name}, map[string]string{"title": c.nameOfGroups()}))
}

func (c *company) nameOfGroups() string {
	if c.vendor.provider == directory.Google {
		return "name"
	}
	return "displayName"
}

func (c *company) calm() { c.simulate(http.MethodDelete, "faults", nil) }

func (c *company) fault(fault object) { c.Helper(); c.simulate(http.MethodPost, "faults", fault) }

// forget has the tenant forget where Rollcall's last run ended, so that the next reads everybody.
func (c *company) forget() { c.simulate(http.MethodPost, "expire-delta", nil) }

// requests counts the requests that the tenant has had since the last call, by path.
func (c *company) requests() map[string]int {
	c.Helper()
	var count map[string]int
	require.NoError(c, json.Unmarshal(c.simulate(http.MethodGet, "requests", nil), &count))
	c.simulate(http.MethodDelete, "requests", nil)
	return count
}

// page is the body of a page of users, with the cursor of the next one; empty for the last.
func (c *company) page(next string, people ...object) string {
	c.Helper()
	users := []object{}
	for _, who := range people {
		users = append(users, c.vendor.written(c.vendor.person(who)))
	}
	body := object{"value": users}
	link := "@odata.nextLink"
	if c.vendor.provider == directory.Google {
		body, link = object{"kind": "admin#directory#users", "users": users}, "nextPageToken"
	}
	if next != "" {
		body[link] = next
	}
	encoded, err := json.Marshal(body)
	require.NoError(c, err)
	return string(encoded)
}

// token is the cursor of a next page as the tenant writes it.
func (c *company) token(name string) string {
	c.Helper()
	if c.vendor.provider == directory.Google {
		return name
	}
	begun := c.begin()
	base, _, _ := strings.Cut(begun.AuthorizeURL, "/organizations/")
	return base + "/v1.0/users?$skiptoken=" + name
}

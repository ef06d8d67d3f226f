package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// belongs is the organization of each of the users, by first name; empty for who is in none.
func (c *company) belongs() map[string]string {
	c.Helper()
	found := map[string]string{}
	for _, u := range c.users("") {
		found[u.FirstName] = ""
		if u.Organization != nil {
			found[u.FirstName] = *u.Organization
		}
	}
	return found
}

func TestC6_GroupsPutIntoOrganizations(t *testing.T) {
	t.Parallel()
	c := entra().companyOf(t, 10, []object{person("e-1", "Ana", "Lee"), person("e-2", "Bo", "Roe"), person("e-3", "Cy", "Young"), person("e-4", "Di", "Hand")},
		group("g-1", "Berlin", "e-1"), group("g-2", "Tokyo", "e-1", "e-2"), group("g-3", "Board", "e-3"))
	europe, asia := c.adds("organizations", "Europe"), c.adds("organizations", "Asia")
	all(c, "/v1/organizations?", func(o object) {
		require.NotEqual(t, directory.AllOrganizations, o["id"], "all is no organization of the list")
	})
	first := c.configure(givesOrganizations("g-1", europe, "g-2", asia, "g-3", directory.AllOrganizations))
	require.Equal(t, directory.RunSuccess, first.Status, first.Reason)
	require.Equal(t, directory.Counts{Created: 4}, first.changed())
	require.Equal(t, map[string]string{"Ana": europe, "Bo": asia, "Cy": directory.AllOrganizations, "Di": ""}, c.belongs())
	require.Equal(t, "Europe", c.saved().OrganizationMappings[0].OrganizationName)

	c.call(http.MethodPatch, "/v1/users/"+c.user("di.hand@corp.example").ID, object{"organization": asia}, nil)
	c.edit(givesOrganizations("g-2", asia, "g-1", europe, "g-3", directory.AllOrganizations))
	c.regroups("g-3")
	require.Equal(t, directory.Counts{Updated: 2}, c.succeeds().changed())
	require.Equal(t, map[string]string{"Ana": asia, "Bo": asia, "Cy": "", "Di": asia}, c.belongs(), "the first rule holds, who leaves is in none, and what was done by hand stays")

	c.edit(givesOrganizations())
	require.Equal(t, directory.Counts{}, c.succeeds().changed(), "without a mapping all stay where they are, which is no error")
	require.Equal(t, map[string]string{"Ana": asia, "Bo": asia, "Cy": "", "Di": asia}, c.belongs())
}

func TestC6_AnOrganizationThatIsGoneAndItsRemedies(t *testing.T) {
	t.Parallel()
	c := google().companyOf(t, 10, []object{person("e-1", "Ana", "Lee"), person("e-2", "Bo", "Roe")}, group("g-1", "Berlin", "e-1"))
	europe, asia := c.adds("organizations", "Europe"), c.adds("organizations", "Asia")
	c.configure(givesOrganizations("g-1", europe))
	ana := c.user("ana.lee@corp.example").ID

	c.call(http.MethodDelete, "/v1/organizations/"+europe, nil, nil)
	require.Nil(t, c.userByID(ana).Organization)
	c.edits("e-1", object{"last": "Leigh"})
	run := c.partly()
	require.Equal(t, directory.Counts{Updated: 1, Failed: 1}, run.changed())
	require.Equal(t, "Leigh", c.userByID(ana).LastName, "the other fields still sync")
	told := c.refusals(run, "organization_not_moved")
	require.Len(t, told, 1)
	for who, problem := range told {
		require.Regexp(t, "^Ana Le(e|igh)$", who)
		require.Contains(t, problem.Message, "Unable to move existing user to an organization: "+who)
		require.Contains(t, problem.Message, "'Europe'")
		require.Contains(t, problem.Message, "'Berlin'")
		require.Contains(t, problem.Remedy, "mapping", "one way is another organization and a mapping to it")
		require.Contains(t, problem.Remedy, "Europe", "the other is one whose name matches")
	}

	anew := c.adds("organizations", "europe")
	require.Equal(t, directory.Counts{Updated: 1}, c.succeeds().changed())
	require.Equal(t, anew, *c.userByID(ana).Organization, "the name is the one of the mapping")

	c.call(http.MethodDelete, "/v1/organizations/"+anew, nil, nil)
	require.Equal(t, directory.Counts{Failed: 1}, c.partly().changed())
	c.edit(givesOrganizations("g-1", asia))
	require.Equal(t, directory.Counts{Updated: 1}, c.succeeds().changed())
	require.Equal(t, asia, *c.userByID(ana).Organization)
}

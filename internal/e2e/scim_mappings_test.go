package e2e

import (
	"maps"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// pushedMappings are the account's mappings of groups that clients push.
type pushedMappings struct {
	RoleMappings         []directory.RoleMapping         `json:"role_mappings"`
	OrganizationMappings []directory.OrganizationMapping `json:"organization_mappings"`
}

// maps saves mappings, all of them, and returns them as they are then.
func (p *idp) maps(parts ...object) pushedMappings {
	p.Helper()
	all := object{"role_mappings": []object{}, "organization_mappings": []object{}}
	for _, part := range parts {
		maps.Copy(all, part)
	}
	var put, got pushedMappings
	p.call(http.MethodPut, "/v1/scim/mappings", all, &put)
	p.call(http.MethodGet, "/v1/scim/mappings", nil, &got)
	require.Equal(p, got, put)
	p.call(http.MethodPut, "/v1/scim/mappings", got, &put)
	require.Equal(p, got, put, "what is read can be sent back")
	return got
}

// failures are the codes of the errors that the log has of a user, oldest first.
func (p *idp) failures(userID string) []string {
	p.Helper()
	codes := []string{}
	for _, line := range p.log(userID) {
		if line.Action == directory.ActionError {
			require.Equal(p, directory.FromSCIM, line.Source)
			codes = append(codes, line.Problems[0].Code)
		}
	}
	return codes
}

func TestC5_GroupsThatArePushedGiveRoles(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	auditor, seller := p.adds("roles", "Auditor"), p.adds("roles", "Seller")
	ana, bo := p.create(pushed("ana@corp.example")), p.create(pushed("bo@corp.example"))
	finance, sales := p.team("Finance", ana), p.team("Sales", ana, bo, "00u9")
	role := func(id string) string { return p.userByID(id).Role }
	saved := p.maps(givesRoles(finance, auditor, sales, seller))
	require.Equal(t, []directory.RoleMapping{{GroupID: finance, RoleID: auditor, RoleName: "Auditor"}, {GroupID: sales, RoleID: seller, RoleName: "Seller"}}, saved.RoleMappings)
	require.Equal(t, []string{auditor, seller}, []string{role(ana), role(bo)}, "saving gives")

	cy := p.create(pushed("cy@corp.example", object{"externalId": "00u9"}))
	require.Equal(t, seller, role(cy), "who was waited for in a group has its role on arrival")
	p.patch("/Groups/"+finance, op("remove", `members[value eq "`+ana+`"]`, nil), op("add", "members", refs(bo)))
	require.Equal(t, []string{seller, auditor}, []string{role(ana), role(bo)})
	p.patch("/Groups/"+sales, op("remove", `members[value eq "`+cy+`"]`, nil))
	require.Equal(t, directory.RoleMember, role(cy), "who leaves the group loses its role")
	p.call(http.MethodPatch, "/v1/users/"+cy, object{"role": seller}, nil)
	p.must(http.StatusNoContent, http.MethodDelete, "/Groups/"+sales, nil)
	require.Equal(t, []string{directory.RoleMember, auditor, seller}, []string{role(ana), role(bo), role(cy)}, "a group that is gone takes what it gave, and that alone")

	p.call(http.MethodDelete, "/v1/roles/"+auditor, nil, nil)
	require.Equal(t, directory.RoleMember, role(bo))
	require.Contains(t, p.failures(bo), "role_not_updated")
	lines := p.log(bo)
	require.Contains(t, lines[len(lines)-1].Problems[0].Message, "Unable to update user's role: bo Roe should have the role 'Auditor', for being in the group 'Finance'")
	p.patch("/Users/"+bo, op("replace", "name.familyName", "Ruiz"))
	require.Equal(t, "Ruiz", p.userByID(bo).LastName, "the other fields still sync")
	anew := p.adds("roles", "auditor")
	require.Equal(t, anew, role(bo), "healed at once")

	p.must(http.StatusNoContent, http.MethodDelete, "/Users/"+bo, nil)
	require.Equal(t, bo, p.create(pushed("bo@corp.example")))
	require.Equal(t, anew, role(bo), "who comes back has the role")
}

func TestC6_GroupsThatArePushedPutIntoOrganizations(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	europe := p.adds("organizations", "Europe")
	ana, bo := p.create(pushed("ana@corp.example")), p.create(pushed("bo@corp.example"))
	berlin, board := p.team("Berlin", ana), p.team("Board", bo)
	p.maps(givesOrganizations(berlin, europe, board, directory.AllOrganizations))
	require.Equal(t, map[string]string{"ana": europe, "bo": directory.AllOrganizations}, p.belongs())
	p.patch("/Groups/"+board, op("replace", "members", refs()))
	require.Equal(t, map[string]string{"ana": europe, "bo": ""}, p.belongs())
	p.call(http.MethodDelete, "/v1/organizations/"+europe, nil, nil)
	require.Equal(t, map[string]string{"ana": "", "bo": ""}, p.belongs())
	require.Contains(t, p.failures(ana), "organization_not_moved")
	anew := p.adds("organizations", "EUROPE")
	require.Equal(t, map[string]string{"ana": anew, "bo": ""}, p.belongs(), "healed at once")
	p.maps()
	require.Equal(t, map[string]string{"ana": anew, "bo": ""}, p.belongs(), "without a mapping all stay where they are")
}

func TestC5_MappingsOfPushedGroupsAreCheckedWhenSaved(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	finance, theirs := p.team("Finance"), p.neighbour(t, "other").team("Finance")
	auditor, europe := p.adds("roles", "Auditor"), p.adds("organizations", "Europe")
	before := p.maps(givesRoles(finance, auditor), givesOrganizations(finance, europe))
	for field, mappings := range map[string]object{
		"role_mappings[0].role_id":                 givesRoles(finance, directory.RoleAccountOwner),
		"role_mappings[1].group_id":                givesRoles(finance, auditor, finance, directory.RoleMember),
		"role_mappings[0].group_id":                givesRoles(theirs, auditor),
		"organization_mappings[0].organization_id": givesOrganizations(finance, "nothing"),
	} {
		whole := object{"role_mappings": []object{}, "organization_mappings": []object{}}
		maps.Copy(whole, mappings)
		refusal := p.refused(http.StatusUnprocessableEntity, http.MethodPut, "/v1/scim/mappings", whole)
		require.Len(t, refusal.Errors, 1, refusal.Error())
		require.Equal(t, field, refusal.Errors[0].Field)
	}
	var now pushedMappings
	p.call(http.MethodGet, "/v1/scim/mappings", nil, &now)
	require.Equal(t, before, now)
	as := &company{T: t, stack: p.stack, account: p.account}
	as.account.Token = p.apiToken(directory.RoleMember)
	as.refused(http.StatusForbidden, http.MethodPut, "/v1/scim/mappings", object{"role_mappings": []object{}, "organization_mappings": []object{}})
}

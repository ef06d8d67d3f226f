package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// adds makes a role or an organization of the account, under its path, and returns its id.
func (c *company) adds(path, name string) string {
	c.Helper()
	var made struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	c.call(http.MethodPost, "/v1/"+path, object{"name": name}, &made)
	require.Equal(c, name, made.Name)
	return made.ID
}

// givesRoles maps groups to roles: the id of a group, that of its role, and so on.
func givesRoles(pairs ...string) object { return object{"role_mappings": rules("role_id", pairs)} }

// givesOrganizations maps groups to organizations.
func givesOrganizations(pairs ...string) object {
	return object{"organization_mappings": rules("organization_id", pairs)}
}

func rules(target string, pairs []string) []object {
	list := []object{}
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, object{"group_id": pairs[i], target: pairs[i+1]})
	}
	return list
}

// has is the role that each of the users has, by first name; the owner is left out.
func (c *company) has() map[string]string {
	c.Helper()
	roles := map[string]string{}
	for _, u := range c.users("") {
		roles[u.FirstName] = u.Role
	}
	return roles
}

// refusals are the errors of a run with the code, by the person or the group that they are about.
func (c *company) refusals(run ended, code string) map[string]directory.Problem {
	c.Helper()
	found := map[string]directory.Problem{}
	all(c, "/v1/runs/"+run.ID+"/changes?outcome=failed", func(one change) {
		for _, problem := range one.Problems {
			if problem.Code == code {
				require.Equal(c, directory.ActionError, one.Action)
				require.NotContains(c, found, one.Subject.Label, "two errors of one record")
				found[one.Subject.Label] = problem
			}
		}
	})
	return found
}

// partly asks for a run that must be a partial success.
func (c *company) partly() ended {
	c.Helper()
	run := c.syncNow()
	require.Equal(c, directory.RunPartialSuccess, run.Status, run.Reason)
	return run
}

func TestC5_GroupsGiveRoles(t *testing.T) {
	t.Parallel()
	v := entra()
	people := []object{
		person("e-1", "Ana", "Lee"), person("e-2", "Bo", "Roe"), person("e-3", "Cy", "Young"), person("e-4", "Di", "Hand"),
		person("e-5", "Olga", "Owner", object{"email": owner}),
	}
	c := v.companyOf(t, 10, people, group("g-1", "Finance", "e-1", "e-2", "e-5"), group("g-2", "Sales", "e-2", "g-3"), group("g-3", "Sales, south", "e-3"))
	auditor, seller := c.adds("roles", "Auditor"), c.adds("roles", "Seller")
	boss := c.ownerID()
	first := c.configure(givesRoles("g-1", auditor, "g-2", seller))
	require.Equal(t, directory.RunSuccess, first.Status, first.Reason)
	require.Equal(t, directory.Counts{Created: 4, Adopted: 1}, first.changed(), "who is new counts once")
	require.Equal(t, map[string]string{"Ana": auditor, "Bo": auditor, "Cy": seller, "Di": directory.RoleMember}, c.has(), "the first rule holds; nested groups count")
	require.Equal(t, directory.RoleAccountOwner, c.userByID(boss).Role, "mappings do not take this one")
	require.Equal(t, []directory.RoleMapping{{GroupID: "g-1", RoleID: auditor, RoleName: "Auditor"}, {GroupID: "g-2", RoleID: seller, RoleName: "Seller"}}, c.saved().RoleMappings)
	require.Empty(t, c.groups(), "a group that gives a role need not be synced")

	c.call(http.MethodPatch, "/v1/users/"+c.user("di.hand@corp.example").ID, object{"role": seller}, nil)
	swapped := givesRoles("g-2", seller, "g-1", auditor)
	require.Equal(t, directory.Counts{Updated: 1}, c.preview(swapped).changed())
	require.Equal(t, auditor, c.has()["Bo"])
	c.edit(swapped)
	run := c.succeeds()
	require.Equal(t, directory.Counts{Updated: 1}, run.changed())
	require.Equal(t, map[string]string{"Ana": auditor, "Bo": seller, "Cy": seller, "Di": seller}, c.has())
	all(c, "/v1/runs/"+run.ID+"/changes?", func(one change) {
		require.Equal(t, []any{directory.ActionUpdate, "Bo Roe", object{"role": auditor}, object{"role": seller}}, []any{one.Action, one.Subject.Label, one.Before, one.After})
	})

	c.regroups("g-3")
	require.Equal(t, directory.Counts{Updated: 1}, c.succeeds().changed())
	require.Equal(t, map[string]string{"Ana": auditor, "Bo": seller, "Cy": directory.RoleMember, "Di": seller}, c.has(), "who leaves the group loses its role; what was given by hand stays")

	c.regroups("g-2")
	c.fault(object{"path": v.groups + "g-2", "status": 403})
	require.Equal(t, directory.Counts{Failed: 1}, c.partly().changed())
	require.Equal(t, seller, c.has()["Bo"], "of a group that cannot be read nothing follows")
	c.calm()
	require.Equal(t, directory.Counts{Updated: 1}, c.succeeds().changed())
	require.Equal(t, auditor, c.has()["Bo"], "now the second rule holds")
	require.Equal(t, directory.Counts{}, c.succeeds().changed())
}

func TestC5_ARoleThatIsGoneAndItsRemedies(t *testing.T) {
	t.Parallel()
	c := google().companyOf(t, 10, []object{person("e-1", "Ana", "Lee"), person("e-2", "Bo", "Roe")}, group("g-1", "Finance", "e-1"))
	auditor := c.adds("roles", "Auditor")
	c.configure(givesRoles("g-1", auditor))
	ana := c.user("ana.lee@corp.example")
	require.Equal(t, auditor, ana.Role)

	c.call(http.MethodDelete, "/v1/roles/"+auditor, nil, nil)
	require.Equal(t, directory.RoleMember, c.userByID(ana.ID).Role)
	var lost []line
	all(c, "/v1/changes?source=admin&user_id="+ana.ID, func(l line) { lost = append(lost, l) })
	require.Len(t, lost, 1)
	require.Equal(t, []object{{"role": auditor}, {"role": directory.RoleMember}}, []object{lost[0].Before, lost[0].After})

	c.edits("e-1", object{"last": "Leigh"})
	run := c.partly()
	require.Equal(t, directory.Counts{Updated: 1, Failed: 1}, run.changed())
	require.Equal(t, "Leigh", c.userByID(ana.ID).LastName, "the other fields still sync")
	told := c.refusals(run, "role_not_updated")
	require.Len(t, told, 1)
	for who, problem := range told {
		require.Regexp(t, "^Ana Le(e|igh)$", who)
		require.Equal(t, "Unable to update user's role: "+who+" should have the role 'Auditor', for being in the group 'Finance', but the account has no such role any more.", problem.Message)
		require.Equal(t, "Create a role named 'Auditor', or map the group to another role. The next sync then heals it.", problem.Remedy)
	}
	require.Len(t, c.notices(directory.NoticeRunPartial), 1)
	again := c.partly()
	require.Equal(t, directory.Counts{Failed: 1}, again.changed(), "the error stands until it is healed")
	require.Contains(t, c.refusals(again, "role_not_updated"), "Ana Leigh")

	anew := c.adds("roles", "AUDITOR")
	require.Equal(t, directory.Counts{Updated: 1}, c.succeeds().changed())
	require.Equal(t, anew, c.userByID(ana.ID).Role, "a role of the name takes the place of the one that is gone")

	c.edit(givesRoles())
	run = c.partly()
	require.Equal(t, directory.Counts{Failed: 1}, run.changed())
	require.Equal(t, anew, c.userByID(ana.ID).Role, "the role is kept")
	problem := c.refusals(run, "role_not_updated")["Ana Leigh"]
	require.Regexp(t, `^Unable to update user's role: the mapping that gave Ana Leigh the role '(?i:auditor)' was deleted\.$`, problem.Message)
	require.NotEmpty(t, problem.Remedy)
	c.call(http.MethodPatch, "/v1/users/"+ana.ID, object{"role": directory.RoleUserAdmin}, nil)
	require.Equal(t, directory.Counts{}, c.succeeds().changed(), "a role by hand is the remedy")
	require.Equal(t, directory.RoleUserAdmin, c.userByID(ana.ID).Role)
}

func TestC5_MappingsAreCheckedWhenSaved(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.companyOf(t, 10, crowd(1), group("g-1", "Finance", "e-00"), group("g-2", "Sales"))
		auditor, europe := c.adds("roles", "Auditor"), c.adds("organizations", "Europe")
		for field, settings := range map[string]object{
			"role_mappings[0].role_id":                 givesRoles("g-1", directory.RoleAccountOwner),
			"role_mappings[1].role_id":                 givesRoles("g-1", auditor, "g-2", "nothing"),
			"role_mappings[1].group_id":                givesRoles("g-1", auditor, "g-1", directory.RoleMember),
			"role_mappings[0].group_id":                givesRoles("g-404", auditor),
			"organization_mappings[0].organization_id": givesOrganizations("g-1", "nothing"),
			"organization_mappings[1].group_id":        givesOrganizations("g-1", europe, "g-1", directory.AllOrganizations),
			"organization_mappings[0].group_id":        givesOrganizations("g-404", europe),
		} {
			refusal := c.refused(http.StatusUnprocessableEntity, http.MethodPost, "/v1/configurations", c.settings(settings))
			require.Len(t, refusal.Errors, 1, refusal.Error())
			require.Equal(t, field, refusal.Errors[0].Field)
			require.NotEmpty(t, refusal.Errors[0].Message)
		}
		c.configure(givesRoles("g-1", auditor))
		saved := c.saved().RoleMappings
		c.edit(object{"role_mappings": saved}) // what is read can be sent back
		require.Equal(t, saved, c.saved().RoleMappings)
		c.edit(object{"role_mappings": []object{{"group_id": "g-1", "role_id": auditor, "role_name": "Emperor"}}})
		require.Equal(t, saved, c.saved().RoleMappings, "it is called what it is called")
		refusal := c.refused(http.StatusUnprocessableEntity, http.MethodPatch, c.path(""), givesRoles("g-1", directory.RoleAccountOwner))
		require.Equal(t, "role_mappings[0].role_id", refusal.Errors[0].Field)
		require.Equal(t, auditor, c.saved().RoleMappings[0].RoleID)
		c.simulate(http.MethodDelete, "groups/g-1", nil)
		c.edit(givesRoles("g-1", auditor, "g-2", directory.RoleUserAdmin))
	})
}

func TestC5_RolesAndOrganizationsByHand(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	ana, boss := p.create(pushed("ana@corp.example")), p.ownerID()
	auditor, europe := p.adds("roles", "Auditor"), p.adds("organizations", "Europe")
	var now user
	p.call(http.MethodPatch, "/v1/users/"+ana, object{"role": auditor, "organization": europe}, &now)
	require.Equal(t, []string{ana, auditor, europe}, []string{now.ID, now.Role, *now.Organization})
	log := p.log(ana)
	require.Equal(t, directory.FromAdmin, log[len(log)-1].Source)
	require.Equal(t, auditor, log[len(log)-1].After["role"])
	p.call(http.MethodPatch, "/v1/users/"+ana, object{"organization": ""}, &now)
	require.Nil(t, p.userByID(ana).Organization)
	require.Equal(t, auditor, p.userByID(ana).Role, "what is not named stays")

	p.refused(http.StatusUnprocessableEntity, http.MethodPatch, "/v1/users/"+ana, object{"role": "nothing"})
	p.refused(http.StatusUnprocessableEntity, http.MethodPatch, "/v1/users/"+ana, object{"organization": "nothing"})
	p.refused(http.StatusNotFound, http.MethodPatch, "/v1/users/"+nobodysID, object{"role": auditor})
	require.Equal(t, "last_admin", p.refused(http.StatusConflict, http.MethodPatch, "/v1/users/"+boss, object{"role": directory.RoleMember}).Code)
	for role, refused := range map[string][]string{
		directory.RoleMember:     {auditor, directory.RoleUserAdmin},
		directory.RoleUserAdmin:  {directory.RoleUserAdmin, directory.RoleSuperAdmin, directory.RoleAccountOwner},
		directory.RoleSuperAdmin: {directory.RoleAccountOwner},
	} {
		as := &company{T: t, stack: p.stack, account: p.account}
		as.account.Token = p.apiToken(role)
		for _, given := range refused {
			as.refused(http.StatusForbidden, http.MethodPatch, "/v1/users/"+ana, object{"role": given})
		}
		as.refused(http.StatusForbidden, http.MethodPatch, "/v1/users/"+boss, object{"role": directory.RoleMember})
	}
	require.Equal(t, auditor, p.userByID(ana).Role)
	p.call(http.MethodPatch, "/v1/users/"+ana, object{"role": directory.RoleAccountOwner}, nil)
	require.Equal(t, directory.RoleAccountOwner, p.userByID(ana).Role, "an owner may")
}

package store_test

import (
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/scim"
	"github.com/rollcall-sync/rollcall/internal/store"
)

func (p pusher) role(name string) store.Role {
	p.t.Helper()
	role, err := p.store.CreateRole(p.t.Context(), p.AccountID, name)
	require.NoError(p.t, err)
	return role
}

func (p pusher) organization(name string) store.Organization {
	p.t.Helper()
	organization, err := p.store.CreateOrganization(p.t.Context(), p.AccountID, name)
	require.NoError(p.t, err)
	return organization
}

func (p pusher) save(mappings directory.SCIMMappings) {
	p.t.Helper()
	require.NoError(p.t, p.store.SaveSCIMMappings(p.t.Context(), p.AccountID, mappings))
	saved, err := p.store.SCIMMappings(p.t.Context(), p.AccountID)
	require.NoError(p.t, err)
	require.Equal(p.t, mappings, saved)
}

func givesRole(group store.SCIMGroup, role store.Role) directory.RoleMapping {
	return directory.RoleMapping{GroupID: group.ID, RoleID: role.ID, RoleName: role.Name}
}

func puts(group store.SCIMGroup, organization store.Organization) directory.OrganizationMapping {
	return directory.OrganizationMapping{GroupID: group.ID, OrganizationID: organization.ID, OrganizationName: organization.Name}
}

func (p pusher) requireRole(role string, ids ...string) {
	p.t.Helper()
	for _, id := range ids {
		require.Equal(p.t, role, p.user(id).RoleID, p.user(id).Email)
	}
}

// placed is what the log says of a user's roles and organizations, and of errors, oldest first.
func (p pusher) placed(id string) []string {
	p.t.Helper()
	var log []string
	require.NoError(p.t, p.db.Select(&log, `
		SELECT source || ' ' || CASE WHEN action = 'error' THEN outcome || ' ' || (problems->0->>'code')
		       ELSE outcome || ' ' || coalesce(before->>'role', before->>'organization') || '>' || coalesce(after->>'role', after->>'organization') END
		FROM changes WHERE user_id = $1 AND subject = 'user' AND (action = 'error' OR after ? 'role' OR after ? 'organization') ORDER BY id`, id))
	return log
}

func (p pusher) problem(id string) directory.Problem {
	p.t.Helper()
	change := p.logged(id)
	require.Equal(p.t, directory.ActionError, change.Action)
	require.Equal(p.t, directory.OutcomeFailed, change.Outcome)
	require.Equal(p.t, directory.FromSCIM, change.Source)
	require.Len(p.t, change.Problems, 1)
	return change.Problems[0]
}

func TestC5_SCIMGroupsGiveRoles(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	auditor, clerk := p.role("Auditor"), p.role("Clerk")
	ana, bob, cyd := p.arrives("ana"), p.arrives("bob"), p.arrives("cyd")
	finance, office := p.push("Finance", ana), p.push("Office", ana, bob)
	_, err := p.store.UpdateUser(t.Context(), p.AccountID, cyd, store.UserPatch{Role: &auditor.ID}, anybody)
	require.NoError(t, err)

	p.save(directory.SCIMMappings{Roles: []directory.RoleMapping{givesRole(finance, auditor), givesRole(office, clerk)}, Organizations: []directory.OrganizationMapping{}})
	p.requireRole("auditor", ana, cyd)
	p.requireRole("clerk", bob)
	require.Equal(t, []string{"scim applied member>auditor"}, p.placed(ana), "the first rule holds")

	p.patch(finance.ID, step(scim.AddMembers, bob), step(scim.RemoveMembers, ana))
	p.requireRole("clerk", ana)
	p.requireRole("auditor", bob)
	p.patch(office.ID, step(scim.ReplaceMembers, cyd))
	p.requireRole("member", ana)
	p.requireRole("auditor", bob)
	p.requireRole("clerk", cyd)
	p.patch(office.ID, step(scim.ReplaceMembers))
	p.requireRole("member", cyd)
	require.Equal(t, []string{"scim applied member>auditor", "scim applied auditor>clerk", "scim applied clerk>member"}, p.placed(ana))
	require.Equal(t, []string{"admin applied member>auditor", "scim applied auditor>clerk", "scim applied clerk>member"}, p.placed(cyd))

	third := p.push("Third", ana)
	p.save(directory.SCIMMappings{Roles: []directory.RoleMapping{givesRole(third, clerk)}, Organizations: []directory.OrganizationMapping{}})
	p.requireRole("clerk", ana)
	require.NoError(t, p.store.DeleteSCIMGroup(t.Context(), p.SCIMClient, third.ID, func(store.SCIMGroup) error { return nil }))
	p.requireRole("member", ana)
}

func TestC5_SCIMRoleByHandStaysOutsideTheGroups(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	auditor := p.role("Auditor")
	ana := p.arrives("ana")
	finance, other := p.push("Finance"), p.push("Other")
	p.save(directory.SCIMMappings{Roles: []directory.RoleMapping{givesRole(finance, auditor)}, Organizations: []directory.OrganizationMapping{}})
	_, err := p.store.UpdateUser(t.Context(), p.AccountID, ana, store.UserPatch{Role: ptr("user_admin")}, anybody)
	require.NoError(t, err)
	p.patch(other.ID, step(scim.AddMembers, ana))
	p.requireRole("user_admin", ana)
	p.patch(finance.ID, step(scim.AddMembers, ana))
	p.requireRole("auditor", ana)
}

func TestC6_SCIMGroupsPutIntoOrganizations(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	sales := p.organization("Sales")
	ana, bob := p.arrives("ana"), p.arrives("bob")
	emea, board := p.push("EMEA", ana), p.push("Board", bob)
	all := store.Organization{ID: directory.AllOrganizations, Name: "All organizations"}
	mappings := directory.SCIMMappings{Roles: []directory.RoleMapping{}, Organizations: []directory.OrganizationMapping{puts(board, all), puts(emea, sales)}}
	p.save(mappings)
	require.Equal(t, "sales", *p.user(ana).Organization)
	require.Equal(t, "all", *p.user(bob).Organization)
	p.patch(board.ID, step(scim.AddMembers, ana), step(scim.RemoveMembers, bob))
	require.Equal(t, "all", *p.user(ana).Organization)
	require.Nil(t, p.user(bob).Organization)
	require.Equal(t, []string{"scim applied >sales", "scim applied sales>all"}, p.placed(ana))

	mappings.Organizations = mappings.Organizations[1:]
	p.patch(emea.ID, step(scim.RemoveMembers, ana))
	p.save(mappings)
	require.Equal(t, "all", *p.user(ana).Organization, "nothing says any more that it was not to be")
	require.Len(t, p.placed(ana), 2)
}

func TestC5_SCIMUserArrivesWithTheirRole(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	auditor := p.role("Auditor")
	finance := p.push("Finance", "ana")
	p.save(directory.SCIMMappings{Roles: []directory.RoleMapping{givesRole(finance, auditor)}, Organizations: []directory.OrganizationMapping{}})
	ana := p.create(newcomer("ana"))
	p.requireRole("auditor", ana.ID)
	require.Equal(t, p.user(ana.ID).Version, ana.Version, "the version that the client is told is the last one")

	// Who is out loses nothing, nor gains; who comes back has what follows then.
	require.NoError(t, p.want(ana.ID, false))
	p.patch(finance.ID, step(scim.RemoveMembers, ana.ID))
	p.requireRole("auditor", ana.ID)
	back, err := p.set(ana.ID, func(u *scim.User) { u.Active = true })
	require.NoError(t, err)
	p.requireRole("member", ana.ID)
	require.Equal(t, p.user(ana.ID).Version, back.Version)

	_, err = p.store.DeactivateUser(t.Context(), p.AccountID, ana.ID)
	require.NoError(t, err)
	p.patch(finance.ID, step(scim.AddMembers, ana.ID))
	p.requireRole("member", ana.ID)
	active, err := p.store.ActivateUser(t.Context(), p.AccountID, ana.ID)
	require.NoError(t, err)
	require.Equal(t, "auditor", active.RoleID)

	p.leaves(ana.ID)
	p.patch(finance.ID, step(scim.ReplaceMembers))
	p.requireRole("auditor", ana.ID)
	require.Equal(t, ana.ID, p.arrives("ana"))
	p.requireRole("member", ana.ID)
}

func TestC5_SCIMRoleIsGoneAndHealedByItsName(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	auditor := p.role("Auditor")
	ana, bob, cyd := p.arrives("ana"), p.arrives("bob"), p.arrives("cyd")
	finance := p.push("Finance", ana)
	p.save(directory.SCIMMappings{Roles: []directory.RoleMapping{givesRole(finance, auditor)}, Organizations: []directory.OrganizationMapping{}})
	require.NoError(t, p.store.DeleteRole(t.Context(), p.AccountID, auditor.ID))
	p.requireRole("member", ana)
	problem := p.problem(ana)
	require.Equal(t, directory.Problem{
		Code: "role_not_updated",
		Message: "Unable to update user's role: ana Lee should have the role 'Auditor', for being in the group 'Finance', " +
			"but the account has no such role any more.",
		Remedy: "Create a role named 'Auditor', or map the group to another role. Either heals it at once.",
	}, problem)
	p.patch(finance.ID, step(scim.AddMembers, bob))
	require.Equal(t, "role_not_updated", p.problem(bob).Code)
	require.Equal(t, 1, p.count(`SELECT count(*) FROM notifications WHERE kind = 'scim_errors'`), "the owner is told once a day")

	p.role("Bystander")
	require.Len(t, p.placed(ana), 3, "another role heals nothing, and repeats nothing")
	p.role("AUDITOR")
	p.requireRole("auditor", ana, bob)
	require.Equal(t, []string{"scim applied member>auditor", "admin applied auditor>member", "scim failed role_not_updated", "scim applied member>auditor"}, p.placed(ana))
	require.Empty(t, p.placed(cyd))
	p.patch(finance.ID, step(scim.RemoveMembers, ana))
	p.requireRole("member", ana)
}

func TestC6_SCIMOrganizationIsGoneAndHealed(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	sales := p.organization("Sales")
	ana := p.arrives("ana")
	emea := p.push("EMEA", ana)
	p.save(directory.SCIMMappings{Roles: []directory.RoleMapping{}, Organizations: []directory.OrganizationMapping{puts(emea, sales)}})
	require.NoError(t, p.store.DeleteOrganization(t.Context(), p.AccountID, sales.ID))
	require.Nil(t, p.user(ana).Organization)
	require.Equal(t, directory.Problem{
		Code: "organization_not_moved",
		Message: "Unable to move existing user to an organization: ana Lee should belong to 'Sales', for being in the group 'EMEA', " +
			"but the account has no such organization any more.",
		Remedy: "Create an organization and map the group to it, or create one whose name matches the mapping: 'Sales'. Either heals it at once.",
	}, p.problem(ana))
	world := p.organization("World")
	p.save(directory.SCIMMappings{Roles: []directory.RoleMapping{}, Organizations: []directory.OrganizationMapping{puts(emea, world)}})
	require.Equal(t, "world", *p.user(ana).Organization)
}

func TestC5_SCIMMappingThatGaveTheRoleIsDeleted(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	auditor := p.role("Auditor")
	ana := p.arrives("ana")
	finance := p.push("Finance", ana)
	none := directory.SCIMMappings{Roles: []directory.RoleMapping{}, Organizations: []directory.OrganizationMapping{}}
	p.save(directory.SCIMMappings{Roles: []directory.RoleMapping{givesRole(finance, auditor)}, Organizations: []directory.OrganizationMapping{}})
	p.save(none)
	p.requireRole("auditor", ana)
	require.Equal(t, directory.Problem{
		Code:    "role_not_updated",
		Message: "Unable to update user's role: the mapping that gave ana Lee the role 'Auditor' was deleted.",
		Remedy:  "Map a group to the role again, or give the user a role by hand (PATCH /v1/users/{id}).",
	}, p.problem(ana))
	p.patch(finance.ID, step(scim.RemoveMembers, ana))
	require.Len(t, p.placed(ana), 2, "nothing is mapped any more")
	_, err := p.store.UpdateUser(t.Context(), p.AccountID, ana, store.UserPatch{Role: &auditor.ID}, anybody)
	require.NoError(t, err)
	p.save(none)
	require.Len(t, p.placed(ana), 2, "the role is theirs by hand now")
}

func TestC5_SCIMKeepsTheLastAdminAndTheOwner(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	ana, bob, cyd := p.arrives("ana"), p.arrives("bob"), p.arrives("cyd")
	auditor := p.role("Auditor")
	super := store.Role{ID: directory.RoleSuperAdmin, Name: "Super admin"}
	root, finance := p.push("Root", ana, bob), p.push("Finance", cyd)
	_, err := p.db.Exec(`UPDATE users SET role_id = 'account_owner' WHERE id = $1`, cyd)
	require.NoError(t, err)
	p.save(directory.SCIMMappings{Roles: []directory.RoleMapping{givesRole(root, super), givesRole(finance, auditor)}, Organizations: []directory.OrganizationMapping{}})
	p.requireRole("super_admin", ana, bob)
	p.requireRole("account_owner", cyd)
	_, err = p.db.Exec(`UPDATE users SET role_id = 'member' WHERE role_id = 'account_owner'`)
	require.NoError(t, err)

	group := p.patch(root.ID, step(scim.ReplaceMembers))
	require.Empty(t, group.Members, "what the client says stands")
	var left, kept string
	require.NoError(t, p.db.Get(&kept, `SELECT id FROM users WHERE role_id = 'super_admin'`))
	if left = ana; kept == ana {
		left = bob
	}
	p.requireRole("member", left)
	problem := p.problem(kept)
	require.Equal(t, "last_admin", problem.Code)
	require.Contains(t, problem.Message, "is the last account owner or super admin and was kept.")

	p.patch(root.ID, step(scim.AddMembers, cyd))
	p.requireRole("super_admin", cyd, kept)
	p.patch(root.ID, step(scim.AddMembers, kept))
	p.patch(root.ID, step(scim.ReplaceMembers, left))
	p.requireRole("super_admin", left)
	p.requireRole("member", kept)
	p.requireRole("auditor", cyd)
}

func TestC5_SCIMMappingsDecideWhileSCIMIsOn(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	auditor := p.role("Auditor")
	ana := p.arrives("ana")
	finance := p.push("Finance", ana)
	require.NoError(t, p.store.RevokeSCIMToken(t.Context(), p.AccountID, p.TokenID))
	p.save(directory.SCIMMappings{Roles: []directory.RoleMapping{givesRole(finance, auditor)}, Organizations: []directory.OrganizationMapping{}})
	p.requireRole("member", ana)
	_, _, err := p.store.CreateSCIMToken(t.Context(), p.AccountID, "Okta", "an admin", nil)
	require.NoError(t, err)
	p.requireRole("auditor", ana)
}

// Two clients move one user between two mapped groups: whatever comes last, role and groups agree.
func TestC5_SCIMRaceBetweenMappedGroups(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	auditor, clerk := p.role("Auditor"), p.role("Clerk")
	ana := p.arrives("ana")
	finance, office := p.push("Finance"), p.push("Office")
	p.save(directory.SCIMMappings{Roles: []directory.RoleMapping{givesRole(finance, auditor), givesRole(office, clerk)}, Organizations: []directory.OrganizationMapping{}})
	for range 5 {
		var wg sync.WaitGroup
		for _, way := range [][2]store.SCIMGroup{{finance, office}, {office, finance}} {
			wg.Go(func() {
				for range 5 {
					for _, err := range []error{p.tryStep(way[0], scim.AddMembers, ana), p.tryStep(way[1], scim.RemoveMembers, ana)} {
						if err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		wg.Wait()
		want := "member"
		switch {
		case len(p.read(finance.ID).Members) > 0:
			want = "auditor"
		case len(p.read(office.ID).Members) > 0:
			want = "clerk"
		}
		p.requireRole(want, ana)
	}
}

func (p pusher) tryStep(group store.SCIMGroup, action scim.MemberAction, ids ...string) error {
	_, err := p.tryPatch(group.ID, step(action, ids...))
	return err
}

func TestL1_SCIMMappingsStayInTheirAccount(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	other := pusher{p.pushed("other", 100)}
	auditor := p.role("Auditor")
	theirs := other.role("Auditor")
	ana, bob := p.arrives("ana"), other.arrives("bob")
	finance, foreign := p.push("Finance", ana), other.push("Finance", bob)
	p.save(directory.SCIMMappings{Roles: []directory.RoleMapping{givesRole(finance, auditor), givesRole(foreign, theirs)}, Organizations: []directory.OrganizationMapping{}})
	other.patch(foreign.ID, step(scim.ReplaceMembers), step(scim.AddMembers, bob))
	other.requireRole("member", bob)
	require.NoError(t, other.store.DeleteRole(t.Context(), other.AccountID, theirs.ID))
	p.requireRole("auditor", ana)

	known, err := p.store.SCIMGroupsWithin(t.Context(), p.AccountID, []string{finance.ID, foreign.ID, uuid.NewString(), "none"})
	require.NoError(t, err)
	require.Equal(t, []string{finance.ID}, known)
	saved, err := p.store.SCIMMappings(t.Context(), other.AccountID)
	require.NoError(t, err)
	require.Empty(t, saved.Roles)
	_, err = p.store.SCIMMappings(t.Context(), uuid.NewString())
	requireCode(t, err, directory.KindNotFound, "not_found")
	requireCode(t, p.store.SaveSCIMMappings(t.Context(), uuid.NewString(), directory.SCIMMappings{}), directory.KindNotFound, "not_found")
}

// A rule that gives what somebody has by hand already makes it the mapping's, also where another one of
// the user's changes at the same time.
func TestC6_SCIMNotesWhatAMappingGives(t *testing.T) {
	t.Parallel()
	for name, roles := range map[string]bool{"alone": false, "beside a role": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPusher(t)
			auditor, basel := p.role("Auditor"), p.organization("Basel")
			ana, finance := p.arrives("ana"), p.push("Finance")
			mappings := directory.SCIMMappings{Roles: []directory.RoleMapping{}, Organizations: []directory.OrganizationMapping{puts(finance, basel)}}
			if roles {
				mappings.Roles = append(mappings.Roles, givesRole(finance, auditor))
			}
			p.save(mappings)
			_, err := p.store.UpdateUser(t.Context(), p.AccountID, ana, store.UserPatch{Organization: &basel.ID}, anybody)
			require.NoError(t, err)
			p.patch(finance.ID, step(scim.AddMembers, ana))
			p.patch(finance.ID, step(scim.RemoveMembers, ana))
			p.requireRole("member", ana)
			require.Nil(t, p.user(ana).Organization)
		})
	}
}

// Whoever is restored has what follows from the groups that they are in by then.
func TestC5_SCIMRestoredUserHasWhatFollowsNow(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	auditor := p.role("Auditor")
	ana := p.arrives("ana")
	finance := p.push("Finance", ana)
	p.save(directory.SCIMMappings{Roles: []directory.RoleMapping{givesRole(finance, auditor)}, Organizations: []directory.OrganizationMapping{}})
	p.requireRole("auditor", ana)
	_, err := p.db.Exec(`UPDATE users SET status = 'deleted', deactivated_by = 'source', email_key = NULL WHERE id = $1`, ana)
	require.NoError(t, err)
	p.patch(finance.ID, step(scim.RemoveMembers, ana))
	restored, err := p.store.RestoreUser(t.Context(), p.AccountID, ana)
	require.NoError(t, err)
	require.Equal(t, "member", restored.RoleID)
	require.Equal(t, p.user(ana).Version, restored.Version)
	require.Equal(t, []string{"scim applied member>auditor", "scim applied auditor>member"}, p.placed(ana))
}

// The id of what is gone, which a mapping names, is for none of another name.
func TestC5_C6_SCIMMappedIDsAreNotUsedAgain(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	role, organization := p.role("Ревизор"), p.organization("Базель")
	ana := p.arrives("ana")
	finance := p.push("Finance", ana)
	p.save(directory.SCIMMappings{Roles: []directory.RoleMapping{givesRole(finance, role)}, Organizations: []directory.OrganizationMapping{puts(finance, organization)}})
	require.NoError(t, p.store.DeleteRole(t.Context(), p.AccountID, role.ID))
	require.NoError(t, p.store.DeleteOrganization(t.Context(), p.AccountID, organization.ID))
	require.NotEqual(t, role.ID, p.role("Юрист").ID)
	require.NotEqual(t, organization.ID, p.organization("Берн").ID)
	p.requireRole("member", ana)
	require.Nil(t, p.user(ana).Organization)
	p.role("РЕВИЗОР")
	p.organization("Базель")
	p.requireRole(role.ID, ana)
	require.Equal(t, organization.ID, *p.user(ana).Organization)
}

// The admins who are left are told who is an admin no more.
func TestC5_SCIMTakesARoleOfAdmins(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	ana, bob := p.arrives("ana"), p.arrives("bob")
	super, user := store.Role{ID: directory.RoleSuperAdmin, Name: "Super admin"}, store.Role{ID: directory.RoleUserAdmin, Name: "User admin"}
	root, office := p.push("Root", ana), p.push("Office", bob)
	p.save(directory.SCIMMappings{Roles: []directory.RoleMapping{givesRole(root, super), givesRole(office, user)}, Organizations: []directory.OrganizationMapping{}})
	told := func() int { return p.count(`SELECT count(*) FROM notifications WHERE kind = 'admin_left'`) }
	require.Zero(t, told())
	p.patch(root.ID, step(scim.RemoveMembers, ana))
	require.Equal(t, 2, p.count(`SELECT count(*) FROM notifications WHERE kind = 'admin_left' AND message LIKE $1`,
		"ana Lee, super admin, was given the role “Member” by a mapping of SCIM groups.%"), "the owner and bob")
	p.patch(office.ID, step(scim.RemoveMembers, bob))
	require.Equal(t, 3, told(), "the owner")
}

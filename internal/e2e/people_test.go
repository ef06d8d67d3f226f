package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestCaseB2_AClearedValueIsCleared(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("e-1", "Ana", "Lopez", object{"phone": "+49 30 5550100", "department": "Sales", "city": "Bern"}))
		phone, department, city := c.field("Phone", "text"), c.field("Department", "text"), c.field("City", "text")
		c.configure(object{"mappings": []object{
			c.mapping("phone", phone), c.mapping("department", department), {"source": v.path("city"), "target": city, "sync_updates": false},
		}})
		c.edits("e-1", object{"phone": nil, "city": nil})
		run := c.succeeds()
		require.Equal(t, directory.Counts{Fetched: 1, Updated: 1}, run.Counts)
		require.Equal(t, object{department: "Sales", city: "Bern"}, c.user("ana.lopez@corp.example").Fields)
		require.Equal(t, object{"fields": object{phone: "+49 30 5550100"}}, c.changes(run)["e-1"].Before)
		require.Equal(t, object{"fields": object{phone: nil}}, c.changes(run)["e-1"].After)

		c.edits("e-1", object{"last": nil, "department": "Support"})
		run = c.syncNow()
		require.Equal(t, directory.RunPartialSuccess, run.Status)
		require.Equal(t, "Lopez", c.user("ana.lopez@corp.example").LastName, "mandatory, so it is not blanked")
		require.Equal(t, object{department: "Support", city: "Bern"}, c.user("ana.lopez@corp.example").Fields)
		require.Equal(t, "Last name is missing: '"+v.path("last")+"' has no value in the directory.", c.changes(run)["e-1"].Problems[0].Message)
	})
}

func TestCaseB4_WhoLacksAMandatoryValueIsSkipped(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		guest := person("e-3", "Jo", "Ann", object{"email": nil})
		if v.provider == directory.Entra {
			guest["userType"], guest["userPrincipalName"] = "Guest", "jo_ann_partner.example#EXT#@corp.onmicrosoft.com"
		}
		unmailed := person("e-4", "Kim", "Roe", object{"email": nil})
		if v.provider == directory.Entra {
			unmailed["userPrincipalName"] = "kim@corp.example"
		}
		c := v.company(t, person("e-1", "Madonna", "", object{"last": nil, "email": "m@corp.example"}), person("e-2", "Li", "   ", object{"email": "li@corp.example"}), guest, unmailed, person("e-5", "Ana", "Lopez"))
		run := c.configure()
		require.Equal(t, directory.RunPartialSuccess, run.Status, run.Reason)
		require.Equal(t, directory.Counts{Fetched: 5, Created: 1, Failed: 4}, run.Counts)
		require.Equal(t, []string{"ana.lopez@corp.example"}, c.addresses())
		require.Equal(t, directory.Invited, c.user("ana.lopez@corp.example").Status)
		changes := c.changes(run)
		noName := "Last name is missing: '" + v.path("last") + "' has no value in the directory."
		noMail := "Email ID is missing: '" + v.path("email") + "' has no value in the directory."
		for id, message := range map[string]string{"e-1": noName, "e-2": noName, "e-3": noMail, "e-4": noMail} {
			require.Equal(t, directory.OutcomeFailed, changes[id].Outcome)
			require.Len(t, changes[id].Problems, 1)
			require.Equal(t, message, changes[id].Problems[0].Message)
			require.NotEmpty(t, changes[id].Problems[0].Remedy)
		}

		c.edits("e-5", object{"last": nil})
		c.syncNow()
		require.Equal(t, "Lopez", c.user("ana.lopez@corp.example").LastName)
		require.Equal(t, directory.Invited, c.user("ana.lopez@corp.example").Status)
	})
}

func TestCaseC1_ARenamedAddressIsTheSamePerson(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.companyOf(t, 10, []object{person("1001", "Ana", "Lopez"), person("1002", "Zoe", "Later")}, group("g-1", "Design", "1001"))
		c.configure(withGroups())
		ana := c.user("ana.lopez@corp.example")
		c.invitation(ana.Email)

		c.edits("1001", object{"email": "ana.ruiz@corp.example"})
		c.edits("1002", object{"last": "Lately"})
		require.Equal(t, directory.Counts{Updated: 2}, c.succeeds().changed())
		require.Len(t, c.users(""), 2)
		require.Equal(t, ana.ID, c.user("ana.ruiz@corp.example").ID)
		require.Equal(t, []string{"ana.ruiz@corp.example"}, c.membersOf("g-1"))
		require.Equal(t, "Lately", c.user("zoe.later@corp.example").LastName)

		mails := c.invitations()
		c.edits("1001", object{"email": "Ana.Ruiz@Corp.Example"})
		run := c.succeeds()
		require.Equal(t, directory.Counts{}, run.changed())
		require.Empty(t, c.changes(run))
		require.Equal(t, mails, c.invitations())
	})
}

func TestCaseC2_ARecycledAddressIsAnotherPerson(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		old := person("1001", "Sam", "Old", object{"email": "sam@corp.example"})
		newcomer := person("2002", "Sam", "New", object{"email": "sam@corp.example"})
		finance := group("g-1", "Finance", "1001")
		c := v.companyOf(t, 10, []object{old}, finance)
		c.configure(withGroups())
		before := c.user("sam@corp.example")
		require.Len(t, before.Groups, 1)
		c.serve([]object{newcomer}, finance)
		run := c.succeeds()
		require.Equal(t, directory.Counts{Created: 1, Deactivated: 1}, parkless(without(run.changed())))
		require.Equal(t, directory.Deactivated, c.userByID(before.ID).Status)
		require.Equal(t, directory.ActionDeactivate, c.changes(run)["1001"].Action)
		now := c.users("status=invited")["sam@corp.example"]
		require.Equal(t, "New", now.LastName)
		require.NotEqual(t, before.ID, now.ID)
		require.Empty(t, now.Groups, "the newcomer is in none of the other's groups")
		require.Equal(t, directory.RoleMember, now.Role)
		require.Equal(t, directory.Counts{}, without(c.succeeds().changed()), "nothing flaps")
		require.Equal(t, directory.Counts{}, without(c.syncAll().changed()))
	})
}

func TestF4_WhoHasTheAddressAlreadyIsAdopted(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("2002", "Olga", "Owner", object{"email": "Owner@Rollcall.example"}), person("e-1", "Ana", "Lopez"))
		id := c.ownerID()
		run := c.configure()
		require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
		require.Equal(t, directory.Counts{Created: 1, Adopted: 1}, run.changed())
		require.Equal(t, directory.ActionAdopt, c.changes(run)["2002"].Action)
		require.Equal(t, id, c.changes(run)["2002"].Subject.ID)
		now := c.userByID(id)
		require.Equal(t, "Olga", now.FirstName)
		require.Equal(t, directory.RoleAccountOwner, now.Role, "the role is kept")
		require.Equal(t, directory.Active, now.Status)
		require.Equal(t, directory.Counts{}, c.succeeds().changed(), "linked once")
	})
}

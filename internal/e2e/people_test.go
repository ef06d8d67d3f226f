package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/simulate"
)

func TestCaseB2_AClearedValueIsCleared(t *testing.T) {
	t.Parallel()
	c := newCompany(t, person("e-1", "Ana", "Lopez", object{"mobilePhone": "+49 30 5550100", "department": "Sales", "city": "Bern"}))
	phone, department, city := c.field("Phone", "text"), c.field("Department", "text"), c.field("City", "text")
	c.configure(object{"mappings": []object{
		mapping("mobilePhone", phone), mapping("department", department), {"source": "city", "target": city, "sync_updates": false},
	}})
	c.simulate(http.MethodPatch, "users/e-1", object{"mobilePhone": nil, "city": nil})
	run := c.syncNow()
	require.Equal(t, directory.Counts{Fetched: 1, Updated: 1}, run.Counts)
	require.Equal(t, object{department: "Sales", city: "Bern"}, c.user("ana.lopez@corp.example").Fields)
	require.Equal(t, object{"fields": object{phone: "+49 30 5550100"}}, c.changes(run)["e-1"].Before)
	require.Equal(t, object{"fields": object{phone: nil}}, c.changes(run)["e-1"].After)

	c.simulate(http.MethodPatch, "users/e-1", object{"surname": nil, "department": "Support"})
	run = c.syncNow()
	require.Equal(t, directory.RunPartialSuccess, run.Status)
	require.Equal(t, "Lopez", c.user("ana.lopez@corp.example").LastName, "mandatory, so it is not blanked")
	require.Equal(t, object{department: "Support", city: "Bern"}, c.user("ana.lopez@corp.example").Fields)
	require.Equal(t, "Last name is missing: 'surname' has no value in the directory.", c.changes(run)["e-1"].Problems[0].Message)
}

func TestCaseB4_WhoLacksAMandatoryValueIsSkipped(t *testing.T) {
	t.Parallel()
	c := newCompany(t,
		object{"id": "e-1", "givenName": "Madonna", "surname": nil, "mail": "m@corp.example"},
		object{"id": "e-2", "givenName": "Li", "surname": "   ", "mail": "li@corp.example"},
		object{"id": "e-3", "userType": "Guest", "userPrincipalName": "jo_ann_partner.example#EXT#@corp.onmicrosoft.com", "mail": nil, "givenName": "Jo", "surname": "Ann"},
		object{"id": "e-4", "userType": "Member", "userPrincipalName": "kim@corp.example", "mail": nil, "givenName": "Kim", "surname": "Roe"},
		person("e-5", "Ana", "Lopez"))
	run := c.configure()
	require.Equal(t, directory.RunPartialSuccess, run.Status, run.Reason)
	require.Equal(t, directory.Counts{Fetched: 5, Created: 1, Failed: 4}, run.Counts)
	require.Len(t, c.users(""), 1)
	require.Equal(t, directory.Invited, c.user("ana.lopez@corp.example").Status)
	changes := c.changes(run)
	for id, message := range map[string]string{
		"e-1": "Last name is missing: 'surname' has no value in the directory.",
		"e-2": "Last name is missing: 'surname' has no value in the directory.",
		"e-3": "Email ID is missing: 'mail' has no value in the directory.",
		"e-4": "Email ID is missing: 'mail' has no value in the directory.",
	} {
		require.Equal(t, directory.OutcomeFailed, changes[id].Outcome)
		require.Len(t, changes[id].Problems, 1)
		require.Equal(t, message, changes[id].Problems[0].Message)
		require.NotEmpty(t, changes[id].Problems[0].Remedy)
	}

	c.simulate(http.MethodPatch, "users/e-5", object{"surname": nil})
	c.syncNow()
	require.Equal(t, "Lopez", c.user("ana.lopez@corp.example").LastName)
	require.Equal(t, directory.Invited, c.user("ana.lopez@corp.example").Status)
}

func TestCaseC1_ARenamedAddressIsTheSamePerson(t *testing.T) {
	t.Parallel()
	c := newCompany(t, person("1001", "Ana", "Lopez"), person("1002", "Zoe", "Later"))
	c.configure()
	ana := c.user("ana.lopez@corp.example")
	c.invitation(ana.Email)

	c.simulate(http.MethodPatch, "users/1001", object{"mail": "ana.ruiz@corp.example"})
	c.simulate(http.MethodPatch, "users/1002", object{"surname": "Lately"})
	run := c.syncNow()
	require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
	require.Equal(t, directory.Counts{Fetched: 2, Updated: 2}, run.Counts)
	require.Len(t, c.users(""), 2)
	require.Equal(t, ana.ID, c.user("ana.ruiz@corp.example").ID)
	require.Equal(t, "Lately", c.user("zoe.later@corp.example").LastName)

	mails := c.invitations()
	c.simulate(http.MethodPatch, "users/1001", object{"mail": "Ana.Ruiz@Corp.Example"})
	run = c.syncNow()
	require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
	require.Equal(t, directory.Counts{Fetched: 2, Unchanged: 2}, run.Counts)
	require.Empty(t, c.changes(run))
	require.Equal(t, mails, c.invitations())
}

func TestCaseC2_ARecycledAddressIsAnotherPerson(t *testing.T) {
	t.Parallel()
	c := newCompany(t, person("1001", "Sam", "Old", object{"mail": "sam@corp.example"}))
	c.configure()
	old := c.user("sam@corp.example")
	c.serve(directoryOf(t, person("2002", "Sam", "New", object{"mail": "sam@corp.example"})))
	run := c.syncNow()
	require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
	require.Equal(t, directory.Counts{Fetched: 1, Created: 1, Deactivated: 1}, run.Counts)
	var gone user
	c.call(http.MethodGet, "/v1/users/"+old.ID, nil, &gone)
	require.Equal(t, directory.Deactivated, gone.Status)
	newcomer := c.users("status=invited")["sam@corp.example"]
	require.Equal(t, "New", newcomer.LastName)
	require.NotEqual(t, old.ID, newcomer.ID)
	require.Equal(t, directory.Counts{Fetched: 1, Unchanged: 1}, c.syncNow().Counts)
}

func TestCaseK1_ANULCharacterFailsNobodyElse(t *testing.T) {
	t.Parallel()
	tenant := directoryOf(t)
	for i := range 199 {
		tenant.Users = append(tenant.Users, simulate.Object(fmt.Sprintf(`{"id":"p-%d","givenName":"Pat","surname":"Number %d","mail":"p%d@corp.example"}`, i, i, i)))
	}
	tenant.Users = append(tenant.Users, simulate.Object(`{"id":"e-7","givenName":"Ana\u0000","surname":"Lopez","mail":"ana@corp.example","jobTitle":"Q\u0000A","city":"\ud83d"}`))
	c := companyOf(t, tenant, 10)
	title, city := c.field("Job title", "text"), c.field("City", "text")
	run := c.configure(object{"mappings": []object{mapping("jobTitle", title), mapping("city", city)}})
	require.Equal(t, directory.RunPartialSuccess, run.Status, run.Reason)
	require.Equal(t, directory.Counts{Fetched: 200, Created: 200, Failed: 1}, run.Counts)
	require.Equal(t, "Ana", c.user("ana@corp.example").FirstName)
	require.Equal(t, "QA", c.user("ana@corp.example").Fields[title])
	var named []string
	for _, problem := range c.changes(run)["e-7"].Problems {
		named = append(named, problem.Field)
	}
	require.ElementsMatch(t, []string{"first_name", title, city}, named)
}

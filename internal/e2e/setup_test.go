package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/simulate"
	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

func TestA1_UsersOfEntraAreRead(t *testing.T) {
	t.Parallel()
	c := newCompany(t, person("e-1", "Ana", "Lopez"), person("e-2", "Bo", "Nilsson"))
	run := c.configure()
	require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
	require.Equal(t, directory.Counts{Fetched: 2, Created: 2}, run.Counts)
	ana := c.user("ana.lopez@corp.example")
	require.Equal(t, "Ana", ana.FirstName)
	require.Equal(t, "Lopez", ana.LastName)
	require.Equal(t, directory.FromDirectorySync, ana.Source)
	require.Len(t, c.users(""), 2)
}

func TestA5_TheTenantIsShown(t *testing.T) {
	t.Parallel()
	tenant := directoryOf(t, person("e-1", "Ana", "Lopez"))
	tenant.Organization = simulate.Object(`{"id":"84841066-274d-4ec0-a5c1-276be684bdd3","displayName":"Corp Ltd","verifiedDomains":[{"name":"corp.example","isDefault":true}]}`)
	c := companyOf(t, tenant, 10)
	var connection struct {
		State  string           `json:"state"`
		Tenant directory.Tenant `json:"tenant"`
	}
	c.call(http.MethodGet, "/v1/connections/"+c.connection, nil, &connection)
	require.Equal(t, "connected", connection.State)
	require.Equal(t, directory.Tenant{ID: "84841066-274d-4ec0-a5c1-276be684bdd3", Name: "Corp Ltd", Domains: []string{"corp.example"}}, connection.Tenant)

	t.Run("a connection that answers for another tenant is not synced", func(t *testing.T) {
		first := c.configure()
		require.Equal(t, directory.RunSuccess, first.Status, first.Reason)
		c.simulate(http.MethodDelete, "users/e-1", nil)
		c.fault(object{"path": "/organization", "body": `{"value":[{"id":"0a7a3c1e-9f5b-4f3e-8a33-5d1a2f1f6f10","displayName":"Somebody else"}]}`})
		run := c.syncNow()
		require.Equal(t, directory.RunFailure, run.Status)
		require.Contains(t, run.Reason, "another tenant")
		require.Equal(t, map[directory.UserStatus]int{directory.Invited: 1}, c.statuses())
	})
}

func TestA6_AllUsersAreInScope(t *testing.T) {
	t.Parallel()
	c := companyOf(t, graph.Generate(45), 100)
	run := c.configure(object{"scope": object{"kind": "all_users"}})
	require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
	require.Equal(t, directory.Counts{Fetched: 45, Created: 45}, run.Counts)
	require.Len(t, c.users(""), 45)
}

func TestA8_MandatoryFieldsAreMappedByDefault(t *testing.T) {
	t.Parallel()
	c := newCompany(t, person("e-1", "Ana", "Lopez", object{"jobTitle": "Engineer"}))
	title := c.field("Job title", "text")
	run := c.configure(object{"mappings": []object{mapping("jobTitle", title)}})
	require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
	var saved struct {
		Mappings []directory.Mapping `json:"mappings"`
	}
	c.call(http.MethodGet, c.path(""), nil, &saved)
	require.ElementsMatch(t, []directory.Mapping{
		{Source: "givenName", Target: "first_name", SyncUpdates: true}, {Source: "surname", Target: "last_name", SyncUpdates: true},
		{Source: "mail", Target: "email", SyncUpdates: true}, {Source: "jobTitle", Target: title, SyncUpdates: true},
	}, saved.Mappings)
	require.Equal(t, object{title: "Engineer"}, c.user("ana.lopez@corp.example").Fields)
}

func TestA9_TypesMustBeTheSame(t *testing.T) {
	t.Parallel()
	c := newCompany(t, person("e-1", "Ana", "Lopez"))
	joining, remote := c.field("Joining date", "date"), c.field("Works remotely", "boolean")
	refusal := c.refused(http.StatusUnprocessableEntity, http.MethodPost, "/v1/configurations", c.settings(object{"mappings": []object{
		mapping("jobTitle", joining), mapping("accountEnabled", remote), mapping("department", remote), mapping("employeeHireDate", "first_name"),
	}}))
	said := map[string]string{}
	for _, e := range refusal.Errors {
		said[e.Field] = e.Message
	}
	require.Len(t, said, 3, refusal.Error())
	require.Contains(t, said["mappings[0].target"], "'Job title' is a text, but 'Joining date' is a date")
	require.Contains(t, said["mappings[2].target"], "'Works remotely' is already the target of mappings[1]")
	require.Contains(t, said["mappings[3].target"], "'Employee hire date' is a date, but 'First name' is a text")

	var saved struct {
		Items []object `json:"items"`
	}
	c.call(http.MethodGet, "/v1/configurations", nil, &saved)
	require.Empty(t, saved.Items)
	require.Empty(t, c.users(""))
	var account struct {
		Provisioning directory.Provisioning `json:"provisioning"`
	}
	c.call(http.MethodGet, "/v1/account", nil, &account)
	require.Equal(t, directory.ProvisioningNone, account.Provisioning)
}

func TestA10_ABadValueFailsItsFieldOnly(t *testing.T) {
	t.Parallel()
	c := newCompany(t,
		person("e-1", "Ana", "Lopez", object{"employeeHireDate": "June sixth", "jobTitle": "Engineer"}),
		person("e-2", "Bo", "Nilsson", object{"employeeHireDate": "06/06/2019"}),
		person("e-3", "Cy", "Young", object{"employeeHireDate": "2019-06-06T00:00:00Z"}))
	joining, title := c.field("Joining date", "date"), c.field("Job title", "text")
	run := c.configure(object{"mappings": []object{mapping("employeeHireDate", joining), mapping("jobTitle", title)}})
	require.Equal(t, directory.RunPartialSuccess, run.Status, run.Reason)
	require.Equal(t, directory.Counts{Fetched: 3, Created: 3, Failed: 1}, run.Counts)
	require.Equal(t, object{title: "Engineer"}, c.user("ana.lopez@corp.example").Fields)
	require.Equal(t, object{joining: "2019-06-06"}, c.user("bo.nilsson@corp.example").Fields)
	require.Equal(t, object{joining: "2019-06-06"}, c.user("cy.young@corp.example").Fields)

	ana := c.changes(run)["e-1"]
	require.Equal(t, directory.OutcomeApplied, ana.Outcome)
	require.Len(t, ana.Problems, 1)
	require.Equal(t, joining, ana.Problems[0].Field)
	require.Equal(t, "Joining date: 'June sixth' is not a date.", ana.Problems[0].Message)
	require.Contains(t, ana.Problems[0].Remedy, "Use DD/MM/YYYY, for example 06/06/2019, or an ISO date.")

	c.simulate(http.MethodPatch, "users/e-2", object{"employeeHireDate": "soon"})
	require.Equal(t, directory.RunPartialSuccess, c.syncNow().Status)
	require.Equal(t, object{joining: "2019-06-06"}, c.user("bo.nilsson@corp.example").Fields, "the old value is kept")
}

func TestA11_WithoutSyncUpdatesAFieldIsWrittenOnce(t *testing.T) {
	t.Parallel()
	c := newCompany(t, person("e-1", "Ana", "Lopez", object{"jobTitle": "Engineer", "city": "Bern"}))
	title, city := c.field("Job title", "text"), c.field("City", "text")
	c.configure(object{"mappings": []object{{"source": "jobTitle", "target": title, "sync_updates": false}, mapping("city", city)}})
	require.Equal(t, object{title: "Engineer", city: "Bern"}, c.user("ana.lopez@corp.example").Fields)

	c.simulate(http.MethodPatch, "users/e-1", object{"jobTitle": "Manager", "city": "Basel"})
	run := c.syncNow()
	require.Equal(t, directory.Counts{Fetched: 1, Updated: 1}, run.Counts)
	require.Equal(t, object{title: "Engineer", city: "Basel"}, c.user("ana.lopez@corp.example").Fields)

	c.simulate(http.MethodPatch, "users/e-1", object{"jobTitle": "Director"})
	require.Equal(t, directory.Counts{Fetched: 1, Unchanged: 1}, c.syncNow().Counts)
}

func TestA12_TestingAMappingWritesNothing(t *testing.T) {
	t.Parallel()
	c := newCompany(t, person("e-1", "Ana", "Lopez", object{"employeeHireDate": "2019-06-06T00:00:00Z"}), person("e-2", "Bo", "Nilsson", object{"employeeHireDate": "June sixth"}))
	joining := c.field("Joining date", "date")
	type value struct {
		Source any     `json:"source"`
		Value  any     `json:"value"`
		Error  *string `json:"error"`
	}
	var tested struct {
		Rows []struct {
			SourceID string           `json:"source_id"`
			Values   map[string]value `json:"values"`
		} `json:"rows"`
	}
	c.call(http.MethodPost, "/v1/mappings/test", object{"connection_id": c.connection, "mappings": []object{mapping("employeeHireDate", joining)}, "sample": []string{"e-1", "e-2"}}, &tested)
	require.Len(t, tested.Rows, 2)
	require.Equal(t, value{Source: "2019-06-06T00:00:00Z", Value: "2019-06-06"}, tested.Rows[0].Values[joining])
	require.Equal(t, value{Source: "Ana", Value: "Ana"}, tested.Rows[0].Values["first_name"])
	require.NotNil(t, tested.Rows[1].Values[joining].Error)
	require.Contains(t, *tested.Rows[1].Values[joining].Error, "'June sixth' is not a date")
	require.Empty(t, c.users(""))
}

func TestA13_TheWeeklyHourIsWallClockTime(t *testing.T) {
	t.Parallel()
	c := newCompany(t, person("e-1", "Ana", "Lopez"))
	c.configure()
	for _, schedule := range []directory.Schedule{
		{Weekday: "monday", Time: "02:30", TimeZone: "Europe/Berlin"},
		{Weekday: "sunday", Time: "23:15", TimeZone: "America/Los_Angeles"},
		{Weekday: "friday", Time: "00:05", TimeZone: "Pacific/Auckland"},
	} {
		c.call(http.MethodPatch, c.path(""), object{"schedule": schedule}, nil)
		zone, err := time.LoadLocation(schedule.TimeZone)
		require.NoError(t, err)
		c.await("the next run at "+schedule.String(), func() bool {
			next := c.status().NextRunAt
			return next != nil && strings.ToLower(next.In(zone).Format("Monday 15:04")) == schedule.Weekday+" "+schedule.Time
		})
		next := *c.status().NextRunAt
		require.True(t, next.After(time.Now()), "%s is over", next)
		require.LessOrEqual(t, time.Until(next), 7*24*time.Hour+time.Hour)
	}

	// Clocks in Berlin go back on 25 October 2026 and forward on 28 March 2027.
	weekly := directory.Schedule{Weekday: "monday", Time: "02:00", TimeZone: "Europe/Berlin"}
	for after, at := range map[string]string{
		"2026-10-19T00:00:00Z": "2026-10-26T01:00:00Z",
		"2026-10-12T00:00:00Z": "2026-10-19T00:00:00Z",
		"2027-03-22T01:00:00Z": "2027-03-29T00:00:00Z",
	} {
		from, err := time.Parse(time.RFC3339, after)
		require.NoError(t, err)
		next, err := weekly.Next(from)
		require.NoError(t, err)
		require.Equal(t, at, next.Format(time.RFC3339))
	}
}

func TestA16_SavingStartsTheFirstRun(t *testing.T) {
	t.Parallel()
	c := newCompany(t, person("e-1", "Ana", "Lopez"))
	run := c.configure()
	require.Equal(t, directory.TriggerFirst, run.Trigger)
	require.Equal(t, directory.KindSync, run.Kind)
	require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
	require.Equal(t, c.sync, run.ConfigurationID)
	require.Len(t, c.runs(), 1)
	require.Len(t, c.users(""), 1)
}

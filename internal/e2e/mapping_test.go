package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestA8_MandatoryFieldsAreMappedByDefault(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("e-1", "Ana", "Lopez", object{"title": "Engineer", "city": "Bern"}))
		title, city := c.field("Job title", "text"), c.field("City", "text")
		run := c.configure(object{"mappings": []object{c.mapping("title", title), c.mapping("city", city)}})
		require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
		require.ElementsMatch(t, []directory.Mapping{
			{Source: v.path("first"), Target: "first_name", SyncUpdates: true}, {Source: v.path("last"), Target: "last_name", SyncUpdates: true},
			{Source: v.path("email"), Target: "email", SyncUpdates: true},
			{Source: v.path("title"), Target: title, SyncUpdates: true}, {Source: v.path("city"), Target: city, SyncUpdates: true},
		}, c.saved().Mappings)
		require.Equal(t, object{title: "Engineer", city: "Bern"}, c.user("ana.lopez@corp.example").Fields)
	})
}

func TestA9_TypesMustBeTheSame(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("e-1", "Ana", "Lopez"))
		joining, remote := c.field("Joining date", "date"), c.field("Works remotely", "boolean")
		flag := map[directory.Provider]string{directory.Entra: "accountEnabled", directory.Google: "customSchemas.HR.remote"}[v.provider]
		refusal := c.refused(http.StatusUnprocessableEntity, http.MethodPost, "/v1/configurations", c.settings(object{"mappings": []object{
			c.mapping("title", joining), c.mapping(flag, remote), c.mapping("department", remote), c.mapping("hired", "first_name"),
		}}))
		said := map[string]string{}
		for _, e := range refusal.Errors {
			said[e.Field] = e.Message
		}
		require.Len(t, said, 3, refusal.Error())
		require.Contains(t, said["mappings[0].target"], "'Job title' is a text, but 'Joining date' is a date")
		require.Contains(t, said["mappings[2].target"], "'Works remotely' is already the target of mappings[1]")
		require.Contains(t, said["mappings[3].target"], "is a date, but 'First name' is a text")

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
	})
}

func TestA10_ABadValueFailsItsFieldOnly(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t,
			person("e-1", "Ana", "Lopez", object{"hired": "June sixth", "title": "Engineer"}),
			person("e-2", "Bo", "Nilsson", object{"hired": "06/06/2019"}),
			person("e-3", "Cy", "Young", object{"hired": "2019-06-06"}))
		joining, title := c.field("Joining date", "date"), c.field("Job title", "text")
		run := c.configure(object{"mappings": []object{c.mapping("hired", joining), c.mapping("title", title)}})
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

		c.edits("e-2", object{"hired": "soon"})
		require.Equal(t, directory.RunPartialSuccess, c.syncNow().Status)
		require.Equal(t, object{joining: "2019-06-06"}, c.user("bo.nilsson@corp.example").Fields, "the old value is kept")
	})
}

func TestA11_WithoutSyncUpdatesAFieldIsWrittenOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("e-1", "Ana", "Lopez", object{"title": "Engineer", "city": "Bern"}))
		title, city := c.field("Job title", "text"), c.field("City", "text")
		c.configure(object{"mappings": []object{{"source": v.path("title"), "target": title, "sync_updates": false}, c.mapping("city", city)}})
		require.Equal(t, object{title: "Engineer", city: "Bern"}, c.user("ana.lopez@corp.example").Fields)

		c.edits("e-1", object{"title": "Manager", "city": "Basel"})
		require.Equal(t, directory.Counts{Fetched: 1, Updated: 1}, c.succeeds().Counts)
		require.Equal(t, object{title: "Engineer", city: "Basel"}, c.user("ana.lopez@corp.example").Fields)

		c.edits("e-1", object{"title": "Director"})
		require.Equal(t, directory.Counts{Fetched: 1, Unchanged: 1}, c.succeeds().Counts)
	})
}

func TestA12_TestingAMappingWritesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.companyOf(t, 10, []object{
			person("e-1", "Ana", "Lopez", object{"hired": "2019-06-06"}), person("e-2", "Bo", "Nilsson", object{"hired": "June sixth"}), person("e-3", "Cy", "Young"),
		}, group("g-1", "Design", "e-2"))
		joining := c.field("Joining date", "date")
		type value struct {
			Source any     `json:"source"`
			Value  any     `json:"value"`
			Error  *string `json:"error"`
		}
		test := func(more object) map[string]map[string]value {
			var tested struct {
				Rows []struct {
					SourceID string           `json:"source_id"`
					Values   map[string]value `json:"values"`
				} `json:"rows"`
			}
			in := object{"connection_id": c.connection, "mappings": []object{c.mapping("hired", joining)}}
			for name, setting := range more {
				in[name] = setting
			}
			c.call(http.MethodPost, "/v1/mappings/test", in, &tested)
			rows := map[string]map[string]value{}
			for _, row := range tested.Rows {
				rows[row.SourceID] = row.Values
			}
			return rows
		}
		rows := test(object{"sample": []string{"e-1", "e-2"}})
		require.Len(t, rows, 2)
		require.Equal(t, value{Source: "2019-06-06", Value: "2019-06-06"}, rows["e-1"][joining])
		require.Equal(t, value{Source: "Ana", Value: "Ana"}, rows["e-1"]["first_name"])
		require.NotNil(t, rows["e-2"][joining].Error)
		require.Contains(t, *rows["e-2"][joining].Error, "'June sixth' is not a date")

		rows = test(ofGroups("g-1"))
		require.Len(t, rows, 1, "the sample is of people in scope")
		require.Contains(t, rows, "e-2")
		c.edits("e-2", object{"hired": "06/06/2019"})
		require.Equal(t, value{Source: "06/06/2019", Value: "2019-06-06"}, test(object{"sample": []string{"e-2"}})["e-2"][joining], "a retest reads again")
		require.Empty(t, c.users(""))
	})
}

// Badge, boolean, date and a list of Google's custom fields, and the like of Entra's, in an account
// whose time zone is behind the one in which Entra's day begins.
func TestCaseB1_CustomFieldsKeepTheirTypes(t *testing.T) {
	t.Parallel()
	t.Run("google", func(t *testing.T) {
		t.Parallel()
		hr := object{"HR": object{"badge": "00042", "remote": true, "start": "2019-06-06", "langs": []object{{"value": "en"}, {"value": "fr"}}}}
		c := newGoogleCompany(t)
		c.serve([]object{person("e-1", "Ana", "Lopez", object{"customSchemas": hr})})
		badge, remote, start, langs := c.field("Badge", "text"), c.field("Remote", "boolean"), c.field("Start", "date"), c.field("Languages", "text")
		c.call(http.MethodPatch, "/v1/account", object{"time_zone": "America/Los_Angeles"}, nil)
		run := c.configure(object{"mappings": []object{
			c.mapping("customSchemas.HR.badge", badge), c.mapping("customSchemas.HR.remote", remote),
			c.mapping("customSchemas.HR.start", start), c.mapping("customSchemas.HR.langs", langs),
		}})
		require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
		want := object{badge: "00042", remote: true, start: "2019-06-06", langs: "en, fr"}
		require.Equal(t, want, c.user("ana.lopez@corp.example").Fields)

		// A second run whose answer has none of the fields that were asked for: Google omits empty ones.
		c.edits("e-1", object{"customSchemas": object{"HR": object{"badge": "00042"}}})
		require.Equal(t, directory.Counts{Updated: 1}, c.succeeds().changed())
		require.Equal(t, object{badge: "00042"}, c.user("ana.lopez@corp.example").Fields)
	})
	t.Run("entra", func(t *testing.T) {
		t.Parallel()
		c := newCompany(t, person("e-1", "Ana", "Lopez", object{
			"employeeId": "00042", "employeeHireDate": "2019-06-06T00:00:00Z", "onPremisesExtensionAttributes": object{"extensionAttribute1": "007"},
		}))
		badge, start, extension := c.field("Badge", "text"), c.field("Start", "date"), c.field("Extension", "text")
		c.call(http.MethodPatch, "/v1/account", object{"time_zone": "America/Los_Angeles"}, nil)
		run := c.configure(object{"mappings": []object{
			c.mapping("employeeId", badge), c.mapping("employeeHireDate", start), c.mapping("onPremisesExtensionAttributes/extensionAttribute1", extension),
		}})
		require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
		require.Equal(t, object{badge: "00042", start: "2019-06-06", extension: "007"}, c.user("ana.lopez@corp.example").Fields)
	})
}

package e2e

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// status is what the API says of a configuration.
type status struct {
	State      directory.ConfigurationState `json:"state"`
	NextRunAt  *time.Time                   `json:"next_run_at"`
	CurrentRun *struct {
		ID         string          `json:"id"`
		Stage      directory.Stage `json:"stage"`
		Done       int             `json:"done"`
		Total      int             `json:"total"`
		PerSecond  *float64        `json:"per_second"`
		ETASeconds *int            `json:"eta_seconds"`
	} `json:"current_run"`
	LastRun *ended `json:"last_run"`
}

func (c *company) status() status {
	c.Helper()
	var s status
	c.call(http.MethodGet, c.path("/status"), nil, &s)
	return s
}

// hold starts a run that reads everybody and that its source puts off until it is released.
func (c *company) hold() (release func()) {
	c.Helper()
	c.forget()
	c.fault(object{"path": c.vendor.list, "status": 429, "headers": object{"Retry-After": "1"}})
	c.call(http.MethodPost, c.path("/sync"), nil, nil)
	c.await("a run", func() bool { return c.status().CurrentRun != nil })
	return c.calm
}

func TestB1_SyncNow(t *testing.T) {
	t.Parallel()
	c := newCompany(t, person("e-1", "Ana", "Lopez"))
	c.configure()

	t.Run("by API", func(t *testing.T) {
		run := c.syncNow()
		require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
		require.Equal(t, directory.TriggerManual, run.Trigger)
		require.NotEmpty(t, run.RequestedBy)
		require.Equal(t, directory.Counts{}, run.changed())
	})
	t.Run("by a signal without payload", func(t *testing.T) {
		_, err := c.temporal().WorkflowService().SignalWorkflowExecution(t.Context(), &workflowservice.SignalWorkflowExecutionRequest{
			Namespace: "rollcall", SignalName: "sync-now", WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: "directory-sync/" + c.sync},
		})
		require.NoError(t, err)
		run := c.nextRun()
		require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
		require.Equal(t, directory.TriggerManual, run.Trigger)
		require.Empty(t, run.RequestedBy)
	})
	t.Run("by a signal of another client", func(t *testing.T) {
		require.NoError(t, c.temporal().SignalWorkflow(t.Context(), "directory-sync/"+c.sync, "", "sync-now", object{"requested_by": "on-call"}))
		run := c.nextRun()
		require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
		require.Equal(t, "on-call", run.RequestedBy)
	})
	t.Run("while one is going, one follows", func(t *testing.T) {
		before := len(c.runs())
		release := c.hold()
		for range 3 {
			c.call(http.MethodPost, c.path("/sync"), nil, nil)
		}
		require.Len(t, c.runs(), before+1, "only one run at a time")
		release()
		c.await("both runs", func() bool {
			runs := c.runs()
			return len(runs) == before+2 && runs[0].Status.Ended()
		})
		runs := c.runs()
		require.Equal(t, directory.RunSuccess, runs[1].Status)
		require.False(t, runs[0].StartedAt.Before(*runs[1].FinishedAt), "the second began before the first had ended")
	})
}

func TestB2_StatusAndProgress(t *testing.T) {
	t.Parallel()
	c := newCompany(t, person("e-1", "Ana", "Lopez"), person("e-2", "Bo", "Nilsson"))
	first := c.configure()
	now := c.status()
	require.Equal(t, directory.Enabled, now.State)
	require.NotNil(t, now.NextRunAt)
	require.Nil(t, now.CurrentRun)
	require.Equal(t, first.ID, now.LastRun.ID)
	require.Equal(t, directory.RunSuccess, now.LastRun.Status)
	require.NotNil(t, now.LastRun.FinishedAt)

	release := c.hold()
	c.await("the number of people", func() bool {
		now = c.status()
		return now.CurrentRun.Total == 2
	})
	require.Equal(t, directory.StageFetch, now.CurrentRun.Stage)
	require.Zero(t, now.CurrentRun.Done)
	require.NotNil(t, now.CurrentRun.PerSecond)
	require.Nil(t, now.CurrentRun.ETASeconds, "unknown before anybody was read")
	require.Equal(t, first.ID, now.LastRun.ID)
	release()
	require.Equal(t, now.CurrentRun.ID, c.nextRun().ID)
}

func TestB3_ARunKeepsTheSettingsItStartedWith(t *testing.T) {
	t.Parallel()
	c := newCompany(t, person("e-1", "Ana", "Lopez", object{"city": "Bern"}))
	city := c.field("City", "text")
	c.configure()
	release := c.hold()
	c.edit(object{"name": "Everybody", "mappings": []object{c.mapping("city", city)}})
	release()
	require.Equal(t, directory.Counts{Fetched: 1, Unchanged: 1}, c.nextRun().Counts)
	require.Empty(t, c.user("ana.lopez@corp.example").Fields)
	require.Equal(t, directory.Counts{Fetched: 1, Updated: 1}, c.succeeds().Counts, "with other settings everybody is read")
	require.Equal(t, object{city: "Bern"}, c.user("ana.lopez@corp.example").Fields)
}

func TestB4_DisableAndEnable(t *testing.T) {
	t.Parallel()
	c := newCompany(t, person("e-1", "Ana", "Lopez"))
	c.configure()
	release := c.hold()
	c.call(http.MethodPost, c.path("/disable"), nil, nil)
	require.Equal(t, directory.RunCancelled, c.nextRun().Status, "the run that was going stops")
	release()
	c.await("the end of the schedule", func() bool { return c.status().State == directory.Disabled })
	require.Nil(t, c.status().NextRunAt)
	runs := len(c.runs())
	refusal := c.refused(http.StatusConflict, http.MethodPost, c.path("/sync"), nil)
	require.Equal(t, "configuration_disabled", refusal.Code)
	require.NoError(t, c.temporal().SignalWorkflow(t.Context(), "directory-sync/"+c.sync, "", "sync-now", nil))

	c.call(http.MethodPost, c.path("/enable"), nil, nil)
	c.await("a schedule", func() bool { return c.status().NextRunAt != nil })
	require.Len(t, c.runs(), runs, "what was asked for while disabled does not run")
	require.Equal(t, directory.RunSuccess, c.syncNow().Status)
	require.Len(t, c.runs(), runs+1)
}

func TestB5_DeletingKeepsTheUsers(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.companyOf(t, 10, []object{person("e-1", "Ana", "Lopez")}, group("g-1", "Design", "e-1"))
		c.configure(withGroups())
		c.call(http.MethodDelete, c.path(""), nil, nil)
		require.NoError(t, c.temporal().GetWorkflow(t.Context(), "directory-sync/"+c.sync, "").Get(t.Context(), nil), "the workflow ends well")
		for _, path := range []string{"", "/status"} {
			c.refused(http.StatusNotFound, http.MethodGet, c.path(path), nil)
		}
		c.refused(http.StatusNotFound, http.MethodPost, c.path("/sync"), nil)
		require.Equal(t, directory.Invited, c.user("ana.lopez@corp.example").Status)
		kept := c.groups()
		require.Len(t, kept, 1, "the groups stay, as ones that no directory has")
		require.Equal(t, 1, kept[""].Members)
		require.Equal(t, directory.ConnectionRevoked, c.connectionNow(c.connection).State)
		var secrets int
		require.NoError(t, c.database().QueryRowContext(t.Context(), `SELECT count(secret) FROM connections WHERE id = $1`, c.connection).Scan(&secrets))
		require.Zero(t, secrets)
		var account struct {
			Provisioning directory.Provisioning `json:"provisioning"`
		}
		c.call(http.MethodGet, "/v1/account", nil, &account)
		require.Equal(t, directory.ProvisioningNone, account.Provisioning)

		c.connect()
		again := c.configure()
		require.Equal(t, directory.Counts{Adopted: 1}, again.changed(), "another configuration takes the users up again")
	})
}

func TestB6_HistoryIsNewestFirst(t *testing.T) {
	t.Parallel()
	c := newCompany(t, person("e-1", "Ana", "Lopez"))
	first := c.configure()
	c.edits("e-1", object{"last": "Ruiz"})
	second := c.syncNow()
	third := c.syncNow()
	var ids []string
	for _, run := range c.runs() {
		ids = append(ids, run.ID)
	}
	require.Equal(t, []string{third.ID, second.ID, first.ID}, ids)
	require.True(t, slices.IsSortedFunc(c.runs(), func(a, b ended) int { return b.StartedAt.Compare(a.StartedAt) }))

	require.Equal(t, directory.Counts{Fetched: 1, Updated: 1}, second.Counts)
	require.False(t, second.FinishedAt.Before(second.StartedAt))
	changes := c.changes(second)
	require.Len(t, changes, 1)
	require.Equal(t, directory.ActionUpdate, changes["e-1"].Action)
	require.Equal(t, directory.OutcomeApplied, changes["e-1"].Outcome)
	require.Equal(t, object{"last_name": "Lopez"}, changes["e-1"].Before)
	require.Equal(t, object{"last_name": "Ruiz"}, changes["e-1"].After)
	require.Empty(t, c.changes(third))
	execution, err := c.temporal().DescribeWorkflowExecution(t.Context(), second.WorkflowID, second.RunID)
	require.NoError(t, err)
	require.Equal(t, "SyncRun", execution.GetWorkflowExecutionInfo().GetType().GetName())
}

func TestB7_Statuses(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("e-1", "Ana", "Lopez"))
		require.Equal(t, directory.RunSuccess, c.configure().Status)

		c.joins(person("e-2", "Bo", "Nilsson", object{"last": nil}))
		partial := c.syncNow()
		require.Equal(t, directory.RunPartialSuccess, partial.Status)
		require.Equal(t, directory.Counts{Failed: 1}, partial.changed())

		c.simulate(http.MethodPost, "revoke-consent", nil)
		failure := c.syncNow()
		c.simulate(http.MethodPost, "grant-consent", nil)
		require.Equal(t, directory.RunFailure, failure.Status)
		require.Contains(t, failure.Reason, "no longer lets Rollcall read this tenant")
		require.Equal(t, directory.Counts{}, failure.Counts)
		require.Equal(t, map[directory.UserStatus]int{directory.Invited: 1}, c.statuses())
	})
}

func TestCaseI3_WhatIsAskedForWhileARunIsGoing(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, crowd(3)...)
		title := c.field("Job title", "text")
		c.configure()
		release := c.hold()
		var said struct {
			Status string `json:"status"`
		}
		for range 2 {
			c.call(http.MethodPost, c.path("/sync"), nil, &said)
			require.Equal(t, "queued", said.Status, "a click is answered")
		}
		c.edits("e-00", object{"title": "Engineer"})
		c.edit(object{"mappings": []object{c.mapping("title", title)}})
		release()
		c.await("the run and one follow-up", func() bool {
			runs := c.runs()
			return len(runs) == 3 && runs[0].Status.Ended()
		})
		runs := c.runs()
		require.Equal(t, directory.Counts{}, runs[1].changed(), "the changed mapping is of a later run")
		require.Equal(t, directory.Counts{Updated: 1}, runs[0].changed())
		require.False(t, runs[0].StartedAt.Before(*runs[1].FinishedAt), "never two at a time")
		c.last = runs[0].ID

		release = c.hold()
		c.call(http.MethodPost, c.path("/disable"), nil, nil)
		require.Equal(t, directory.RunCancelled, c.nextRun().Status)
		release()
		require.Len(t, c.runs(), 4, "no new run starts, and history shows the one that was stopped")
	})
}

package e2e

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

// nobodyRemoved is what must hold after a run that could not read the whole directory.
func (c *company) nobodyRemoved(run ended, users int) {
	c.Helper()
	require.Equal(c, directory.RunFailure, run.Status, run.Reason)
	require.Zero(c, run.Counts.Deactivated)
	require.Zero(c, run.Counts.Deleted)
	require.Equal(c, map[directory.UserStatus]int{directory.Invited: users}, c.statuses())
}

// forty are the people of a small company.
func forty() []object {
	people := make([]object, 40)
	for i := range people {
		people[i] = person(fmt.Sprintf("e-%02d", i), "Pat", fmt.Sprintf("Number%02d", i))
	}
	return people
}

func TestF1_AnIncompleteFetchRemovesNobody(t *testing.T) {
	t.Parallel()
	c := companyOf(t, graph.Generate(1100), 10)
	first := c.configure()
	require.Equal(t, directory.RunSuccess, first.Status, first.Reason)
	require.Equal(t, directory.Counts{Fetched: 1100, Created: 1100}, first.Counts)

	c.fault(object{"path": `^/v1\.0/users\?.*skiptoken`, "body": `{"value":[]}`, "times": 1})
	run := c.syncNow()
	c.nobodyRemoved(run, 1100)
	require.Contains(t, run.Reason, "announced 1100 people, but only 999 could be read. Nobody was removed.")

	healed := c.syncNow()
	require.Equal(t, directory.RunSuccess, healed.Status, healed.Reason)
	require.Equal(t, directory.Counts{Fetched: 1100, Unchanged: 1100}, healed.Counts)
}

func TestF2_TooManyRemovalsWaitForApproval(t *testing.T) {
	t.Parallel()
	c := newCompany(t, forty()...)
	c.configure(object{"guard": object{"max_removals": 500, "max_removal_percent": 20}})
	c.serve(directoryOf(t, forty()[:30]...))

	held := func() ended {
		c.call(http.MethodPost, c.path("/sync"), nil, nil)
		c.await("a run that awaits approval", func() bool { return c.runs()[0].Status == directory.RunAwaitingApproval })
		run := c.runs()[0]
		require.Contains(t, run.Reason, "10 of 40")
		require.Equal(t, map[directory.UserStatus]int{directory.Invited: 40}, c.statuses())
		return run
	}
	t.Run("rejected, all stay", func(t *testing.T) {
		run := held()
		c.call(http.MethodPost, "/v1/runs/"+run.ID+"/reject", nil, nil)
		run = c.runUntil(run.ID, func(r ended) bool { return r.Status.Ended() })
		require.Equal(t, directory.RunCancelled, run.Status)
		require.Equal(t, map[directory.UserStatus]int{directory.Invited: 40}, c.statuses())
		require.Equal(t, directory.OutcomeRejected, c.changes(run)["e-39"].Outcome)
	})
	t.Run("approved, they go", func(t *testing.T) {
		run := held()
		c.call(http.MethodPost, "/v1/runs/"+run.ID+"/approve", nil, nil)
		run = c.runUntil(run.ID, func(r ended) bool { return r.Status.Ended() })
		require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
		require.Equal(t, directory.Counts{Fetched: 30, Unchanged: 30, Deactivated: 10}, run.Counts)
		require.Equal(t, map[directory.UserStatus]int{directory.Invited: 30, directory.Deactivated: 10}, c.statuses())
	})
}

func TestF3_APreviewChangesNothing(t *testing.T) {
	t.Parallel()
	c := newCompany(t, person("e-1", "Ana", "Lopez"), person("e-2", "Bo", "Nilsson"))
	c.configure()
	before := c.users("")
	c.simulate(http.MethodPatch, "users/e-1", object{"surname": "Ruiz"})
	c.simulate(http.MethodDelete, "users/e-2", nil)
	c.simulate(http.MethodPost, "users", person("e-3", "Cy", "Young"))
	var preview struct {
		RunID string `json:"run_id"`
	}
	c.call(http.MethodPost, c.path("/preview"), nil, &preview)
	run := c.runUntil(preview.RunID, func(r ended) bool { return r.Status.Ended() })
	require.Equal(t, directory.KindPreview, run.Kind)
	require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
	require.Equal(t, directory.Counts{Fetched: 2, Created: 1, Updated: 1, Deactivated: 1}, run.Counts)
	changes := c.changes(run)
	require.Len(t, changes, 3)
	for id, action := range map[string]directory.Action{"e-1": directory.ActionUpdate, "e-2": directory.ActionDeactivate, "e-3": directory.ActionCreate} {
		require.Equal(t, action, changes[id].Action)
		require.Equal(t, directory.OutcomePlanned, changes[id].Outcome)
	}
	require.Equal(t, before, c.users(""))
	require.NotContains(t, c.invitations(), "cy.young@corp.example")

	c.last = run.ID
	require.Equal(t, run.Counts, c.syncNow().Counts, "the sync does what the preview said")
}

func TestF6_TheLastOwnerIsKept(t *testing.T) {
	t.Parallel()
	c := newCompany(t, person("e-1", "Ana", "Lopez"), person("e-2", "Olga", "Owner", object{"mail": "owner@rollcall.example"}))
	first := c.configure(object{"on_source_delete": "delete"})
	require.Equal(t, directory.Counts{Fetched: 2, Created: 1, Adopted: 1}, first.Counts)
	owner := c.changes(first)["e-2"].Subject.ID
	require.Equal(t, directory.ActionAdopt, c.changes(first)["e-2"].Action)

	c.simulate(http.MethodDelete, "users/e-1", nil)
	c.simulate(http.MethodPatch, "users/e-2", object{"accountEnabled": false})
	kept := func(run ended, counts directory.Counts) {
		require.Equal(t, directory.RunPartialSuccess, run.Status, run.Reason)
		require.Equal(t, counts, run.Counts)
		var u user
		c.call(http.MethodGet, "/v1/users/"+owner, nil, &u)
		require.Equal(t, directory.Active, u.Status)
		require.Equal(t, directory.RoleAccountOwner, u.Role)
		problems := c.changes(run)["e-2"].Problems
		require.Len(t, problems, 1)
		require.Equal(t, "Olga Owner is the last account owner or super admin and was kept.", problems[0].Message)
	}
	kept(c.syncNow(), directory.Counts{Fetched: 1, Deleted: 1, Failed: 1})

	c.simulate(http.MethodPost, "users", person("e-3", "Cy", "Young"))
	c.simulate(http.MethodDelete, "users/e-2", nil)
	kept(c.syncNow(), directory.Counts{Fetched: 1, Created: 1, Failed: 1})
	c.refused(http.StatusConflict, http.MethodPost, "/v1/users/"+owner+"/deactivate", nil)
}

func TestCaseA1_ARepeatedPageEndsTheRun(t *testing.T) {
	t.Parallel()
	people := forty()
	c := newCompany(t, people...)
	c.configure()
	again := c.graphURL() + "/users?$skiptoken=tok-2"
	c.fault(object{"path": `^/v1\.0/users\?`, "body": page(t, again, people[:10]...)})
	run := c.syncNow()
	c.nobodyRemoved(run, 40)
	require.Contains(t, run.Reason, "page token")
	require.Contains(t, run.Reason, "tok-2")
}

func TestCaseA4_BeingThrottledIsWaitedFor(t *testing.T) {
	t.Parallel()
	c := newCompany(t, person("e-1", "Ana", "Lopez"), person("e-2", "Bo", "Nilsson"))
	c.fault(object{"path": `^/v1\.0/users\?`, "status": 429, "headers": object{"Retry-After": "2"}, "times": 2})
	run := c.configure()
	require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
	require.Equal(t, directory.Counts{Fetched: 2, Created: 2}, run.Counts)
	require.GreaterOrEqual(t, run.FinishedAt.Sub(run.StartedAt), 4*time.Second)
}

func TestCaseD1_WhatCannotBeReadRemovesNobody(t *testing.T) {
	t.Parallel()
	people := forty()
	c := newCompany(t, people...)
	c.configure(object{"on_source_delete": "delete", "guard": object{"max_removals": 1000, "max_removal_percent": 100}})
	list := `^/v1\.0/users\?`
	next := c.graphURL() + "/users?$skiptoken=tok-2"
	for name, test := range map[string]struct {
		faults []object
		reason string
	}{
		"the second page is refused": {
			[]object{{"path": list, "body": page(t, next, people[:10]...), "times": 1}, {"path": list, "status": 403}},
			"does not allow Rollcall to read this (403",
		},
		"the second page is empty": {
			[]object{{"path": list, "body": page(t, next, people[:10]...), "times": 1}, {"path": list, "body": `{"value":[]}`}},
			"announced 40 people, but only 10 could be read",
		},
		"the second page has no list": {
			[]object{{"path": list, "body": page(t, next, people[:10]...), "times": 1}, {"path": list, "body": `{}`}},
			"malformed answer",
		},
		"the list is empty": {[]object{{"path": list, "body": `{"value":[]}`}}, "returned nobody. Nobody was removed."},
		"nobody is counted": {[]object{{"path": list, "body": `{"value":[]}`}, {"path": `\$count`, "body": "0"}}, "returned nobody. Nobody was removed."},
	} {
		t.Run(name, func(t *testing.T) {
			for _, fault := range test.faults {
				c.fault(fault)
			}
			run := c.syncNow()
			c.calm()
			c.nobodyRemoved(run, 40)
			require.Contains(t, run.Reason, test.reason)
		})
	}
	require.Equal(t, directory.Counts{Fetched: 40, Unchanged: 40}, c.syncNow().Counts)
}

package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// rerun reruns a run and returns the new one.
func (c *company) rerun(run ended) ended {
	c.Helper()
	again := c.again(run, "rerun")
	require.Equal(c, directory.KindSync, again.Kind)
	require.Equal(c, directory.TriggerRerun, again.Trigger)
	require.NotEmpty(c, again.RequestedBy)
	return again
}

// More people than one page has: the first page is kept, the second fails. The fault takes its time, so
// that the first one is written by then.
func TestE5_ARerunGoesOnWhereTheFetchFailed(t *testing.T) {
	t.Parallel()
	v := google()
	many := map[directory.Provider]int{directory.Entra: 1010, directory.Google: 510}[v.provider]
	c := v.companyOf(t, 10, crowd(many), group("g-1", "Design", "e-00"))
	c.fault(object{"path": v.list + ".*(skiptoken|pageToken)", "status": 403, "delay_ms": 1500})
	failed := c.configure(withGroups())
	require.Equal(t, directory.RunFailure, failed.Status, failed.Reason)
	require.Empty(t, c.users(""))
	c.calm()

	c.requests()
	run := c.rerun(failed)
	require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
	require.Equal(t, directory.Counts{Created: many, GroupsCreated: 1, MembershipsAdded: 1}, run.changed())
	require.Equal(t, many, run.Counts.Fetched)
	require.Len(t, c.users(""), many)
	asked := c.requests()
	list := strings.TrimSuffix(v.users, "/")
	require.Equal(t, 1, asked[list], "the first page is not read again")
	delete(asked, list)
	for path := range asked {
		require.NotContains(t, path, v.members, "nor are the groups")
		require.NotEqual(t, strings.TrimSuffix(v.groups, "/"), path)
	}
	require.Equal(t, directory.Counts{}, c.succeeds().changed())
}

// The lists were read; looking up who is missing failed.
func TestE5_ARerunDoesNotListAgainWhatWasListed(t *testing.T) {
	t.Parallel()
	v := entra()
	c := v.company(t, crowd(5)...)
	c.configure()
	c.leaves("e-03")
	c.edits("e-00", object{"last": "Newname"})
	c.fault(object{"path": "^" + v.users + "e-03", "status": 403})
	failed := c.syncAll()
	require.Equal(t, directory.RunFailure, failed.Status, failed.Reason)
	c.calm()
	c.requests()
	run := c.rerun(failed)
	require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
	require.Equal(t, directory.Counts{Updated: 1, Deactivated: 1}, run.changed())
	asked := c.requests()
	require.Zero(t, asked[strings.TrimSuffix(v.users, "/")])
	require.Equal(t, 1, asked[v.users+"e-03"])
	require.Equal(t, "Newname", c.user("pat.number00@corp.example").LastName)
}

// A plan that was rejected by mistake is made again, out of what was read.
func TestE5_AfterTheFetchTheSourceIsAskedNothing(t *testing.T) {
	t.Parallel()
	v := entra()
	c := v.companyOf(t, 20, crowd(12), group("g-1", "Design", "e-00", "e-11"))
	c.configure(guarded(2, 100), withGroups())
	c.serve(append(crowd(8), person("e-20", "Cy", "Young")), group("g-1", "Design", "e-01", "e-20"))
	held := c.held()
	rejected := c.decide(held, "reject")
	require.Equal(t, directory.RunCancelled, rejected.Status)
	c.requests()
	run := c.rerun(rejected)
	require.Equal(t, directory.RunAwaitingApproval, run.Status, run.Reason)
	require.Contains(t, run.Reason, "4 of 12")
	run = c.decide(run, "approve")
	require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
	require.Equal(t, 4, run.Counts.Deactivated)
	require.Equal(t, 1, run.Counts.Created)
	require.Empty(t, c.requests(), "not one question")
	require.Equal(t, map[directory.UserStatus]int{directory.Invited: 9, directory.Deactivated: 4}, c.statuses())
	require.Equal(t, []string{"cy.young@corp.example", "pat.number01@corp.example"}, c.membersIn("g-1"))
	require.Equal(t, directory.Counts{}, c.syncAll().changed())
}

// membersIn are the members of a group who are in, for who is out keeps their memberships.
func (c *company) membersIn(sourceID string) []string {
	c.Helper()
	in := []string{}
	for _, address := range c.membersOf(sourceID) {
		if c.user(address).Status != directory.Deactivated {
			in = append(in, address)
		}
	}
	return in
}

func TestE5_WhatIsNotRerun(t *testing.T) {
	t.Parallel()
	c := newCompany(t, crowd(3)...)
	refused := func(run ended, code string) {
		t.Helper()
		refusal := c.refused(http.StatusConflict, http.MethodPost, "/v1/runs/"+run.ID+"/rerun", nil)
		require.Equal(t, code, refusal.Code, refusal.Detail)
		if code != "configuration_disabled" {
			require.Contains(t, strings.ToLower(refusal.Detail), "sync now", "the way out is named")
		}
	}
	refused(c.configure(), "run_not_failed")
	c.simulate(http.MethodPost, "revoke-consent", nil)
	unread := c.syncAll()
	c.simulate(http.MethodPost, "grant-consent", nil)
	require.Equal(t, directory.RunFailure, unread.Status)
	refused(unread, "nothing_staged")

	c.leaves("e-02")
	c.fault(object{"path": "^/v1.0/users/e-02", "status": 403})
	failed := c.syncAll()
	c.calm()
	require.Equal(t, directory.RunFailure, failed.Status)
	c.refused(http.StatusNotFound, http.MethodPost, "/v1/runs/"+nobodysID+"/rerun", nil)
	as := &company{T: t, stack: c.stack, account: c.account}
	as.account.Token = c.apiToken(directory.RoleMember)
	as.refused(http.StatusForbidden, http.MethodPost, "/v1/runs/"+failed.ID+"/rerun", nil)
	c.edit(object{"on_source_delete": "delete"})
	refused(failed, "settings_changed")
	c.edit(object{"on_source_delete": "deactivate"})

	c.call(http.MethodPost, c.path("/disable"), nil, nil)
	refused(failed, "configuration_disabled")
	c.call(http.MethodPost, c.path("/enable"), nil, nil)
	aged := func(hours int) {
		_, err := c.database().ExecContext(t.Context(), `UPDATE runs SET read_since = read_since - $2 * interval '1 hour' WHERE id = $1`, failed.ID, hours)
		require.NoError(t, err)
	}
	c.await("a schedule", func() bool { return c.status().NextRunAt != nil })
	aged(73)
	refused(failed, "too_old")
	aged(-73)
	require.Equal(t, directory.Counts{Deactivated: 1}, c.succeeds().changed())
	refused(failed, "not_the_newest_run")
}

package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// again undoes or reruns a run: it asks for the run that does so, and returns it when it has ended or
// awaits approval.
func (c *company) again(run ended, how string) ended {
	c.Helper()
	var begun ended
	c.call(http.MethodPost, "/v1/runs/"+run.ID+"/"+how, nil, &begun)
	require.NotEqual(c, run.ID, begun.ID)
	require.NotNil(c, begun.OfRunID, "the run says which one it is about")
	require.Equal(c, run.ID, *begun.OfRunID)
	now := c.runUntil(begun.ID, func(r ended) bool { return r.Status.Ended() || r.Status == directory.RunAwaitingApproval })
	require.Equal(c, run.ID, *now.OfRunID)
	require.Equal(c, run.ConfigurationID, now.ConfigurationID)
	c.last = now.ID
	return now
}

// undo undoes a run, without a question to the directory.
func (c *company) undo(run ended) ended {
	c.Helper()
	c.requests()
	undone := c.again(run, "undo")
	require.Equal(c, directory.KindUndo, undone.Kind)
	require.Equal(c, directory.TriggerManual, undone.Trigger)
	require.Empty(c, c.requests(), "nothing is read")
	return undone
}

// titled are so many people who have a title.
func titled(n int, title string) []object {
	people := crowd(n)
	for _, who := range people {
		who["title"] = title
	}
	return people
}

func TestF5_ARunIsUndoneButForWhoChangedSince(t *testing.T) {
	t.Parallel()
	const many, since = 1000, 10
	c := entra().companyOf(t, 10, titled(many, "Engineer"))
	title := c.field("Job title", "text")
	c.configure(object{"mappings": []object{c.mapping("title", title)}})
	titles := func() map[any]int {
		count := map[any]int{}
		for _, u := range c.users("") {
			count[u.Fields[title]]++
		}
		return count
	}
	c.serve(titled(many, "Manager"))
	run := c.succeeds()
	require.Equal(t, directory.Counts{Updated: many}, run.changed())
	require.Nil(t, run.OfRunID)
	for i := range since {
		c.edits(fmt.Sprintf("e-%02d", i), object{"title": "Director"})
	}
	require.Equal(t, directory.Counts{Updated: since}, c.succeeds().changed())

	undone := c.undo(run)
	require.Equal(t, directory.RunPartialSuccess, undone.Status, undone.Reason)
	require.Equal(t, directory.Counts{Updated: many - since, Failed: since}, undone.changed())
	require.Equal(t, map[any]int{"Engineer": many - since, "Director": since}, titles())
	conflicts := c.refusals(undone, "changed_since")
	require.Len(t, conflicts, since)
	for i := range since {
		name := fmt.Sprintf("Pat Number%02d", i)
		require.Contains(t, conflicts[name].Message, name+" was not put back")
		require.Contains(t, conflicts[name].Message, "changed since the run")
		require.NotEmpty(t, conflicts[name].Remedy)
	}
	require.Contains(t, undone.note("next_sync_repeats"), "The next sync brings back what the directory still says.")

	twice := c.undo(run)
	require.Equal(t, directory.Counts{Failed: since}, twice.changed(), "what is undone is not undone again")
	require.Equal(t, map[any]int{"Engineer": many - since, "Director": since}, titles())

	back := c.undo(undone)
	require.Equal(t, directory.RunSuccess, back.Status, back.Reason)
	require.Equal(t, directory.Counts{Updated: many - since}, back.changed(), "an undo is a run that can be undone")
	require.Equal(t, map[any]int{"Manager": many - since, "Director": since}, titles())

	c.undo(run)
	next := c.succeeds()
	require.Equal(t, directory.FullRead, next.Mode, "the next sync looks at everybody")
	require.Equal(t, directory.Counts{Updated: many - since}, next.changed())
	require.Equal(t, map[any]int{"Manager": many - since, "Director": since}, titles())
}

func TestF5_CreationsAreHeldByTheGuard(t *testing.T) {
	t.Parallel()
	c := entra().company(t, crowd(12)...)
	first := c.configure(guarded(2, 100))
	before := c.users("")
	c.accept("pat.number00@corp.example")

	held := c.undo(first)
	require.Equal(t, directory.RunAwaitingApproval, held.Status, held.Reason)
	require.Contains(t, held.Reason, "11")
	require.Equal(t, map[directory.UserStatus]int{directory.Invited: 11, directory.Active: 1}, c.statuses())
	require.Len(t, c.notices(directory.NoticeRunHeld), 1)
	require.Equal(t, directory.RunCancelled, c.decide(held, "reject").Status)
	require.Equal(t, map[directory.UserStatus]int{directory.Invited: 11, directory.Active: 1}, c.statuses(), "rejected, all stay")

	undone := c.decide(c.undo(first), "approve")
	require.Equal(t, directory.RunPartialSuccess, undone.Status, undone.Reason)
	require.Equal(t, directory.Counts{Deleted: 11, Failed: 1}, undone.changed())
	require.Equal(t, map[directory.UserStatus]int{directory.Deleted: 11, directory.Active: 1}, c.statuses(), "into the recycle bin")
	require.Contains(t, c.refusals(undone, "changed_since"), "Pat Number00", "who accepted since stays")

	require.Equal(t, directory.RunSuccess, c.syncNow().Status)
	now := c.users("")
	require.Len(t, now, 12, "the directory still has them")
	for address, u := range now {
		require.Equal(t, before[address].ID, u.ID)
	}
}

func TestF5_GroupsAndMembershipsOfADisabledConfiguration(t *testing.T) {
	t.Parallel()
	c := google().companyOf(t, 10, crowd(3), group("g-1", "One", "e-00", "e-01"), group("g-3", "Three", "e-02"), group("g-4", "Four"))
	c.configure(withGroups())
	before := c.groups()
	c.regroups("g-1", "e-01", "e-02")
	c.renames("g-1", "First")
	c.renames("g-4", "Fourth")
	c.forms(group("g-2", "Two", "e-00"))
	c.simulate(http.MethodDelete, "groups/g-3", nil)
	run := c.succeeds()
	require.Equal(t, directory.Counts{GroupsCreated: 1, GroupsUpdated: 2, GroupsDeleted: 1, MembershipsAdded: 2, MembershipsRemoved: 2}, run.changed())
	c.renames("g-4", "The last")
	require.Equal(t, directory.Counts{GroupsUpdated: 1}, c.succeeds().changed())

	c.call(http.MethodPost, c.path("/disable"), nil, nil)
	c.await("the end of the schedule", func() bool { return c.status().State == directory.Disabled })
	undone := c.undo(run)
	require.Equal(t, directory.RunPartialSuccess, undone.Status, undone.Reason)
	require.Equal(t, directory.Counts{GroupsCreated: 1, GroupsUpdated: 1, GroupsDeleted: 1, MembershipsAdded: 2, MembershipsRemoved: 2, Failed: 1}, undone.changed())
	require.Len(t, c.refusals(undone, "changed_since"), 1, "the group that has another name by now")
	now := c.groups()
	require.Len(t, now, 3)
	require.Equal(t, before["g-1"], now["g-1"])
	require.Equal(t, before["g-3"], now["g-3"], "the same group as before")
	require.Equal(t, "The last", now["g-4"].Name)
	require.Equal(t, []string{"pat.number00@corp.example", "pat.number01@corp.example"}, c.membersOf("g-1"))
	require.Equal(t, []string{"pat.number02@corp.example"}, c.membersOf("g-3"))
	require.Equal(t, directory.Counts{Failed: 1}, c.undo(run).changed())

	c.call(http.MethodPost, c.path("/enable"), nil, nil)
	c.await("a schedule", func() bool { return c.status().NextRunAt != nil })
	require.Equal(t, directory.Counts{GroupsCreated: 1, GroupsUpdated: 1, GroupsDeleted: 1, MembershipsAdded: 2, MembershipsRemoved: 2}, c.succeeds().changed())
	require.Equal(t, []string{"pat.number01@corp.example", "pat.number02@corp.example"}, c.membersOf("g-1"))
	require.Equal(t, []string{"pat.number00@corp.example"}, c.membersOf("g-2"))
}

func TestF5_WhoWasTakenOutComesBack(t *testing.T) {
	t.Parallel()
	for preference, takenOut := range map[string]struct {
		vendor vendor
		counts directory.Counts
	}{"deactivate": {entra(), directory.Counts{Deactivated: 3}}, "delete": {google(), directory.Counts{Deleted: 3}}} {
		t.Run(preference, func(t *testing.T) {
			t.Parallel()
			c := takenOut.vendor.companyOf(t, 10, crowd(4), group("g-1", "Design", "e-00", "e-01"))
			c.configure(withGroups(), guarded(500, 100), object{"on_source_delete": preference})
			c.accept("pat.number00@corp.example")
			before := c.users("")
			for _, id := range []string{"e-00", "e-01", "e-02"} {
				c.leaves(id)
			}
			run := c.succeeds()
			require.Equal(t, takenOut.counts, run.changed())
			undone := c.undo(run)
			require.Equal(t, directory.RunSuccess, undone.Status, undone.Reason)
			require.Equal(t, directory.Counts{Reactivated: 3}, undone.changed())
			for address, was := range before {
				now := c.user(address)
				require.Equal(t, []any{was.ID, was.Status, was.Groups}, []any{now.ID, now.Status, now.Groups}, address)
			}
			require.Equal(t, takenOut.counts, c.succeeds().changed(), "the next sync repeats it, for the directory still says so")
		})
	}
}

func TestF5_WhatCannotBeUndone(t *testing.T) {
	t.Parallel()
	c := newCompany(t, crowd(2)...)
	first := c.configure()
	refused := func(run ended, code string) {
		t.Helper()
		refusal := c.refused(http.StatusConflict, http.MethodPost, "/v1/runs/"+run.ID+"/undo", nil)
		require.Equal(t, code, refusal.Code, refusal.Detail)
		require.True(t, strings.HasSuffix(refusal.Detail, "."), refusal.Detail)
	}
	refused(c.succeeds(), "nothing_to_undo")
	c.joins(person("e-9", "Cy", "Young"))
	refused(c.preview(), "nothing_to_undo")
	c.refused(http.StatusNotFound, http.MethodPost, "/v1/runs/"+nobodysID+"/undo", nil)
	as := &company{T: t, stack: c.stack, account: c.account}
	as.account.Token = c.apiToken(directory.RoleMember)
	as.refused(http.StatusForbidden, http.MethodPost, "/v1/runs/"+first.ID+"/undo", nil)

	release := c.hold()
	going := c.runs()[0]
	refused(going, "run_not_ended")
	refused(first, "run_in_progress")
	release()
	require.Equal(t, directory.RunSuccess, c.runUntil(going.ID, func(r ended) bool { return r.Status.Ended() }).Status)
	require.Equal(t, directory.Counts{Deleted: 2}, c.undo(first).changed())

	_, err := c.database().ExecContext(t.Context(), `UPDATE runs SET started_at = now() - interval '401 days' WHERE id = $1`, first.ID)
	require.NoError(t, err)
	refused(first, "changes_purged")
	c.call(http.MethodDelete, c.path(""), nil, nil)
	refused(going, "configuration_deleted")
}

package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestCaseA1_NoMemberOfAGroupIsLeftOut(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		people := crowd(263)
		members := make([]any, len(people))
		for i, who := range people {
			members[i] = who["id"]
		}
		c := v.companyOf(t, 10, people, group("grp-eng", "Engineering", members...))
		run := c.configure(withGroups())
		require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
		require.Equal(t, directory.Counts{Created: 263, GroupsCreated: 1, MembershipsAdded: 263}, run.changed())
		require.Len(t, c.membersOf("grp-eng"), 263)
	})
}

// Of a group of which fewer members could be read than are announced, nobody is taken out.
func TestCaseA1_FewerMembersThanAnnounced(t *testing.T) {
	t.Parallel()
	c := google().companyOf(t, 10, crowd(4), group("g-1", "Engineering", "e-00", "e-01", "e-02"))
	c.configure(withGroups())
	c.fault(object{"path": "/groups/g-1/members", "body": `{"kind":"admin#directory#members","members":[{"id":"e-00","type":"USER","role":"MEMBER"}]}`})
	run := c.syncNow()
	require.Equal(t, directory.RunPartialSuccess, run.Status, run.Reason)
	require.Equal(t, directory.Counts{Failed: 1}, run.changed())
	require.Len(t, c.membersOf("g-1"), 3)
	problem := c.groupChanges(run)["g-1"]
	require.Equal(t, directory.ActionError, problem.Action)
	require.Contains(t, problem.Problems[0].Message, "announced 3 members of the group 'Engineering', but")
}

func TestCaseA1_ARepeatedPageEndsTheRun(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		people := crowd(40)
		c := v.company(t, people...)
		c.configure()
		c.fault(object{"path": v.list, "body": c.page(c.token("tok-2"), people[:10]...)})
		run := c.syncAll()
		c.nobodyRemoved(run, 40)
		require.Contains(t, run.Reason, "page token")
		require.Contains(t, run.Reason, "tok-2")
	})
}

func TestCaseA4_BeingThrottledIsWaitedFor(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("e-1", "Ana", "Lopez"), person("e-2", "Bo", "Nilsson"))
		fault := object{"path": v.list, "status": 429, "headers": object{"Retry-After": "2"}, "times": 2}
		if v.provider == directory.Google {
			fault["status"] = 403
			fault["body"] = `{"error":{"code":403,"errors":[{"domain":"usageLimits","reason":"quotaExceeded"}]}}`
		}
		c.fault(fault)
		c.requests()
		run := c.configure()
		require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
		require.Equal(t, directory.Counts{Fetched: 2, Created: 2}, run.Counts)
		require.GreaterOrEqual(t, run.FinishedAt.Sub(run.StartedAt), 4*time.Second)
		require.Equal(t, 3, c.requests()[v.users[:len(v.users)-1]], "no more requests than needed")
	})
}

func TestCaseA4_BeingForbiddenIsNotWaitedFor(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("e-1", "Ana", "Lopez"), person("e-2", "Bo", "Nilsson"))
		c.configure()
		fault := object{"path": v.list, "status": 403}
		if v.provider == directory.Google {
			fault["body"] = `{"error":{"code":403,"errors":[{"domain":"global","reason":"forbidden","message":"Not Authorized to access this resource/api"}]}}`
		}
		c.fault(fault)
		c.requests()
		run := c.syncAll()
		c.nobodyRemoved(run, 2)
		require.Contains(t, run.Reason, "403")
		require.Contains(t, strings.ToLower(run.Reason), "grant", "the reason says that the admin must grant access")
		require.Equal(t, 1, c.requests()[v.users[:len(v.users)-1]], "nobody tries again")
	})
}

func TestCaseD1_WhatCannotBeReadRemovesNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		people := crowd(40)
		c := v.company(t, people...)
		c.configure(object{"on_source_delete": "delete"}, guarded(1000, 100))
		next := c.token("tok-2")
		nobody := `{"value":[]}`
		if v.provider == directory.Google {
			nobody = `{"kind":"admin#directory#users","etag":"\"x\""}`
		}
		type failing struct {
			faults []object
			reason string
		}
		tests := map[string]failing{
			"the second page is refused": {
				[]object{{"path": v.list, "body": c.page(next, people[:10]...), "times": 1}, {"path": v.list, "status": 403}}, "(403",
			},
			"the list is empty": {[]object{{"path": v.list, "body": nobody}}, "returned nobody. Nobody was removed."},
			"there is no list":  {[]object{{"path": v.list, "body": `[]`}}, "malformed answer"},
		}
		if v.provider == directory.Entra {
			tests["the second page is empty"] = failing{
				[]object{{"path": v.list, "body": c.page(next, people[:10]...), "times": 1}, {"path": v.list, "body": nobody}}, "announced 40 people, but only 10 could be read",
			}
			tests["the second page has no list"] = failing{
				[]object{{"path": v.list, "body": c.page(next, people[:10]...), "times": 1}, {"path": v.list, "body": `{}`}}, "malformed answer",
			}
			tests["nobody is counted"] = failing{[]object{{"path": v.list, "body": nobody}, {"path": `\$count`, "body": "0"}}, "returned nobody. Nobody was removed."}
		}
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				for _, fault := range test.faults {
					c.fault(fault)
				}
				run := c.syncAll()
				c.calm()
				c.nobodyRemoved(run, 40)
				require.Contains(t, run.Reason, test.reason)
			})
		}
		require.Equal(t, directory.Counts{Fetched: 40, Unchanged: 40}, c.syncAll().Counts)
	})
}

// One of three chosen groups cannot be read: nobody is taken out for that, and the run says which.
func TestCaseD1_AGroupOfTheScopeThatCannotBeRead(t *testing.T) {
	for name, status := range map[string]int{"gone": 404, "forbidden": 403} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, v vendor) {
				c := v.companyOf(t, 10, crowd(6), group("g-1", "Design", "e-00", "e-01"), group("g-2", "Sales", "e-02", "e-03"), group("g-3", "Finance", "e-04", "e-05"))
				c.configure(ofGroups("g-1", "g-2", "g-3"), withGroups(), guarded(1000, 100))
				c.regroups("g-2", "e-03")
				c.fault(object{"path": v.groups + "g-3", "status": status})
				run := c.syncNow()
				c.calm()
				require.Equal(t, directory.RunPartialSuccess, run.Status, run.Reason)
				require.Zero(t, run.Counts.Deactivated)
				require.Equal(t, map[directory.UserStatus]int{directory.Invited: 6}, c.statuses())
				problem := c.groupChanges(run)["g-3"]
				require.Equal(t, directory.ActionError, problem.Action)
				require.Equal(t, "Finance", problem.Subject.Label)
				require.NotEmpty(t, problem.Problems)
				require.Regexp(t, "'(Finance|g-3)'", problem.Problems[0].Message)
				require.NotEmpty(t, problem.Problems[0].Remedy)
				require.Len(t, c.membersOf("g-3"), 2, "its memberships stay as they were")

				require.Equal(t, directory.Counts{Deactivated: 1}, c.succeeds().changed(), "once all can be read, who has left goes")
			})
		})
	}
}

package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// synced is what syncing one person answers.
type synced struct {
	SourceID string `json:"source_id"`
	Steps    []struct {
		Name    string `json:"name"`
		Status  string `json:"status"`
		Message string `json:"message"`
		Detail  object `json:"detail"`
	} `json:"steps"`
	Change *struct {
		Source directory.Origin `json:"source"`
		change
	} `json:"change"`
	User *user `json:"user"`
}

// person syncs one person, by the id that the directory has of them.
func (c *company) person(id string) synced {
	c.Helper()
	var s synced
	c.call(http.MethodPost, c.path("/users/"+id+"/sync"), nil, &s)
	require.Equal(c, id, s.SourceID)
	names := []string{}
	for _, step := range s.Steps {
		names = append(names, step.Name)
		require.Contains(c, []string{"done", "skipped", "failed"}, step.Status, step.Name)
		require.NotEmpty(c, step.Message, step.Name)
	}
	require.Equal(c, []string{"read", "scope", "map", "match", "decide", "apply"}, names)
	return s
}

// at is what a step says at a path of its detail.
func (s synced) at(step string, path ...any) any {
	for _, one := range s.Steps {
		if one.Name == step {
			return dig(one.Detail, path...)
		}
	}
	return nil
}

// went is the status of each step, by name.
func (s synced) went() map[string]string {
	statuses := map[string]string{}
	for _, step := range s.Steps {
		statuses[step.Name] = step.Status
	}
	return statuses
}

func allDone() map[string]string {
	return map[string]string{"read": "done", "scope": "done", "map": "done", "match": "done", "decide": "done", "apply": "done"}
}

func TestF7_OnePersonStepByStep(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("e-1", "Ana", "Lee", object{"title": "Engineer"}), person("e-2", "Bo", "Roe", object{"title": "Engineer"}))
		title, joining := c.field("Job title", "text"), c.field("Joining date", "date")
		c.configure(object{"mappings": []object{c.mapping("title", title), c.mapping("hired", joining)}})
		ana := c.user("ana.lee@corp.example")
		runs := len(c.runs())

		c.edits("e-1", object{"title": "Manager"})
		c.edits("e-2", object{"title": "Manager"})
		c.requests()
		s := c.person("e-1")
		require.Equal(t, allDone(), s.went())
		require.Equal(t, true, s.at("read", "enabled"))
		require.Equal(t, "Manager", s.at("read", "attributes", v.path("title")))
		require.Equal(t, []any{"Manager", "Manager"}, []any{s.at("map", "values", title, "source"), s.at("map", "values", title, "value")})
		require.Equal(t, []any{"link", ana.ID}, []any{s.at("match", "by"), s.at("match", "user_id")})
		require.Equal(t, []any{"update", "Engineer", "Manager"}, []any{s.at("decide", "action"), s.at("decide", "before", "fields", title), s.at("decide", "after", "fields", title)})
		require.Equal(t, "applied", s.at("apply", "outcome"))
		require.Equal(t, []any{directory.ActionUpdate, directory.OutcomeApplied, ana.ID, "e-1"}, []any{s.Change.Action, s.Change.Outcome, s.Change.Subject.ID, s.Change.SourceID})
		require.Nil(t, s.Change.RunID)
		require.Equal(t, "Manager", s.User.Fields[title])
		require.Equal(t, c.userByID(ana.ID), *s.User)
		require.Equal(t, "Engineer", c.user("bo.roe@corp.example").Fields[title], "nobody else is touched")
		for path := range c.requests() {
			require.NotContains(t, []string{v.users[:len(v.users)-1], v.users + "e-2"}, path, "nobody else is read")
		}

		again := c.person("e-1")
		require.Nil(t, again.Change, "there is nothing to change")
		require.Equal(t, ana.ID, again.User.ID)
		require.NotContains(t, again.went(), "failed")

		c.edits("e-1", object{"title": "Director", "hired": "June sixth"})
		bad := c.person("e-1")
		require.Contains(t, bad.at("map", "values", joining, "error"), "'June sixth' is not a date")
		require.Equal(t, "Director", bad.User.Fields[title], "the rest is taken over")
		require.Equal(t, joining, bad.Change.Problems[0].Field)
		c.edits("e-1", object{"hired": "2019-06-06"})
		require.Equal(t, "2019-06-06", c.person("e-1").User.Fields[joining])

		require.Len(t, c.runs(), runs, "it is no run")
		require.Equal(t, directory.Counts{Updated: 1}, c.succeeds().changed(), "the next run has the other one")
	})
}

func TestF7_WhoIsNewAndWhoIsGone(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("e-1", "Ana", "Lee"))
		c.configure()
		c.joins(person("e-2", "Bo", "Roe"))
		s := c.person("e-2")
		require.Equal(t, allDone(), s.went())
		require.Equal(t, "none", s.at("match", "by"))
		require.Equal(t, directory.ActionCreate, s.Change.Action)
		require.Equal(t, directory.Invited, s.User.Status)
		c.invitation("bo.roe@corp.example")

		c.edits("e-2", object{"enabled": false})
		s = c.person("e-2")
		require.Equal(t, false, s.at("read", "enabled"))
		require.Equal(t, directory.ActionDeactivate, s.Change.Action)
		require.Equal(t, directory.Deactivated, c.user("bo.roe@corp.example").Status)
		c.edits("e-2", object{"enabled": true})
		require.Equal(t, directory.ActionReactivate, c.person("e-2").Change.Action)
		c.edit(object{"on_source_delete": "delete"})
		c.leaves("e-2")
		s = c.person("e-2")
		require.NotContains(t, s.went(), "failed", "to be gone is no error")
		require.Equal(t, directory.ActionDelete, s.Change.Action)
		require.Equal(t, directory.Deleted, s.User.Status)
		require.Nil(t, c.person("e-2").Change)

		nobody := c.person("e-404")
		require.Equal(t, "none", nobody.at("match", "by"))
		require.Nil(t, nobody.Change)
		require.Nil(t, nobody.User)

		c.joins(person("e-3", "Olga", "Owner", object{"email": owner}))
		s = c.person("e-3")
		require.Equal(t, []any{"address", c.ownerID()}, []any{s.at("match", "by"), s.at("match", "user_id")})
		require.Equal(t, directory.ActionAdopt, s.Change.Action)
		c.leaves("e-3")
		s = c.person("e-3")
		require.Equal(t, directory.OutcomeFailed, s.Change.Outcome, "the last owner is kept")
		require.Equal(t, "last_admin", s.Change.Problems[0].Code)
		require.Equal(t, directory.Active, c.userByID(c.ownerID()).Status)

		c.joins(person("e-4", "Li", "Noname", object{"last": nil}))
		s = c.person("e-4")
		require.Equal(t, directory.ActionError, s.Change.Action)
		require.Equal(t, directory.OutcomeFailed, s.Change.Outcome)
		require.Nil(t, s.User)
		require.Equal(t, "Last name is missing: '"+v.path("last")+"' has no value in the directory.", s.Change.Problems[0].Message)
		require.Len(t, c.users(""), 1)
	})
}

func TestF7_WhoIsInScope(t *testing.T) {
	t.Parallel()
	v := google()
	c := v.companyOf(t, 10, crowd(4), group("g-1", "Design", "e-00", "g-2"), group("g-2", "Research", "e-01"), group("g-3", "Sales", "e-02"))
	c.configure(ofGroups("g-1"), withGroups("g-1"))
	out := c.person("e-03")
	require.Nil(t, out.Change, "who is out of scope and not here stays away")
	require.Nil(t, out.User)

	c.regroups("g-2", "e-03")
	in := c.person("e-03")
	require.Equal(t, directory.ActionCreate, in.Change.Action, "nested groups count")
	require.NotContains(t, c.membersOf("g-1"), "pat.number03@corp.example")
	require.Contains(t, in.Steps[5].Message, "next", "memberships follow at the next run, it says")
	left := c.person("e-01")
	require.Equal(t, directory.ActionDeactivate, left.Change.Action)
	require.Equal(t, directory.Deactivated, left.User.Status)

	c.edit(ofGroups("g-1", "g-3"))
	c.fault(object{"path": v.groups + "g-1", "status": 403})
	stopped := c.person("e-00")
	require.Equal(t, "failed", stopped.went()["scope"])
	require.Equal(t, "skipped", stopped.went()["apply"])
	require.Nil(t, stopped.Change)
	require.Equal(t, directory.Invited, c.user("pat.number00@corp.example").Status, "what cannot be read changes nothing")
	c.calm()
	require.Equal(t, directory.ActionCreate, c.person("e-02").Change.Action)
	require.Equal(t, 1, c.succeeds().Counts.MembershipsAdded)
	require.Contains(t, c.membersOf("g-1"), "pat.number03@corp.example")
}

func TestF7_WhenOnePersonIsNotSynced(t *testing.T) {
	t.Parallel()
	v := google()
	c := v.company(t, person("e-1", "Ana", "Lee"))
	c.configure()
	c.edits("e-1", object{"last": "Leigh"})
	path := c.path("/users/e-1/sync")
	c.refused(http.StatusNotFound, http.MethodPost, "/v1/configurations/"+nobodysID+"/users/e-1/sync", nil)
	as := &company{T: t, stack: c.stack, account: c.account}
	as.account.Token = c.apiToken(directory.RoleMember)
	as.refused(http.StatusForbidden, http.MethodPost, path, nil)

	release := c.hold()
	require.Equal(t, "run_in_progress", c.refused(http.StatusConflict, http.MethodPost, path, nil).Code)
	c.call(http.MethodPost, c.path("/disable"), nil, nil)
	c.nextRun()
	release()
	c.await("the end of the schedule", func() bool { return c.status().State == directory.Disabled })
	require.Equal(t, "configuration_disabled", c.refused(http.StatusConflict, http.MethodPost, path, nil).Code)
	c.call(http.MethodPost, c.path("/enable"), nil, nil)

	c.fault(object{"path": "^" + v.users + "e-1", "status": 403})
	require.Error(t, c.stack.Client(c.account).Call(t.Context(), http.MethodPost, path, nil, nil))
	c.calm()
	require.Equal(t, "Lee", c.user("ana.lee@corp.example").LastName)
	require.Equal(t, "Leigh", c.person("e-1").User.LastName)
}

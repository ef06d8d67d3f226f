package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// nobodyRemoved is what must hold after a run that could not read the whole directory.
func (c *company) nobodyRemoved(run ended, users int) {
	c.Helper()
	require.Equal(c, directory.RunFailure, run.Status, run.Reason)
	require.Zero(c, run.Counts.Deactivated)
	require.Zero(c, run.Counts.Deleted)
	require.Equal(c, map[directory.UserStatus]int{directory.Invited: users}, c.statuses())
}

func TestF1_AnIncompleteFetchRemovesNobody(t *testing.T) {
	t.Parallel()
	c := newCompany(t, crowd(1100)...)
	first := c.configure()
	require.Equal(t, directory.RunSuccess, first.Status, first.Reason)
	require.Equal(t, directory.Counts{Fetched: 1100, Created: 1100}, first.Counts)

	c.fault(object{"path": `^/v1\.0/users\?.*skiptoken`, "body": `{"value":[]}`, "times": 1})
	run := c.syncAll()
	c.nobodyRemoved(run, 1100)
	require.Contains(t, run.Reason, "announced 1100 people, but only 999 could be read. Nobody was removed.")

	healed := c.syncNow()
	require.Equal(t, directory.RunSuccess, healed.Status, healed.Reason)
	require.Equal(t, directory.Counts{Fetched: 1100, Unchanged: 1100}, healed.Counts, "after a failure everybody is read")
}

func TestF3_APreviewChangesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.companyOf(t, 10, []object{person("e-1", "Ana", "Lopez"), person("e-2", "Bo", "Nilsson")}, group("g-1", "Design", "e-1"))
		c.configure(withGroups())
		before := c.users("")
		c.edits("e-1", object{"last": "Ruiz"})
		c.leaves("e-2")
		c.joins(person("e-3", "Cy", "Young"))
		c.regroups("g-1", "e-3")
		run := c.preview()
		require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
		would := directory.Counts{Created: 1, Updated: 1, Deactivated: 1, MembershipsAdded: 1, MembershipsRemoved: 1}
		require.Equal(t, would, run.changed())
		changes := c.changes(run)
		require.Len(t, changes, 3)
		for id, action := range map[string]directory.Action{"e-1": directory.ActionUpdate, "e-2": directory.ActionDeactivate, "e-3": directory.ActionCreate} {
			require.Equal(t, action, changes[id].Action)
			require.Equal(t, directory.OutcomePlanned, changes[id].Outcome)
		}
		require.Equal(t, before, c.users(""))
		require.Equal(t, []string{"ana.lopez@corp.example"}, c.membersOf("g-1"))
		require.NotContains(t, c.invitations(), "cy.young@corp.example")
		require.Equal(t, would, c.succeeds().changed(), "the sync does what the preview said")
	})
}

func TestF13_APreviewOfAnEditShowsWhoWouldDropOut(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.companyOf(t, 10, crowd(3), group("g-1", "Design", "e-00"))
		title := c.field("Job title", "text")
		c.edits("e-00", object{"title": "Engineer"})
		c.configure(object{"on_source_delete": "delete"})
		saved, before := c.saved(), c.users("")
		edit := ofGroups("g-1")
		edit["mappings"] = []object{c.mapping("title", title)}
		run := c.preview(edit)
		require.Equal(t, directory.RunSuccess, run.Status, run.Reason)
		require.Equal(t, directory.Counts{Updated: 1, Deleted: 2}, run.changed())
		require.Equal(t, directory.ActionDelete, c.changes(run)["e-01"].Action)
		require.Equal(t, "Pat Number01", c.changes(run)["e-01"].Subject.Label)
		require.Equal(t, object{"fields": object{title: "Engineer"}}, c.changes(run)["e-00"].After)
		require.Equal(t, saved, c.saved(), "nothing is saved")
		require.Equal(t, before, c.users(""))
		refusal := c.refused(http.StatusUnprocessableEntity, http.MethodPost, c.path("/preview"), ofGroups("g-404"))
		require.Equal(t, "scope.group_ids[0]", refusal.Errors[0].Field)
		require.Equal(t, directory.Counts{}, c.succeeds().changed())
	})
}

func TestF6_TheLastAdminIsKept(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("e-1", "Ana", "Lopez"), person("e-2", "Olga", "Owner", object{"email": owner}))
		first := c.configure(object{"on_source_delete": "delete"})
		require.Equal(t, directory.Counts{Fetched: 2, Created: 1, Adopted: 1}, first.Counts)
		id := c.changes(first)["e-2"].Subject.ID

		c.leaves("e-1")
		c.edits("e-2", object{"enabled": false})
		kept := func(run ended, counts directory.Counts) {
			t.Helper()
			require.Equal(t, directory.RunPartialSuccess, run.Status, run.Reason)
			require.Equal(t, counts, run.changed())
			require.Equal(t, directory.Active, c.userByID(id).Status)
			require.Equal(t, directory.RoleAccountOwner, c.userByID(id).Role)
			problems := c.changes(run)["e-2"].Problems
			require.Len(t, problems, 1)
			require.Equal(t, "Olga Owner is the last account owner or super admin and was kept.", problems[0].Message)
		}
		kept(c.syncNow(), directory.Counts{Deleted: 1, Failed: 1})

		c.joins(person("e-3", "Cy", "Young"))
		c.leaves("e-2")
		kept(c.syncNow(), directory.Counts{Created: 1, Failed: 1})
		c.refused(http.StatusConflict, http.MethodPost, "/v1/users/"+id+"/deactivate", nil)
	})
}

func TestF6_AnotherAdminLeavesAndTheRestAreTold(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		c := v.company(t, person("e-1", "Ana", "Lopez"), person("e-2", "Bo", "Nilsson"))
		c.configure()
		c.accept("ana.lopez@corp.example")
		_, err := c.database().ExecContext(t.Context(), `UPDATE users SET role_id = 'super_admin' WHERE id = $1`, c.user("ana.lopez@corp.example").ID)
		require.NoError(t, err)
		c.leaves("e-1")
		require.Equal(t, directory.Counts{Deactivated: 1}, c.succeeds().changed())
		require.Equal(t, directory.Deactivated, c.user("ana.lopez@corp.example").Status, "an admin leaves like anyone")
		told := c.notices(directory.NoticeAdminLeft)
		require.Len(t, told, 1)
		require.Contains(t, told[0].Title, "Ana Lopez")
		require.Contains(t, c.mailed(owner, 1)[0].Text, "Ana Lopez")
	})
}

// The list lacks somebody whom the directory has when it is asked for them: nobody is removed.
func TestF8_WhoIsStillThereIsAnErrorAndNoRemoval(t *testing.T) {
	onBoth(t, func(t *testing.T, v vendor) {
		people := crowd(6)
		c := v.company(t, people...)
		c.configure(object{"on_source_delete": "delete"})
		c.leaves("e-05")
		c.fault(object{"path": v.list, "body": c.page("", people[:4]...)})
		c.fault(object{"path": `\$count`, "body": "4"})
		run := c.syncAll()
		require.Equal(t, directory.RunPartialSuccess, run.Status, run.Reason)
		require.Equal(t, directory.Counts{Deleted: 1, Failed: 1}, run.changed())
		require.Equal(t, map[directory.UserStatus]int{directory.Invited: 5, directory.Deleted: 1}, c.statuses())
		problem := c.changes(run)["e-04"]
		require.Equal(t, directory.ActionError, problem.Action)
		require.Len(t, problem.Problems, 1)
		require.Equal(t, "still_there", problem.Problems[0].Code)
		require.Contains(t, problem.Problems[0].Message, "Pat Number04")
		require.NotEmpty(t, problem.Problems[0].Remedy)
		c.calm()
		require.Equal(t, directory.Counts{}, c.succeeds().changed())
	})
}

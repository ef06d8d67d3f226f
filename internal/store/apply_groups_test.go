package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
	"github.com/rollcall-sync/rollcall/internal/store"
)

func (b *bench) applyStep(run string, step, limit int) store.BatchResult {
	b.t.Helper()
	result, err := b.store.ApplyBatch(b.t.Context(), run, step, limit)
	require.NoError(b.t, err)
	return result
}

// Whoever could not be created is in no group; the member is parked until they can.
func TestF10MemberWhoCouldNotBeCreatedIsParked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	_, err := b.db.Exec(`ALTER TABLE users ADD CONSTRAINT no_3 CHECK (email <> 'id-000003@corp.example')`)
	require.NoError(t, err)
	run := b.openRun(directory.KindSync)
	b.stageGroups(run, synced("g-1", "Design", "id-000001", "id-000002", "id-000003"))
	b.stage(run, people(4)...)
	require.Equal(t, store.PlanSummary{Changes: 4, Groups: 1, Memberships: 3}, b.plan(run))
	require.Equal(t, store.BatchResult{Applied: 3, Failed: 1}, b.applyStep(run, reconcile.StepPresent, 10))
	require.NoError(t, b.store.SetStage(ctx, run, directory.StageMemberships, 4))
	require.Equal(t, store.BatchResult{Applied: 1}, b.applyStep(run, reconcile.StepGroups, 10))
	require.Equal(t, store.BatchResult{Applied: 2}, b.applyStep(run, reconcile.StepJoin, 10))
	for step := range reconcile.StepGroupsGone + 1 {
		require.Zero(t, b.applyStep(run, step, 10), "there is nothing left of step %d", step)
	}
	require.Equal(t, 4, b.count(`SELECT stage_done FROM runs WHERE id = $1`, run))
	for range 2 {
		require.NoError(t, b.store.ParkMembers(ctx, run))
		require.Equal(t, 1, b.count(`SELECT count(*) FROM parked_members WHERE source_id = 'id-000003'`))
	}
	closed, err := b.store.CloseRun(ctx, run, "", "")
	require.NoError(t, err)
	require.Equal(t, []int{2, 1, 1}, []int{closed.Counts.MembershipsAdded, closed.Counts.MembershipsParked, closed.Counts.Failed})

	// They arrive while the group cannot be read: who was parked joins.
	_, err = b.db.Exec(`ALTER TABLE users DROP CONSTRAINT no_3`)
	require.NoError(t, err)
	next := b.syncGroups([]group{failing(synced("g-1", ""), directory.CodeGroupUnreadable)}, people(4)...)
	require.Equal(t, []int{1, 1}, []int{next.Counts.Created, next.Counts.MembershipsAdded})
	require.Equal(t, map[string][]string{"g-1": {"id-000001", "id-000002", "id-000003"}}, b.members())
}

func TestMembershipsOfThoseWhoWereTakenOutMeanwhileStay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.syncGroups([]group{synced("g-1", "Design", "id-000000", "id-000001")}, people(4)...)
	run := b.openRun(directory.KindSync)
	b.stageGroups(run, synced("g-1", "Design", "id-000002", "id-000003"))
	b.stage(run, people(4)...)
	require.Equal(t, 4, b.plan(run).Memberships)
	for _, id := range []string{"id-000000", "id-000002"} {
		_, err := b.store.DeactivateUser(ctx, b.account.ID, b.userOf(id).ID)
		require.NoError(t, err)
	}
	b.apply(run, 1)
	require.Equal(t, map[string][]string{"g-1": {"id-000000", "id-000003"}}, b.members())
	require.Equal(t, 2, b.count(`SELECT count(*) FROM changes WHERE run_id = $1 AND subject = 'membership'`, run))
}

// A group that the database refuses does not stop the others, and nobody is in it.
func TestGroupThatTheDatabaseRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.db.Exec(`ALTER TABLE groups ADD CONSTRAINT no_bad CHECK (name <> 'Bad')`)
	require.NoError(t, err)
	run := b.syncGroups([]group{synced("g-1", "Good", "id-000000"), synced("g-2", "Bad", "id-000000"), synced("g-3", "Fine", "id-000001")}, people(2)...)
	require.Equal(t, directory.RunPartialSuccess, run.Status)
	require.Equal(t, []int{2, 1, 2}, []int{run.Counts.GroupsCreated, run.Counts.Failed, run.Counts.MembershipsAdded})
	require.Equal(t, map[string][]string{"g-1": {"id-000000"}, "g-3": {"id-000001"}}, b.members())
	run = b.syncGroups([]group{synced("g-1", "Bad", "id-000000"), synced("g-3", "Finer")}, people(2)...)
	require.Equal(t, []int{1, 1, 1}, []int{run.Counts.GroupsUpdated, run.Counts.Failed, run.Counts.MembershipsRemoved})
}

func TestGroupThatIsGoneMeanwhile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.syncGroups([]group{synced("g-1", "Design", "id-000000"), synced("g-2", "Sales")}, people(2)...)
	run := b.openRun(directory.KindSync)
	b.stageGroups(run, synced("g-1", "Research", "id-000001"))
	b.stage(run, people(2)...)
	require.Equal(t, store.PlanSummary{Unchanged: 2, Groups: 2, Memberships: 2, Linked: 2}, b.plan(run))
	_, err := b.db.Exec(`DELETE FROM groups`)
	require.NoError(t, err)
	applied, failed := b.apply(run, 10)
	require.Equal(t, []int{1, 1}, []int{applied, failed})
	closed := b.settle(run)
	require.Equal(t, directory.Counts{Fetched: 2, Unchanged: 2, Failed: 1, GroupsFetched: 1, GroupsDeleted: 1, MembershipsFetched: 1}, closed.Counts)
}

// Applying someone's deletion keeps their memberships, and their return finds them.
func TestF9DeletionKeepsMemberships(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.settings.OnSourceDelete = directory.DeleteUser
	b.syncGroups([]group{synced("g-1", "Design", "id-000000", "id-000001")}, people(2)...)
	run := b.syncGroups([]group{synced("g-1", "Design", "id-000000")}, people(1)...)
	require.Equal(t, []int{1, 0}, []int{run.Counts.Deleted, run.Counts.MembershipsRemoved})
	require.Equal(t, map[string][]string{"g-1": {"id-000000", "id-000001"}}, b.members())
	require.Equal(t, 1, b.count(`SELECT count(*) FROM links WHERE absent AND source_id = 'id-000001'`))
	run = b.syncGroups([]group{synced("g-1", "Design", "id-000000", "id-000001")}, people(2)...)
	require.Equal(t, []int{1, 0}, []int{run.Counts.Reactivated, run.Counts.MembershipsAdded})
	require.Zero(t, b.count(`SELECT count(*) FROM links WHERE absent`))
}

func TestC4ChangesOfGroupsAndMemberships(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	ana := person("1", "ana@corp.example")
	ana.Values["first_name"], ana.Values["last_name"] = "Ana", "Ruiz"
	b.syncGroups([]group{synced("g-1", "Design", "1"), synced("g-2", "Sales")}, ana, person("2", "bo@corp.example"))
	user := b.userOf("1")
	var groupID string
	require.NoError(t, b.db.Get(&groupID, `SELECT id FROM groups WHERE name = 'Design'`))
	labels := func(f store.ChangeFilter) (labels []string) {
		page, err := b.store.Changes(ctx, b.account.ID, f)
		require.NoError(t, err)
		for _, c := range page.Items {
			labels = append(labels, string(c.Subject)+" "+c.Label)
		}
		return labels
	}
	require.Equal(t, []string{"membership Ana Ruiz in Design", "user Ana Ruiz"}, labels(store.ChangeFilter{UserID: user.ID}))
	require.Equal(t, []string{"membership Ana Ruiz in Design", "group Design"}, labels(store.ChangeFilter{GroupID: groupID}))
	require.Equal(t, []string{"membership Ana Ruiz in Design"}, labels(store.ChangeFilter{Subject: directory.SubjectMembership}))
	require.Len(t, labels(store.ChangeFilter{Subject: directory.SubjectGroup}), 2)
	require.Empty(t, labels(store.ChangeFilter{GroupID: groupID, UserID: b.userOf("2").ID}))
}

// Whoever waits for a licence is before whoever comes back.
func TestB9WaitingListIsBeforeReturners(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.sync(people(3)...)
	for i := range 2 {
		_, err := b.store.AcceptInvitation(ctx, b.invitation(b.userOf(people(2)[i].SourceID).ID))
		require.NoError(t, err)
	}
	records := people(3)
	records[1].Enabled = false
	b.sync(records...)
	_, err := b.db.Exec(`UPDATE accounts SET licences_total = 2`)
	require.NoError(t, err)
	_, err = b.store.AcceptInvitation(ctx, b.invitation(b.userOf("id-000002").ID))
	requireCode(t, err, directory.KindConflict, "licences_exhausted")

	// The owner and the first hold both licences. The first goes, and the second comes back.
	records = people(3)
	records[0].Enabled = false
	run := b.sync(records...)
	require.Equal(t, []int{1, 1}, []int{run.Counts.Deactivated, run.Counts.Reactivated})
	require.Equal(t, directory.Active, b.userOf("id-000002").Status)
	require.Equal(t, directory.AwaitingLicence, b.userOf("id-000001").Status)
}

// K4: the answer to each commit is lost; done again, everything is there once.
func TestK4LostConnectionWhileGroupsAreSynced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	flaky, wire := throughWire(t, b.url)
	run := b.openRun(directory.KindSync)
	page := store.StageMembers{RunID: run, GroupID: "g-1", People: []string{"id-000000", "id-000001", "outside"}, Others: 1}
	apply := func(step int) error {
		_, err := flaky.ApplyBatch(ctx, run, step, 10)
		return err
	}
	twice := func(again string, call func() error) {
		t.Helper()
		wire.arm("COMMIT", true)
		requireCode(t, call(), directory.KindUnavailable, "database_unavailable")
		if err := call(); again != "" {
			requireCode(t, err, directory.KindUnavailable, again)
		} else {
			require.NoError(t, err)
		}
	}
	twice("", func() error { return flaky.BeginRead(ctx, run, fullRead(deltaLink)) })
	twice("", func() error {
		return flaky.StageGroups(ctx, run, []store.StagedGroup{synced("g-1", "Design").StagedGroup})
	})
	twice(store.CodePageStale, func() error { return flaky.StageMembers(ctx, page) })
	b.stage(run, people(2)...)
	b.plan(run)
	twice("", func() error { return apply(reconcile.StepPresent) })
	twice("", func() error { return apply(reconcile.StepGroups) })
	twice("", func() error { return apply(reconcile.StepJoin) })
	twice("", func() error { return flaky.ParkMembers(ctx, run) })
	closed, err := b.store.CloseRun(ctx, run, "", "")
	require.NoError(t, err)
	require.Equal(t, directory.Counts{Fetched: 2, Created: 2, GroupsFetched: 1, GroupsCreated: 1,
		MembershipsFetched: 3, MembershipsAdded: 2, MembershipsSkipped: 2}, closed.Counts)
	require.Equal(t, map[string][]string{"g-1": {"id-000000", "id-000001"}}, b.members())
	require.Equal(t, deltaLink, b.readState().ChangesLink)
}

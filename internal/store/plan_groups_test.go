package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// E1: the people of a group are all of whom its source says so, and the same rule says who is in scope.
func TestCaseE1MembersAreProvisionedAndJoin(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.edit(func(s *directory.Settings) {
		s.Scope = directory.Scope{Kind: directory.UsersOfGroups, GroupIDs: []string{"A"}}
		s.Groups = directory.GroupSync{Enabled: true, GroupIDs: []string{"A"}}
	})
	a := both("A", "A", "u1", "u2")
	records := []mapping.Record{person("u1", "u1@corp.example"), person("u2", "u2@corp.example"), person("u3", "u3@corp.example")}
	for range 2 {
		b.syncGroups([]group{a}, records...)
		require.Equal(t, map[string][]string{"A": {"u1", "u2"}}, b.members())
		require.Equal(t, 2, b.count(`SELECT count(*) FROM links`))
	}
}

// E2: members that are no users of ours are counted and named by id, and stop nothing.
func TestCaseE2MembersThatAreNoUsers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := synced("g-1", "Design", "e1", "gone", "half")
	g.others = 2
	half := person("half", "")
	half.Values[directory.FieldEmail] = ""
	half.Problems = []directory.Problem{{Code: "mandatory_missing", Field: directory.FieldEmail, Message: "Email ID is missing.", Remedy: "Fill it in."}}
	run := b.syncGroups([]group{g}, person("e1", "e1@corp.example"), half)
	require.Equal(t, map[string][]string{"g-1": {"e1"}}, b.members())
	require.Equal(t, directory.Counts{
		Fetched: 2, Created: 1, Failed: 1, GroupsFetched: 1, GroupsCreated: 1,
		MembershipsFetched: 3, MembershipsAdded: 1, MembershipsParked: 1, MembershipsSkipped: 3,
	}, run.Counts)
	require.Equal(t, directory.Notes{{Code: store.NoteMembersSkipped, Message: "3 members of the groups are no people of the directory " +
		"(devices, people from outside or who were deleted) and were skipped, among them: gone."}}, run.Notes)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM parked_members WHERE source_id = 'half'`))

	// F10: who was parked joins when they arrive.
	run = b.syncGroups([]group{g}, person("e1", "e1@corp.example"), person("half", "half@corp.example"))
	require.Equal(t, 1, run.Counts.MembershipsAdded)
	require.Zero(t, run.Counts.MembershipsParked)
	require.Zero(t, b.count(`SELECT count(*) FROM parked_members`))
	require.Equal(t, map[string][]string{"g-1": {"e1", "half"}}, b.members())
}

// E3: a rename is one change of one group; two groups of one name are two groups.
func TestCaseE3GroupsAreKnownByTheirID(t *testing.T) {
	t.Parallel()
	b := setup(t)
	records := people(3)
	g1 := synced("g-1", "Design", "id-000000", "id-000001")
	b.syncGroups([]group{g1}, records...)
	var before string
	require.NoError(t, b.db.Get(&before, `SELECT id FROM groups`))

	g1.Name, g1.Email = "Design & Research", "design@corp.example"
	run := b.syncGroups([]group{g1}, records...)
	require.Equal(t, directory.RunSuccess, run.Status)
	require.Equal(t, directory.Counts{Fetched: 3, Unchanged: 3, GroupsFetched: 1, GroupsUpdated: 1, MembershipsFetched: 2}, run.Counts)
	changes := b.changes(run.ID)
	require.Len(t, changes, 1, "no membership is written")
	require.Equal(t, before, *changes[0].GroupID)
	require.Equal(t, directory.SubjectGroup, changes[0].Subject)
	require.Equal(t, "Design & Research", changes[0].Label)
	require.Equal(t, "Design", *changes[0].Before.Name)
	require.Equal(t, "Design & Research", *changes[0].After.Name)
	require.Equal(t, "design@corp.example", *changes[0].After.Email)
	require.Nil(t, changes[0].After.Description)

	run = b.syncGroups([]group{g1, synced("g-2", "Design & Research", "id-000002")}, records...)
	require.Equal(t, 1, run.Counts.GroupsCreated)
	require.Equal(t, map[string][]string{"g-1": {"id-000000", "id-000001"}, "g-2": {"id-000002"}}, b.members())
	require.Equal(t, 1, b.count(`SELECT count(*) FROM groups WHERE id = $1 AND name = 'Design & Research'`, before))

	g1.Email = ""
	run = b.syncGroups([]group{g1, synced("g-2", "", "id-000002")}, records...)
	require.Equal(t, 2, run.Counts.GroupsUpdated)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM groups WHERE source_id = 'g-2' AND name = 'g-2'`), "a group without a name is called by its id")
	require.Equal(t, 1, b.count(`SELECT count(*) FROM groups WHERE source_id = 'g-1' AND email = ''`))
}

// Who is wanted in a group, by what the people and the group come to in the same run.
func TestA7MembershipPlans(t *testing.T) {
	t.Parallel()
	u := func(id string, values ...any) mapping.Record { return person(id, id+"@corp.example", values...) }
	for name, c := range map[string]struct {
		groups         []group
		records        []mapping.Record
		added, removed int
		want           map[string][]string
	}{
		"nothing new":             {[]group{synced("g", "G", "a", "b")}, []mapping.Record{u("a"), u("b"), u("c")}, 0, 0, map[string][]string{"g": {"a", "b"}}},
		"one joins":               {[]group{synced("g", "G", "a", "b", "c")}, []mapping.Record{u("a"), u("b"), u("c")}, 1, 0, map[string][]string{"g": {"a", "b", "c"}}},
		"one leaves":              {[]group{synced("g", "G", "a")}, []mapping.Record{u("a"), u("b"), u("c")}, 0, 1, map[string][]string{"g": {"a"}}},
		"one is new":              {[]group{synced("g", "G", "a", "b", "d")}, []mapping.Record{u("a"), u("b"), u("c"), u("d")}, 1, 0, map[string][]string{"g": {"a", "b", "d"}}},
		"one is disabled":         {[]group{synced("g", "G", "a")}, []mapping.Record{u("a"), disabled(u("b")), u("c")}, 0, 0, map[string][]string{"g": {"a", "b"}}},
		"one is gone":             {[]group{synced("g", "G", "a")}, []mapping.Record{u("a"), u("c")}, 0, 0, map[string][]string{"g": {"a", "b"}}},
		"the newcomer is out":     {[]group{synced("g", "G", "a", "b", "d")}, []mapping.Record{u("a"), u("b"), u("c"), disabled(u("d"))}, 0, 0, map[string][]string{"g": {"a", "b"}}},
		"the group is deleted":    {nil, []mapping.Record{u("a"), u("b"), u("c")}, 0, 2, map[string][]string{}},
		"another group":           {[]group{synced("h", "H", "a")}, []mapping.Record{u("a"), u("b"), u("c")}, 1, 2, map[string][]string{"h": {"a"}}},
		"it cannot be read":       {[]group{failing(synced("g", "G"), directory.CodeGroupGone)}, []mapping.Record{u("a"), u("b"), u("c")}, 0, 0, map[string][]string{"g": {"a", "b"}}},
		"deleted, and one is out": {nil, []mapping.Record{u("a"), disabled(u("b")), u("c")}, 0, 2, map[string][]string{}},
		"in scope is not synced":  {[]group{inScope("g", "a")}, []mapping.Record{u("a"), u("b"), u("c")}, 0, 2, map[string][]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.syncGroups([]group{synced("g", "G", "a", "b")}, u("a"), u("b"), u("c"))
			run := b.syncGroups(c.groups, c.records...)
			require.Equal(t, []int{c.added, c.removed}, []int{run.Counts.MembershipsAdded, run.Counts.MembershipsRemoved})
			require.Equal(t, c.want, b.members())
		})
	}
}

// A group that could not be read is an error that names it, and keeps who is in it.
func TestA7GroupThatCannotBeRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.syncGroups([]group{synced("g-1", "Design", "id-000000")}, people(2)...)
	b.edit(func(s *directory.Settings) {
		s.Groups = directory.GroupSync{Enabled: true, GroupIDs: []string{"g-1", "g-9"}}
	})
	broken := []group{failing(synced("g-1", ""), directory.CodeGroupUnreadable), failing(synced("g-9", ""), directory.CodeGroupGone)}
	for range 2 {
		run := b.syncGroups(broken, people(2)...)
		require.Equal(t, directory.RunPartialSuccess, run.Status)
		require.Equal(t, directory.Counts{Fetched: 2, Unchanged: 2, Failed: 2}, run.Counts)
		changes := b.changes(run.ID)
		require.Len(t, changes, 2)
		for _, c := range changes {
			require.Equal(t, []any{directory.SubjectGroup, directory.ActionError, directory.OutcomeFailed}, []any{c.Subject, c.Action, c.Outcome})
			require.Equal(t, map[string]string{"g-1": "Design", "g-9": "g-9"}[*c.SourceID], c.Label)
			require.Equal(t, "Choose another one.", c.Problems[0].Remedy)
		}
		require.Equal(t, map[string][]string{"g-1": {"id-000000"}}, b.members())
	}
	run := b.syncGroups(nil, people(2)...)
	require.Zero(t, run.Counts.GroupsDeleted, "a chosen group that the run has not seen stays")
}

// D1 (c): one of three chosen groups cannot be read, so nobody is out of scope for certain.
func TestCaseD1UnreadableGroupOfTheScope(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.edit(func(s *directory.Settings) {
		s.Scope = directory.Scope{Kind: directory.UsersOfGroups, GroupIDs: []string{"g1", "g2", "g3"}}
	})
	records := people(40)
	var ids []string
	for _, r := range records {
		ids = append(ids, r.SourceID)
	}
	whole := []group{inScope("g1", ids[:10]...), inScope("g2", ids[10:20]...), inScope("g3", ids[20:]...)}
	require.Equal(t, 40, b.syncGroups(whole, records...).Counts.Created)

	broken := []group{whole[0], whole[1], failing(inScope("g3"), directory.CodeGroupGone)}
	run := b.syncGroups(broken, records[:38]...)
	require.Equal(t, directory.RunPartialSuccess, run.Status)
	require.Equal(t, directory.Counts{Fetched: 20, Unchanged: 20, Failed: 1, GroupsFetched: 2, MembershipsFetched: 20}, run.Counts)
	require.Equal(t, "g3", b.changes(run.ID)[0].Label)
	require.Equal(t, 40, b.count(`SELECT count(*) FROM users WHERE status = 'invited'`))

	// A group of the scope that was not read at all is no better.
	run = b.syncGroups(whole[:2], records...)
	require.Zero(t, run.Counts.Deactivated)
	require.Equal(t, 20, b.syncGroups([]group{whole[0], whole[1], inScope("g3")}, records...).Counts.Deactivated)
}

// D1 (c): a run that cannot read a group of the scope still takes out who is gone for certain: those
// whom the directory does not know any more, and those who are disabled there.
func TestCaseD1LeaversOfAnUnreadableGroup(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.edit(func(s *directory.Settings) {
		s.Scope = directory.Scope{Kind: directory.UsersOfGroups, GroupIDs: []string{"g1", "g2"}}
	})
	records := people(6)
	whole := []group{inScope("g1", "id-000000"), inScope("g2", "id-000001", "id-000002", "id-000003", "id-000004", "id-000005")}
	b.syncGroups(whole, records...)

	run := b.openRun(directory.KindSync)
	b.stageGroups(run, whole[0], failing(inScope("g2"), directory.CodeGroupUnreadable))
	stranger := disabled(person("stranger", "stranger@corp.example"))
	_, err := b.store.StagePage(ctx, stagePage(run, "", "p2", records[0], disabled(records[1]), records[2], stranger))
	require.NoError(t, err)
	in, all, err := b.store.Missing(ctx, run)
	require.NoError(t, err)
	require.Equal(t, []int{0, 0}, []int{in, all}, "the list has not ended")
	_, err = b.store.StagePage(ctx, stagePage(run, "p2", ""))
	require.NoError(t, err)
	in, all, err = b.store.Missing(ctx, run)
	require.NoError(t, err)
	require.Equal(t, []int{3, 3}, []int{in, all})
	ids, err := b.store.MissingIDs(ctx, run, 10)
	require.NoError(t, err)
	require.Equal(t, []string{"id-000003", "id-000004", "id-000005"}, ids)
	require.NoError(t, b.store.StageAbsences(ctx, run, map[string]directory.Absence{
		"id-000003": directory.AbsenceGone, "id-000004": directory.AbsencePresent}))

	closed := b.settle(run)
	require.Equal(t, []int{2, 0}, []int{closed.Counts.Deactivated, closed.Counts.Created})
	for i, want := range []directory.UserStatus{directory.Invited, directory.Deactivated, directory.Invited,
		directory.Deactivated, directory.Invited, directory.Invited} {
		require.Equal(t, want, b.userOf(records[i].SourceID).Status, records[i].SourceID)
	}
	require.Equal(t, 1, b.count(`SELECT count(*) FROM links WHERE absent AND source_id = 'id-000003'`))
}

// C2 (a): a newcomer with a recycled address gets nothing of the old user's.
func TestCaseC2NewcomerIsNotInTheOldUsersGroups(t *testing.T) {
	t.Parallel()
	for _, onDelete := range []directory.OnSourceDelete{directory.DeactivateUser, directory.DeleteUser} {
		t.Run(string(onDelete), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.settings.OnSourceDelete = onDelete
			b.syncGroups([]group{synced("fin", "Finance", "1001")}, person("1001", "sam@corp.example"))
			old := b.userOf("1001")
			run := b.syncGroups([]group{synced("fin", "Finance")}, person("2002", "sam@corp.example"))
			require.Equal(t, directory.RunSuccess, run.Status)
			require.Equal(t, map[string][]string{"fin": {"1001"}}, b.members(), "whoever is out keeps what they had, frozen")
			require.Equal(t, 1, b.count(`SELECT count(*) FROM memberships WHERE user_id = $1`, old.ID))
			require.Equal(t, 1, b.count(`SELECT count(*) FROM links WHERE absent AND source_id = '1001'`))
			newcomer := b.user("sam@corp.example")
			require.Zero(t, b.count(`SELECT count(*) FROM memberships WHERE user_id = $1`, newcomer.ID))
			run = b.syncGroups([]group{synced("fin", "Finance")}, person("2002", "sam@corp.example"))
			require.Equal(t, directory.Counts{Fetched: 1, Unchanged: 1, GroupsFetched: 1}, run.Counts)
		})
	}
}

func TestF3PreviewOfGroups(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	run := b.openRun(directory.KindPreview)
	b.stageGroups(run, synced("g-1", "Design", "id-000000", "id-000001", "outside"))
	b.stage(run, people(2)...)
	summary := b.plan(run)
	require.Equal(t, store.PlanSummary{Changes: 2, Groups: 1, Memberships: 2}, summary)
	closed, err := b.store.CloseRun(ctx, run, "", "")
	require.NoError(t, err)
	require.Equal(t, directory.Counts{Fetched: 2, Created: 2, GroupsFetched: 1, GroupsCreated: 1, MembershipsFetched: 3, MembershipsAdded: 2}, closed.Counts)
	require.Zero(t, b.count(`SELECT count(*) FROM groups`))
	require.Zero(t, b.count(`SELECT count(*) FROM parked_members`))
	require.Zero(t, b.count(`SELECT count(*) FROM staged_groups`)+b.count(`SELECT count(*) FROM staged_members`))
	require.Equal(t, 5, b.count(`SELECT count(*) FROM changes WHERE outcome = 'planned'`))
}

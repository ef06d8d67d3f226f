package store_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// group is a group as a test's source has it.
type group struct {
	store.StagedGroup
	people   []string
	everyone bool
	others   int
	problem  string // code; empty: it can be read
}

// synced is a group that is synced itself, of these people.
func synced(id, name string, people ...string) group {
	return group{StagedGroup: store.StagedGroup{SourceID: id, Name: name, Synced: true, Direct: -1}, people: people}
}

// inScope is a group whose people are in scope and that is not synced itself.
func inScope(id string, people ...string) group {
	return group{StagedGroup: store.StagedGroup{SourceID: id, Name: id, InScope: true, Direct: -1}, people: people}
}

// both is a group that is in scope and synced.
func both(id, name string, people ...string) group {
	g := synced(id, name, people...)
	g.InScope = true
	return g
}

func failing(g group, code string) group {
	g.problem = code
	return g
}

// stageGroups stages groups with their members, in pages of two.
func (b *bench) stageGroups(run string, groups ...group) {
	b.t.Helper()
	ctx := b.t.Context()
	for _, g := range groups {
		if g.problem != "" {
			problem := directory.Problem{Code: g.problem, Message: "The group " + g.SourceID + " could not be read.", Remedy: "Choose another one."}
			require.NoError(b.t, b.store.FailGroup(ctx, run, g.StagedGroup, problem))
			continue
		}
		require.NoError(b.t, b.store.StageGroups(ctx, run, []store.StagedGroup{g.StagedGroup}))
		page := store.StageMembers{RunID: run, GroupID: g.SourceID, Everyone: g.everyone, Others: g.others}
		for people := g.people; ; page.Cursor, page.Others = page.Next, 0 {
			n := min(2, len(people))
			page.People, people = people[:n], people[n:]
			page.Next = ""
			if len(people) > 0 {
				page.Next = people[0]
			}
			require.NoError(b.t, b.store.StageMembers(ctx, page))
			if page.Next == "" {
				break
			}
		}
	}
}

// settle has a run that staged all do the rest.
func (b *bench) settle(run string) directory.Run {
	b.t.Helper()
	b.plan(run)
	b.apply(run, 3)
	require.NoError(b.t, b.store.ParkMembers(b.t.Context(), run))
	closed, err := b.store.CloseRun(b.t.Context(), run, "", "")
	require.NoError(b.t, err)
	return closed
}

// syncGroups runs a whole run of groups and records.
func (b *bench) syncGroups(groups []group, records ...mapping.Record) directory.Run {
	b.t.Helper()
	run := b.openRun(directory.KindSync)
	b.stageGroups(run, groups...)
	b.stage(run, records...)
	return b.settle(run)
}

// edit replaces the configuration's settings by what change makes of them.
func (b *bench) edit(change func(*directory.Settings)) {
	b.t.Helper()
	change(&b.config.Settings)
	config, err := b.store.UpdateSettings(b.t.Context(), b.account.ID, b.config.ID, b.config.Settings)
	require.NoError(b.t, err)
	b.config = config
}

// members are the source ids of the people of each group, by the group's source id.
func (b *bench) members() map[string][]string {
	b.t.Helper()
	var rows []struct {
		Group  string `db:"group_id"`
		Person string `db:"person"`
	}
	require.NoError(b.t, b.db.Select(&rows, `
		SELECT g.source_id AS group_id, l.source_id AS person FROM groups g JOIN memberships m ON m.group_id = g.id
		JOIN links l ON l.user_id = m.user_id WHERE g.account_id = $1 ORDER BY 1, 2`, b.account.ID))
	out := map[string][]string{}
	for _, r := range rows {
		out[r.Group] = append(out[r.Group], r.Person)
	}
	return out
}

func TestStageGroupsTwiceStagesOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	run := b.openRun(directory.KindSync)
	groups := []store.StagedGroup{
		{SourceID: "g-1", Name: "Design", Synced: true, Direct: 3},
		{SourceID: "g-2", InScope: true, Direct: -1},
		{SourceID: "g-1", Name: "Design\x00", Synced: true, Direct: 2},
	}
	for range 2 {
		require.NoError(t, b.store.StageGroups(ctx, run, groups))
		toRead, err := b.store.GroupsToRead(ctx, run, 10)
		require.NoError(t, err)
		require.Equal(t, []store.GroupToRead{
			{SourceID: "g-1", Name: "Design", Direct: 2, Synced: true},
			{SourceID: "g-2", Name: "g-2", Direct: -1, InScope: true},
		}, toRead, "a group without a name is called by its id")
	}
	require.NoError(t, b.store.StageGroups(ctx, run, nil))
	toRead, err := b.store.GroupsToRead(ctx, run, 1)
	require.NoError(t, err)
	require.Len(t, toRead, 1)
	requireCode(t, b.store.StageGroups(ctx, uuid.NewString(), groups), directory.KindNotFound, "not_found")

	b.stage(run)
	b.plan(run)
	require.NoError(t, b.store.StageGroups(ctx, run, []store.StagedGroup{{SourceID: "g-3", Name: "Late"}}))
	require.NoError(t, b.store.FailGroup(ctx, run, store.StagedGroup{SourceID: "g-3", InScope: true}, directory.Problem{Code: "late"}))
	require.Equal(t, 2, b.count(`SELECT count(*) FROM staged_groups`), "what was planned is planned")
	require.Equal(t, 1, b.count(`SELECT count(*) FROM runs WHERE complete`))
}

func TestStageMembersTwiceStagesOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	run := b.openRun(directory.KindSync)
	require.NoError(t, b.store.SetStage(ctx, run, directory.StageGroups, 1))
	require.NoError(t, b.store.StageGroups(ctx, run, []store.StagedGroup{{SourceID: "g-1", Name: "Design", Synced: true, Direct: 5}}))
	first := store.StageMembers{RunID: run, GroupID: "g-1", Next: "m2", People: []string{"u1", "u2", "u1"}, Others: 1}
	require.NoError(t, b.store.StageMembers(ctx, first))
	requireCode(t, b.store.StageMembers(ctx, first), directory.KindUnavailable, store.CodePageStale)
	toRead, err := b.store.GroupsToRead(ctx, run, 10)
	require.NoError(t, err)
	require.Equal(t, []store.GroupToRead{{SourceID: "g-1", Name: "Design", Cursor: "m2", Direct: 5, Synced: true}}, toRead)
	last := store.StageMembers{RunID: run, GroupID: "g-1", Cursor: "m2", People: []string{"u2", "u3"}, Others: 1}
	require.NoError(t, b.store.StageMembers(ctx, last))
	for _, late := range []store.StageMembers{first, last, {RunID: run, GroupID: "none"}} {
		requireCode(t, b.store.StageMembers(ctx, late), directory.KindUnavailable, store.CodePageStale)
	}

	entries, err := b.store.GroupMembersStaged(ctx, run, "g-1")
	require.NoError(t, err)
	require.Equal(t, 3+2, entries, "a member who is listed more than once is one member")
	groups, done, members, err := b.store.GroupProgress(ctx, run)
	require.NoError(t, err)
	require.Equal(t, []int{1, 1, 3}, []int{groups, done, members})
	require.Equal(t, 1, b.count(`SELECT stage_done FROM runs WHERE id = $1`, run))
	_, err = b.store.GroupMembersStaged(ctx, run, "none")
	requireCode(t, err, directory.KindNotFound, "not_found")
}

// A1: a group of which fewer members came than were announced is not whole, whatever happens after
// its last page: nobody leaves it, and nobody leaves the scope.
func TestCaseA1GroupThatWasReadShort(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.edit(func(s *directory.Settings) {
		s.Scope = directory.Scope{Kind: directory.UsersOfGroups, GroupIDs: []string{"g-1"}}
		s.Groups = directory.GroupSync{Enabled: true, GroupIDs: []string{"g-1"}}
	})
	records := people(4)
	ids := []string{"id-000000", "id-000001", "id-000002", "id-000003"}
	g := both("g-1", "Design", ids...)
	b.syncGroups([]group{g}, records...)

	run := b.openRun(directory.KindSync)
	require.NoError(t, b.store.SetStage(ctx, run, directory.StageGroups, 1))
	require.NoError(t, b.store.StageGroups(ctx, run, []store.StagedGroup{g.StagedGroup}))
	short := directory.Problem{Code: directory.CodeSourceIncomplete, Message: "4 members were announced\x00.", Remedy: "Sync again."}
	require.NoError(t, b.store.StageMembers(ctx, store.StageMembers{RunID: run, GroupID: "g-1", Next: "m2", People: ids[:1], Announced: 4, Short: short}))
	last := store.StageMembers{RunID: run, GroupID: "g-1", Cursor: "m2", People: ids[:2], Others: 1, Announced: 4, Short: short}
	require.NoError(t, b.store.StageMembers(ctx, last))
	requireCode(t, b.store.StageMembers(ctx, last), directory.KindUnavailable, store.CodePageStale)
	toRead, err := b.store.GroupsToRead(ctx, run, 10)
	require.NoError(t, err)
	require.Empty(t, toRead)
	require.Equal(t, 1, b.count(`SELECT stage_done FROM runs WHERE id = $1 AND NOT complete`, run))

	b.stage(run, records...)
	summary := b.plan(run)
	require.Equal(t, store.PlanSummary{Unchanged: 2, Failed: 1, Linked: 4}, summary)
	closed := b.settle(run)
	require.Equal(t, directory.RunPartialSuccess, closed.Status)
	require.Zero(t, closed.Counts.Deactivated+closed.Counts.MembershipsRemoved+closed.Counts.MembershipsSkipped)
	require.Equal(t, map[string][]string{"g-1": ids}, b.members())
	require.Equal(t, "4 members were announced.", b.changes(run)[0].Problems[0].Message)
}

// What is announced is compared with all kinds of members, each once.
func TestGroupIsWholeWithAllItsKindsOfMembers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	run := b.openRun(directory.KindSync)
	for name, c := range map[string]struct {
		announced int
		everyone  bool
		short     bool
	}{
		"unknown":  {-1, false, false},
		"whole":    {5, false, false},
		"short":    {6, false, true},
		"everyone": {6, true, false},
		"and less": {7, true, true},
	} {
		require.NoError(t, b.store.StageGroups(ctx, run, []store.StagedGroup{synced(name, name).StagedGroup}))
		require.NoError(t, b.store.StageMembers(ctx, store.StageMembers{RunID: run, GroupID: name, Next: "m2",
			People: []string{"u1"}, Groups: 1, Everyone: c.everyone, Announced: c.announced}))
		require.NoError(t, b.store.StageMembers(ctx, store.StageMembers{RunID: run, GroupID: name, Cursor: "m2",
			People: []string{"u1", "u2"}, Groups: 1, Others: 1, Everyone: c.everyone, Announced: c.announced}))
		require.Equal(t, c.short, b.count(`SELECT count(*) FROM staged_groups WHERE source_id = $1 AND members_done AND problem IS NOT NULL`, name) == 1, name)
	}
	require.Equal(t, 1, b.count(`SELECT count(*) FROM runs WHERE complete`), "none of them decides who is in scope")
	groups, done, members, err := b.store.GroupProgress(ctx, run)
	require.NoError(t, err)
	require.Equal(t, []int{5, 5, 10}, []int{groups, done, members})
}

func TestNamesOfGroups(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.syncGroups([]group{synced("g-1", "Design")}, people(1)...)
	run := b.openRun(directory.KindSync)
	b.stageGroups(run, synced("g-1", "Research"), synced("g-2", "Sales"), failing(synced("g-3", ""), directory.CodeGroupGone))
	for id, want := range map[string]string{"g-1": "Design", "g-2": "Sales", "g-3": "g-3", "g-4": ""} {
		name, err := b.store.GroupName(ctx, run, id)
		require.NoError(t, err)
		require.Equal(t, want, name)
	}
	unstaged, err := b.store.UnstagedGroups(ctx, run, []string{"g-5", "g-3", "g-4", "g-1"})
	require.NoError(t, err)
	require.Equal(t, []string{"g-5", "g-4"}, unstaged)
}

// A1 (b): a page token of members that keeps coming back. The same token of two groups does not.
func TestCaseA1RepeatedMemberToken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	run := b.openRun(directory.KindSync)
	require.NoError(t, b.store.StageGroups(ctx, run, []store.StagedGroup{{SourceID: "g-1", Name: "A", InScope: true}, {SourceID: "g-2", Name: "B", InScope: true}}))
	for _, id := range []string{"g-1", "g-2"} {
		require.NoError(t, b.store.StageMembers(ctx, store.StageMembers{RunID: run, GroupID: id, Next: "tok-2", People: []string{"u1"}}))
		page := store.StageMembers{RunID: run, GroupID: id, Cursor: "tok-2", Next: "tok-2", People: []string{"u1"}}
		require.NoError(t, b.store.StageMembers(ctx, page))
		err := b.store.StageMembers(ctx, page)
		requireCode(t, err, directory.KindUnavailable, directory.CodeRepeatedPage)
		require.ErrorContains(t, err, "'tok-2'")
	}
}

func TestKnownGroupsAreThoseThatAreNotStaged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.syncGroups([]group{synced("g-1", "A"), synced("g-2", "B"), synced("g-3", "C")}, people(1)...)
	run := b.openRun(directory.KindSync)
	b.stageGroups(run, synced("g-2", "B"))
	known, err := b.store.KnownGroups(t.Context(), run)
	require.NoError(t, err)
	require.Equal(t, []string{"g-1", "g-3"}, known)
}

// Only who is in a group of the scope is staged; a linked one who is in none is noted.
func TestA6ScopeIsKeptPageByPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	records := people(6)
	b.sync(records[:4]...)
	b.edit(func(s *directory.Settings) {
		s.Scope = directory.Scope{Kind: directory.UsersOfGroups, GroupIDs: []string{"g-1"}}
	})
	run := b.openRun(directory.KindSync)
	require.NoError(t, b.store.SetStage(ctx, run, directory.StageFetch, 6))
	b.stageGroups(run, inScope("g-1", "id-000000", "id-000004", "gone"), synced("g-2", "Other", "id-000001"))
	read, err := b.store.StagePage(ctx, stagePage(run, "", "p2", records[:3]...))
	require.NoError(t, err)
	require.Equal(t, 3, read)
	read, err = b.store.StagePage(ctx, stagePage(run, "p2", "", records[3:]...))
	require.NoError(t, err)
	require.Equal(t, 6, read)
	progress, err := b.store.FetchProgress(ctx, run)
	require.NoError(t, err)
	require.Equal(t, store.FetchProgress{Mode: directory.FullRead, Announced: 6, Read: 6, Fetched: 2, Pages: 2, Done: true}, progress)
	require.Equal(t, 6, b.count(`SELECT stage_done FROM runs WHERE id = $1`, run))
	staged, err := b.store.Staged(ctx, run)
	require.NoError(t, err)
	require.Equal(t, 2, staged)
	require.Equal(t, 3, b.count(`SELECT count(*) FROM staged_absent WHERE absence = 'out_of_scope'`), "of who is linked alone")
	missing, _, err := b.store.Missing(ctx, run)
	require.NoError(t, err)
	require.Zero(t, missing)

	closed := b.settle(run)
	require.Equal(t, 2, closed.Counts.Fetched)
	require.Equal(t, 1, closed.Counts.Created)
	require.Equal(t, 3, closed.Counts.Deactivated)
	require.Equal(t, 3, b.count(`SELECT count(*) FROM links WHERE absent`))
	b.edit(func(s *directory.Settings) { s.Scope = directory.Scope{Kind: directory.AllUsers} })
	closed = b.sync(records...)
	require.Equal(t, []int{3, 1, 2}, []int{closed.Counts.Reactivated, closed.Counts.Created, closed.Counts.Unchanged})
	require.Zero(t, b.count(`SELECT count(*) FROM links WHERE absent`))
}

// A group that contains everybody puts everybody in scope.
func TestCaseE2EverybodyIsInScope(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.edit(func(s *directory.Settings) {
		s.Scope = directory.Scope{Kind: directory.UsersOfGroups, GroupIDs: []string{"g-all"}}
	})
	all := both("g-all", "All staff", "id-000001")
	all.everyone = true
	run := b.syncGroups([]group{all}, append(people(3), disabled(person("x", "x@corp.example")))...)
	require.Equal(t, 4, run.Counts.Created)
	require.Equal(t, 3, run.Counts.MembershipsAdded)
	require.Equal(t, map[string][]string{"g-all": {"id-000000", "id-000001", "id-000002"}}, b.members())
	run = b.syncGroups([]group{all}, append(people(4), disabled(person("x", "x@corp.example")))...)
	require.Equal(t, []int{1, 0}, []int{run.Counts.MembershipsAdded, run.Counts.MembershipsRemoved})
}

package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/scim"
)

func TestF10_ParkedMembersJoinWhenTheyArrive(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	bob := p.arrives("bob")
	p.leaves(bob)
	sales, ops := p.push("Sales", "ana", bob), p.push("Ops", "ana", "eve")
	require.Empty(t, sales.Members)
	require.Equal(t, 4, p.count(`SELECT count(*) FROM parked_members`))

	ana := p.arrives("ana")
	require.Equal(t, bob, p.arrives("bob"), "taken up again")
	require.ElementsMatch(t, []string{ana, bob}, memberIDs(p.read(sales.ID)))
	require.Equal(t, []string{ana}, memberIDs(p.read(ops.ID)))
	require.EqualValues(t, 3, p.read(sales.ID).Version)
	require.EqualValues(t, 2, p.read(ops.ID).Version)
	require.Equal(t, 1, p.count(`SELECT count(*) FROM parked_members`))
	log := p.history(sales.ID)
	require.Len(t, log, 3)
	require.Equal(t, "ana Lee in Sales", log[1].Label)
	require.Equal(t, directory.SubjectMembership, log[1].Subject)
	require.Equal(t, ana, *log[1].UserID)
}

// It makes no difference whether a group or its members are pushed first.
func TestF10_OrderOfArrivalDoesNotMatter(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	before := p.push("Before", "ana", "bob")
	ids := p.arrive("ana", "bob")
	after := p.push("After", "ana", "bob")
	require.Equal(t, ids, memberIDs(p.read(before.ID)))
	require.Equal(t, ids, memberIDs(after))
	require.Empty(t, p.patch(after.ID, step(scim.RemoveMembers, "ana", ids[1])).Members)
}

// Another account's parked members are not of those who arrive here.
func TestF10_ParkedElsewhere(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	other := p.pushed("other", 5)
	group, err := p.store.CreateSCIMGroup(t.Context(), other.SCIMClient, scim.Group{DisplayName: "Sales"}, memberList("ana"), true)
	require.NoError(t, err)
	p.source = p.connect(p.account.ID)
	synced := p.group("Synced")
	_, err = p.db.Exec(`INSERT INTO parked_members (group_id, source_id) VALUES ($1, 'ana')`, synced)
	require.NoError(t, err)
	p.arrives("ana")
	require.Zero(t, p.count(`SELECT count(*) FROM memberships`))
	require.Equal(t, 2, p.count(`SELECT count(*) FROM parked_members WHERE group_id IN ($1, $2) AND source_id = 'ana'`, group.ID, synced))
}

// Who arrives while somebody parks them becomes a member: the one waits for the other.
func TestF10_ArrivalWhileBeingParked(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	group := p.push("Sales")
	hurdle, err := p.db.Beginx()
	require.NoError(t, err)
	_, err = hurdle.Exec(`INSERT INTO parked_members (group_id, source_id) VALUES ($1, 'ana')`, group.ID)
	require.NoError(t, err)
	parked, arrived := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := p.tryPatch(group.ID, step(scim.AddMembers, "ana"))
		parked <- err
	}()
	waiting := func() int {
		return p.count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
	}
	require.Eventually(t, func() bool { return waiting() == 1 }, waitFor, tick, "parking has come to the hurdle")
	go func() {
		_, err := p.store.CreateSCIMUser(t.Context(), p.SCIMClient, newcomer("ana"))
		arrived <- err
	}()
	require.Eventually(t, func() bool { return len(arrived) == 1 || waiting() == 2 }, waitFor, tick)
	require.NoError(t, hurdle.Rollback())
	require.NoError(t, <-parked)
	require.NoError(t, <-arrived)
	require.Len(t, p.read(group.ID).Members, 1)
	require.Zero(t, p.count(`SELECT count(*) FROM parked_members`))
}

// Users who arrive and groups that await them, all at once: nobody is lost, and nobody waits for ever.
func TestF10_ArrivalsDuringPushes(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	const n = 20
	groups := []string{p.push("A").ID, p.push("B").ID}
	errs := make([]error, 3*n)
	var wait sync.WaitGroup
	for i := range n {
		name := fmt.Sprintf("u%d", i)
		wait.Go(func() { _, errs[3*i] = p.store.CreateSCIMUser(t.Context(), p.SCIMClient, newcomer(name)) })
		wait.Go(func() { _, errs[3*i+1] = p.tryPatch(groups[0], step(scim.AddMembers, name)) })
		wait.Go(func() { _, errs[3*i+2] = p.tryPatch(groups[1], step(scim.AddMembers, name)) })
	}
	wait.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Len(t, p.read(groups[0]).Members, n)
	require.Len(t, p.read(groups[1]).Members, n)
	require.Zero(t, p.count(`SELECT count(*) FROM parked_members`))
}

// Who was deleted keeps their groups, unseen, until they are created again or taken out.
func TestF10_MembershipsOfWhoIsGone(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	ana, bob, eve := p.arrives("ana"), p.arrives("bob"), p.arrives("eve")
	group := p.push("Sales", ana, bob, eve)
	p.leaves(ana)
	p.leaves(bob)
	require.Equal(t, []string{eve}, memberIDs(p.read(group.ID)))
	require.Equal(t, []string{eve}, memberIDs(p.patch(group.ID, step(scim.AddMembers, bob), step(scim.RemoveMembers, bob))))
	require.Zero(t, p.count(`SELECT count(*) FROM parked_members`))

	version := p.read(group.ID).Version
	p.arrives("ana")
	p.arrives("bob")
	require.ElementsMatch(t, []string{ana, eve}, memberIDs(p.read(group.ID)))
	require.Greater(t, p.read(group.ID).Version, version, "it shows somebody again")
	require.Empty(t, p.patch(group.ID, step(scim.ReplaceMembers)).Members)
	require.Zero(t, p.count(`SELECT count(*) FROM memberships`))
}

// A group that shows somebody no more has a new version. Who takes that person's place is in none of their
// groups, nor awaited in one.
func TestF10_ANewPersonInheritsNoGroup(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	ana := p.arrives("ana")
	group := p.push("Sales", ana)
	p.leaves(ana)
	require.EqualValues(t, 2, p.read(group.ID).Version)

	other := newcomer("ana")
	other.ExternalID, other.Resource["externalId"] = "other", "other"
	require.NotEqual(t, ana, p.create(other).ID)
	require.Empty(t, p.read(group.ID).Members)
}

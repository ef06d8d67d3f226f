package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/scim"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// pusher is a SCIM client that pushes groups to an account with a directory sync.
type pusher struct{ client }

func newPusher(t testing.TB) pusher {
	t.Helper()
	return pusher{pushed(t, 1000)}
}

// arrives pushes a user, who has the name as external id too.
func (p pusher) arrives(name string) string {
	p.t.Helper()
	return p.create(newcomer(name)).ID
}

func (p pusher) arrive(names ...string) []string {
	p.t.Helper()
	ids := make([]string, len(names))
	for i, name := range names {
		ids[i] = p.arrives(name)
	}
	return ids
}

// leaves deletes a pushed user.
func (p pusher) leaves(id string) {
	p.t.Helper()
	require.NoError(p.t, p.delete(id))
}

// newcomer is what the client says of a user whom it pushes.
func newcomer(name string) scim.User {
	address := name + "@corp.example"
	return scim.User{
		Resource: scim.Resource{"userName": address, "externalId": name}, UserName: address, ExternalID: name,
		Active: true, Email: address, FirstName: name, LastName: "Lee",
	}
}

func (p pusher) push(name string, members ...string) store.SCIMGroup {
	p.t.Helper()
	group, err := p.store.CreateSCIMGroup(p.t.Context(), p.SCIMClient, scim.Group{DisplayName: name}, memberList(members...), true)
	require.NoError(p.t, err)
	return group
}

func memberList(values ...string) []scim.Member {
	members := make([]scim.Member, len(values))
	for i, value := range values {
		members[i].Value = value
	}
	return members
}

func step(action scim.MemberAction, values ...string) scim.MemberChange {
	return scim.MemberChange{Action: action, Members: memberList(values...)}
}

// patch has the group go through steps.
func (p pusher) patch(id string, steps ...scim.MemberChange) store.SCIMGroup {
	p.t.Helper()
	group, err := p.tryPatch(id, steps...)
	require.NoError(p.t, err)
	return group
}

func (p pusher) tryPatch(id string, steps ...scim.MemberChange) (store.SCIMGroup, error) {
	return p.store.ChangeSCIMGroup(p.t.Context(), p.SCIMClient, id, true, func(g store.SCIMGroup) (scim.Group, []scim.MemberChange, error) {
		return scim.Group{DisplayName: g.DisplayName, ExternalID: g.ExternalID}, steps, nil
	})
}

func (p pusher) read(id string) store.SCIMGroup {
	p.t.Helper()
	group, err := p.store.SCIMGroup(p.t.Context(), p.SCIMClient, id, true)
	require.NoError(p.t, err)
	return group
}

// history is what the sync log says of a group, oldest first.
func (p pusher) history(group string) []directory.Change {
	p.t.Helper()
	page, err := p.store.Changes(p.t.Context(), p.account.ID, store.ChangeFilter{GroupID: group, Limit: 500})
	require.NoError(p.t, err)
	slices.Reverse(page.Items)
	return page.Items
}

func memberIDs(group store.SCIMGroup) []string {
	ids := []string{}
	for _, member := range group.Members {
		ids = append(ids, member.ID)
	}
	return ids
}

func TestD4_PushedGroupHasThoseWhoAreInTheAccount(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	ana, bob := p.arrives("ana"), p.arrives("bob")
	admin := p.insert("admin@corp.example", "super_admin", directory.Active)

	group := p.push("Sales", bob, ana, "nobody", admin, ana)
	require.Equal(t, "Sales", group.DisplayName)
	require.Equal(t, []store.SCIMRef{{ID: ana, Display: "ana Lee"}, {ID: bob, Display: "bob Lee"}}, group.Members)
	require.EqualValues(t, 1, group.Version)
	require.Equal(t, group, p.read(group.ID))

	seen, err := p.store.Group(t.Context(), p.account.ID, group.ID)
	require.NoError(t, err)
	require.Equal(t, directory.FromSCIM, seen.Source)
	require.Equal(t, 2, seen.Members)
	require.Equal(t, 2, seen.Parked)

	log := p.history(group.ID)
	require.Len(t, log, 3)
	require.Equal(t, directory.SubjectGroup, log[0].Subject)
	require.Equal(t, "Sales", *log[0].After.Name)
	require.Nil(t, log[0].Before)
	labels := map[string]string{}
	for _, change := range log {
		require.Equal(t, directory.ActionCreate, change.Action)
		require.Equal(t, directory.FromSCIM, change.Source)
		require.Equal(t, directory.OutcomeApplied, change.Outcome)
		if change.Subject == directory.SubjectMembership {
			labels[*change.UserID] = change.Label
		}
	}
	require.Equal(t, map[string]string{ana: "ana Lee in Sales", bob: "bob Lee in Sales"}, labels)

	user, err := p.store.SCIMUser(t.Context(), p.SCIMClient, ana, true)
	require.NoError(t, err)
	require.Equal(t, []store.SCIMRef{{ID: group.ID, Display: "Sales"}}, user.Groups)
}

func TestD4_GroupWithoutMembersAskedFor(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	group, err := p.store.CreateSCIMGroup(t.Context(), p.SCIMClient, scim.Group{DisplayName: "Sales", ExternalID: "x-1"}, memberList(p.arrives("ana")), false)
	require.NoError(t, err)
	require.Nil(t, group.Members)
	require.Equal(t, "x-1", group.ExternalID)
	empty := p.push("Sales")
	require.NotNil(t, empty.Members, "asked for and empty is not the same as not asked for")
	require.NotEqual(t, group.ID, empty.ID, "names need not be unique")
}

func TestD4_DeletedGroupIsGone(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	group := p.push("Sales", p.arrives("ana"), "nobody")
	refused := errors.New("another version")
	err := p.store.DeleteSCIMGroup(t.Context(), p.SCIMClient, group.ID, func(g store.SCIMGroup) error {
		require.Equal(t, group.Version, g.Version)
		return refused
	})
	require.ErrorIs(t, err, refused)
	require.Equal(t, group, p.read(group.ID))

	allow := func(store.SCIMGroup) error { return nil }
	require.NoError(t, p.store.DeleteSCIMGroup(t.Context(), p.SCIMClient, group.ID, allow))
	require.Zero(t, p.count(`SELECT count(*) FROM memberships`)+p.count(`SELECT count(*) FROM parked_members`))
	log := p.history(group.ID)
	last := log[len(log)-1]
	require.Equal(t, directory.ActionDelete, last.Action)
	require.Equal(t, "Sales", *last.Before.Name)
	ended := log[len(log)-2]
	require.Equal(t, directory.SubjectMembership, ended.Subject)
	require.Equal(t, directory.ActionDelete, ended.Action, "ana is in it no more")
	_, err = p.store.SCIMGroup(t.Context(), p.SCIMClient, group.ID, true)
	requireCode(t, err, directory.KindNotFound, "not_found")
	requireCode(t, p.store.DeleteSCIMGroup(t.Context(), p.SCIMClient, group.ID, allow), directory.KindNotFound, "not_found")
}

func TestD4_WhatCannotBeAGroup(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	group := p.push("Sales")
	create := func(g scim.Group, members ...string) error {
		_, err := p.store.CreateSCIMGroup(t.Context(), p.SCIMClient, g, memberList(members...), true)
		return err
	}
	for name, err := range map[string]error{
		"no name":          create(scim.Group{}),
		"long name":        create(scim.Group{DisplayName: strings.Repeat("ö", 501)}),
		"long external id": create(scim.Group{DisplayName: "A", ExternalID: strings.Repeat("x", 501)}),
		"long member":      create(scim.Group{DisplayName: "A"}, strings.Repeat("x", 201)),
		"empty member":     create(scim.Group{DisplayName: "A"}, ""),
		"no text":          create(scim.Group{DisplayName: "A"}, "\x00"),
	} {
		t.Run(name, func(t *testing.T) { requireCode(t, err, directory.KindInvalid, "invalid_value") })
	}
	require.NoError(t, create(scim.Group{DisplayName: strings.Repeat("𝄞", 500), ExternalID: strings.Repeat("𝄞", 500)}, strings.Repeat("𝄞", 200)))
	_, err := p.store.SCIMGroup(t.Context(), p.SCIMClient, "no-uuid", true)
	requireCode(t, err, directory.KindNotFound, "not_found")
	_, err = p.tryPatch("no-uuid")
	requireCode(t, err, directory.KindNotFound, "not_found")

	refused := errors.New("refused")
	_, err = p.store.ChangeSCIMGroup(t.Context(), p.SCIMClient, group.ID, true, func(store.SCIMGroup) (scim.Group, []scim.MemberChange, error) {
		return scim.Group{DisplayName: "Other"}, nil, refused
	})
	require.ErrorIs(t, err, refused)
	_, err = p.tryPatch(group.ID, step(scim.AddMembers, "somebody"), step(scim.AddMembers, ""))
	requireCode(t, err, directory.KindInvalid, "invalid_value")
	require.Equal(t, group, p.read(group.ID))
	require.Zero(t, p.count(`SELECT count(*) FROM parked_members WHERE group_id = $1`, group.ID), "nothing is half done")
}

// A request that changes nothing leaves no trace.
func TestD4_NothingChanges(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	ana, bob := p.arrives("ana"), p.arrives("bob")
	group := p.push("Sales", ana, "later")
	lines := p.count(`SELECT count(*) FROM changes`)
	for _, steps := range [][]scim.MemberChange{
		nil,
		{step(scim.AddMembers, ana)},
		{step(scim.AddMembers, "ana", "later")},
		{step(scim.AddMembers)},
		{step(scim.RemoveMembers, bob, uuid.NewString(), "nobody")},
		{step(scim.ReplaceMembers, ana, "later")},
	} {
		require.Equal(t, group, p.patch(group.ID, steps...), "%v", steps)
	}
	require.Equal(t, lines, p.count(`SELECT count(*) FROM changes`))
	require.Equal(t, group, p.read(group.ID))
	require.Equal(t, 1, p.count(`SELECT count(*) FROM parked_members WHERE source_id = 'later'`))
}

func TestD4_StepsAreTakenInOrder(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	ids := p.arrive("u0", "u1", "u2", "u3")
	group := p.push("Sales", ids[0], "x")
	group = p.patch(group.ID, step(scim.ReplaceMembers, ids[1]), step(scim.AddMembers, ids[2], ids[3]), step(scim.RemoveMembers, ids[1]))
	require.Equal(t, []string{ids[2], ids[3]}, memberIDs(group))
	require.EqualValues(t, 2, group.Version)
	require.Zero(t, p.count(`SELECT count(*) FROM parked_members`), "who is replaced is not awaited any more")
	require.Empty(t, p.patch(group.ID, step(scim.ReplaceMembers)).Members)
}

// Parallel requests to one group are taken one after the other, and none is lost.
func TestD4_ParallelPatchesOfOneGroupAllCount(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	const n = 20
	var joining, leaving []string
	for i := range n {
		joining = append(joining, p.arrives(fmt.Sprintf("joins%d", i)))
		leaving = append(leaving, p.arrives(fmt.Sprintf("leaves%d", i)))
	}
	group := p.push("Sales", leaving...)
	errs := make([]error, n)
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			_, errs[i] = p.tryPatch(group.ID, step(scim.AddMembers, joining[i], fmt.Sprint("later", i)), step(scim.RemoveMembers, leaving[i]))
		})
	}
	wait.Wait()
	require.NoError(t, errors.Join(errs...))
	after := p.read(group.ID)
	require.ElementsMatch(t, joining, memberIDs(after))
	require.EqualValues(t, 1+n, after.Version)
	require.Equal(t, n, p.count(`SELECT count(*) FROM parked_members`))
}

// What change is told is what it changes: no request builds upon what another one is changing.
func TestD4_ParallelRenamesBuildUponEachOther(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	const n = 10
	group := p.push("!")
	errs := make([]error, n)
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			_, errs[i] = p.store.ChangeSCIMGroup(t.Context(), p.SCIMClient, group.ID, false, func(g store.SCIMGroup) (scim.Group, []scim.MemberChange, error) {
				return scim.Group{DisplayName: g.DisplayName + "!"}, nil, nil
			})
		})
	}
	wait.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Equal(t, strings.Repeat("!", 1+n), p.read(group.ID).DisplayName)
}

func TestCaseF2_RenameKeepsTheMembers(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	ids := p.arrive("u1", "u2")
	group := p.push("Finance", ids...)
	write := func(g scim.Group) store.SCIMGroup {
		after, err := p.store.ChangeSCIMGroup(t.Context(), p.SCIMClient, group.ID, true, func(store.SCIMGroup) (scim.Group, []scim.MemberChange, error) {
			return g, nil, nil
		})
		require.NoError(t, err)
		return after
	}
	after := write(scim.Group{DisplayName: "Finance EU"})
	require.Equal(t, "Finance EU", after.DisplayName)
	require.Equal(t, ids, memberIDs(after))
	require.Equal(t, group.Version+1, after.Version)
	after = write(scim.Group{DisplayName: "Finance EU", ExternalID: "x-1"})
	require.Equal(t, "Finance EU", after.DisplayName)
	require.Equal(t, "x-1", after.ExternalID)
	require.Equal(t, ids, memberIDs(p.read(group.ID)))

	log := p.history(group.ID)[3:]
	require.Len(t, log, 2)
	require.Equal(t, directory.ActionUpdate, log[0].Action)
	require.Equal(t, "Finance", *log[0].Before.Name)
	require.Equal(t, "Finance EU", *log[0].After.Name)
	require.Nil(t, log[1].After.Name)
	require.Equal(t, directory.Values{"externalId": "x-1"}, log[1].After.Attributes)
}

func TestCaseG2_MembersAreRemovedOneByOne(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	u := p.arrive("u1", "u2", "u3", "u4", "u5")
	group := p.push("Team", u...)
	for _, c := range []struct {
		name  string
		steps []scim.MemberChange
		want  []string
	}{
		{"a: one", []scim.MemberChange{step(scim.RemoveMembers, u[0])}, u[1:]},
		{"b: another", []scim.MemberChange{step(scim.RemoveMembers, u[1])}, u[2:]},
		{"c: two in one request", []scim.MemberChange{step(scim.RemoveMembers, u[2]), step(scim.RemoveMembers, u[4])}, u[3:4]},
		{"d: who is none", []scim.MemberChange{step(scim.RemoveMembers, "u9")}, u[3:4]},
		{"e: who is one already", []scim.MemberChange{step(scim.AddMembers, u[3])}, u[3:4]},
	} {
		require.Equal(t, c.want, memberIDs(p.patch(group.ID, c.steps...)), c.name)
	}
	_, err := p.tryPatch(group.ID, step(scim.RemoveMembers, ""))
	requireCode(t, err, directory.KindInvalid, "invalid_value")
	require.Equal(t, u[3:4], memberIDs(p.read(group.ID)), "f")
	for _, change := range p.history(group.ID)[6:] {
		require.Equal(t, directory.ActionDelete, change.Action)
		require.Equal(t, directory.SubjectMembership, change.Subject)
	}
	require.Len(t, p.history(group.ID), 6+4)
}

// Case L1, (c): a group takes in nobody of another account, and is nobody else's to see or to change.
func TestCaseL1_GroupsOfAccountsAreApart(t *testing.T) {
	t.Parallel()
	p := newPusher(t)
	theirs := pusher{p.pushed("other", 50)}
	p.source = p.connect(p.account.ID)
	stranger := theirs.arrives("stranger")
	group := p.push("Sales", stranger, "stranger")
	require.Empty(t, group.Members)
	require.Empty(t, p.patch(group.ID, step(scim.AddMembers, stranger)).Members)
	require.Zero(t, p.count(`SELECT count(*) FROM memberships`))

	synced := p.group("Synced")
	for _, id := range []string{theirs.push("Theirs", stranger).ID, synced} {
		_, err := p.store.SCIMGroup(t.Context(), p.SCIMClient, id, true)
		requireCode(t, err, directory.KindNotFound, "not_found")
		_, err = p.tryPatch(id, step(scim.ReplaceMembers))
		requireCode(t, err, directory.KindNotFound, "not_found")
		err = p.store.DeleteSCIMGroup(t.Context(), p.SCIMClient, id, func(store.SCIMGroup) error { return nil })
		requireCode(t, err, directory.KindNotFound, "not_found")
	}
	require.Equal(t, 1, p.count(`SELECT count(*) FROM memberships`))
	require.Equal(t, 2, p.count(`SELECT count(*) FROM groups WHERE id <> $1`, group.ID))
}

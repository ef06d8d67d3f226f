package store_test

import (
	"fmt"
	"maps"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
	"github.com/rollcall-sync/rollcall/internal/scim"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// crowd is an account in which a SCIM client, a directory sync, admins and users all write at once: more
// than an account allows one after the other.
type crowd struct {
	pusher
	wait sync.WaitGroup
	errs chan error
}

func newCrowd(t testing.TB) *crowd {
	b := setup(t)
	_, err := b.db.Exec(`UPDATE accounts SET provisioning = 'none' WHERE id = $1`, b.account.ID)
	require.NoError(t, err)
	_, secret, err := b.store.CreateSCIMToken(t.Context(), b.account.ID, "Okta", "an admin", nil)
	require.NoError(t, err)
	c, err := b.store.AuthenticateSCIM(t.Context(), secret)
	require.NoError(t, err)
	everybody := 100
	_, err = b.store.UpdateSCIMGuard(t.Context(), b.account.ID, store.SCIMGuardPatch{MaxRemovalPercent: &everybody})
	require.NoError(t, err)
	return &crowd{pusher: pusher{client{b, c}}, errs: make(chan error, 1000)}
}

// each has work done for each of n beside all else.
func (c *crowd) each(n int, work func(i int) error) {
	c.wait.Go(func() {
		for i := range n {
			if err := work(i); err != nil {
				c.errs <- err
				return
			}
		}
	})
}

// follow reads the feed in small pages until it has come to the end after done is closed.
func (c *crowd) follow(done <-chan struct{}) (all []directory.Event, err error) {
	for after, ended := int64(0), false; ; {
		page, err := c.store.Events(c.t.Context(), c.account.ID, after, 7)
		if err != nil || ended && len(page.Items) == 0 {
			return all, err
		}
		all, after = append(all, page.Items...), page.Next
		select {
		case <-done:
			ended = len(page.Items) == 0 || ended
		default:
		}
	}
}

// pushes is a SCIM client that has users come, change, go and come back, in groups that change too.
func (c *crowd) pushes(client, n int) {
	ctx := c.t.Context()
	var ids []string
	c.each(n, func(i int) error {
		user, err := c.store.CreateSCIMUser(ctx, c.SCIMClient, pushedPerson(fmt.Sprintf("scim-%d-%d@corp.example", client, i)))
		if err != nil {
			return err
		}
		ids = append(ids, user.ID)
		for _, edit := range []func(*scim.User){
			func(u *scim.User) { u.FirstName, u.Resource["title"] = "Lee", "Lead" },
			func(u *scim.User) { u.Active = false },
			func(u *scim.User) { u.Active, u.Email = true, fmt.Sprintf("moved-%d-%d@corp.example", client, i) },
		} {
			if _, err := c.set(user.ID, edit); err != nil {
				return err
			}
		}
		group, err := c.store.CreateSCIMGroup(ctx, c.SCIMClient, scim.Group{DisplayName: "Group"}, memberList(ids...), false)
		if err != nil {
			return err
		}
		if _, err := c.tryPatch(group.ID, step(scim.RemoveMembers, ids[0]), step(scim.AddMembers, ids[0], "awaited")); err != nil {
			return err
		}
		if i%2 == 0 {
			return c.store.DeleteSCIMGroup(ctx, c.SCIMClient, group.ID, func(store.SCIMGroup) error { return nil })
		}
		return c.delete(user.ID)
	})
}

// applies is the batches of a run that is planned.
func (c *crowd) applies(run string) {
	c.each(reconcile.StepPeople, func(i int) error {
		for {
			result, err := c.store.ApplyBatch(c.t.Context(), run, reconcile.StepRelease+i, 5)
			if err != nil || result.Remaining == 0 {
				return err
			}
		}
	})
}

func TestEvents_NoneIsMissedWhileManyWrite(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	const n = 20
	ctx := t.Context()
	records := people(3 * n)
	c.sync(records[:2*n]...)
	users := make([]directory.User, 2*n)
	invitations := make([]string, 2*n)
	for i := range users {
		users[i] = c.userOf(records[i].SourceID)
		invitations[i] = c.invitation(users[i].ID)
	}
	run := c.openRun(directory.KindSync)
	c.stage(run, moved(records)...)
	c.plan(run)

	done := make(chan struct{})
	var seen []directory.Event
	var reading error
	var reader sync.WaitGroup
	reader.Go(func() { seen, reading = c.follow(done) })
	c.pushes(1, n)
	c.pushes(2, n)
	c.applies(run)
	c.each(n, func(i int) error {
		_, err := c.store.AcceptInvitation(ctx, invitations[i])
		return err
	})
	c.each(n, func(i int) error {
		if _, err := c.store.DeactivateUser(ctx, c.account.ID, users[n+i].ID); err != nil {
			return err
		}
		_, err := c.store.ActivateUser(ctx, c.account.ID, users[n+i].ID)
		return err
	})
	c.wait.Wait()
	close(done)
	reader.Wait()
	close(c.errs)
	for err := range c.errs {
		require.NoError(t, err)
	}
	require.NoError(t, reading)
	c.requireWhole(seen)
	c.requireReplayed(seen)
}

// moved are the records with other names, and of each third one with another department.
func moved(records []mapping.Record) []mapping.Record {
	others := make([]mapping.Record, len(records))
	for i, r := range records {
		others[i] = mapping.Record{SourceID: r.SourceID, Enabled: true, Values: maps.Clone(r.Values)}
		others[i].Values[directory.FieldFirstName] = "Moved"
		if i%3 == 0 {
			others[i].Values["department"] = "Design"
		}
	}
	return others
}

// requireWhole says that events are all applied changes of the account, each once, in order.
func (c *crowd) requireWhole(events []directory.Event) {
	c.t.Helper()
	require.Zero(c.t, c.count(`SELECT count(*) FROM changes WHERE (outcome = 'applied') <> (position IS NOT NULL)`))
	var positions []string
	require.NoError(c.t, c.db.Select(&positions, `SELECT position FROM changes WHERE account_id = $1 AND outcome = 'applied' ORDER BY position`, c.account.ID))
	ids := make([]string, len(events))
	for i, event := range events {
		ids[i] = event.ID
	}
	require.Equal(c.t, positions, ids)
	require.Greater(c.t, len(ids), 500)
	for i := 1; i < len(ids); i++ {
		before, err := strconv.ParseInt(ids[i-1], 10, 64)
		require.NoError(c.t, err)
		after, err := strconv.ParseInt(ids[i], 10, 64)
		require.NoError(c.t, err)
		require.Less(c.t, before, after)
	}
}

// replica is what somebody who follows the feed knows of an account.
type replica struct {
	users   map[string]directory.User
	groups  map[string]string // names
	members map[string]bool   // "group user"
}

func (r replica) take(e directory.Event) {
	switch {
	case e.Subject.Type == directory.SubjectMembership && e.Type == "membership.created":
		r.members[*e.Subject.GroupID+" "+*e.Subject.UserID] = true
	case e.Subject.Type == directory.SubjectMembership:
		delete(r.members, *e.Subject.GroupID+" "+*e.Subject.UserID)
	case e.Type == "group.deleted":
		delete(r.groups, *e.Subject.ID)
	case e.Subject.Type == directory.SubjectGroup:
		r.groups[*e.Subject.ID] = *e.After.Name
	default:
		r.users[*e.Subject.ID] = patched(r.users[*e.Subject.ID], e)
	}
}

// patched is a user after an event, who begins as a member.
func patched(u directory.User, e directory.Event) directory.User {
	set := func(into *string, value *string) {
		if value != nil {
			*into = *value
		}
	}
	if e.Type == "user.created" {
		u = directory.User{RoleID: directory.RoleMember, Fields: directory.Values{}}
	}
	set(&u.Email, e.After.Email)
	set(&u.FirstName, e.After.FirstName)
	set(&u.LastName, e.After.LastName)
	set((*string)(&u.Status), (*string)(e.After.Status))
	set(&u.RoleID, e.After.Role)
	for id, value := range e.After.Fields {
		if u.Fields[id] = value; value == nil {
			delete(u.Fields, id)
		}
	}
	if e.After.Organization != nil {
		u.Organization = e.After.Organization
	}
	return u
}

// requireReplayed says that events, taken one after the other, lead to what is in the account now.
func (c *crowd) requireReplayed(events []directory.Event) {
	c.t.Helper()
	told := replica{map[string]directory.User{}, map[string]string{}, map[string]bool{}}
	for _, event := range events {
		told.take(event)
	}
	present := replica{map[string]directory.User{}, map[string]string{}, map[string]bool{}}
	for id := range told.users {
		u := c.user(id)
		present.users[id] = directory.User{
			Email: u.Email, FirstName: u.FirstName, LastName: u.LastName, Status: u.Status, RoleID: u.RoleID, Organization: u.Organization, Fields: u.Fields,
		}
	}
	require.Equal(c.t, len(told.users)+1, c.count(`SELECT count(*) FROM users WHERE account_id = $1`, c.account.ID), "all but the owner")
	groups, err := c.store.Groups(c.t.Context(), c.account.ID, store.GroupFilter{Limit: 500})
	require.NoError(c.t, err)
	for _, group := range groups.Items {
		present.groups[group.ID] = group.Name
	}
	var members []string
	require.NoError(c.t, c.db.Select(&members, `SELECT group_id || ' ' || user_id FROM memberships WHERE account_id = $1`, c.account.ID))
	for _, member := range members {
		present.members[member] = true
	}
	require.Equal(c.t, present, told)
}

package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/scim"
	"github.com/rollcall-sync/rollcall/internal/scim/schema"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// client is a SCIM client of an account of its own.
type client struct {
	*bench
	store.SCIMClient
}

// pushed is an account with a SCIM client and as many licences.
func pushed(t testing.TB, licences int) client {
	t.Helper()
	return bare(t).pushed("pushed", licences)
}

// pushed is another account with a SCIM client.
func (b *bench) pushed(name string, licences int) client {
	b.t.Helper()
	of := *b
	of.account, of.token = b.newAccount(name, licences)
	_, secret, err := b.store.CreateSCIMToken(b.t.Context(), of.account.ID, "Okta", "an admin", nil)
	require.NoError(b.t, err)
	c, err := b.store.AuthenticateSCIM(b.t.Context(), secret)
	require.NoError(b.t, err)
	return client{&of, c}
}

// pushedPerson is what a client says of somebody with the address.
func pushedPerson(address string) scim.User {
	return scim.User{
		Resource: scim.Resource{"userName": address, "name": map[string]any{"givenName": "Kim", "familyName": "Roe"}},
		UserName: address, Active: true, Email: address, FirstName: "Kim", LastName: "Roe", Fields: directory.Values{},
	}
}

func (c client) create(in scim.User) store.SCIMUser {
	c.t.Helper()
	user, err := c.store.CreateSCIMUser(c.t.Context(), c.SCIMClient, in)
	require.NoError(c.t, err)
	return user
}

// set gives the user the changes that edit makes.
func (c client) set(id string, edit func(*scim.User)) (store.SCIMUser, error) {
	return c.store.ChangeSCIMUser(c.t.Context(), c.SCIMClient, id, func(now store.SCIMUser) (scim.User, error) {
		address, _ := now.Resource["userName"].(string)
		next := pushedPerson(address)
		next.Active = now.Active
		edit(&next)
		next.Resource["userName"] = next.UserName
		if next.Email != address {
			next.Resource["emails"] = []any{map[string]any{"value": next.Email, "primary": true}}
		}
		return next, nil
	})
}

func (c client) want(id string, active bool) error {
	_, err := c.set(id, func(u *scim.User) { u.Active = active })
	return err
}

func (c client) delete(id string) error {
	return c.store.DeleteSCIMUser(c.t.Context(), c.SCIMClient, id, func(store.SCIMUser) error { return nil })
}

func (c client) user(id string) directory.User {
	c.t.Helper()
	user, err := c.store.User(c.t.Context(), c.AccountID, id)
	require.NoError(c.t, err)
	return user
}

// log is the actions of the changes about a user, the oldest first.
func (c client) log(id string) []string {
	c.t.Helper()
	var actions []string
	require.NoError(c.t, c.db.Select(&actions, `SELECT action || ' ' || outcome FROM changes WHERE user_id = $1 AND source = 'scim' ORDER BY id`, id))
	return actions
}

func (c client) mails(kind string) int {
	c.t.Helper()
	var n int
	require.NoError(c.t, c.db.Get(&n, `SELECT count(*) FROM mails WHERE account_id = $1 AND kind = $2`, c.AccountID, kind))
	return n
}

func TestD5_ActiveAtOnceAndAskedToSetUp(t *testing.T) {
	t.Parallel()
	c := pushed(t, 2) // one is the owner's
	first, second := c.create(pushedPerson("a@corp.example")), c.create(pushedPerson("b@corp.example"))
	require.Equal(t, directory.Active, c.user(first.ID).Status)
	require.Equal(t, directory.AwaitingLicence, c.user(second.ID).Status)
	require.True(t, second.Active, "the client wants them in")
	require.Equal(t, 2, c.mails("setup"))
	require.Equal(t, []string{"create applied"}, c.log(second.ID))
	var told int
	require.NoError(t, c.db.Get(&told, `SELECT count(*) FROM notifications WHERE account_id = $1 AND kind = 'licences_exhausted'`, c.AccountID))
	require.Equal(t, 1, told, "the owner is told")

	require.NoError(t, c.want(first.ID, false))
	require.Equal(t, directory.Active, c.user(second.ID).Status, "the licence went on")
}

func TestD5_InactiveFromTheStart(t *testing.T) {
	t.Parallel()
	c := pushed(t, 10)
	in := pushedPerson("a@corp.example")
	in.Active = false
	user := c.create(in)
	require.False(t, user.Active)
	require.Equal(t, directory.Deactivated, c.user(user.ID).Status)
	require.Zero(t, c.mails("setup"))
	require.NoError(t, c.want(user.ID, true))
	require.Equal(t, directory.Active, c.user(user.ID).Status)
	require.Equal(t, 1, c.mails("setup"), "the first time in")
}

// F1 and F5: out and back in twice, the same user, with what they had.
func TestCaseF1_DeactivatedAndBack(t *testing.T) {
	t.Parallel()
	c := pushed(t, 10)
	user := c.create(pushedPerson("a@corp.example"))
	for range 2 {
		require.NoError(t, c.want(user.ID, false))
	}
	out := c.user(user.ID)
	require.Equal(t, directory.Deactivated, out.Status)
	require.Equal(t, "Kim", out.FirstName)
	var withdrawn bool
	require.NoError(t, c.db.Get(&withdrawn, `SELECT invitation_id IS NULL FROM users WHERE id = $1`, user.ID))
	require.True(t, withdrawn)
	seen, err := c.store.SCIMUser(t.Context(), c.SCIMClient, user.ID, true)
	require.NoError(t, err)
	require.False(t, seen.Active)
	for range 2 {
		require.NoError(t, c.want(user.ID, true))
	}
	require.Equal(t, directory.Active, c.user(user.ID).Status)
	require.Equal(t, []string{"create applied", "deactivate applied", "reactivate applied"}, c.log(user.ID))
}

func TestC7_AnAdminsDeactivationStands(t *testing.T) {
	t.Parallel()
	c := pushed(t, 10)
	user := c.create(pushedPerson("a@corp.example"))
	_, err := c.store.DeactivateUser(t.Context(), c.AccountID, user.ID)
	require.NoError(t, err)
	seen, err := c.store.SCIMUser(t.Context(), c.SCIMClient, user.ID, false)
	require.NoError(t, err)
	require.True(t, seen.Active, "what an admin does is not written back")
	require.NoError(t, c.want(user.ID, false))
	require.NoError(t, c.want(user.ID, true))
	require.Equal(t, directory.Deactivated, c.user(user.ID).Status)
}

func TestD6_DeletedAndCreatedAgain(t *testing.T) {
	t.Parallel()
	c := pushed(t, 10)
	in := pushedPerson("a@corp.example")
	in.ExternalID = "x-1"
	user := c.create(in)
	_, err := c.db.Exec(`UPDATE users SET role_id = 'user_admin' WHERE id = $1`, user.ID)
	require.NoError(t, err)
	require.NoError(t, c.delete(user.ID))
	_, err = c.store.SCIMUser(t.Context(), c.SCIMClient, user.ID, false)
	requireCode(t, err, directory.KindNotFound, "not_found")
	requireCode(t, c.delete(user.ID), directory.KindNotFound, "not_found")
	require.Equal(t, directory.Deactivated, c.user(user.ID).Status, "retained")

	again := c.create(in)
	require.Equal(t, user.ID, again.ID)
	require.Equal(t, directory.Active, c.user(user.ID).Status)
	require.Equal(t, "user_admin", c.user(user.ID).RoleID)
	require.Equal(t, []string{"create applied", "delete applied", "reactivate applied"}, c.log(user.ID))
}

func TestCaseC2_ARecycledAddressInheritsNothing(t *testing.T) {
	t.Parallel()
	c := pushed(t, 10)
	in := pushedPerson("sam@corp.example")
	in.ExternalID = "x-1"
	user := c.create(in)
	_, err := c.db.Exec(`UPDATE users SET role_id = 'super_admin', accepted_at = now() WHERE id = $1`, user.ID)
	require.NoError(t, err)
	require.NoError(t, c.delete(user.ID))
	newcomer := pushedPerson("sam@corp.example")
	newcomer.ExternalID = "x-2"
	other := c.create(newcomer)
	require.NotEqual(t, user.ID, other.ID)
	require.Equal(t, directory.RoleMember, c.user(other.ID).RoleID)
	require.Equal(t, directory.Deactivated, c.user(user.ID).Status)
	require.Equal(t, 2, c.mails("setup"), "the newcomer sets up an account of their own")

	require.NoError(t, c.delete(other.ID))
	require.Equal(t, user.ID, c.create(in).ID, "the first one is known by their external id")
}

func TestC7_AnAdminWhoActsMeanwhileIsNotUndone(t *testing.T) {
	t.Parallel()
	c := pushed(t, 10)
	user := c.create(pushedPerson("a@corp.example"))
	done := make(chan error, 1)
	_, err := c.set(user.ID, func(u *scim.User) {
		u.Resource["title"] = "Lead"
		go func() {
			_, err := c.store.DeactivateUser(context.WithoutCancel(t.Context()), c.AccountID, user.ID)
			done <- err
		}()
		require.Eventually(t, func() bool {
			var waiting int
			return c.db.Get(&waiting, `SELECT count(*) FROM pg_locks WHERE NOT granted`) == nil && waiting > 0
		}, waitFor, tick)
	})
	require.NoError(t, err)
	require.NoError(t, <-done)
	require.Equal(t, directory.Deactivated, c.user(user.ID).Status)
}

func TestF1_WhoIsOutAgainForTheClientIsOut(t *testing.T) {
	t.Parallel()
	c := pushed(t, 10)
	user := c.create(pushedPerson("a@corp.example"))
	require.NoError(t, c.want(user.ID, false))
	_, err := c.store.ActivateUser(t.Context(), c.AccountID, user.ID)
	require.NoError(t, err)
	require.NoError(t, c.want(user.ID, false))
	require.Equal(t, directory.Deactivated, c.user(user.ID).Status)
}

func TestCaseF1_ATakenOverUserKeepsWhatTheClientDoesNotSay(t *testing.T) {
	t.Parallel()
	c := pushed(t, 10)
	_, err := c.db.Exec(`UPDATE users SET first_name = 'Ana', last_name = 'Lopez', fields = '{"badge": "00042"}' WHERE account_id = $1`, c.AccountID)
	require.NoError(t, err)
	in := pushedPerson("owner@pushed.example")
	in.Resource, in.FirstName, in.LastName = scim.Resource{"userName": in.UserName}, "", ""
	in.Fields = directory.Values{"badge": nil}
	user := c.create(in)
	_, err = c.store.ChangeSCIMUser(t.Context(), c.SCIMClient, user.ID, func(store.SCIMUser) (scim.User, error) {
		next := in
		next.Resource = scim.Resource{"userName": in.UserName, "title": "Lead"}
		return next, nil
	})
	require.NoError(t, err)
	now := c.user(user.ID)
	require.Equal(t, "Ana Lopez", now.Name())
	require.Equal(t, directory.Values{"badge": "00042"}, now.Fields)
}

func TestD5_AnotherAddressBeforeSetUpGetsALinkOfItsOwn(t *testing.T) {
	t.Parallel()
	c := pushed(t, 10)
	user := c.create(pushedPerson("wrong@corp.example"))
	invitation := func() (id string) {
		require.NoError(t, c.db.Get(&id, `SELECT invitation_id FROM users WHERE id = $1`, user.ID))
		return id
	}
	first := invitation()
	_, err := c.set(user.ID, func(u *scim.User) { u.Email = "right@corp.example" })
	require.NoError(t, err)
	require.NotEqual(t, first, invitation())
	require.Equal(t, 2, c.mails("setup"))
}

// Whom a directory sync had invited is still invited after a client took them over.
func TestD5_AnInvitationGoesToTheNewAddress(t *testing.T) {
	t.Parallel()
	c := pushed(t, 10)
	var id string
	require.NoError(t, c.db.Get(&id, `
		INSERT INTO users (id, account_id, email, email_key, first_name, last_name, status, source, invitation_id, invited_at)
		VALUES (gen_random_uuid(), $1, 'a@corp.example', 'a@corp.example', 'Kim', 'Roe', 'invited', 'directory_sync', gen_random_uuid(), now())
		RETURNING id`, c.AccountID))
	require.Equal(t, id, c.create(pushedPerson("a@corp.example")).ID)
	_, err := c.set(id, func(u *scim.User) { u.Email = "b@corp.example" })
	require.NoError(t, err)
	require.Equal(t, directory.Invited, c.user(id).Status)
	require.Equal(t, 1, c.mails("invitation"))
	require.Zero(t, c.mails("setup"))
}

func TestF10_AManagerIsNamedOnceTheyArrive(t *testing.T) {
	t.Parallel()
	c := pushed(t, 10)
	field, err := c.store.CreateField(t.Context(), c.AccountID, "Boss", directory.Person)
	require.NoError(t, err)
	c.Fields = []directory.Field{field}
	in := pushedPerson("ana@corp.example")
	in.Resource[schema.AccountExtensionURN(c.AccountID)] = map[string]any{field.ID: "00u9"}
	in.Fields = directory.Values{field.ID: "00u9"}
	ana := c.create(in)
	require.Empty(t, c.user(ana.ID).Fields, "nobody yet")

	boss := pushedPerson("boss@corp.example")
	boss.ExternalID = "00u9"
	arrived := c.create(boss)
	require.Equal(t, directory.Values{field.ID: arrived.ID}, c.user(ana.ID).Fields)
	require.Equal(t, []string{"create applied", "update applied"}, c.log(ana.ID))

	other := pushedPerson("other@corp.example")
	other.Fields = directory.Values{field.ID: arrived.ID}
	require.Equal(t, directory.Values{field.ID: arrived.ID}, c.user(c.create(other).ID).Fields, "named by id, and there")
}

func TestD7_ADeletedFieldIsGoneFromWhatClientsSaid(t *testing.T) {
	t.Parallel()
	c := pushed(t, 10)
	field, err := c.store.CreateField(t.Context(), c.AccountID, "Badge", directory.Text)
	require.NoError(t, err)
	urn := schema.AccountExtensionURN(c.AccountID)
	in := pushedPerson("a@corp.example")
	in.Resource[urn] = map[string]any{field.ID: "00042"}
	in.Fields = directory.Values{field.ID: "00042"}
	user := c.create(in)
	require.NoError(t, c.store.DeleteField(t.Context(), c.AccountID, field.ID))
	seen, err := c.store.SCIMUser(t.Context(), c.SCIMClient, user.ID, false)
	require.NoError(t, err)
	require.NotContains(t, seen.Resource, urn)
}

func TestAnAddressOfSomebodyGoneIsFree(t *testing.T) {
	t.Parallel()
	c := pushed(t, 10)
	gone, stays := c.create(pushedPerson("a@corp.example")), c.create(pushedPerson("b@corp.example"))
	require.NoError(t, c.delete(gone.ID))
	_, err := c.set(stays.ID, func(u *scim.User) { u.Email = "A@corp.example" })
	require.NoError(t, err)
	require.Equal(t, "A@corp.example", c.user(stays.ID).Email)
}

func TestCaseH1_NamesAndAddressesAreUnique(t *testing.T) {
	t.Parallel()
	c := pushed(t, 200)
	c.create(pushedPerson("kim@corp.example"))
	other := c.create(pushedPerson("other@corp.example"))
	_, err := c.store.CreateSCIMUser(t.Context(), c.SCIMClient, pushedPerson("Kim@Corp.Example"))
	requireCode(t, err, directory.KindConflict, "user_name_taken")
	_, err = c.set(other.ID, func(u *scim.User) { u.UserName = "KIM@corp.example" })
	requireCode(t, err, directory.KindConflict, "user_name_taken")
	_, err = c.set(other.ID, func(u *scim.User) { u.Email = "KIM@corp.example" })
	requireCode(t, err, directory.KindConflict, "address_taken")

	var made, refused int
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() {
			_, err := c.store.CreateSCIMUser(t.Context(), c.SCIMClient, pushedPerson(fmt.Sprintf("new%d@corp.example", i/2)))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				made++
			case directory.HasCode(err, "user_name_taken"):
				refused++
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Equal(t, 30, made)
	require.Equal(t, 30, refused)
}

func TestCaseL1_SomebodyOfTheAccountIsTakenOver(t *testing.T) {
	t.Parallel()
	c := pushed(t, 10)
	in := pushedPerson("OWNER@pushed.example")
	user := c.create(in)
	owner := c.user(user.ID)
	require.Equal(t, directory.RoleAccountOwner, owner.RoleID)
	require.Equal(t, directory.Active, owner.Status)
	require.Equal(t, "Kim", owner.FirstName)
	require.Equal(t, []string{"adopt applied"}, c.log(user.ID))
	require.Zero(t, c.mails("setup"))
}

func TestF6_TheLastAdminStays(t *testing.T) {
	t.Parallel()
	c := pushed(t, 10)
	owner := c.create(pushedPerson("owner@pushed.example"))
	requireCode(t, c.want(owner.ID, false), directory.KindConflict, "last_admin")
	requireCode(t, c.delete(owner.ID), directory.KindConflict, "last_admin")
	in := pushedPerson("owner@pushed.example")
	seen, err := c.store.SCIMUser(t.Context(), c.SCIMClient, owner.ID, false)
	require.NoError(t, err)
	require.True(t, seen.Active)
	require.Equal(t, in.Resource, seen.Resource)

	second := c.create(pushedPerson("second@corp.example"))
	_, err = c.db.Exec(`UPDATE users SET role_id = 'super_admin' WHERE id = $1`, second.ID)
	require.NoError(t, err)
	require.NoError(t, c.want(second.ID, false))
	var told int
	require.NoError(t, c.db.Get(&told, `SELECT count(*) FROM notifications WHERE user_id = $1 AND kind = 'admin_left'`, owner.ID))
	require.Equal(t, 1, told)
}

func TestF11_TheGuardHoldsRemovals(t *testing.T) {
	t.Parallel()
	c := pushed(t, 100)
	three := 3
	_, err := c.store.UpdateSCIMGuard(t.Context(), c.AccountID, store.SCIMGuardPatch{MaxRemovals: &three})
	require.NoError(t, err)
	var users []store.SCIMUser
	for i := range 30 {
		users = append(users, c.create(pushedPerson(fmt.Sprintf("u%d@corp.example", i))))
	}
	require.NoError(t, c.want(users[0].ID, false))
	require.NoError(t, c.delete(users[1].ID))
	require.NoError(t, c.want(users[2].ID, false))
	requireCode(t, c.want(users[3].ID, false), directory.KindForbidden, "removals_held")
	requireCode(t, c.want(users[3].ID, false), directory.KindForbidden, "removals_held")
	requireCode(t, c.delete(users[4].ID), directory.KindForbidden, "removals_held")
	require.Equal(t, directory.Active, c.user(users[3].ID).Status)
	require.Equal(t, []string{"create applied", "deactivate rejected"}, c.log(users[3].ID), "one line, however often it is tried")
	guard, err := c.store.SCIMGuard(t.Context(), c.AccountID)
	require.NoError(t, err)
	require.Equal(t, directory.GuardHeld, guard.State)
	require.Len(t, guard.Waiting, 2)
	var told int
	require.NoError(t, c.db.Get(&told, `SELECT count(*) FROM notifications WHERE account_id = $1 AND kind = 'scim_removals_held'`, c.AccountID))
	require.Equal(t, 1, told)

	_, err = c.store.ApproveSCIMRemovals(t.Context(), c.AccountID, "an admin")
	require.NoError(t, err)
	for _, user := range users[3:10] {
		require.NoError(t, c.want(user.ID, false))
	}
}

func TestF11_TakingSomebodyOverToHaveThemOutIsARemoval(t *testing.T) {
	t.Parallel()
	c := pushed(t, 100)
	none := 0
	_, err := c.store.UpdateSCIMGuard(t.Context(), c.AccountID, store.SCIMGuardPatch{MaxRemovals: &none})
	require.NoError(t, err)
	_, err = c.db.Exec(`
		INSERT INTO users (id, account_id, email, email_key, first_name, last_name, status, source)
		VALUES (gen_random_uuid(), $1, 'a@corp.example', 'a@corp.example', 'Kim', 'Roe', 'active', 'admin')`, c.AccountID)
	require.NoError(t, err)
	in := pushedPerson("a@corp.example")
	in.Active = false
	_, err = c.store.CreateSCIMUser(t.Context(), c.SCIMClient, in)
	requireCode(t, err, directory.KindForbidden, "removals_held")
}

func TestAChangeThatIsRefusedLeavesAll(t *testing.T) {
	t.Parallel()
	c := pushed(t, 10)
	user := c.create(pushedPerson("a@corp.example"))
	refusal := errors.New("no")
	_, err := c.store.ChangeSCIMUser(t.Context(), c.SCIMClient, user.ID, func(store.SCIMUser) (scim.User, error) { return scim.User{}, refusal })
	require.ErrorIs(t, err, refusal)
	same, err := c.set(user.ID, func(*scim.User) {})
	require.NoError(t, err)
	require.Equal(t, user.Version, same.Version, "a change of nothing is none")
	require.Equal(t, []string{"create applied"}, c.log(user.ID))
}

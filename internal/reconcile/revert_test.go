package reconcile

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// did is a change of Ana Lopez in the run that is undone.
func did(action directory.Action, before, after map[string]any) directory.Change {
	id := "u-ana"
	return directory.Change{UserID: &id, Label: "Ana Lopez", Action: action, Before: snapshot(before), After: snapshot(after)}
}

func snapshot(values map[string]any) *directory.Snapshot {
	if values == nil {
		return nil
	}
	var s directory.Snapshot
	for key, value := range values {
		put(&s, key, value)
	}
	return &s
}

func accountFields() map[string]string {
	return map[string]string{"first_name": "First name", "last_name": "Last name", "email": "Email ID", "phone": "Phone", "grade": "Pay grade"}
}

func undo(user *directory.User, changes ...directory.Change) Decision {
	return Revert(Applied{Changes: changes, User: user, Fields: accountFields()})
}

func TestF5RevertsAUser(t *testing.T) {
	t.Parallel()
	const update, reactivate, deactivate, remove = directory.ActionUpdate, directory.ActionReactivate, directory.ActionDeactivate, directory.ActionDelete
	is := func(status directory.UserStatus) map[string]any { return map[string]any{"status": status} }
	sales := "sales"
	for name, c := range map[string]struct {
		user    *directory.User
		changes []directory.Change
		action  directory.Action
		step    int
		release bool
		after   map[string]any
	}{
		"a value": {ana(), []directory.Change{did(update, map[string]any{"last_name": "Ruiz"}, map[string]any{"last_name": "Lopez"})},
			update, StepPresent, false, map[string]any{"last_name": "Ruiz"}},
		"an address": {ana(), []directory.Change{did(update, map[string]any{"email": "ana.ruiz@corp.example"}, map[string]any{"email": "ana.lopez@corp.example"})},
			update, StepMove, false, map[string]any{"email": "ana.ruiz@corp.example"}},
		"the case of an address": {ana(), []directory.Change{did(update, map[string]any{"email": "Ana.Lopez@corp.example"}, map[string]any{"email": "ana.lopez@corp.example"})},
			update, StepPresent, false, map[string]any{"email": "Ana.Lopez@corp.example"}},
		"a value that was none": {ana(with("phone", "1")), []directory.Change{did(update, map[string]any{"phone": nil}, map[string]any{"phone": "1"})},
			update, StepPresent, false, map[string]any{"phone": nil}},
		"a value that was cleared": {ana(), []directory.Change{did(update, map[string]any{"phone": "1"}, map[string]any{"phone": nil})},
			update, StepPresent, false, map[string]any{"phone": "1"}},
		"a number, as the database writes it": {ana(with("grade", json.Number("1000"))),
			[]directory.Change{did(update, map[string]any{"grade": json.Number("7")}, map[string]any{"grade": json.Number("1e3")})},
			update, StepPresent, false, map[string]any{"grade": json.Number("7")}},
		"several changes": {ana(with("phone", "2"), func(u *directory.User) { u.Organization = &sales }), []directory.Change{
			did(update, map[string]any{"last_name": "Ruiz", "phone": "1"}, map[string]any{"last_name": "Lopez", "phone": "5"}),
			did(update, map[string]any{"phone": "5"}, map[string]any{"phone": "2"}),
			did(update, map[string]any{"role": "member", "organization": ""}, map[string]any{"role": "super_admin", "organization": "sales"}),
		}, update, StepPresent, false, map[string]any{"last_name": "Ruiz", "phone": "1", "role": "member", "organization": ""}},
		"a half that is back already": {ana(with("phone", "1")), []directory.Change{
			did(update, map[string]any{"last_name": "Ruiz", "phone": "1"}, map[string]any{"last_name": "Lopez", "phone": "2"})},
			update, StepPresent, false, map[string]any{"last_name": "Ruiz"}},
		"a deactivation": {ana(out(directory.Deactivated, directory.BySource)), []directory.Change{did(deactivate, is(directory.Active), is(directory.Deactivated))},
			reactivate, StepPresent, false, is(directory.Active)},
		"a deactivation of who awaited a licence": {ana(out(directory.Deactivated, directory.BySource)),
			[]directory.Change{did(deactivate, is(directory.AwaitingLicence), is(directory.Deactivated))},
			reactivate, StepPresent, false, is(directory.Active)},
		"a deactivation that gave up a new address": {ana(out(directory.Deactivated, directory.BySource)), []directory.Change{did(deactivate,
			map[string]any{"status": directory.Invited, "email": "ana@corp.example"}, map[string]any{"status": directory.Deactivated, "email": "ana.lopez@corp.example"})},
			reactivate, StepMove, false, map[string]any{"status": directory.Invited, "email": "ana@corp.example"}},
		"a deletion": {ana(out(directory.Deleted, directory.BySource)), []directory.Change{did(remove, is(directory.Invited), is(directory.Deleted))},
			reactivate, StepPresent, false, is(directory.Invited)},
		"a deletion of whom an admin had taken out": {ana(out(directory.Deleted, directory.ByAdmin)),
			[]directory.Change{did(remove, is(directory.Deactivated), is(directory.Deleted))},
			update, StepPresent, false, is(directory.Deactivated)},
		"a reactivation": {ana(), []directory.Change{did(reactivate, is(directory.Deactivated), is(directory.Active))},
			deactivate, StepRelease, false, is(directory.Deactivated)},
		"a reactivation of who got the licence since": {ana(), []directory.Change{did(reactivate, is(directory.Deactivated), is(directory.AwaitingLicence))},
			deactivate, StepRelease, false, is(directory.Deactivated)},
		"a return from the recycle bin": {ana(), []directory.Change{did(reactivate, is(directory.Deleted), is(directory.Active))},
			remove, StepRelease, true, is(directory.Deleted)},
		"a reactivation with a new address": {ana(), []directory.Change{did(reactivate,
			map[string]any{"status": directory.Deactivated, "email": "ana@corp.example"}, map[string]any{"status": directory.Active, "email": "ana.lopez@corp.example"})},
			deactivate, StepRelease, true, map[string]any{"status": directory.Deactivated, "email": "ana@corp.example"}},
		"an adoption": {ana(), []directory.Change{did(directory.ActionAdopt, map[string]any{"first_name": "A."}, map[string]any{"first_name": "Ana"})},
			update, StepPresent, false, map[string]any{"first_name": "A."}},
		"an adoption that changed nothing": {ana(), []directory.Change{did(directory.ActionAdopt, nil, nil)}, "", 0, false, nil},
		"a field that is deleted":          {ana(), []directory.Change{did(update, map[string]any{"shoe_size": "4"}, map[string]any{"shoe_size": "5"})}, "", 0, false, nil},
		"what is undone already":           {ana(), []directory.Change{did(update, map[string]any{"last_name": "Lopez"}, map[string]any{"last_name": "Ruiz"})}, "", 0, false, nil},
		"an edit of something else": {ana(with("grade", json.Number("3"))), []directory.Change{did(update, map[string]any{"last_name": "Ruiz"}, map[string]any{"last_name": "Lopez"})},
			update, StepPresent, false, map[string]any{"last_name": "Ruiz"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := undo(c.user, c.changes...)
			require.Empty(t, d.Problems)
			require.Equal(t, []any{c.action, c.step, c.release}, []any{d.Action, d.Step, d.Release})
			require.Equal(t, snapshot(c.after), d.After)
			if c.action != "" {
				require.Equal(t, []any{c.user.ID, c.user.Version, directory.OutcomePlanned}, []any{d.UserID, d.UserVersion, d.Outcome})
			}
		})
	}
}

// Whoever the run created as it says here.
func created(over map[string]any) directory.Change {
	after := map[string]any{"first_name": "Ana", "last_name": "Lopez", "email": "ana.lopez@corp.example", "status": directory.Invited, "phone": "1"}
	maps.Copy(after, over)
	return did(directory.ActionCreate, nil, after)
}

func asCreated(u *directory.User) {
	u.Status, u.RoleID, u.AcceptedAt, u.Fields["phone"] = directory.Invited, directory.RoleMember, nil, "1"
}

func TestF5RevertsACreation(t *testing.T) {
	t.Parallel()
	d := undo(ana(asCreated), created(nil))
	require.Equal(t, []any{directory.ActionDelete, StepRelease, true}, []any{d.Action, d.Step, d.Release})
	require.Equal(t, snapshot(map[string]any{"status": directory.Invited}), d.Before)
	require.Equal(t, snapshot(map[string]any{"status": directory.Deleted}), d.After)
	require.True(t, d.Removal())

	d = undo(ana(asCreated, with("phone", "2"), func(u *directory.User) { u.RoleID = directory.RoleUserAdmin }), created(nil),
		did(directory.ActionUpdate, map[string]any{"phone": "1"}, map[string]any{"phone": "2"}),
		did(directory.ActionUpdate, map[string]any{"role": "member"}, map[string]any{"role": "user_admin"}))
	require.Equal(t, directory.ActionDelete, d.Action, "what the run did after it created them is the run's too")

	d = undo(ana(asCreated, out(directory.Deactivated, directory.BySource)), created(map[string]any{"status": directory.Deactivated}))
	require.Equal(t, directory.ActionDelete, d.Action)
	require.False(t, d.Removal(), "they were never in")

	require.True(t, undo(ana(asCreated, out(directory.Deleted, directory.BySource)), created(nil)).Unchanged())
	require.True(t, undo(nil, created(nil)).Unchanged())
}

func TestF5NothingChangedSinceIsOverwritten(t *testing.T) {
	t.Parallel()
	renamed := did(directory.ActionUpdate, map[string]any{"last_name": "Ruiz", "phone": "1"}, map[string]any{"last_name": "Lopez", "phone": "2"})
	gone := did(directory.ActionDeactivate, map[string]any{"status": directory.Active}, map[string]any{"status": directory.Deactivated})
	for name, c := range map[string]struct {
		user    *directory.User
		change  directory.Change
		field   string
		message string
	}{
		"a name": {ana(with("phone", "2"), func(u *directory.User) { u.LastName = "Lee" }), renamed, "last_name",
			"Ana Lee was not put back: their last name was changed since the run."},
		"a field": {ana(), renamed, "phone", "Ana Lopez was not put back: their 'Phone' was changed since the run."},
		"several": {ana(func(u *directory.User) { u.LastName = "Lee" }), renamed, "",
			"Ana Lee was not put back: their last name and 'Phone' were changed since the run."},
		"a deactivation by an admin": {ana(out(directory.Deactivated, directory.ByAdmin)), gone, "",
			"Ana Lopez was not put back: their status was changed since the run."},
		"a deletion since": {ana(out(directory.Deleted, directory.BySource)), gone, "",
			"Ana Lopez was not put back: their status was changed since the run."},
		"gone for good": {nil, gone, "", "Ana Lopez was not put back: they were deleted for good since the run."},
		"accepted":      {ana(asCreated, func(u *directory.User) { u.Status = directory.Active }), created(nil), "", "Ana Lopez, whom the run created, was not deleted: their status was changed since."},
		"given a role":  {ana(asCreated, func(u *directory.User) { u.RoleID = "user_admin" }), created(nil), "", "Ana Lopez, whom the run created, was not deleted: their role was changed since."},
		"given a value": {ana(asCreated, with("grade", json.Number("1"))), created(nil), "grade", "Ana Lopez, whom the run created, was not deleted: their 'Pay grade' was changed since."},
		"created, then taken out by an admin": {ana(asCreated, out(directory.Deactivated, directory.ByAdmin)), created(map[string]any{"status": directory.Deactivated}), "",
			"Ana Lopez, whom the run created, was not deleted: their status was changed since."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := undo(c.user, c.change)
			require.Equal(t, []any{directory.ActionError, StepNone, directory.OutcomeFailed, "u-ana"}, []any{d.Action, d.Step, d.Outcome, d.UserID})
			require.Nil(t, d.After)
			require.Len(t, d.Problems, 1)
			require.Equal(t, []string{CodeChangedSince, c.field, c.message}, []string{d.Problems[0].Code, d.Problems[0].Field, d.Problems[0].Message})
			require.NotEmpty(t, d.Problems[0].Remedy)
		})
	}
}

// drawn draws another value of a key than those given.
func drawn(t *rapid.T, key, label string, others ...any) any {
	choices := map[string][]any{
		"email": {"a@corp.example", "A@Corp.Example", "b@corp.example", "c@corp.example"}, "first_name": {"Ana", "Bo", "Cy", "Di"}, "last_name": {"Lee", "Roe", "Fox", "Orr"},
		"status": {directory.Invited, directory.Active, directory.Deactivated, directory.Deleted},
		"role":   {"member", "user_admin", "super_admin", "auditor"}, "organization": {"", "sales", "design", "all"},
		"phone": {nil, "1", "2", "3"}, "grade": {nil, json.Number("1"), json.Number("2"), json.Number("2.5")},
	}
	return rapid.SampledFrom(choices[key]).Filter(func(v any) bool {
		for _, other := range others {
			if v == other {
				return false
			}
		}
		return true
	}).Draw(t, label+" "+key)
}

func keysOfUsers() []string {
	return []string{"email", "first_name", "last_name", "status", "role", "organization", "phone", "grade"}
}

// userWith is a user of the values.
func userWith(values map[string]any) *directory.User {
	organization := values["organization"].(string)
	u := &directory.User{
		ID: "u-ana", Email: values["email"].(string), FirstName: values["first_name"].(string), LastName: values["last_name"].(string),
		Status: values["status"].(directory.UserStatus), RoleID: values["role"].(string), Organization: &organization, Fields: directory.Values{},
	}
	if !u.Status.In() {
		by := directory.BySource
		u.DeactivatedBy = &by
	}
	for _, field := range []string{"phone", "grade"} {
		if values[field] != nil {
			u.Fields[field] = values[field]
		}
	}
	return u
}

// What a run did, in however many changes, undone gives the user as before it, and undoing again changes
// nothing. Whatever somebody changed of it since, they keep all that they have.
func TestPropertiesOfUndo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before := map[string]any{}
		for _, key := range keysOfUsers() {
			before[key] = drawn(t, key, "before")
		}
		now, touched := maps.Clone(before), map[string]bool{}
		var changes []directory.Change
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			old, new := map[string]any{}, map[string]any{}
			for _, key := range rapid.SliceOfDistinct(rapid.SampledFrom(keysOfUsers()), rapid.ID).Draw(t, "keys") {
				old[key], new[key] = now[key], drawn(t, key, "after", now[key])
				touched[key] = true
			}
			maps.Copy(now, new)
			changes = append(changes, did(directory.ActionUpdate, old, new))
		}
		maps.DeleteFunc(touched, func(key string, _ bool) bool { return now[key] == before[key] })

		d := undo(userWith(now), changes...)
		require.Empty(t, d.Problems)
		require.Equal(t, len(touched) == 0, d.Unchanged())
		back := maps.Clone(now)
		maps.Copy(back, valuesIn(d.After))
		require.Equal(t, before, back)
		require.Equal(t, len(touched), len(valuesIn(d.After)), "nothing else is written")
		require.True(t, undo(userWith(back), changes...).Unchanged(), "a second time changes nothing")
		checkStep(t, d, now, back)

		key := rapid.SampledFrom(keysOfUsers()).Draw(t, "edited")
		edited := maps.Clone(now)
		edited[key] = drawn(t, key, "edit of", now[key], before[key])
		d = undo(userWith(edited), changes...)
		if touched[key] {
			require.Equal(t, directory.ActionError, d.Action)
		} else {
			require.NotContains(t, valuesIn(d.After), key, "an edit of something else stays")
		}
	})
}

// checkStep sees to it that addresses are free before somebody else takes them.
func checkStep(t *rapid.T, d Decision, now, back map[string]any) {
	in, moved := back["status"].(directory.UserStatus).In(), directory.EmailKey(now["email"].(string)) != directory.EmailKey(back["email"].(string))
	switch {
	case d.Unchanged():
	case d.Release:
		require.Equal(t, StepRelease, d.Step)
		require.False(t, in, "who is in holds their address")
	case d.Removal():
		require.Equal(t, StepRelease, d.Step)
	case moved:
		require.Equal(t, StepMove, d.Step)
	default:
		require.Equal(t, StepPresent, d.Step)
	}
}

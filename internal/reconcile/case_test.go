package reconcile

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestCaseB2_AClearedValueIsCleared(t *testing.T) {
	t.Parallel()
	user := ana(with("phone", "+49 30 5550100"), with("department", "Sales"))
	cleared := Candidate{Record: staged(directory.Values{"phone": nil, "department": "Sales"}), User: user}

	d := Decide(cleared, settings())
	require.Equal(t, directory.ActionUpdate, d.Action)
	require.Equal(t, &directory.Snapshot{Fields: directory.Values{"phone": "+49 30 5550100"}}, d.Before)
	require.Equal(t, &directory.Snapshot{Fields: directory.Values{"phone": nil}}, d.After)
	text, err := d.After.Value()
	require.NoError(t, err)
	require.Equal(t, `{"fields":{"phone":null}}`, text)

	s := settings()
	s.CreateOnly = map[string]bool{"phone": true}
	require.True(t, Decide(cleared, s).Unchanged(), "sync updates off: it stays")
	require.True(t, Decide(Candidate{Record: cleared.Record, User: ana(with("department", "Sales"))}, settings()).Unchanged(), "no value is no value")
}

func TestCaseB4_WhoExistsIsNeitherBlankedNorTakenOut(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"first_name", "last_name", "email"} {
		record := without(staged(directory.Values{"title": "Lead"}), target, "mandatory_missing")
		d := Decide(Candidate{Record: record, User: ana()}, settings())
		require.Equal(t, directory.ActionUpdate, d.Action)
		require.Equal(t, &directory.Snapshot{Fields: directory.Values{"title": "Lead"}}, d.After, "only the rest is applied")
		require.Equal(t, []string{"mandatory_missing"}, codes(d.Problems))

		d = Decide(Candidate{Record: record, NewUserID: "u-new"}, settings())
		require.Equal(t, directory.ActionError, d.Action, "who does not exist is skipped with the reason")
	}
}

func TestCaseB4_NothingIsNoNewNameEither(t *testing.T) {
	t.Parallel()
	for _, nothing := range []any{nil, ""} {
		record := staged(directory.Values{"first_name": nothing, "last_name": nothing, "email": nothing})
		require.True(t, Decide(Candidate{Record: record, User: ana()}, settings()).Unchanged())
	}
}

func TestCaseC1_RenamedIsTheSameUser(t *testing.T) {
	t.Parallel()
	d := Decide(Candidate{Record: staged(directory.Values{"email": "ana.ruiz@corp.example"}), User: ana()}, settings())
	require.Equal(t, Decision{
		Action: "update", Step: StepMove, UserID: "u-ana", UserVersion: 7, Outcome: "planned",
		Before: &directory.Snapshot{Email: ptr("ana.lopez@corp.example")}, After: &directory.Snapshot{Email: ptr("ana.ruiz@corp.example")},
	}, d)
}

func TestCaseC1_CaseAloneIsNoChange(t *testing.T) {
	t.Parallel()
	d := Decide(Candidate{Record: staged(directory.Values{"email": "Ana.Lopez@Corp.Example"}), User: ana()}, settings())
	require.True(t, d.Unchanged())
}

// The old holder lets go of the address in an earlier step than the newcomer takes it; the
// newcomer is created, not linked to the old holder's user.
func TestCaseC2_ARecycledAddress(t *testing.T) {
	t.Parallel()
	sam := ana()
	for _, pref := range []directory.OnSourceDelete{directory.DeactivateUser, directory.DeleteUser} {
		s := settings()
		s.OnSourceDelete = pref
		leaver := DecideMissing(Missing{User: *sam, SourceID: "1001", AddressClaimed: true}, s)
		require.True(t, leaver.Release)
		newcomer := staged(directory.Values{"first_name": "Samuel"})
		newcomer.SourceID = "2002"
		d := Decide(Candidate{Record: newcomer, Holder: &Holder{User: *sam, LinkedSourceID: "1001"}, NewUserID: "u-new"}, s)
		require.Equal(t, directory.ActionCreate, d.Action)
		require.Equal(t, "u-new", d.UserID)
		require.Less(t, leaver.Step, d.Step)
	}
}

func TestCaseC2_ALocalUserIsLinkedOnce(t *testing.T) {
	t.Parallel()
	d := Decide(Candidate{Record: staged(nil), Holder: &Holder{User: *ana()}, NewUserID: "u-new"}, settings())
	require.Equal(t, directory.ActionAdopt, d.Action)
	require.Equal(t, "u-ana", d.UserID)
	require.True(t, Decide(Candidate{Record: staged(nil), User: ana()}, settings()).Unchanged(), "the next run finds the link")
}

// Disabled means deactivated, whatever is done about the deleted: the person still exists.
func TestCaseD2_DisabledAtTheSource(t *testing.T) {
	t.Parallel()
	for _, pref := range []directory.OnSourceDelete{directory.DeactivateUser, directory.DeleteUser} {
		s := settings()
		s.OnSourceDelete = pref
		for _, status := range []directory.UserStatus{directory.Invited, directory.Active, directory.AwaitingLicence} {
			user := ana(func(u *directory.User) { u.Status = status })
			d := Decide(Candidate{Record: disabled(staged(nil)), User: user}, s)
			require.Equal(t, directory.ActionDeactivate, d.Action)
			require.Equal(t, &directory.Snapshot{Status: ptr(directory.Deactivated)}, d.After)
			require.Equal(t, &directory.Snapshot{Status: &status}, d.Before)
		}
	}
}

func TestCaseD2_EnabledAgain(t *testing.T) {
	t.Parallel()
	back := Decide(Candidate{Record: staged(nil), User: ana(out("deactivated", "source"))}, settings())
	require.Equal(t, directory.ActionReactivate, back.Action)
	require.Equal(t, "u-ana", back.UserID, "the same row")
	byHand := Decide(Candidate{Record: staged(nil), User: ana(out("deactivated", "admin"))}, settings())
	require.True(t, byHand.Unchanged(), "an admin's word is not undone by a sync")
}

func TestCaseD2_NeverSeenAndDisabledIsNotInvited(t *testing.T) {
	t.Parallel()
	d := Decide(Candidate{Record: disabled(staged(nil)), NewUserID: "u-new"}, settings())
	require.Equal(t, directory.Deactivated, *d.After.Status)
}

// 9 is enabled and 8 is not; both have one address. There is no false error about a duplicate.
func TestCaseD2_AnAddressSharedWithADisabledPerson(t *testing.T) {
	t.Parallel()
	nine := Decide(Candidate{Record: staged(nil), NewUserID: "u-new"}, settings())
	require.Equal(t, directory.ActionCreate, nine.Action)
	require.True(t, Decide(Candidate{Record: disabled(staged(nil)), ClaimedByEnabled: true}, settings()).Unchanged())
}

func TestCaseD2_AnAddressSharedByEnabledPeople(t *testing.T) {
	t.Parallel()
	ten := Candidate{Record: staged(directory.Values{"email": "y@corp.example"}), SharedWith: 1, NewUserID: "u-new"}
	d := Decide(ten, settings())
	require.Equal(t, []directory.Problem{{
		Code: CodeAddressShared, Field: "email",
		Message: "The address 'y@corp.example' belongs to 2 people in Microsoft Entra ID, so it cannot be told whose it is.",
		Remedy:  "Give each of them an address of their own in Microsoft Entra ID, then sync again.",
	}}, d.Problems)

	ten.Record.Values["title"] = "Lead"
	ten.User = ana()
	d = Decide(ten, settings())
	require.Equal(t, directory.ActionUpdate, d.Action)
	require.Equal(t, &directory.Snapshot{Fields: directory.Values{"title": "Lead"}}, d.After, "the address stays, the rest goes on")
	require.Equal(t, []string{CodeAddressShared}, codes(d.Problems))
}

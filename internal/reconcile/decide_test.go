package reconcile

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
)

func settings() Settings {
	return Settings{OnSourceDelete: directory.DeactivateUser, SourceName: "Microsoft Entra ID"}
}

// staged is the record of Ana Lopez with the given values on top; nil removes one.
func staged(over directory.Values) mapping.Record {
	r := mapping.Record{SourceID: "1001", Enabled: true, Values: directory.Values{
		"first_name": "Ana", "last_name": "Lopez", "email": "ana.lopez@corp.example",
	}}
	for target, value := range over {
		r.Values[target] = value
	}
	return r
}

func disabled(r mapping.Record) mapping.Record { r.Enabled = false; return r }

// without takes a value away and gives the problem that did it.
func without(r mapping.Record, target, code string) mapping.Record {
	delete(r.Values, target)
	r.Problems = append(r.Problems, directory.Problem{Code: code, Field: target, Message: target + " is wrong.", Remedy: "Mend it."})
	return r
}

// ana is the user of staged, an active one.
func ana(change ...func(*directory.User)) *directory.User {
	accepted := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	u := &directory.User{
		ID: "u-ana", Email: "ana.lopez@corp.example", FirstName: "Ana", LastName: "Lopez", Status: directory.Active,
		AcceptedAt: &accepted, RoleID: directory.RoleSuperAdmin, Version: 7, Fields: directory.Values{},
	}
	for _, c := range change {
		c(u)
	}
	return u
}

func out(status directory.UserStatus, by directory.DeactivatedBy) func(*directory.User) {
	return func(u *directory.User) { u.Status, u.DeactivatedBy = status, &by }
}

func neverAccepted(u *directory.User) { u.AcceptedAt = nil }

func with(field string, value any) func(*directory.User) {
	return func(u *directory.User) { u.Fields[field] = value }
}

func codes(problems []directory.Problem) []string {
	var out []string
	for _, p := range problems {
		out = append(out, p.Code)
	}
	return out
}

func ptr[T any](v T) *T { return &v }

func TestDecide(t *testing.T) {
	t.Parallel()
	local := &Holder{User: *ana(func(u *directory.User) { u.ID = "u-local" })}
	keeps := &Holder{User: *ana(func(u *directory.User) { u.ID = "u-other" }), LinkedSourceID: "9", LinkedPresent: true, LinkedKeepsAddress: true}
	moves := &Holder{User: keeps.User, LinkedSourceID: "9", LinkedPresent: true}
	gone := &Holder{User: keeps.User, LinkedSourceID: "9"}
	renamed := directory.Values{"email": "ana.ruiz@corp.example"}
	tests := []struct {
		name   string
		c      Candidate
		action directory.Action
		step   int
		user   string
		codes  []string
	}{
		{"new", Candidate{Record: staged(nil)}, "create", 3, "u-new", nil},
		{"new and disabled", Candidate{Record: disabled(staged(nil))}, "create", 3, "u-new", nil},
		{"new, holder is gone", Candidate{Record: staged(nil), Holder: gone}, "create", 3, "u-new", nil},
		{"new, holder moves", Candidate{Record: staged(nil), Holder: moves}, "create", 3, "u-new", nil},
		{"new, holder keeps", Candidate{Record: staged(nil), Holder: keeps}, "error", 0, "", []string{CodeAddressTaken}},
		{"new, holder is local", Candidate{Record: staged(nil), Holder: local}, "adopt", 3, "u-local", nil},
		{"new, shared", Candidate{Record: staged(nil), SharedWith: 1}, "error", 0, "", []string{CodeAddressShared}},
		{"new, shared, holder is local", Candidate{Record: staged(nil), SharedWith: 1, Holder: local}, "error", 0, "", []string{CodeAddressShared}},
		{"new, incomplete and shared", Candidate{Record: without(staged(nil), "last_name", "mandatory_missing"), SharedWith: 1}, "error", 0, "", []string{"mandatory_missing", CodeAddressShared}},
		{"new, incomplete, holder is local", Candidate{Record: without(staged(nil), "last_name", "mandatory_missing"), Holder: local}, "adopt", 3, "u-local", []string{"mandatory_missing"}},
		{"new, a field is bad", Candidate{Record: without(staged(nil), "start", "date_format")}, "create", 3, "u-new", []string{"date_format"}},
		{"new and disabled, claimed", Candidate{Record: disabled(staged(nil)), ClaimedByEnabled: true}, "", 0, "", nil},
		{"new and disabled, holder linked", Candidate{Record: disabled(staged(nil)), Holder: keeps}, "", 0, "", nil},
		{"new and disabled, holder is local", Candidate{Record: disabled(staged(nil)), Holder: local}, "error", 0, "", []string{CodeAddressTaken}},
		{"new and disabled, incomplete", Candidate{Record: disabled(without(staged(nil), "email", "mandatory_missing"))}, "error", 0, "", []string{"mandatory_missing"}},

		{"linked, same", Candidate{Record: staged(nil), User: ana()}, "", 0, "", nil},
		{"linked, a name differs", Candidate{Record: staged(directory.Values{"last_name": "Ruiz"}), User: ana()}, "update", 3, "u-ana", nil},
		{"linked, a name differs in case", Candidate{Record: staged(directory.Values{"last_name": "LOPEZ"}), User: ana()}, "update", 3, "u-ana", nil},
		{"linked, renamed", Candidate{Record: staged(renamed), User: ana()}, "update", 2, "u-ana", nil},
		{"linked, renamed, holder is gone", Candidate{Record: staged(renamed), User: ana(), Holder: gone}, "update", 2, "u-ana", nil},
		{"linked, renamed, holder moves", Candidate{Record: staged(renamed), User: ana(), Holder: moves}, "update", 2, "u-ana", nil},
		{"linked, renamed, holder keeps", Candidate{Record: staged(renamed), User: ana(), Holder: keeps}, "error", 0, "u-ana", []string{CodeAddressTaken}},
		{"linked, renamed, holder is local", Candidate{Record: staged(renamed), User: ana(), Holder: local}, "error", 0, "u-ana", []string{CodeAddressTaken}},
		{"linked, shared", Candidate{Record: staged(nil), User: ana(), SharedWith: 1}, "error", 0, "u-ana", []string{CodeAddressShared}},
		{"linked, without address", Candidate{Record: without(staged(nil), "email", "mandatory_missing"), User: ana()}, "error", 0, "u-ana", []string{"mandatory_missing"}},
		{"linked, disabled", Candidate{Record: disabled(staged(nil)), User: ana()}, "deactivate", 3, "u-ana", nil},
		{"linked, disabled, renamed", Candidate{Record: disabled(staged(renamed)), User: ana()}, "deactivate", 1, "u-ana", nil},
		{"out, disabled, renamed, released", Candidate{Record: disabled(staged(renamed)), User: ana(out("deactivated", "source")), UserReleased: true}, "update", 1, "u-ana", nil},
		{"linked, disabled, renamed, holder keeps", Candidate{Record: disabled(staged(renamed)), User: ana(), Holder: keeps}, "deactivate", 1, "u-ana", nil},
		{"out, disabled, renamed, holder keeps, released", Candidate{Record: disabled(staged(renamed)), User: ana(out("deactivated", "source")), UserReleased: true, Holder: keeps}, "", 0, "", nil},
		{"linked, disabled, claimed", Candidate{Record: disabled(staged(nil)), User: ana(), ClaimedByEnabled: true}, "deactivate", 1, "u-ana", nil},
		{"out, disabled", Candidate{Record: disabled(staged(nil)), User: ana(out("deactivated", "source"))}, "", 0, "", nil},
		{"out, disabled, claimed", Candidate{Record: disabled(staged(nil)), User: ana(out("deactivated", "source")), ClaimedByEnabled: true}, "update", 1, "u-ana", nil},
		{"out, disabled, claimed, released", Candidate{Record: disabled(staged(nil)), User: ana(out("deactivated", "source")), ClaimedByEnabled: true, UserReleased: true}, "", 0, "", nil},
		{"out, enabled", Candidate{Record: staged(nil), User: ana(out("deactivated", "source"))}, "reactivate", 3, "u-ana", nil},
		{"out, enabled, renamed", Candidate{Record: staged(renamed), User: ana(out("deactivated", "source"))}, "reactivate", 2, "u-ana", nil},
		{"out, enabled, holder keeps", Candidate{Record: staged(nil), User: ana(out("deactivated", "source")), UserReleased: true, Holder: keeps}, "error", 0, "u-ana", []string{CodeAddressTaken}},
		{"out, enabled, shared", Candidate{Record: staged(nil), User: ana(out("deactivated", "source")), SharedWith: 1}, "error", 0, "u-ana", []string{CodeAddressShared}},
		{"out, enabled, without address", Candidate{Record: without(staged(nil), "email", "mandatory_missing"), User: ana(out("deactivated", "source"))}, "reactivate", 3, "u-ana", []string{"mandatory_missing"}},
		{"out, enabled, without address, released", Candidate{Record: without(staged(nil), "email", "mandatory_missing"), User: ana(out("deactivated", "source")), UserReleased: true}, "error", 0, "u-ana", []string{"mandatory_missing"}},
		{"out by an admin", Candidate{Record: staged(nil), User: ana(out("deactivated", "admin"))}, "", 0, "", nil},
		{"out by an admin, a name differs", Candidate{Record: staged(directory.Values{"last_name": "Ruiz"}), User: ana(out("deactivated", "admin"))}, "update", 3, "u-ana", nil},
		{"deleted, enabled", Candidate{Record: staged(nil), User: ana(out("deleted", "source")), UserReleased: true}, "reactivate", 3, "u-ana", nil},
		{"deleted, enabled, holder keeps", Candidate{Record: staged(nil), User: ana(out("deleted", "source")), UserReleased: true, Holder: keeps}, "error", 0, "u-ana", []string{CodeAddressTaken}},
		{"deleted, disabled", Candidate{Record: disabled(staged(renamed)), User: ana(out("deleted", "source"))}, "", 0, "", nil},
		{"deleted after an admin took them out", Candidate{Record: staged(renamed), User: ana(out("deleted", "admin"))}, "", 0, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.c.NewUserID = "u-new"
			d := Decide(tt.c, settings())
			require.Equal(t, tt.action, d.Action)
			require.Equal(t, tt.step, d.Step)
			require.Equal(t, tt.user, d.UserID)
			require.Equal(t, tt.codes, codes(d.Problems))
			require.Equal(t, d.Action == "", d.Unchanged())
			if d.Action != "" && d.Action != directory.ActionError {
				require.Equal(t, directory.OutcomePlanned, d.Outcome)
			}
			if d.Action == directory.ActionError {
				require.Equal(t, directory.OutcomeFailed, d.Outcome)
				require.Nil(t, d.After)
			}
		})
	}
}

func TestCreateHasAllInAfter(t *testing.T) {
	t.Parallel()
	d := Decide(Candidate{Record: staged(directory.Values{"floor": json.Number("3"), "phone": nil}), NewUserID: "u-new"}, settings())
	require.Equal(t, Decision{
		Action: "create", Step: StepPresent, UserID: "u-new", Outcome: "planned",
		After: &directory.Snapshot{
			Email: ptr("ana.lopez@corp.example"), FirstName: ptr("Ana"), LastName: ptr("Lopez"),
			Status: ptr(directory.Invited), Fields: directory.Values{"floor": json.Number("3")},
		},
	}, d)
}

// A11: off: the field is written when the user is first created, never updated after.
func TestA11_SyncUpdatesOff(t *testing.T) {
	t.Parallel()
	s := settings()
	s.CreateOnly = map[string]bool{"phone": true, "last_name": true, "start": true}
	changed := staged(directory.Values{"phone": "2", "last_name": "Ruiz", "title": "Lead"})

	created := Decide(Candidate{Record: changed, NewUserID: "u-new"}, s)
	require.Equal(t, "Ruiz", *created.After.LastName)
	require.Equal(t, directory.Values{"phone": "2", "title": "Lead"}, created.After.Fields)

	updated := Decide(Candidate{Record: changed, User: ana(with("phone", "1"))}, s)
	require.Equal(t, &directory.Snapshot{Fields: directory.Values{"title": "Lead"}}, updated.After)

	adopted := Decide(Candidate{Record: changed, Holder: &Holder{User: *ana(with("phone", "1"))}}, s)
	require.Equal(t, &directory.Snapshot{Fields: directory.Values{"title": "Lead"}}, adopted.After)

	unwritten := Decide(Candidate{Record: without(staged(nil), "start", "date_format"), User: ana()}, s)
	require.True(t, unwritten.Unchanged(), "what is never written cannot go wrong")
}

// A10: a bad value fails that field; the old value is kept and the rest is applied.
func TestA10_TheOldValueIsKept(t *testing.T) {
	t.Parallel()
	record := without(staged(directory.Values{"title": "Lead"}), "start", "date_format")
	d := Decide(Candidate{Record: record, User: ana(with("start", "2019-06-06"))}, settings())
	require.Equal(t, directory.ActionUpdate, d.Action)
	require.Equal(t, &directory.Snapshot{Fields: directory.Values{"title": nil}}, d.Before)
	require.Equal(t, &directory.Snapshot{Fields: directory.Values{"title": "Lead"}}, d.After)
	require.Equal(t, []string{"date_format"}, codes(d.Problems))
}

func TestNumbersAreEqualByWhatTheySay(t *testing.T) {
	t.Parallel()
	stored := ana(with("floor", json.Number("1000")), with("remote", true))
	same := staged(directory.Values{"floor": json.Number("1e3"), "remote": true})
	require.True(t, Decide(Candidate{Record: same, User: stored}, settings()).Unchanged())
	for _, other := range []any{json.Number("1000.5"), "1000", true, nil} {
		d := Decide(Candidate{Record: staged(directory.Values{"floor": other}), User: stored}, settings())
		require.Equal(t, directory.ActionUpdate, d.Action, "%v", other)
	}
}

func TestReturnOfThoseWhoNeverAccepted(t *testing.T) {
	t.Parallel()
	record := staged(directory.Values{"title": "Lead"})
	d := Decide(Candidate{Record: record, User: ana(out("deactivated", "source"), neverAccepted)}, settings())
	require.Equal(t, &directory.Snapshot{Status: ptr(directory.Invited), Fields: directory.Values{"title": "Lead"}}, d.After)
	d = Decide(Candidate{Record: record, User: ana(out("deleted", "source"))}, settings())
	require.Equal(t, &directory.Snapshot{Status: ptr(directory.Active), Fields: directory.Values{"title": "Lead"}}, d.After)
	require.Equal(t, ptr(directory.Deleted), d.Before.Status)
}

// F4: a user who exists already is linked, with role and status as they were.
func TestF4_Adoption(t *testing.T) {
	t.Parallel()
	adopt := func(change ...func(*directory.User)) Decision {
		return Decide(Candidate{Record: staged(directory.Values{"email": "Ana.Lopez@Corp.Example"}), Holder: &Holder{User: *ana(change...)}}, settings())
	}
	same := adopt()
	require.Equal(t, Decision{Action: "adopt", Step: StepPresent, UserID: "u-ana", UserVersion: 7, Outcome: "planned"}, same)
	require.Equal(t, &directory.Snapshot{Status: ptr(directory.Active)}, adopt(out("deactivated", "source")).After)
	require.Nil(t, adopt(out("deactivated", "admin")).After)
}

func TestDecideMissing(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		user    *directory.User
		pref    directory.OnSourceDelete
		claimed bool
		action  directory.Action
		step    int
		status  *directory.UserStatus
		release bool
	}{
		{"deactivate", ana(), "deactivate", false, "deactivate", 4, ptr(directory.Deactivated), false},
		{"deactivate, claimed", ana(), "deactivate", true, "deactivate", 1, ptr(directory.Deactivated), true},
		{"deactivate who is out", ana(out("deactivated", "source")), "deactivate", false, "", 0, nil, false},
		{"deactivate who is out, claimed", ana(out("deactivated", "admin")), "deactivate", true, "update", 1, nil, true},
		{"deactivate who is deleted", ana(out("deleted", "source")), "deactivate", true, "", 0, nil, false},
		{"delete", ana(), "delete", false, "delete", 4, ptr(directory.Deleted), false},
		{"delete, claimed", ana(), "delete", true, "delete", 1, ptr(directory.Deleted), true},
		{"delete who is out", ana(out("deactivated", "source")), "delete", false, "delete", 4, ptr(directory.Deleted), false},
		{"delete who is out by an admin", ana(out("deactivated", "admin")), "delete", false, "delete", 4, ptr(directory.Deleted), false},
		{"delete who is deleted", ana(out("deleted", "source")), "delete", true, "", 0, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := settings()
			s.OnSourceDelete = tt.pref
			d := DecideMissing(Missing{User: *tt.user, SourceID: "1001", AddressClaimed: tt.claimed}, s)
			require.Equal(t, tt.action, d.Action)
			require.Equal(t, tt.step, d.Step)
			require.Equal(t, tt.release, d.Release)
			if tt.status == nil {
				require.Nil(t, d.After)
				return
			}
			require.Equal(t, &directory.Snapshot{Status: tt.status}, d.After)
			require.Equal(t, &directory.Snapshot{Status: &tt.user.Status}, d.Before)
			require.Equal(t, tt.user.Status.In(), d.Removal(), "who was out already is not taken out")
		})
	}
}

// F8: a person whom the directory still has is an error of that record, and kept whatever else is
// the case; all other kinds of absence take a person out.
func TestF8_TwoPhaseRemoval(t *testing.T) {
	t.Parallel()
	for _, pref := range []directory.OnSourceDelete{directory.DeactivateUser, directory.DeleteUser} {
		s := settings()
		s.OnSourceDelete = pref
		require.Equal(t, Decision{
			Action: directory.ActionError, Step: StepNone, UserID: "u-ana", UserVersion: 7, Outcome: directory.OutcomeFailed,
			Problems: []directory.Problem{{
				Code:    "still_there",
				Message: "The directory's list lacks Ana Lopez, but the directory says that they are there when asked by id. They were kept.",
				Remedy:  "Sync again; if it happens again, tell the provider's support.",
			}},
		}, DecideMissing(Missing{User: *ana(), SourceID: "1001", Absence: directory.AbsencePresent, AddressClaimed: true}, s))
		deleted := Missing{User: *ana(out("deleted", "source")), SourceID: "1001", Absence: directory.AbsencePresent}
		require.True(t, DecideMissing(deleted, s).Unchanged())

		for _, absence := range []directory.Absence{directory.AbsenceGone, directory.AbsenceOutOfScope, directory.AbsenceUnverified} {
			d := DecideMissing(Missing{User: *ana(), SourceID: "1001", Absence: absence}, s)
			require.True(t, d.Removal(), absence)
			require.Equal(t, StepMissing, d.Step)
		}
	}
}

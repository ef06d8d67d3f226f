package reconcile

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
)

// sam is a person of the directory by id.
func sam(id string) mapping.Record {
	r := staged(directory.Values{"email": "sam@corp.example", "first_name": "Sam"})
	r.SourceID = id
	return r
}

func all(records ...mapping.Record) reading {
	read := reading{staged: map[string]mapping.Record{}}
	for _, r := range records {
		read.staged[r.SourceID] = r
	}
	return read
}

// lacking is a reading with something known of one person without a record.
func lacking(read reading, source string, absence directory.Absence) reading {
	read.absent = map[string]directory.Absence{source: absence}
	return read
}

// withSam is an account in which the directory's 1001 has accepted, has a role and a phone.
func withSam(t *testing.T, s Settings) (*world, *directory.User) {
	w := newWorld()
	require.Equal(t, 1, w.apply(w.plan(all(sam("1001")), s)))
	user := w.users[w.links["1001"]]
	accepted := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	user.Status, user.AcceptedAt, user.RoleID = directory.Active, &accepted, "finance"
	user.Fields["phone"] = "+49 30 5550100"
	return w, user
}

func eitherPreference(t *testing.T, test func(t *testing.T, s Settings)) {
	for _, pref := range []directory.OnSourceDelete{directory.DeactivateUser, directory.DeleteUser} {
		t.Run(string(pref), func(t *testing.T) {
			t.Parallel()
			s := settings()
			s.OnSourceDelete = pref
			test(t, s)
		})
	}
}

func requireUnchanged(t *testing.T, plan []planned) {
	t.Helper()
	for _, p := range plan {
		require.True(t, p.Unchanged(), "%+v", p)
	}
}

// (b) A person deleted and made anew in the directory does not flap.
func TestCaseC2_TheSameDirectoryAgainChangesNothing(t *testing.T) {
	t.Parallel()
	eitherPreference(t, func(t *testing.T, s Settings) {
		w, first := withSam(t, s)
		now := lacking(all(sam("2002")), "1001", directory.AbsenceGone)
		require.Equal(t, 2, w.apply(w.plan(now, s)))
		newcomer := w.users[w.links["2002"]]
		require.NotEqual(t, first.ID, newcomer.ID)
		require.Equal(t, newcomer.ID, w.holds["sam@corp.example"])
		require.Empty(t, newcomer.RoleID, "the newcomer inherits nothing")
		require.Empty(t, newcomer.Fields)
		require.False(t, w.users[first.ID].Status.In())
		requireUnchanged(t, w.plan(now, s))
	})
}

// The directory's list lacks somebody whom the directory has: they keep their address, too.
func TestCaseC2_TheAddressOfSomebodyWhoIsStillThere(t *testing.T) {
	t.Parallel()
	eitherPreference(t, func(t *testing.T, s Settings) {
		w, first := withSam(t, s)
		plan := w.plan(lacking(all(sam("2002")), "1001", directory.AbsencePresent), s)
		require.Len(t, plan, 2)
		require.Equal(t, []string{CodeStillThere}, codes(plan[1].Problems))
		require.Equal(t, []string{CodeAddressTaken}, codes(plan[0].Problems))
		require.Zero(t, w.apply(plan))
		require.Equal(t, first.ID, w.holds["sam@corp.example"])
	})
}

func TestCaseD1_WhatWasNotReadToTheEndRemovesNobody(t *testing.T) {
	t.Parallel()
	eitherPreference(t, func(t *testing.T, s Settings) {
		w, _ := withSam(t, s)
		partial := all()
		partial.partial = true
		require.Empty(t, w.plan(partial, s))

		newcomer := all(sam("2002"))
		newcomer.partial = true
		plan := w.plan(newcomer, s)
		require.Len(t, plan, 1)
		require.Equal(t, []string{CodeAddressTaken}, codes(plan[0].Problems), "nobody says that the address is free")
	})
}

func TestCaseD2_WhomAnAdminTookOutStaysOut(t *testing.T) {
	t.Parallel()
	eitherPreference(t, func(t *testing.T, s Settings) {
		w, user := withSam(t, s)
		out(directory.Deactivated, directory.ByAdmin)(user)
		for range 2 {
			for _, read := range []reading{all(sam("1001")), all(disabled(sam("1001"))), all(), all(sam("1001"))} {
				w.apply(w.plan(read, s))
				require.False(t, w.users[user.ID].Status.In())
				require.Equal(t, directory.ByAdmin, *w.users[user.ID].DeactivatedBy)
			}
		}
	})
}

// Who comes back at the source is the same user, with role and values as they were.
func TestF9_ComingBackAtTheSource(t *testing.T) {
	t.Parallel()
	eitherPreference(t, func(t *testing.T, s Settings) {
		w, before := withSam(t, s)
		require.Equal(t, 1, w.apply(w.plan(lacking(all(), "1001", directory.AbsenceGone), s)))
		require.False(t, w.users[before.ID].Status.In())
		requireUnchanged(t, w.plan(lacking(all(), "1001", directory.AbsenceGone), s))

		require.Equal(t, 1, w.apply(w.plan(all(sam("1001")), s)))
		after := *w.users[before.ID]
		require.Equal(t, before.Version+2, after.Version)
		after.Version = before.Version
		require.Equal(t, *before, after)
		require.Equal(t, before.ID, w.links["1001"])
		require.Equal(t, before.ID, w.holds["sam@corp.example"])
	})
}

// An address that went to somebody else in the meantime stays theirs.
func TestF9_ComingBackToATakenAddress(t *testing.T) {
	t.Parallel()
	eitherPreference(t, func(t *testing.T, s Settings) {
		w, first := withSam(t, s)
		require.Equal(t, 2, w.apply(w.plan(all(sam("2002")), s)))
		returned := sam("1001")
		returned.Values["email"] = "sam.old@corp.example"
		require.Equal(t, 1, w.apply(w.plan(all(returned, sam("2002")), s)))
		require.Equal(t, directory.Active, w.users[first.ID].Status)
		require.Equal(t, first.ID, w.holds["sam.old@corp.example"])
		require.Equal(t, w.links["2002"], w.holds["sam@corp.example"])

		plan := w.plan(all(sam("1001"), sam("2002")), s)
		for _, p := range plan {
			require.Equal(t, []string{CodeAddressShared}, codes(p.Problems), "two enabled people with one address are not told apart")
		}
	})
}

// A restored user has no link: the sync leaves them alone until they come back at the source.
func TestF9_RestoredByAnAdmin(t *testing.T) {
	t.Parallel()
	s := settings()
	s.OnSourceDelete = directory.DeleteUser
	w, user := withSam(t, s)
	require.Equal(t, 1, w.apply(w.plan(all(), s)))
	restored := w.users[user.ID]
	restored.Status, restored.DeactivatedBy = directory.Active, nil
	w.holds["sam@corp.example"] = user.ID
	delete(w.links, "1001")

	require.Empty(t, w.plan(all(), s), "what the directory does not know it does not remove")
	plan := w.plan(all(sam("1001")), s)
	require.Equal(t, directory.ActionAdopt, plan[0].Action)
	require.Equal(t, 1, w.apply(plan))
	require.Equal(t, user.ID, w.links["1001"])
	require.Equal(t, "finance", w.users[user.ID].RoleID)
}

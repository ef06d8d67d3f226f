package reconcile

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
)

// people draws a directory in which addresses collide often.
func people() *rapid.Generator[map[string]mapping.Record] {
	return rapid.Custom(func(t *rapid.T) map[string]mapping.Record {
		staged := map[string]mapping.Record{}
		for _, source := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"s1", "s2", "s3", "s4"}), rapid.ID).Draw(t, "present") {
			r := mapping.Record{SourceID: source, Enabled: rapid.IntRange(0, 3).Draw(t, "enabled") > 0, Values: directory.Values{"first_name": "First"}}
			for _, drawn := range []struct {
				target string
				from   []any
			}{
				{"last_name", []any{"Lee", "Roe", nil}},
				{"phone", []any{"1", "2", nil}},
				{"start", []any{"2019-06-06", nil}},
				{"email", []any{"a@corp.example", "A@Corp.Example", "b@corp.example", "c@corp.example", "d@corp.example", nil}},
			} {
				target, value := drawn.target, rapid.SampledFrom(drawn.from).Draw(t, drawn.target)
				if value == nil && (directory.Mandatory(target) || target == "start") {
					r = without(r, target, "bad")
					continue
				}
				r.Values[target] = value
			}
			staged[source] = r
		}
		return staged
	})
}

func anySettings() *rapid.Generator[Settings] {
	return rapid.Custom(func(t *rapid.T) Settings {
		s := settings()
		s.OnSourceDelete = rapid.SampledFrom([]directory.OnSourceDelete{directory.DeactivateUser, directory.DeleteUser}).Draw(t, "preference")
		s.CreateOnly = map[string]bool{}
		for _, target := range []string{"phone", "start", "last_name"} {
			s.CreateOnly[target] = rapid.IntRange(0, 4).Draw(t, "create only "+target) == 0
		}
		return s
	})
}

// seedLocals adds users whom no directory knows.
func (w *world) seedLocals(t *rapid.T) {
	for _, address := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a@corp.example", "d@corp.example"}), rapid.ID).Draw(t, "local") {
		id := "local-" + address
		u := ana(func(u *directory.User) { u.ID, u.Email = id, address })
		w.users[id], w.holds[address] = u, id
	}
}

// takeOutByHand is what an admin does between two runs.
func (w *world) takeOutByHand(t *rapid.T) {
	ids := slices.Sorted(maps.Keys(w.users))
	if len(ids) == 0 || rapid.IntRange(0, 2).Draw(t, "an admin acts") > 0 {
		return
	}
	u := w.users[rapid.SampledFrom(ids).Draw(t, "whom")]
	if u.Status.In() {
		by := directory.ByAdmin
		u.Status, u.DeactivatedBy = directory.Deactivated, &by
	}
}

// A life of an account: whatever the directory becomes, a few runs settle it, and no run takes out
// who should stay, brings back whom an admin took out, or blanks what is mandatory.
func TestPropertiesOfRuns(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, s := newWorld(), anySettings().Draw(t, "settings")
		w.seedLocals(t)
		for range rapid.IntRange(1, 4).Draw(t, "weeks") {
			w.takeOutByHand(t)
			staged := people().Draw(t, "directory")
			before := w.snapshot()
			plan := w.plan(staged, s)
			checkDecisions(t, w, staged, plan, s)
			w.apply(plan)
			checkRun(t, before, w, staged)
			runs := 1
			for ; w.apply(w.plan(staged, s)) > 0; runs++ {
				require.Less(t, runs, 5, "the same directory must come to rest")
			}
			checkRest(t, w, staged, w.plan(staged, s))
		}
	})
}

func (w *world) snapshot() map[string]directory.User {
	users := map[string]directory.User{}
	for id, u := range w.users {
		users[id] = *u
	}
	return users
}

// checkDecisions looks at the plan itself.
func checkDecisions(t *rapid.T, w *world, staged map[string]mapping.Record, plan []planned, s Settings) {
	for _, p := range plan {
		record, present := staged[p.source]
		if p.Removal() {
			require.False(t, present && record.Enabled, "nobody who is there and enabled is removed")
		}
		if p.Before == nil || p.After == nil {
			continue
		}
		for target := range p.After.Fields {
			require.False(t, s.CreateOnly[target], "sync updates off is not updated")
			require.Contains(t, p.Before.Fields, target)
			require.NotEqual(t, p.Before.Fields[target], p.After.Fields[target])
		}
		require.False(t, s.CreateOnly["last_name"] && p.After.LastName != nil)
		require.Equal(t, w.users[p.UserID].Version, p.UserVersion)
	}
}

// checkRun compares the users before and after a run.
func checkRun(t *rapid.T, before map[string]directory.User, w *world, staged map[string]mapping.Record) {
	for id, u := range w.users {
		require.NotEmpty(t, u.FirstName)
		require.NotEmpty(t, u.LastName)
		require.NotEmpty(t, u.Email)
		if u.Status.In() {
			require.Equal(t, directory.EmailKey(u.Email), w.addressOf(id), "who is in holds the address")
		}
		old, existed := before[id]
		if !existed {
			continue
		}
		if old.DeactivatedBy != nil && *old.DeactivatedBy == directory.ByAdmin {
			require.False(t, u.Status.In(), "whom an admin took out stays out")
		}
		record, present := staged[w.sourceOf(id)]
		if linked := w.sourceOf(id) != ""; !linked || present && record.Enabled {
			require.Equal(t, old.Status.In(), old.Status.In() && u.Status.In(), "who is there and enabled stays in")
		}
	}
}

// checkRest looks at an account whose last run had nothing more to write.
func checkRest(t *rapid.T, w *world, staged map[string]mapping.Record, plan []planned) {
	waiting := map[string]bool{}
	for _, p := range plan {
		waiting[p.UserID] = p.Action != ""
	}
	for _, p := range plan {
		record, present := staged[p.source]
		if p.Action != "" && p.Action != directory.ActionError {
			holder := w.holds[key(record)]
			require.NotEmpty(t, holder, "what is still planned is held up: %+v", p)
			require.True(t, w.users[holder].Status.In() || waiting[holder], "and not by somebody who is out for good: %+v", p)
			continue
		}
		if !present || !record.Enabled || p.Action == directory.ActionError {
			continue
		}
		require.Contains(t, w.links, p.source, "an enabled record without an error is somebody")
		u := w.users[w.links[p.source]]
		byAdmin := u.DeactivatedBy != nil && *u.DeactivatedBy == directory.ByAdmin
		require.True(t, u.Status.In() || byAdmin)
		if u.Status.In() && record.Email() != "" {
			require.Equal(t, key(record), w.addressOf(u.ID))
		}
	}
}

// C2 (b): a person deleted and made anew in the directory does not flap.
func TestCaseC2_TheSameDirectoryAgainChangesNothing(t *testing.T) {
	t.Parallel()
	for _, pref := range []directory.OnSourceDelete{directory.DeactivateUser, directory.DeleteUser} {
		w, s := newWorld(), settings()
		s.OnSourceDelete = pref
		old := staged(directory.Values{"email": "sam@corp.example"})
		require.Equal(t, 1, w.apply(w.plan(map[string]mapping.Record{"1001": old}, s)))
		first := w.users[w.links["1001"]]
		accepted := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
		first.Status, first.AcceptedAt, first.RoleID = directory.Active, &accepted, "finance"

		anew := staged(directory.Values{"email": "sam@corp.example", "first_name": "Samuel"})
		anew.SourceID = "2002"
		directoryNow := map[string]mapping.Record{"2002": anew}
		require.Equal(t, 2, w.apply(w.plan(directoryNow, s)))
		newcomer := w.users[w.links["2002"]]
		require.NotEqual(t, first.ID, newcomer.ID)
		require.Equal(t, newcomer.ID, w.holds["sam@corp.example"])
		require.Empty(t, newcomer.RoleID, "the newcomer inherits nothing")
		require.False(t, w.users[first.ID].Status.In())

		for _, p := range w.plan(directoryNow, s) {
			require.True(t, p.Unchanged())
		}
	}
}

package reconcile

import (
	"maps"
	"slices"
	"testing"

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

// anyReading draws what a run gets to know of a directory: all of it or a part, and with a list that may
// lack people who are there.
func anyReading() *rapid.Generator[reading] {
	return rapid.Custom(func(t *rapid.T) reading {
		read := reading{
			staged: people().Draw(t, "directory"), absent: map[string]directory.Absence{},
			partial: rapid.IntRange(0, 3).Draw(t, "partial") == 0,
		}
		absences := []directory.Absence{"", "", directory.AbsenceGone, directory.AbsencePresent}
		if !read.partial {
			absences = append(absences, directory.AbsenceOutOfScope)
		}
		for _, source := range []string{"s1", "s2", "s3", "s4"} {
			_, staged := read.staged[source]
			if absence := rapid.SampledFrom(absences).Draw(t, "absence of "+source); !staged && absence != "" {
				read.absent[source] = absence
			}
		}
		return read
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

// actByHand is what an admin does between two runs: takes somebody out, or restores a deleted user,
// whom the directory that took them out leaves alone from then on.
func (w *world) actByHand(t *rapid.T) {
	ids := slices.Sorted(maps.Keys(w.users))
	if len(ids) == 0 || rapid.Bool().Draw(t, "an admin rests") {
		return
	}
	u := w.users[rapid.SampledFrom(ids).Draw(t, "whom")]
	address := directory.EmailKey(u.Email)
	switch _, taken := w.holds[address]; {
	case u.Status.In():
		by := directory.ByAdmin
		u.Status, u.DeactivatedBy = directory.Deactivated, &by
	case u.Status == directory.Deleted && !taken:
		u.Status, u.DeactivatedBy = directory.Invited, nil
		w.holds[address] = u.ID
		if source := w.sourceOf(u.ID); w.absent[source] {
			delete(w.links, source)
		}
	}
}

// A life of an account: whatever the directory becomes and however much of it a run gets to know,
// a few runs settle it, and no run takes out who should stay, brings back whom an admin took out,
// blanks what is mandatory, or makes one person of two or two of one.
func TestPropertiesOfRuns(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, s := newWorld(), anySettings().Draw(t, "settings")
		w.seedLocals(t)
		for range rapid.IntRange(1, 8).Draw(t, "weeks") {
			w.actByHand(t)
			read := anyReading().Draw(t, "reading")
			before, links := w.snapshot(), maps.Clone(w.links)
			plan := w.plan(read, s)
			checkDecisions(t, w, read, plan, s)
			w.apply(plan)
			checkRun(t, before, w, read)
			checkLinks(t, links, before, w)
			runs := 1
			for ; w.apply(w.plan(read, s)) > 0; runs++ {
				require.Less(t, runs, 5, "the same directory must come to rest")
			}
			checkRest(t, w, read, w.plan(read, s))
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
func checkDecisions(t *rapid.T, w *world, read reading, plan []planned, s Settings) {
	for _, p := range plan {
		record, present := read.staged[p.source]
		if p.Removal() {
			require.True(t, present && !record.Enabled || read.gone(p.source), "only who is disabled or known to be gone is removed")
			require.True(t, w.users[p.UserID].Status.In(), "who was out does not count as removed")
		}
		if p.Action == directory.ActionDelete {
			require.True(t, read.gone(p.source), "only who is known to be gone is deleted")
		}
		if p.missing && read.absent[p.source] == directory.AbsencePresent && p.Action != "" {
			require.Equal(t, []string{CodeStillThere}, codes(p.Problems))
			require.Nil(t, p.After)
			require.False(t, p.Release)
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
func checkRun(t *rapid.T, before map[string]directory.User, w *world, read reading) {
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
		source := w.sourceOf(id)
		record, present := read.staged[source]
		if out := source != "" && (present && !record.Enabled || read.gone(source)); !out {
			require.Equal(t, old.Status.In(), old.Status.In() && u.Status.In(), "who is not known to be disabled or gone stays in")
		}
		if old.Status != directory.Deleted && u.Status == directory.Deleted {
			require.Empty(t, w.addressOf(id), "who is deleted holds no address")
		}
	}
}

// checkLinks sees to it that a person is one user, always the same, and a user one person.
func checkLinks(t *rapid.T, links map[string]string, before map[string]directory.User, w *world) {
	linked := map[string]string{}
	for source, user := range w.links {
		require.Empty(t, linked[user], "%s and %s are one user", source, linked[user])
		linked[user] = source
		if old, known := links[source]; known {
			require.Equal(t, old, user, "who comes back is the same user")
			continue
		}
		if old, existed := before[user]; existed {
			require.False(t, old.Status == directory.Deleted, "a newcomer is given no user who is deleted")
			require.NotContains(t, slices.Collect(maps.Values(links)), user, "a newcomer is given no other person's user")
		}
	}
	require.Subset(t, slices.Collect(maps.Keys(w.links)), slices.Collect(maps.Keys(links)), "a run forgets nobody")
}

// checkRest looks at an account whose last run had nothing more to write.
func checkRest(t *rapid.T, w *world, read reading, plan []planned) {
	waiting := map[string]bool{}
	for _, p := range plan {
		waiting[p.UserID] = p.Action != ""
	}
	for _, p := range plan {
		record, present := read.staged[p.source]
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

package reconcile

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
)

// world is an account in memory that applies decisions as the database would: an address is held
// by one user at most, and whoever is in holds one.
type world struct {
	users map[string]*directory.User
	holds map[string]string // user by address
	links map[string]string // user by source id
	next  int
}

func newWorld() *world {
	return &world{users: map[string]*directory.User{}, holds: map[string]string{}, links: map[string]string{}}
}

func (w *world) addressOf(user string) string {
	for address, holder := range w.holds {
		if holder == user {
			return address
		}
	}
	return ""
}

func (w *world) sourceOf(user string) string {
	for source, linked := range w.links {
		if linked == user {
			return source
		}
	}
	return ""
}

func key(r mapping.Record) string { return directory.EmailKey(r.Email()) }

// candidate is what the plan's query would find about a record.
func (w *world) candidate(r mapping.Record, staged map[string]mapping.Record) Candidate {
	w.next++
	c := Candidate{Record: r, NewUserID: fmt.Sprintf("u-%d", w.next)}
	if id, ok := w.links[r.SourceID]; ok {
		user := *w.users[id]
		c.User, c.UserReleased = &user, w.addressOf(id) == ""
	}
	for _, other := range staged {
		if other.SourceID != r.SourceID && other.Enabled && key(other) == key(r) && key(r) != "" {
			c.SharedWith++
		}
	}
	c.ClaimedByEnabled = !r.Enabled && c.SharedWith > 0
	if holder, ok := w.holds[key(r)]; ok && (c.User == nil || c.User.ID != holder) {
		h := &Holder{User: *w.users[holder], LinkedSourceID: w.sourceOf(holder)}
		if theirs, present := staged[h.LinkedSourceID]; present {
			h.LinkedPresent = true
			h.LinkedKeepsAddress = key(theirs) == "" || key(theirs) == key(r) && (theirs.Enabled || !r.Enabled)
		}
		c.Holder = h
	}
	return c
}

// planned is a decision with the source id of its record.
type planned struct {
	Decision
	source string
}

func (w *world) plan(staged map[string]mapping.Record, s Settings) []planned {
	var plan []planned
	for _, source := range slices.Sorted(maps.Keys(staged)) {
		plan = append(plan, planned{Decide(w.candidate(staged[source], staged), s), source})
	}
	for _, source := range slices.Sorted(maps.Keys(w.links)) {
		if _, present := staged[source]; present {
			continue
		}
		m := Missing{User: *w.users[w.links[source]], SourceID: source}
		address := w.addressOf(m.User.ID)
		for _, r := range staged {
			m.AddressClaimed = m.AddressClaimed || address != "" && key(r) == address
		}
		plan = append(plan, planned{DecideMissing(m, s), source})
	}
	slices.SortStableFunc(plan, func(a, b planned) int { return a.Step - b.Step })
	return plan
}

// apply does what it can of a plan and says how many users were written. Users who move into each
// other's addresses move at once.
func (w *world) apply(plan []planned) (written int) {
	var movers []planned
	for _, p := range plan {
		if p.Step == StepMove {
			movers = append(movers, p)
		}
	}
	for _, p := range plan {
		switch {
		case p.Action == "" || p.Action == directory.ActionError || p.Step == StepMove:
		case p.Step < StepMove && w.applyOne(p):
			written++
		}
	}
	written += w.move(movers)
	for _, p := range plan {
		if p.Step > StepMove && w.applyOne(p) {
			written++
		}
	}
	return written
}

// move applies those who can move until nobody can; those who wait for each other in a ring swap.
func (w *world) move(movers []planned) (written int) {
	for {
		waiting := slices.DeleteFunc(slices.Clone(movers), w.applyOne)
		written += len(movers) - len(waiting)
		if len(waiting) == len(movers) {
			break
		}
		movers = waiting
	}
	ring := map[string]bool{}
	for _, p := range movers {
		ring[w.addressOf(p.UserID)] = true
	}
	for _, p := range movers {
		if !ring[directory.EmailKey(*p.After.Email)] {
			return written
		}
	}
	for _, p := range movers {
		delete(w.holds, w.addressOf(p.UserID))
	}
	for _, p := range movers {
		if w.applyOne(p) {
			written++
		}
	}
	return written
}

func (w *world) applyOne(p planned) bool {
	user := directory.User{ID: p.UserID, Fields: directory.Values{}}
	if existing, ok := w.users[p.UserID]; ok {
		user = *existing
		user.Fields = maps.Clone(existing.Fields)
	}
	write(&user, p.Decision)
	address := directory.EmailKey(user.Email)
	holder, held := w.holds[address]
	wants := !p.Release && (user.Status.In() || p.After != nil && p.After.Email != nil)
	if wants && held && holder != user.ID {
		return false
	}
	if wants || p.Release || user.Status == directory.Deleted {
		delete(w.holds, w.addressOf(user.ID))
	}
	if wants && user.Status != directory.Deleted {
		w.holds[address] = user.ID
	}
	user.Version++
	w.users[user.ID] = &user
	w.links[p.source] = user.ID
	return true
}

func write(u *directory.User, d Decision) {
	after := d.After
	if after == nil {
		return
	}
	for _, text := range []struct{ from, into *string }{
		{after.Email, &u.Email}, {after.FirstName, &u.FirstName}, {after.LastName, &u.LastName},
	} {
		if text.from != nil {
			*text.into = *text.from
		}
	}
	for target, value := range after.Fields {
		u.Fields[target] = value
	}
	if after.Status == nil {
		return
	}
	u.Status = *after.Status
	if u.Status.In() {
		u.DeactivatedBy = nil
	} else if u.DeactivatedBy == nil {
		by := directory.BySource
		u.DeactivatedBy = &by
	}
}

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

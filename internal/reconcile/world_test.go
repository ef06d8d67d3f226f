package reconcile

import (
	"fmt"
	"maps"
	"slices"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
)

// world is an account in memory that applies decisions as the database would: an address is held
// by one user at most, and whoever is in holds one.
type world struct {
	users  map[string]*directory.User
	holds  map[string]string // user by address
	links  map[string]string // user by source id
	absent map[string]bool   // by source id: taken out for being absent
	next   int
}

func newWorld() *world {
	return &world{users: map[string]*directory.User{}, holds: map[string]string{}, links: map[string]string{}, absent: map[string]bool{}}
}

// reading is what a run got to know of the directory.
type reading struct {
	staged  map[string]mapping.Record
	partial bool                         // not everybody was read: who is not staged may be there
	absent  map[string]directory.Absence // what is known of those who are not staged
}

// absence says why a linked person without a record counts as missing; known is false for one of
// whom a partial reading says nothing.
func (r reading) absence(source string) (absence directory.Absence, known bool) {
	if absence, known = r.absent[source]; known {
		return absence, true
	}
	return directory.AbsenceUnverified, !r.partial
}

// gone says whether the reading takes a linked person for gone.
func (r reading) gone(source string) bool {
	_, present := r.staged[source]
	absence, known := r.absence(source)
	return !present && known && absence != directory.AbsencePresent
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
func (w *world) candidate(r mapping.Record, read reading) Candidate {
	w.next++
	c := Candidate{Record: r, NewUserID: fmt.Sprintf("u-%d", w.next)}
	if id, ok := w.links[r.SourceID]; ok {
		user := *w.users[id]
		c.User, c.UserReleased = &user, w.addressOf(id) == ""
	}
	for _, other := range read.staged {
		if other.SourceID != r.SourceID && other.Enabled && key(other) == key(r) && key(r) != "" {
			c.SharedWith++
		}
	}
	c.ClaimedByEnabled = !r.Enabled && c.SharedWith > 0
	if holder, ok := w.holds[key(r)]; ok && (c.User == nil || c.User.ID != holder) {
		h := &Holder{User: *w.users[holder], LinkedSourceID: w.sourceOf(holder)}
		h.LinkedPresent = h.LinkedSourceID != "" && !read.gone(h.LinkedSourceID)
		h.LinkedKeepsAddress = h.LinkedPresent
		if theirs, staged := read.staged[h.LinkedSourceID]; staged {
			h.LinkedKeepsAddress = key(theirs) == "" || key(theirs) == key(r) && (theirs.Enabled || !r.Enabled)
		}
		c.Holder = h
	}
	return c
}

// planned is a decision with the source id of its record.
type planned struct {
	Decision
	source  string
	missing bool
}

func (w *world) plan(read reading, s Settings) []planned {
	var plan []planned
	for _, source := range slices.Sorted(maps.Keys(read.staged)) {
		plan = append(plan, planned{Decide(w.candidate(read.staged[source], read), s), source, false})
	}
	for _, source := range slices.Sorted(maps.Keys(w.links)) {
		absence, known := read.absence(source)
		if _, present := read.staged[source]; present || !known {
			continue
		}
		m := Missing{User: *w.users[w.links[source]], SourceID: source, Absence: absence}
		address := w.addressOf(m.User.ID)
		for _, r := range read.staged {
			m.AddressClaimed = m.AddressClaimed || address != "" && key(r) == address
		}
		plan = append(plan, planned{DecideMissing(m, s), source, true})
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
	w.absent[p.source] = p.missing
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

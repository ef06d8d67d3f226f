package history

import (
	"fmt"
	"maps"
	"slices"

	"pgregory.net/rapid"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// world is a directory, an account and its settings in the middle of a history.
type world struct {
	*rapid.T
	roster   roster
	left     map[string]person // people who were deleted from the directory
	settings settings
	account  account
	changed  map[string]bool // people who changed since the last run whose end is a beginning for the next
	recent   int             // removals that nobody approved
	numbers  int
	told     []string // the history so far
	live     *live    // the real account; nil: the model alone
}

// newWorld draws a directory of some people and groups, and settings.
func newWorld(t *rapid.T) *world {
	w := &world{
		T: t, roster: roster{map[string]person{}, map[string]group{}}, left: map[string]person{}, changed: map[string]bool{},
		account: account{Users: map[string]user{}, Groups: map[string]circle{}},
	}
	for range rapid.IntRange(4, 7).Draw(t, "people") {
		p := w.stranger()
		w.roster.People[p.ID] = p
	}
	for range 3 {
		id := w.number("g")
		w.roster.Groups[id] = group{ID: id, Name: "Group " + id, Members: w.some("members", slices.Sorted(maps.Keys(w.roster.People)), 1)}
	}
	w.account.Licences = rapid.IntRange(1, 4).Draw(t, "licences")
	w.settings = settings{Fields: map[string]bool{"title": true}, MaxRemovals: 500, Percent: 100}
	w.settings.Delete = w.maybe("delete")
	w.drawScope()
	w.drawGroups()
	w.drawGuard()
	w.tell("%d licences, settings %+v", w.account.Licences, w.settings)
	for _, id := range slices.Sorted(maps.Keys(w.roster.People)) {
		w.tell("the directory has %+v", w.roster.People[id])
	}
	for _, id := range slices.Sorted(maps.Keys(w.roster.Groups)) {
		w.tell("the directory has the group %+v", w.roster.Groups[id])
	}
	return w
}

// tell notes a step of the history.
func (w *world) tell(format string, args ...any) {
	w.Helper()
	line := fmt.Sprintf("%2d. %s", len(w.told)+1, fmt.Sprintf(format, args...))
	w.told = append(w.told, line)
	w.Log(line)
}

func (w *world) number(prefix string) string {
	w.numbers++
	return fmt.Sprintf("%s%02d", prefix, w.numbers)
}

func (w *world) maybe(label string) bool { return rapid.Bool().Draw(w.T, label) }

// any draws a number below n, each as often as the others: rapid itself prefers small ones.
func (w *world) any(label string, n int) int {
	return rapid.Custom(func(t *rapid.T) int {
		number := 0
		for range 10 {
			number *= 2
			if rapid.Bool().Draw(t, "bit") {
				number++
			}
		}
		return number % n
	}).Draw(w.T, label)
}

// one draws one of several; false if there is none.
func (w *world) one(label string, of []string) (string, bool) {
	if len(of) == 0 {
		return "", false
	}
	return rapid.SampledFrom(of).Draw(w.T, label), true
}

// some draws at least so many of several, if there are so many.
func (w *world) some(label string, of []string, least int) []string {
	if len(of) == 0 {
		return nil
	}
	chosen := rapid.SliceOfNDistinct(rapid.SampledFrom(of), min(least, len(of)), len(of), rapid.ID).Draw(w.T, label)
	slices.Sort(chosen)
	return chosen
}

// somebody draws one of the people who are as asked for.
func (w *world) somebody(is func(person) bool) (person, bool) {
	id, found := w.one("who", where(w.roster.People, is))
	return w.roster.People[id], found
}

func anybody(person) bool { return true }

// stranger is a person whom nobody knows yet.
func (w *world) stranger() person {
	id := w.number("p")
	return person{
		ID: id, First: "Pat", Last: "Number" + id[1:], Email: w.address(), Enabled: rapid.IntRange(0, 5).Draw(w.T, "enabled") < 5,
		Title: rapid.SampledFrom([]string{"Engineer", ""}).Draw(w.T, "title"), City: rapid.SampledFrom([]string{"Bern", ""}).Draw(w.T, "city"),
	}
}

// address is one that no person of the directory has: a new one, or one that somebody had.
func (w *world) address() string {
	var recycled []string
	for _, u := range w.account.Users {
		if len(w.roster.withAddress(u.Email)) == 0 && !slices.Contains(recycled, u.Email) {
			recycled = append(recycled, u.Email)
		}
	}
	slices.Sort(recycled)
	if len(recycled) > 0 && w.maybe("recycled address") {
		return rapid.SampledFrom(recycled).Draw(w.T, "address")
	}
	return w.number("pat") + "@corp.example"
}

// put has the directory hold a person as they are now.
func (w *world) put(p person) {
	_, known := w.roster.People[p.ID]
	w.roster.People[p.ID], w.changed[p.ID] = p, true
	delete(w.left, p.ID)
	w.live.putPerson(w.T, p, known)
}

func (w *world) putGroup(g group) {
	_, known := w.roster.Groups[g.ID]
	w.roster.Groups[g.ID] = g
	w.live.putGroup(w.T, g, known)
}

// users are the keys of the users who are as asked for.
func (w *world) users(is func(user) bool) []string { return where(w.account.Users, is) }

func (w *world) drawScope() {
	w.settings.Scope = nil
	if groups := slices.Sorted(maps.Keys(w.roster.Groups)); len(groups) > 0 && w.maybe("scope of groups") {
		w.settings.Scope = w.some("scope", groups, 1)
	}
}

func (w *world) drawGroups() {
	w.settings.Groups, w.settings.GroupIDs = rapid.IntRange(0, 3).Draw(w.T, "sync groups") > 0, nil
	if groups := slices.Sorted(maps.Keys(w.roster.Groups)); w.settings.Groups && (w.settings.Scope != nil || w.maybe("chosen groups")) {
		w.settings.GroupIDs = w.some("groups", groups, 1)
	}
	if w.settings.Scope != nil && len(w.settings.GroupIDs) == 0 {
		w.settings.Groups = false
	}
}

func (w *world) drawGuard() {
	w.settings.MaxRemovals = rapid.SampledFrom([]int{500, 500, 2, 3, 1, 4}).Draw(w.T, "most removals")
	w.settings.Percent = rapid.SampledFrom([]int{100, 50}).Draw(w.T, "share of removals")
}

// invariants hold whatever happens.
func (w *world) invariants() {
	w.Helper()
	addresses, sources := map[string]string{}, map[string]string{}
	for key, u := range w.account.Users {
		if u.Holds {
			if other, taken := addresses[u.Email]; taken {
				w.Fatalf("%s and %s hold the address %s", key, other, u.Email)
			}
			addresses[u.Email] = key
		}
		if u.Source != "" {
			if other, taken := sources[u.Source]; taken {
				w.Fatalf("%s and %s are both of %s", key, other, u.Source)
			}
			sources[u.Source] = key
		}
		if u.Status.In() && !u.Holds || u.Status == directory.Deleted && u.Holds {
			w.Fatalf("%s is %s and holds an address: %t", key, u.Status, u.Holds)
		}
	}
	if w.account.active() > w.account.Licences {
		w.Fatalf("%d users are active with %d licences", w.account.active(), w.account.Licences)
	}
}

package history

import (
	"cmp"
	"maps"
	"slices"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// settings are those that decide what a run comes to.
type settings struct {
	Scope       []string        // groups; none: all users
	Groups      bool            // groups themselves are synced
	GroupIDs    []string        // which; none: all
	Fields      map[string]bool // mapped attributes, and whether updates are synced
	KeepLast    bool            // last names are written once only
	Delete      bool            // who is gone is deleted
	MaxRemovals int
	Percent     int
}

// user is a user as the account should have them.
type user struct {
	Source             string // whom of the directory the user is; empty: nobody
	Lost               bool   // taken out because the directory lacked them
	Email, First, Last string
	Fields             map[string]string
	Status             directory.UserStatus
	ByAdmin            bool // taken out by an admin
	Accepted           bool // has been active, or waited to be
	Holds              bool // nobody else can have the address
	Invitations        int
	Place              int64 // among those who wait for a licence
	Groups             map[string]bool
}

// circle is a group as the account should have it, known by the id of the directory's group.
type circle struct {
	Name   string
	Parked map[string]bool // members who are not in the account yet
}

// account is what the model says of the account. The keys of users are of the model's own.
type account struct {
	Licences int // without the one that the owner has
	Users    map[string]user
	Groups   map[string]circle
}

func (a account) clone() account {
	b := account{Licences: a.Licences, Users: map[string]user{}, Groups: map[string]circle{}}
	for key, u := range a.Users {
		u.Fields, u.Groups = maps.Clone(u.Fields), maps.Clone(u.Groups)
		b.Users[key] = u
	}
	for id, g := range a.Groups {
		b.Groups[id] = circle{g.Name, maps.Clone(g.Parked)}
	}
	return b
}

// linked is the user by each person of the directory who has one.
func (a account) linked() map[string]string {
	links := map[string]string{}
	for key, u := range a.Users {
		if u.Source != "" {
			links[u.Source] = key
		}
	}
	return links
}

// holder is the user who has an address, other than one.
func (a account) holder(address, but string) string {
	for key, u := range a.Users {
		if key != but && u.Holds && u.Email == address {
			return key
		}
	}
	return ""
}

func (a account) active() int {
	return len(where(a.Users, func(u user) bool { return u.Status == directory.Active }))
}

// linkedIn counts the people of the directory who are in the account.
func (a account) linkedIn() int {
	return len(where(a.Users, func(u user) bool { return u.Source != "" && u.Status.In() }))
}

// fill gives free licences to those who wait, in order, and then to newcomers. When there are some
// for newcomers but not for all, it returns these: any of them may have them.
func (a *account) fill(newcomers ...string) (any []string) {
	waiting := where(a.Users, func(u user) bool { return u.Status == directory.AwaitingLicence })
	waiting = slices.DeleteFunc(waiting, func(key string) bool { return slices.Contains(newcomers, key) })
	slices.SortFunc(waiting, func(x, y string) int { return cmp.Compare(a.Users[x].Place, a.Users[y].Place) })
	free := a.Licences - a.active()
	seated := min(free, len(waiting))
	queue := waiting[:seated]
	switch free -= seated; {
	case free >= len(newcomers):
		queue = append(queue, newcomers...)
	case free > 0:
		any = newcomers
	}
	for _, key := range queue {
		u := a.Users[key]
		u.Status, u.Accepted, u.Place = directory.Active, true, 0
		a.Users[key] = u
	}
	return any
}

// reading is what a run gets to know of the directory.
type reading struct {
	Full   bool
	Staged map[string]person          // who is in scope
	Lost   map[string]bool            // linked people of whom it is certain that they are gone, or out of scope
	There  map[string]bool            // whom the list lacks, and the directory has
	Groups map[string]map[string]bool // the people of each synced group that was read
	Names  map[string]string
	Failed map[string]bool // groups that could not be read
	Kept   map[string]bool // of them, those that are synced
	Blind  bool            // so many are missing that nobody was looked up
}

// disturbance is what of the directory a run cannot see as it is.
type disturbance struct {
	hidden     map[string]bool // people whom the list lacks
	unreadable map[string]bool // groups that may not be read
}

// read says what a run gets to know. An incremental one asks for those who changed, and for nobody else.
func (r roster) read(a account, s settings, changed map[string]bool, d disturbance, full bool) reading {
	out := reading{
		Full: full, Staged: map[string]person{}, Lost: map[string]bool{}, There: map[string]bool{},
		Groups: map[string]map[string]bool{}, Names: map[string]string{}, Failed: map[string]bool{}, Kept: map[string]bool{},
	}
	inScope, complete := r.readGroups(s, d, &out)
	if !full {
		d.hidden = nil // no list is read
	}
	missing := 0
	for id, p := range r.People {
		if inScope(id) && !d.hidden[id] && (full || changed[id]) {
			out.Staged[id] = p
		}
	}
	for id, key := range a.linked() {
		_, present := r.People[id]
		_, staged := out.Staged[id]
		in := a.Users[key].Status.In()
		switch {
		case staged || !complete || !full && (present || !changed[id]):
		case !present && full && in:
			missing++
			out.Lost[id] = true
		case d.hidden[id] && inScope(id):
			out.There[id] = true
			if in {
				missing++
			}
		default:
			out.Lost[id] = true
		}
	}
	if out.Blind = missing > s.MaxRemovals && len(out.There) > 0; out.Blind {
		maps.Copy(out.Lost, out.There)
		clear(out.There)
	}
	return out
}

// readGroups reads the groups and says who is in scope, and whether that is known of everybody.
func (r roster) readGroups(s settings, d disturbance, out *reading) (inScope func(string) bool, complete bool) {
	readable := func(id string) bool {
		_, there := r.Groups[id]
		return there && !d.unreadable[id]
	}
	synced := s.GroupIDs
	if len(synced) == 0 && s.Scope == nil {
		synced = slices.Sorted(maps.Keys(r.Groups))
	}
	for _, id := range synced {
		switch {
		case !s.Groups:
		case readable(id):
			out.Groups[id], out.Names[id] = r.members(id), r.Groups[id].Name
		default:
			out.Failed[id], out.Kept[id] = true, true
		}
	}
	people := map[string]bool{}
	for _, id := range s.Scope {
		if readable(id) {
			maps.Copy(people, r.members(id))
		} else {
			out.Failed[id] = true
		}
	}
	complete = !slices.ContainsFunc(s.Scope, func(id string) bool { return out.Failed[id] })
	return func(id string) bool { return s.Scope == nil || people[id] }, complete
}

package history

import (
	"fmt"
	"maps"
	"slices"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// verdict is what a clean run must come to.
type verdict struct {
	account  account
	problems map[string]bool // people and groups with an error line, by the directory's id
	removals int             // users who were in and are out
	// contended are users who come back to fewer licences than they are: any of them may have one.
	contended []string
	// stuck are users whose new address is not free after all, since who has it cannot leave it: they
	// keep their own, and whether the rest of their record is taken over is left open.
	stuck map[string]bool
}

// reckoning works out a verdict.
type reckoning struct {
	verdict
	was     account
	s       settings
	read    reading
	links   map[string]string // user by person, before the run
	gets    map[string]bool   // enabled people who get the address of their record
	returns []string          // users who come back and had a licence
}

// reckon says what a clean run makes of an account, from what it read and the settings.
func reckon(was account, s settings, read reading) verdict {
	k := &reckoning{
		verdict: verdict{account: was.clone(), problems: map[string]bool{}, stuck: map[string]bool{}},
		was:     was, s: s, read: read, links: was.linked(),
	}
	k.settleAddresses()
	for _, id := range slices.Sorted(maps.Keys(read.Staged)) {
		k.person(read.Staged[id])
	}
	for _, id := range slices.Sorted(maps.Keys(read.Lost)) {
		k.lost(id)
	}
	for id := range read.There { // an error for who would go if they were not there
		status := was.Users[k.links[id]].Status
		k.problems[id] = status.In() || s.Delete && status == directory.Deactivated
	}
	maps.DeleteFunc(k.problems, func(_ string, is bool) bool { return !is })
	for key, u := range was.Users {
		if u.Status.In() && !k.account.Users[key].Status.In() {
			k.removals++
		}
	}
	k.groups()
	k.contended = k.account.fill(k.returns...)
	return k.verdict
}

// settleAddresses finds out who gets the address of their record: everybody, but for those who
// share it and those whose address somebody has who keeps it, and so on until nobody is
// disappointed any more. So a ring of people who swap addresses gets them.
func (k *reckoning) settleAddresses() {
	k.gets = map[string]bool{}
	for id, p := range k.read.Staged {
		k.gets[id] = p.Enabled
	}
	for again := true; again; {
		again = false
		for id, p := range k.read.Staged {
			if k.gets[id] && k.blocked(p, k.gets) {
				k.gets[id], again = false, true
			}
		}
	}
}

// blocked says whether an enabled person cannot have the address of their record.
func (k *reckoning) blocked(p person, gets map[string]bool) bool {
	if k.claimed(p) {
		return true
	}
	holder := k.was.holder(p.Email, k.links[p.ID])
	switch {
	case holder == "":
		return false
	case k.was.Users[holder].Source == "": // who is in the account without being of the directory is adopted
		return k.links[p.ID] != ""
	default:
		return !k.letsGo(k.was.Users[holder].Source, p, gets)
	}
}

// claimed says whether another enabled person, who has a user or can have one, has the same address.
func (k *reckoning) claimed(p person) bool {
	for id, other := range k.read.Staged {
		if id != p.ID && other.Enabled && other.Email == p.Email && (k.links[id] != "" || other.complete()) {
			return true
		}
	}
	return false
}

// letsGo says whether a linked person leaves their user's address to p.
func (k *reckoning) letsGo(source string, p person, gets map[string]bool) bool {
	record, staged := k.read.Staged[source]
	switch {
	case !staged:
		return k.read.Lost[source]
	case record.Email == p.Email:
		return p.Enabled && !record.Enabled
	default:
		return !record.Enabled || gets == nil || gets[source]
	}
}

func (k *reckoning) person(p person) {
	key := k.links[p.ID]
	switch {
	case !p.Enabled && key == "":
		k.unknownDisabled(p)
	case !p.Enabled:
		k.knownDisabled(p, key)
	case key == "":
		k.unknown(p)
	default:
		k.known(p, key)
	}
}

// unknown adopts whoever has the address without being of the directory, or invites somebody new.
func (k *reckoning) unknown(p person) {
	holder := k.was.holder(p.Email, "")
	switch {
	case !k.gets[p.ID]:
		k.problems[p.ID] = true
	case holder != "" && k.was.Users[holder].Source == "":
		u := k.account.Users[holder]
		u.Source, u.Lost = p.ID, false
		k.take(&u, p)
		k.bringBack(&u, holder)
		k.account.Users[holder] = u
	case !p.complete():
		k.problems[p.ID] = true
	default:
		k.create(p, directory.Invited, 1)
	}
}

// unknownDisabled is about somebody disabled of whom there is no user: they become one who is out,
// unless somebody else has the address.
func (k *reckoning) unknownDisabled(p person) {
	holder := k.was.holder(p.Email, "")
	switch {
	case k.claimed(p):
	case holder != "":
		if k.was.Users[holder].Source == "" {
			k.problems[p.ID] = true
		}
	case !p.complete():
		k.problems[p.ID] = true
	default:
		k.create(p, directory.Deactivated, 0)
	}
}

func (k *reckoning) create(p person, status directory.UserStatus, invitations int) {
	u := user{
		Source: p.ID, Email: p.Email, First: p.First, Last: p.Last, Status: status, Holds: true, Invitations: invitations,
		Fields: map[string]string{}, Groups: map[string]bool{},
	}
	for field := range k.s.Fields {
		setField(u.Fields, field, p)
	}
	key := p.ID
	for n := 2; k.account.Users[key].Email != ""; n++ {
		key = fmt.Sprintf("%s/%d", p.ID, n)
	}
	k.account.Users[key] = u
}

func setField(fields map[string]string, field string, p person) {
	value := map[string]string{"title": p.Title, "city": p.City}[field]
	if delete(fields, field); value != "" {
		fields[field] = value
	}
}

// take writes the values of a record to a user, and says of what is missing that it is.
func (k *reckoning) take(u *user, p person) {
	if p.First == "" || p.Last == "" && !k.s.KeepLast {
		k.problems[p.ID] = true
	}
	if p.First != "" {
		u.First = p.First
	}
	if p.Last != "" && !k.s.KeepLast {
		u.Last = p.Last
	}
	for field, updates := range k.s.Fields {
		if updates {
			setField(u.Fields, field, p)
		}
	}
}

// bringBack lets in whom the directory had taken out; whom an admin took out stays out.
func (k *reckoning) bringBack(u *user, key string) {
	if u.Status.In() || u.ByAdmin {
		return
	}
	u.Holds = true
	if u.Accepted {
		u.Status = directory.AwaitingLicence
		k.returns = append(k.returns, key)
		return
	}
	u.Status, u.Invitations = directory.Invited, max(u.Invitations, 1)
}

func (k *reckoning) known(p person, key string) {
	u := k.account.Users[key]
	u.Lost = false
	switch {
	case u.Status == directory.Deleted && u.ByAdmin:
	case k.gets[p.ID]:
		k.take(&u, p)
		if u.Email != p.Email {
			u.Email, u.Holds = p.Email, true
		}
		k.bringBack(&u, key)
	default:
		k.problems[p.ID] = true
		if k.stuck[key] = !k.blocked(p, nil); !k.stuck[key] && u.Status != directory.Deleted {
			k.take(&u, p)
		}
	}
	k.account.Users[key] = u
}

// knownDisabled takes somebody out who is disabled. Whoever is out needs no address: one that
// changes, or that somebody else has, is let go of.
func (k *reckoning) knownDisabled(p person, key string) {
	u := k.account.Users[key]
	u.Lost = false
	if u.Status != directory.Deleted {
		k.take(&u, p)
		elsewhere := k.claimed(p)
		if holder := k.was.holder(p.Email, key); holder != "" {
			source := k.was.Users[holder].Source
			elsewhere = elsewhere || source == "" || !k.letsGo(source, p, nil)
		}
		moved := u.Email != p.Email && !elsewhere
		if moved {
			u.Email = p.Email
		}
		u.Holds = u.Holds && !moved && !elsewhere
		if u.Status.In() {
			u.Status, u.Place = directory.Deactivated, 0
		}
	}
	k.account.Users[key] = u
}

// lost takes somebody out whom the directory, or its scope, has no more. A newcomer who has the
// address gets it.
func (k *reckoning) lost(id string) {
	key := k.links[id]
	u := k.account.Users[key]
	claimed := false
	for other, p := range k.read.Staged {
		claimed = claimed || u.Holds && p.Email == u.Email && (k.links[other] != "" || p.complete())
	}
	switch {
	case u.Status == directory.Deleted:
		return
	case k.s.Delete:
		u.Status, u.Holds, u.Lost = directory.Deleted, false, true
	case u.Status.In():
		u.Status, u.Holds, u.Lost = directory.Deactivated, !claimed, true
	default:
		u.Holds, u.Lost = u.Holds && !claimed, true
	}
	u.Place = 0
	k.account.Users[key] = u
}

// groups brings groups in line with the directory, and of the people who are in who is a member.
// Memberships of those who are out stay as they were, as do those of groups that could not be read.
func (k *reckoning) groups() {
	a, links := k.account, k.account.linked()
	for id := range k.read.Failed {
		k.problems[id] = true
	}
	for id := range a.Groups {
		if k.read.Groups[id] == nil && !k.read.Kept[id] {
			delete(a.Groups, id)
			for _, u := range a.Users {
				delete(u.Groups, id)
			}
		}
	}
	for id, people := range k.read.Groups {
		parked := map[string]bool{}
		for person := range people {
			if links[person] == "" && k.parks(id, person) {
				parked[person] = true
			}
		}
		a.Groups[id] = circle{k.read.Names[id], parked}
	}
	for _, u := range a.Users {
		if u.Source == "" || !u.Status.In() {
			continue
		}
		for id, people := range k.read.Groups {
			if delete(u.Groups, id); people[u.Source] {
				u.Groups[id] = true
			}
		}
		for id := range k.read.Kept {
			if g, known := a.Groups[id]; known && g.Parked[u.Source] {
				u.Groups[id] = true
			}
		}
	}
}

// parks says whether a member without a user is somebody who may come yet: a complete list that
// lacks them says that they are no people of the directory.
func (k *reckoning) parks(group, person string) bool {
	_, staged := k.read.Staged[person]
	return staged || !k.read.Full || k.s.Scope != nil && !slices.Contains(k.s.Scope, group)
}

// held says whether so many go that an admin must approve it: with those who went in the days before
// without approval, more than a number, or more than a share of those who were there.
func (v verdict) held(was account, s settings, recent int) bool {
	gone := v.removals + recent
	share := gone >= 5 && gone*100 > s.Percent*(was.linkedIn()+recent)
	return v.removals > 0 && (gone > s.MaxRemovals || share)
}

package history

import (
	"maps"
	"net/http"

	"pgregory.net/rapid"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// adminSteps are what people do in the account: its admins, and who is invited.
func adminSteps() []func(*world) bool {
	return []func(*world) bool{
		(*world).accepts, (*world).accepts, (*world).accepts, (*world).isDeactivated, (*world).isActivated, (*world).isRestored, (*world).isRestored,
		(*world).scopeIsEdited, (*world).groupsAreEdited, (*world).mappingIsEdited, (*world).preferenceIsEdited, (*world).guardIsEdited, (*world).changesExpire,
	}
}

// act has the model do something to a user, or refuse it, and the account the same.
func (w *world) act(key string, refused bool, change func(*user), call func(*live) int) {
	w.Helper()
	want := http.StatusOK
	if refused {
		want = http.StatusConflict
	} else {
		u := w.account.Users[key]
		change(&u)
		w.account.Users[key] = u
		w.account.fill()
	}
	if w.live != nil {
		if got := call(w.live); got != want {
			w.Fatalf("the answer is %d, not %d", got, want)
		}
	}
}

// accepts has an invited person accept, who waits when there is no licence.
func (w *world) accepts() bool {
	key, found := w.one("user", w.users(func(u user) bool { return u.Status == directory.Invited }))
	if !found {
		return false
	}
	full := w.account.active() >= w.account.Licences
	w.tell("user %s accepts; all licences are in use: %t", key, full)
	u := w.account.Users[key]
	u.Accepted = true
	if u.Status = directory.Active; full {
		u.Status = directory.AwaitingLicence
	}
	w.account.Users[key] = u
	w.act(key, full, func(*user) {}, func(l *live) int { return l.accept(w.T, key) })
	w.live.learn(w)
	return true
}

func (w *world) isDeactivated() bool {
	key, found := w.one("user", w.users(func(u user) bool { return u.Status != directory.Deleted }))
	if found {
		w.tell("an admin deactivates user %s", key)
		w.act(key, false, func(u *user) { u.Status, u.ByAdmin, u.Place = directory.Deactivated, true, 0 },
			func(l *live) int { return l.act(w.T, key, "deactivate") })
	}
	return found
}

func (w *world) isActivated() bool {
	key, found := w.one("user", w.users(func(u user) bool { return u.Status != directory.Deleted && u.Status != directory.Active }))
	if !found {
		return false
	}
	u := w.account.Users[key]
	refused := w.account.active() >= w.account.Licences || w.account.holder(u.Email, key) != ""
	w.tell("an admin activates user %s; refused: %t", key, refused)
	w.act(key, refused, func(u *user) {
		if u.Status == directory.Deactivated {
			u.leaveToAdmin()
		}
		u.Status, u.ByAdmin, u.Accepted, u.Holds, u.Place = directory.Active, false, true, true, 0
	}, func(l *live) int { return l.act(w.T, key, "activate") })
	return true
}

// leaveToAdmin parts a user from what the directory has lost, so that it takes nobody out again.
func (u *user) leaveToAdmin() {
	if u.Lost {
		u.Source, u.Lost = "", false
	}
}

func (w *world) isRestored() bool {
	key, found := w.one("user", w.users(func(u user) bool { return u.Status == directory.Deleted }))
	if !found {
		return false
	}
	refused := w.account.holder(w.account.Users[key].Email, key) != ""
	full := w.account.active() >= w.account.Licences
	w.tell("an admin restores user %s; refused: %t", key, refused)
	w.act(key, refused, func(u *user) {
		u.leaveToAdmin()
		u.ByAdmin, u.Holds = false, true
		switch {
		case !u.Accepted:
			u.Status = directory.Invited
			u.Invitations++
		case full:
			u.Status = directory.AwaitingLicence
		default:
			u.Status = directory.Active
		}
	}, func(l *live) int { return l.act(w.T, key, "restore") })
	w.live.learn(w)
	return true
}

func (w *world) scopeIsEdited() bool {
	w.drawScope()
	w.drawGroups()
	w.tell("the scope is edited: of groups %v; groups are synced: %t %v", w.settings.Scope, w.settings.Groups, w.settings.GroupIDs)
	w.live.edit(w, "scope", "groups")
	return true
}

func (w *world) groupsAreEdited() bool {
	w.drawGroups()
	w.tell("groups are synced: %t %v", w.settings.Groups, w.settings.GroupIDs)
	w.live.edit(w, "groups")
	return true
}

func (w *world) mappingIsEdited() bool {
	w.settings.Fields = maps.Clone(w.settings.Fields)
	switch field := rapid.SampledFrom([]string{"city", "title", "last"}).Draw(w.T, "mapping"); {
	case field == "last":
		w.settings.KeepLast = !w.settings.KeepLast
	case w.maybe("mapped"):
		w.settings.Fields[field] = w.maybe("sync updates")
	default:
		delete(w.settings.Fields, field)
	}
	w.tell("the mapping is edited: fields (sync updates) %v, last names are written once: %t", w.settings.Fields, w.settings.KeepLast)
	w.live.edit(w, "mappings")
	return true
}

func (w *world) preferenceIsEdited() bool {
	w.settings.Delete = !w.settings.Delete
	w.tell("who is gone is deleted: %t", w.settings.Delete)
	w.live.edit(w, "on_source_delete")
	return true
}

func (w *world) guardIsEdited() bool {
	w.drawGuard()
	w.tell("the guard is %d removals or %d %%", w.settings.MaxRemovals, w.settings.Percent)
	w.live.edit(w, "guard")
	return true
}

func (w *world) changesExpire() bool {
	w.tell("what changed since the last run is forgotten by the directory")
	w.live.forget(w.T)
	return true
}

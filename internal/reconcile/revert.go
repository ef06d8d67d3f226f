package reconcile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// CodeChangedSince is the code of what was changed since the run that is undone, and is left alone. It
// reaches the sync log and the API: do not rename.
const CodeChangedSince = "changed_since"

// Applied is what a run did to one user.
type Applied struct {
	Changes []directory.Change // those applied, in their order; of each its user, label, action, before and after count
	User    *directory.User    // as they are at present; nil: gone for good
	Fields  map[string]string  // names of the account's fields by id; what a run wrote to others went with them
}

// Revert decides how to undo what a run did to a user. Each value that is as the run left it goes
// back to what it was, and whoever the run created is deleted. Nothing is overwritten that somebody
// changed since: when one value is neither as it was before the run nor as it was after it, the user
// is left alone, with an error. Undoing again finds nothing to do.
//
// Links are no part of it: who was adopted stays so. Nor is an address that somebody gave up who is
// out, since nobody needs one there.
func Revert(a Applied) Decision {
	first := a.Changes[0]
	created := first.Action == directory.ActionCreate
	switch {
	case a.User == nil && !created:
		return errorDecision(*first.UserID, 0, []directory.Problem{goneForGood(first.Label)})
	case a.User == nil, created && a.User.Status == directory.Deleted:
		return Decision{}
	case created:
		return revertCreation(a)
	}
	user, present := *a.User, valuesOf(*a.User)
	var d difference
	var changed []string
	for key, s := range spansOf(a) {
		switch {
		case same(present[key], s.before):
		case s.stands(key, user, present[key]):
			d.back(key, present[key], s.before)
		default:
			changed = append(changed, key)
		}
	}
	if len(changed) > 0 {
		return errorDecision(user.ID, user.Version, []directory.Problem{changedSince(a, changed)})
	}
	return d.reverted(user)
}

// revertCreation deletes a user whom the run created and who is as it left them.
func revertCreation(a Applied) Decision {
	user, present, spans := *a.User, valuesOf(*a.User), spansOf(a)
	fresh := map[string]any{keyRole: directory.RoleMember, keyOrganization: ""}
	for key := range present {
		if _, written := spans[key]; !written && a.has(key) {
			spans[key] = span{after: fresh[key]}
		}
	}
	var changed []string
	for key, s := range spans {
		if !s.stands(key, user, present[key]) {
			changed = append(changed, key)
		}
	}
	if len(changed) > 0 {
		return errorDecision(user.ID, user.Version, []directory.Problem{changedSince(a, changed)})
	}
	var d difference
	d.moveTo(user, directory.Deleted)
	return d.reverted(user)
}

// span is what a value was before the first change of a run, and what it was after the last one.
type span struct{ before, after any }

// spansOf are the spans of what the changes touched, by key, without fields that are there no more.
func spansOf(a Applied) map[string]span {
	spans := map[string]span{}
	for _, c := range a.Changes {
		before := valuesIn(c.Before)
		for key, after := range valuesIn(c.After) {
			if !a.has(key) {
				continue
			}
			s, seen := spans[key]
			if !seen {
				s.before = before[key]
			}
			s.after = after
			spans[key] = s
		}
	}
	return spans
}

// has says whether the account's users have values of a key.
func (a Applied) has(key string) bool {
	_, isField := a.Fields[key]
	return isField || key == keyStatus || key == keyRole || key == keyOrganization
}

// stands says whether a value is as the run left it. Whom an admin took out since, the directory had
// taken out before: their status reads the same.
func (s span) stands(key string, user directory.User, present any) bool {
	byAdmin := key == keyStatus && s.after == directory.Deactivated && s.before != directory.Deactivated &&
		user.DeactivatedBy != nil && *user.DeactivatedBy == directory.ByAdmin
	return !byAdmin && same(present, s.after)
}

// back has a value become again what it was. Whether somebody who had accepted is active again or
// awaits a licence is seen when the decision is applied.
func (d *difference) back(key string, present, before any) {
	if before == directory.AwaitingLicence {
		before = directory.Active
	}
	if key == directory.FieldEmail {
		d.moved = directory.EmailKey(present.(string)) != directory.EmailKey(before.(string))
	}
	put(&d.before, key, present)
	put(&d.after, key, before)
}

// reverted is the decision to undo. Who goes, goes first, so that their addresses and licences are free
// for whoever comes back.
func (d *difference) reverted(user directory.User) Decision {
	if d.after.Empty() {
		return Decision{}
	}
	status := user.Status
	if d.after.Status != nil {
		status = *d.after.Status
	}
	deleted := status == directory.Deleted && user.Status != directory.Deleted
	d.release = deleted || d.moved && !status.In()
	switch {
	case deleted:
		return d.planned(directory.ActionDelete, StepRelease, user)
	case user.Status.In() && !status.In():
		return d.planned(directory.ActionDeactivate, StepRelease, user)
	case !user.Status.In() && status.In():
		return d.planned(directory.ActionReactivate, StepPresent, user)
	default:
		return d.planned(directory.ActionUpdate, StepPresent, user)
	}
}

func goneForGood(label string) directory.Problem {
	return directory.Problem{
		Code:    CodeChangedSince,
		Message: label + " was not put back: they were deleted for good since the run.",
		Remedy:  "Add them anew if they belong here.",
	}
}

// changedSince says which values of a user were changed since the run, by their keys.
func changedSince(a Applied, keys []string) directory.Problem {
	slices.Sort(keys)
	words := make([]string, len(keys))
	for i, key := range keys {
		words[i] = wordOf(a, key)
	}
	what := words[0] + " was"
	if last := len(words) - 1; last > 0 {
		what = strings.Join(words[:last], ", ") + " and " + words[last] + " were"
	}
	p := directory.Problem{
		Code:    CodeChangedSince,
		Message: fmt.Sprintf("%s was not put back: their %s changed since the run.", a.User.Name(), what),
		Remedy:  "Change them by hand if the run's values are still wrong.",
	}
	if a.Changes[0].Action == directory.ActionCreate {
		p.Message = fmt.Sprintf("%s, whom the run created, was not deleted: their %s changed since.", a.User.Name(), what)
		p.Remedy = "Deactivate them by hand if they do not belong here."
	}
	if _, isField := a.Fields[keys[0]]; isField && len(keys) == 1 {
		p.Field = keys[0]
	}
	return p
}

func wordOf(a Applied, key string) string {
	switch name, isField := a.Fields[key]; {
	case key == directory.FieldEmail:
		return "email address"
	case directory.Mandatory(key):
		return strings.ToLower(name)
	case isField:
		return "'" + name + "'"
	default:
		return key
	}
}

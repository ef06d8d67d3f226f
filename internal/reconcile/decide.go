package reconcile

import (
	"fmt"
	"slices"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// Decide decides about a staged record. The rules, in order:
//
//   - Who is linked is compared and updated, deactivated when disabled, reactivated when enabled
//     again unless an admin took them out. A field with a problem keeps its value.
//   - An address that is somebody else's, or that enabled people share, is taken by nobody.
//   - Who is not linked is adopted where a user without a link holds the address, else created;
//     a disabled one as deactivated, so that no invitation goes out.
func Decide(c Candidate, s Settings) Decision {
	switch {
	case c.User != nil:
		return linked(c, s)
	case !c.Record.Enabled:
		return unseenDisabled(c, s)
	default:
		return unseen(c, s)
	}
}

// unseen decides about an enabled person who is not linked.
func unseen(c Candidate, s Settings) Decision {
	problems := slices.Clone(c.Record.Problems)
	if p, blocked := addressProblem(c, s); blocked {
		return errorDecision("", 0, append(problems, p))
	}
	if c.Holder != nil && c.Holder.LinkedSourceID == "" && c.Record.Email() != "" {
		return adopt(c, s)
	}
	if !complete(c) {
		return errorDecision("", 0, problems)
	}
	return create(c, directory.Invited)
}

// unseenDisabled decides about a disabled person who is not linked. An address that belongs to
// somebody who is in makes the disabled one a leftover, about which there is nothing to do.
func unseenDisabled(c Candidate, s Settings) Decision {
	switch {
	case c.ClaimedByEnabled || c.SharedWith > 0:
		return Decision{}
	case c.Holder != nil && c.Holder.LinkedSourceID != "":
		return Decision{}
	case c.Holder != nil:
		return errorDecision("", 0, append(slices.Clone(c.Record.Problems), disabledNamesake(c, s)))
	case !complete(c):
		return errorDecision("", 0, slices.Clone(c.Record.Problems))
	default:
		return create(c, directory.Deactivated)
	}
}

// complete says whether the record has all that a user cannot be without.
func complete(c Candidate) bool {
	for _, field := range directory.SystemFields() {
		if text, _ := c.Record.Values[field.ID].(string); text == "" {
			return false
		}
	}
	return true
}

func create(c Candidate, status directory.UserStatus) Decision {
	after := directory.Snapshot{Status: &status}
	for target, value := range c.Record.Values {
		if value != nil {
			set(&after, target, value)
		}
	}
	return Decision{
		Action: directory.ActionCreate, Step: StepPresent, UserID: c.NewUserID, After: &after,
		Problems: slices.Clone(c.Record.Problems), Outcome: directory.OutcomePlanned,
	}
}

// adopt links a user who is in the account without a link. Role and status stay, except that the
// directory brings back whom a directory took out.
func adopt(c Candidate, s Settings) Decision {
	user := c.Holder.User
	d := compare(user, c, s, true)
	if broughtBack(user) {
		d.moveTo(user, statusOnReturn(user))
	}
	return d.planned(directory.ActionAdopt, StepPresent, user)
}

// linked decides about a person whose user is known.
func linked(c Candidate, s Settings) Decision {
	if c.Record.Enabled {
		return linkedEnabled(c, s)
	}
	return linkedDisabled(c, s)
}

// linkedEnabled brings back whom the directory took out, with an address: one that was let go of
// is somebody else's by now, for all we know, so that the record must have a valid one.
func linkedEnabled(c Candidate, s Settings) Decision {
	user := *c.User
	if user.Status == directory.Deleted && !broughtBack(user) {
		return Decision{}
	}
	problem, blocked := addressProblem(c, s)
	blocked = blocked && !s.CreateOnly[directory.FieldEmail]
	d := compare(user, c, s, !blocked)
	if blocked {
		d.problems = append(d.problems, problem)
	}
	addressless := c.UserReleased && c.Record.Email() == ""
	if broughtBack(user) && !blocked && !addressless {
		d.moveTo(user, statusOnReturn(user))
		return d.planned(directory.ActionReactivate, StepPresent, user)
	}
	if user.Status == directory.Deleted {
		return errorDecision(user.ID, user.Version, d.problems)
	}
	return d.settled(user)
}

// linkedDisabled takes a disabled person out. Whoever is out needs no address: one that changes, or
// that is somebody else's, is let go of, so that no quarrel about it keeps a leaver in and the
// leaver stands in nobody's way.
func linkedDisabled(c Candidate, s Settings) Decision {
	user := *c.User
	if user.Status == directory.Deleted {
		return Decision{}
	}
	elsewhere := c.ClaimedByEnabled || c.SharedWith > 0 || takenByOther(c.Holder)
	d := compare(user, c, s, !elsewhere)
	d.release = d.moved || elsewhere && !c.UserReleased
	if user.Status.In() {
		d.moveTo(user, directory.Deactivated)
		return d.planned(directory.ActionDeactivate, StepPresent, user)
	}
	return d.settled(user)
}

// broughtBack says whether a user is out and an enabled record brings them back: what an admin
// took out, only an admin brings back.
func broughtBack(u directory.User) bool {
	byAdmin := u.DeactivatedBy != nil && *u.DeactivatedBy == directory.ByAdmin
	return !u.Status.In() && !byAdmin
}

// statusOnReturn is Active for those who accepted an invitation once; whether a licence is free
// is seen when the decision is applied.
func statusOnReturn(u directory.User) directory.UserStatus {
	if u.AcceptedAt != nil {
		return directory.Active
	}
	return directory.Invited
}

// DecideMissing decides about a user who is gone from the directory. A newcomer who has the
// address gets it: the user who is gone lets go of it first, and of nothing else. Whom the
// directory still has when asked by id is kept, with an error.
func DecideMissing(m Missing, s Settings) Decision {
	user := m.User
	d := difference{release: m.AddressClaimed && user.Status != directory.Deleted}
	switch {
	case user.Status == directory.Deleted:
		return Decision{}
	case m.Absence == directory.AbsencePresent:
		return errorDecision(user.ID, user.Version, []directory.Problem{stillThere(user)})
	case s.OnSourceDelete == directory.DeleteUser:
		d.moveTo(user, directory.Deleted)
		return d.planned(directory.ActionDelete, StepMissing, user)
	case user.Status.In():
		d.moveTo(user, directory.Deactivated)
		return d.planned(directory.ActionDeactivate, StepMissing, user)
	default:
		return d.settled(user)
	}
}

func stillThere(user directory.User) directory.Problem {
	return directory.Problem{
		Code:    CodeStillThere,
		Message: fmt.Sprintf("The directory's list lacks %s, but the directory says that they are there when asked by id. They were kept.", user.Name()),
		Remedy:  "Sync again; if it happens again, tell the provider's support.",
	}
}

package reconcile

import (
	"encoding/json"
	"math/big"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// difference is what a record or an absence changes about a user.
type difference struct {
	before, after directory.Snapshot
	problems      []directory.Problem
	moved         bool // the address changes
	release       bool
}

// compare finds what the record changes about the user's values. Targets with sync updates off
// are left alone, and so are their problems: nothing would have been written. A mandatory field
// is never blanked.
func compare(user directory.User, c Candidate, s Settings, emailMayChange bool) difference {
	var d difference
	for _, p := range c.Record.Problems {
		if !s.CreateOnly[p.Field] {
			d.problems = append(d.problems, p)
		}
	}
	for target, value := range c.Record.Values {
		if s.CreateOnly[target] {
			continue
		}
		if !directory.Mandatory(target) {
			d.field(target, user.Fields[target], value)
			continue
		}
		text, _ := value.(string)
		if text == "" || target == directory.FieldEmail && !emailMayChange {
			continue
		}
		d.mandatory(target, user, text)
	}
	return d
}

func (d *difference) field(target string, old, value any) {
	if !equal(old, value) {
		set(&d.before, target, old)
		set(&d.after, target, value)
	}
}

func (d *difference) mandatory(target string, user directory.User, value string) {
	old := user.FirstName
	switch target {
	case directory.FieldLastName:
		old = user.LastName
	case directory.FieldEmail:
		old = user.Email
		if directory.EmailKey(old) == directory.EmailKey(value) {
			return
		}
		d.moved = true
	}
	if old != value {
		set(&d.before, target, old)
		set(&d.after, target, value)
	}
}

func (d *difference) moveTo(user directory.User, status directory.UserStatus) {
	before := user.Status
	d.before.Status, d.after.Status = &before, &status
}

// settled is the decision about a user who stays where they are.
func (d *difference) settled(user directory.User) Decision {
	switch {
	case !d.after.Empty() || d.release:
		return d.planned(directory.ActionUpdate, StepPresent, user)
	case len(d.problems) > 0:
		return errorDecision(user.ID, user.Version, d.problems)
	default:
		return Decision{}
	}
}

// planned is the decision to act, in the given step unless an address has to be free earlier.
func (d *difference) planned(action directory.Action, step int, user directory.User) Decision {
	switch {
	case d.release:
		step = StepRelease
	case d.moved:
		step = StepMove
	}
	decision := Decision{
		Action: action, Step: step, UserID: user.ID, UserVersion: user.Version,
		Problems: d.problems, Release: d.release, Outcome: directory.OutcomePlanned,
	}
	if !d.after.Empty() {
		decision.Before, decision.After = &d.before, &d.after
	}
	return decision
}

// set puts a value into a snapshot, where its target belongs.
func set(s *directory.Snapshot, target string, value any) {
	text, _ := value.(string)
	switch target {
	case directory.FieldEmail:
		s.Email = &text
	case directory.FieldFirstName:
		s.FirstName = &text
	case directory.FieldLastName:
		s.LastName = &text
	default:
		if s.Fields == nil {
			s.Fields = directory.Values{}
		}
		s.Fields[target] = value
	}
}

// equal compares two values of a field. Numbers are equal by what they say: the database writes
// 1e3 as 1000.
func equal(a, b any) bool {
	x, xNumber := a.(json.Number)
	y, yNumber := b.(json.Number)
	if !xNumber || !yNumber || x == y {
		return a == b
	}
	p, pOK := new(big.Rat).SetString(string(x))
	q, qOK := new(big.Rat).SetString(string(y))
	return pOK && qOK && p.Cmp(q) == 0
}

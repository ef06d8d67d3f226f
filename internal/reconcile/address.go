package reconcile

import (
	"fmt"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// takenByOther says whether a holder keeps the address. One who is gone from the directory, or
// whose record has another address now, lets go of it in an earlier step.
func takenByOther(h *Holder) bool {
	return h != nil && (h.LinkedSourceID == "" || h.LinkedPresent && h.LinkedKeepsAddress)
}

// addressProblem says why an enabled person cannot have the record's address. The address of a
// user without a link is no obstacle for somebody who has no user yet: that is adoption.
func addressProblem(c Candidate, s Settings) (directory.Problem, bool) {
	address := c.Record.Email()
	if address == "" {
		return directory.Problem{}, false
	}
	adoptable := c.User == nil && c.Holder != nil && c.Holder.LinkedSourceID == ""
	switch {
	case c.SharedWith > 0:
		return directory.Problem{
			Code: CodeAddressShared, Field: directory.FieldEmail,
			Message: fmt.Sprintf("The address '%s' belongs to %d people in %s, so it cannot be told whose it is.", address, c.SharedWith+1, s.SourceName),
			Remedy:  fmt.Sprintf("Give each of them an address of their own in %s, then sync again.", s.SourceName),
		}, true
	case takenByOther(c.Holder) && !adoptable:
		return taken(address, c.Holder, s), true
	default:
		return directory.Problem{}, false
	}
}

func taken(address string, h *Holder, s Settings) directory.Problem {
	p := directory.Problem{
		Code: CodeAddressTaken, Field: directory.FieldEmail,
		Message: fmt.Sprintf("The address '%s' is already the address of another person of the directory.", address),
		Remedy:  fmt.Sprintf("Give one of the two another address in %s, then sync again.", s.SourceName),
	}
	if h.LinkedSourceID == "" {
		p.Message = fmt.Sprintf("The address '%s' is already the address of another user of this account, who does not come from %s.", address, s.SourceName)
		p.Remedy = fmt.Sprintf("Give one of the two another address, here or in %s, then sync again.", s.SourceName)
	}
	return p
}

// disabledNamesake is about a user without a link whose address is that of a disabled person: to
// adopt them would mean to lock them out, which is for an admin to say.
func disabledNamesake(c Candidate, s Settings) directory.Problem {
	return directory.Problem{
		Code: CodeAddressTaken, Field: directory.FieldEmail,
		Message: fmt.Sprintf("The person with the address '%s' is disabled in %s, but a user of this account who does not come from there has the same address.", c.Record.Email(), s.SourceName),
		Remedy:  fmt.Sprintf("Deactivate the user here if it is the same person, or enable the person in %s, then sync again.", s.SourceName),
	}
}

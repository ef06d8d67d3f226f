// Package reconcile decides what becomes of a user: it compares what a directory says with what
// an account has, and guards against too many removals at once.
//
// It is pure. It reads no clock and no database, and changes nothing.
package reconcile

import (
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
)

// The steps in which decisions are applied, so that an address is free before somebody else
// takes it.
const (
	StepNone    = 0 // an error only, nothing to apply
	StepRelease = 1 // users who go, or are out, and give up an address that somebody else takes
	StepMove    = 2 // users who are in and whose address changes
	StepPresent = 3 // all others who are in the directory
	StepMissing = 4 // users who are gone from the directory
)

// Codes of problems with an address. They reach the sync log and the API: do not rename.
const (
	CodeAddressShared = "address_shared"
	CodeAddressTaken  = "address_taken"
)

// Settings are the parts of a configuration that decide.
type Settings struct {
	OnSourceDelete directory.OnSourceDelete
	CreateOnly     map[string]bool // targets with sync updates off
	SourceName     string          // the directory as an admin knows it, for messages
}

// Holder is another user, who holds the address of a record.
type Holder struct {
	User           directory.User
	LinkedSourceID string // empty: not linked under this connection
	LinkedPresent  bool   // its record is staged
	// LinkedKeepsAddress says that its staged record has this address still, or none that is
	// valid. A disabled record does not keep the address from an enabled one that has it.
	LinkedKeepsAddress bool
}

// Candidate is a staged record with all that decides about it.
type Candidate struct {
	Record           mapping.Record
	User             *directory.User // the linked user; nil: not linked
	UserReleased     bool            // the linked user has given up the address before (email_key is NULL)
	Holder           *Holder         // another user who holds the record's address
	SharedWith       int             // other enabled staged records with the same address
	ClaimedByEnabled bool            // the record is disabled, and an enabled one has its address
	NewUserID        string          // the id that a created user gets
}

// Missing is a linked user whose record is not in a complete fetch.
type Missing struct {
	User           directory.User
	SourceID       string
	AddressClaimed bool // a staged record has the address that the user holds
}

// Decision is what is to be done about one record or one missing user. The zero Decision is:
// nothing, all is as it should be.
type Decision struct {
	Action      directory.Action
	Step        int
	UserID      string // empty for an error about somebody who is no user
	UserVersion int64  // the version of the user that was decided upon; 0 for a new one
	// Before and After hold only what differs; a created user has all in After and no Before. Both
	// are nil where nothing that people see changes.
	Before, After *directory.Snapshot
	Problems      []directory.Problem
	Release       bool // the user holds no address from now on, also not one that After shows
	Outcome       directory.Outcome
}

// Unchanged says whether there is nothing to do and nothing to report.
func (d Decision) Unchanged() bool { return d.Action == "" }

// Removal says whether the decision takes somebody away, which the guard counts.
func (d Decision) Removal() bool {
	return d.Action == directory.ActionDeactivate || d.Action == directory.ActionDelete
}

// minimumForPercentage is the number of removals from which the share of the users counts: in a
// small account one leaver is a large share and no accident.
const minimumForPercentage = 5

// Exceeds says whether removals must wait for an admin's approval: more than the guard's number,
// or at least five and more than its share of the linked users.
func Exceeds(g directory.Guard, removals, linked int) bool {
	if removals > g.MaxRemovals {
		return true
	}
	return removals >= minimumForPercentage && removals*100 > g.MaxRemovalPercent*linked
}

func errorDecision(userID string, version int64, problems []directory.Problem) Decision {
	return Decision{
		Action: directory.ActionError, Step: StepNone, UserID: userID, UserVersion: version,
		Problems: problems, Outcome: directory.OutcomeFailed,
	}
}

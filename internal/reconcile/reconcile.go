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
// takes it, and a membership begins, or a field names somebody, when they are there.
const (
	StepNone       = 0 // an error only, nothing to apply
	StepRelease    = 1 // users who go, or are out, and give up an address that somebody else takes; all whom an undo takes out
	StepMove       = 2 // users who are in and whose address changes
	StepPresent    = 3 // all others who are in the directory
	StepMissing    = 4 // users who are gone from the directory
	StepGroups     = 5 // groups that are created or changed
	StepLeave      = 6 // memberships that end
	StepJoin       = 7 // memberships that begin
	StepGroupsGone = 8 // groups that are gone from the directory, or no longer synced
	StepPeople     = 9 // whom fields of people name

	StepRoles = 10 // roles and organizations that follow from groups
)

// Codes of problems with a user. They reach the sync log and the API: do not rename.
const (
	CodeAddressShared = "address_shared" // enabled people have one address
	CodeAddressTaken  = "address_taken"  // another user has the address
	CodeStillThere    = "still_there"    // the list lacks the person, the directory has them

	CodeRoleNotUpdated       = "role_not_updated"       // the role is gone, or the mapping that gave it
	CodeOrganizationNotMoved = "organization_not_moved" // the organization is gone
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
	// LinkedPresent says that the run does not take the holder for gone: their record is staged, or
	// they are no Missing, or a Missing who is present.
	LinkedPresent bool
	// LinkedKeepsAddress says that their staged record has this address still, or none that is
	// valid, or that they have none. A disabled record does not keep the address from an enabled one
	// that has it.
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

// Missing is a linked user of whom a run has no record, and of whom it knows why. Where a run did
// not read everybody, one whom nobody looked up is no Missing: their absence says nothing.
type Missing struct {
	User           directory.User
	SourceID       string
	Absence        directory.Absence
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

// Removal says whether the decision takes out somebody who was in, which the guard counts. A user
// who was out already is deleted without counting.
func (d Decision) Removal() bool {
	goes := d.Action == directory.ActionDeactivate || d.Action == directory.ActionDelete
	return goes && d.Before != nil && d.Before.Status != nil && d.Before.Status.In()
}

func errorDecision(userID string, version int64, problems []directory.Problem) Decision {
	return Decision{
		Action: directory.ActionError, Step: StepNone, UserID: userID, UserVersion: version,
		Problems: problems, Outcome: directory.OutcomeFailed,
	}
}

package directory

import "time"

// Group is a group of an account's users. A synced one is known by the source's id, never by its
// name: names change, and two groups may have the same.
type Group struct {
	ID          string    `db:"id"`
	AccountID   string    `db:"account_id"`
	Name        string    `db:"name"`
	Description string    `db:"description"`
	Email       string    `db:"email"` // empty: none
	Source      Origin    `db:"source"`
	SourceID    *string   `db:"source_id"` // nil for a group that no directory has
	Members     int       `db:"members"`   // people in the account
	Parked      int       `db:"parked"`    // members at the source who are not in the account yet
	CreatedAt   time.Time `db:"created_at"`
	UpdatedAt   time.Time `db:"updated_at"`
}

// Absence is what is known of a linked person whose record a run did not stage.
type Absence string

// The kinds of absence.
const (
	// AbsenceUnverified: a complete list lacks the person, and nobody looked them up, because there
	// are more of them than the guard lets pass without an admin.
	AbsenceUnverified Absence = "unverified"
	// AbsenceGone: looked up by id, and not there.
	AbsenceGone Absence = "gone"
	// AbsenceOutOfScope: read, but in none of the chosen groups.
	AbsenceOutOfScope Absence = "out_of_scope"
	// AbsencePresent: the list lacks the person, but they are there when looked up by id.
	AbsencePresent Absence = "present"
)

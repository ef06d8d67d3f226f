package directory

import "time"

// SCIMToken is a token of an account's SCIM clients. Only its hash is kept.
type SCIMToken struct {
	ID         string     `db:"id"`
	AccountID  string     `db:"account_id"`
	Name       string     `db:"name"`
	CreatedBy  string     `db:"created_by"`
	CreatedAt  time.Time  `db:"created_at"`
	ExpiresAt  *time.Time `db:"expires_at"` // nil: never
	LastUsedAt *time.Time `db:"last_used_at"`
	RevokedAt  *time.Time `db:"revoked_at"`
}

// GuardState says what the guard on SCIM's removals does with the next one.
type GuardState string

// The states of the guard on SCIM's removals.
const (
	GuardOpen     GuardState = "open"     // lets removals pass up to its thresholds
	GuardHeld     GuardState = "held"     // refuses removals until an admin approves
	GuardApproved GuardState = "approved" // lets all removals pass for a while
)

// SCIMGuard is the guard on the removals of an account's SCIM clients: deactivations and deletions.
type SCIMGuard struct {
	Guard
	State         GuardState
	HeldAt        *time.Time
	ApprovedUntil *time.Time // of the last approval, also when it is over
	ApprovedBy    *string
	Removals      int           // people taken out who count now
	Held          int           // people who wait for approval
	Waiting       []HeldRemoval // the first 500 of them, the longest waiting first
}

// HeldRemoval is a user whom a SCIM client wanted out while the guard held.
type HeldRemoval struct {
	UserID string    `db:"user_id"`
	Label  string    `db:"label"`
	Action Action    `db:"action"` // ActionDeactivate or ActionDelete
	Since  time.Time `db:"since"`
}

// SCIMMappings are the mappings of the groups that an account's SCIM clients push. GroupID in them is a
// group's own id.
type SCIMMappings struct {
	Roles         []RoleMapping
	Organizations []OrganizationMapping
}

package directory

import (
	"database/sql/driver"
	"encoding/json"
	"time"
)

// Action is what a change does to its subject.
type Action string

// The actions of a change.
const (
	ActionCreate     Action = "create"
	ActionUpdate     Action = "update"
	ActionAdopt      Action = "adopt"
	ActionDeactivate Action = "deactivate"
	ActionReactivate Action = "reactivate"
	ActionDelete     Action = "delete"
	ActionError      Action = "error"
)

// Outcome is what became of a change.
type Outcome string

// The outcomes of a change.
const (
	OutcomePlanned  Outcome = "planned"
	OutcomeApplied  Outcome = "applied"
	OutcomeFailed   Outcome = "failed"
	OutcomeRejected Outcome = "rejected"
)

// Subject says what a change is about.
type Subject string

// The subjects of a change.
const (
	SubjectUser       Subject = "user"
	SubjectGroup      Subject = "group"
	SubjectMembership Subject = "membership"
)

// Snapshot is the part of a user or a group that a change is about: only what differs, or all of
// it where one is created. A nil member says that the change does not touch it. Name and
// Description are a group's; of a membership there is nothing to show. Role and Organization are ids;
// an empty Organization is none. Attributes are what a SCIM client wrote that is none of our fields, by
// the attribute's name; an attribute that is not there is null.
type Snapshot struct {
	Name        *string `json:"name,omitempty"`
	Description *string `json:"description,omitempty"`

	Email     *string     `json:"email,omitempty"`
	FirstName *string     `json:"first_name,omitempty"`
	LastName  *string     `json:"last_name,omitempty"`
	Status    *UserStatus `json:"status,omitempty"`
	Fields    Values      `json:"fields,omitempty"`

	Role         *string `json:"role,omitempty"`
	Organization *string `json:"organization,omitempty"`

	Attributes Values `json:"attributes,omitempty"`
}

// Empty says whether the snapshot touches nothing.
func (s Snapshot) Empty() bool {
	return s.Name == nil && s.Description == nil && s.Email == nil && s.FirstName == nil && s.LastName == nil && s.Status == nil &&
		s.Role == nil && s.Organization == nil && len(s.Fields) == 0 && len(s.Attributes) == 0
}

// Value encodes the snapshot as JSON for the database.
func (s Snapshot) Value() (driver.Value, error) {
	b, err := json.Marshal(s)
	return string(b), err
}

// Scan decodes a snapshot from the database's JSON.
func (s *Snapshot) Scan(src any) error { return scanJSON(src, s) }

// Problem is why a record, or one field of it, could not be taken over.
type Problem struct {
	Code    string `json:"code"`
	Field   string `json:"field,omitempty"` // target field id; empty when the whole record is meant
	Message string `json:"message"`         // what happened, to whom or what
	Remedy  string `json:"remedy"`          // what to do about it
}

// Problems is a list of problems as the database keeps it.
type Problems []Problem

// Value encodes the problems as JSON for the database; none is NULL.
func (p Problems) Value() (driver.Value, error) {
	if len(p) == 0 {
		return nil, nil
	}
	b, err := json.Marshal([]Problem(p))
	return string(b), err
}

// Scan decodes problems from the database's JSON.
func (p *Problems) Scan(src any) error { return scanJSON(src, (*[]Problem)(p)) }

// Change is one thing that happened to one user, group or membership, or that a run would do. A
// membership has the ids of both its user and its group.
type Change struct {
	ID         int64     `db:"id"`
	AccountID  string    `db:"account_id"`
	RunID      *string   `db:"run_id"`
	Subject    Subject   `db:"subject"`
	UserID     *string   `db:"user_id"`
	GroupID    *string   `db:"group_id"`
	SourceID   *string   `db:"source_id"`
	Label      string    `db:"label"`
	Source     Origin    `db:"source"`
	Action     Action    `db:"action"`
	Before     *Snapshot `db:"before"`
	After      *Snapshot `db:"after"`
	Outcome    Outcome   `db:"outcome"`
	Problems   Problems  `db:"problems"`
	OccurredAt time.Time `db:"occurred_at"`
}

// Package scim is the SCIM 2.0 protocol without its HTTP: what a request's body means, what PATCH
// does to a resource, which attributes an answer shows. RFC 7643 and RFC 7644, and the habits of
// Okta and Entra that stray from them.
//
// It is pure: it knows no HTTP, no database and no clock. Its errors are *Error.
package scim

import "github.com/rollcall-sync/rollcall/internal/directory"

// Resource is the attributes of a resource in the schema's spelling. A value is a string, a bool, a
// json.Number, a map[string]any (complex), or a []any of these (multi-valued); attributes of an
// extension stand in a map under its URN. No member is nil or empty: who has no value has no member.
// id, meta, schemas and other read-only attributes are not in it.
type Resource map[string]any

// User is what a resource means for a user of ours.
type User struct {
	Resource   Resource
	UserName   string
	ExternalID string // empty: none
	Active     bool
	// Email is the primary address, else the first of type work, else the first, else the user name.
	Email     string
	FirstName string
	LastName  string
	// Fields are values of the account's custom fields, by field id; those that the resource lacks are nil.
	Fields directory.Values
}

// Member is a member of a group as a client names it.
type Member struct {
	Value string // the id of a user, normally
}

// Group is what a resource means for a group of ours.
type Group struct {
	DisplayName string
	ExternalID  string // empty: none
}

// MemberAction says what a MemberChange does.
type MemberAction string

// The member actions.
const (
	AddMembers     MemberAction = "add"
	RemoveMembers  MemberAction = "remove"
	ReplaceMembers MemberAction = "replace" // with Members; none of them: clears
)

// MemberChange is one step of what a request does to the members of a group.
type MemberChange struct {
	Action  MemberAction
	Members []Member
}

// Package source is what Rollcall asks of a company directory, whoever the vendor is.
//
// It knows no vendor and no database. Its errors are *directory.Error with the codes of
// directory/source.go; nothing else says how a failure is to be treated.
package source

import (
	"context"
	"encoding/json"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// Record is one person as the source has them: only the attributes that were asked for.
// An attribute that was asked for and is absent or null has no value.
type Record struct {
	ID         string // the source's immutable id
	Enabled    bool
	Attributes map[string]json.RawMessage // by path, as in directory.Attribute
}

// Page is a stretch of records with the cursor of the next one; an empty cursor ends the list.
type Page struct {
	Records []Record
	Next    string
}

// Source reads one tenant. Its methods are safe for concurrent use.
type Source interface {
	// Tenant says which organization this is.
	Tenant(ctx context.Context) (directory.Tenant, error)
	// Attributes lists what a person can have, with types.
	Attributes(ctx context.Context) ([]directory.Attribute, error)
	// Users reads one page of all people; an empty cursor begins. Paths name the attributes to
	// read. Size is the number of records wanted; 0 takes the largest page that the vendor gives.
	Users(ctx context.Context, cursor string, paths []string, size int) (Page, error)
	// CountUsers is the number of people that the source announces; 0 when it does not say.
	CountUsers(ctx context.Context) (int, error)
	// User reads one person by id; a person who is not there is a directory.KindNotFound error.
	User(ctx context.Context, id string, paths []string) (Record, error)

	// Groups reads one page of the tenant's groups; an empty cursor begins. Search, unless empty, asks
	// for groups whose name begins with it. Size is as for Users. A page can have fewer groups, even
	// none, and not be the last.
	Groups(ctx context.Context, cursor, search string, size int) (GroupPage, error)
	// Group reads one group by id; one that is not there is a directory.KindNotFound error.
	Group(ctx context.Context, id string) (Group, error)
	// Members reads one page of everybody who is in a group, directly or through groups in it, in any
	// shape of nesting; an empty cursor begins. A member may be listed more than once. A group that is
	// not there is a directory.KindNotFound error; one that may not be read although others may is
	// directory.CodeGroupUnreadable.
	Members(ctx context.Context, groupID, cursor string) (MemberPage, error)
	// CountMembers is how many members of any kind, at least, Members lists of a group in all, as the
	// source announces it; 0 when it does not say. Its errors are those of Members.
	CountMembers(ctx context.Context, groupID string) (int, error)
}

// Group is a group as the source has it.
type Group struct {
	ID, Name, Description, Email string
}

// GroupPage is a stretch of groups with the cursor of the next one; an empty cursor ends the list.
type GroupPage struct {
	Groups []Group
	Next   string
}

// MemberPage is a stretch of the members of a group with the cursor of the next one; an empty cursor
// ends the list.
type MemberPage struct {
	People   []string // source ids
	Everyone bool     // all people of the tenant are members
	Groups   []string // source ids of groups in it, whose people are among the people
	Others   []string // source ids of members that are neither: devices, applications, contacts
	Next     string
}

// Incremental is a source that can say who changed. A source that cannot does not implement it.
type Incremental interface {
	// ChangesLink is where the changes from now on will be read: a cursor of Changes. Paths name the
	// attributes whose change counts.
	ChangesLink(ctx context.Context, paths []string) (string, error)
	// Changes reads one page of the ids of people who were added, changed or removed since the link
	// was given; each must be looked at with User. A link that the source no longer knows is a
	// directory.KindGone error: all people must be read again.
	Changes(ctx context.Context, cursor string) (ChangePage, error)
}

// ChangePage is a stretch of changed people. Either Next leads to the next page, or the list is at
// its end and Link is where the next changes will be read; both are the source's own text, unmodified.
type ChangePage struct {
	IDs  []string
	Next string
	Link string
}

// Opener opens the source that a connection reads.
type Opener interface {
	Open(ctx context.Context, connection directory.Connection) (Source, error)
}

// Revoker is an opener whose connections live by a grant that the provider can take back. One whose
// connections do not, does not implement it.
type Revoker interface {
	// Forget drops what the opener keeps of a connection that has ended, or whose credential is refused.
	Forget(connectionID string)
	// Revoke forgets the connection and gives its grant back to the provider. That may end every grant
	// of the same person, so it is not for a tenant that another connection reads. Giving a grant back
	// again is no error.
	Revoke(ctx context.Context, connection directory.Connection) error
}

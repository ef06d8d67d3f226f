package store

import (
	"time"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/scim"
	"github.com/rollcall-sync/rollcall/internal/store/scimquery"
)

// SCIMClient is who asks through SCIM: a token of an account.
type SCIMClient struct {
	AccountID string
	TokenID   string
	Name      string            // of the token
	Fields    []directory.Field // the account's custom fields
}

// SCIMRef names a group of a user, or a member of a group.
type SCIMRef struct {
	ID      string
	Display string
}

// SCIMUser is a user as SCIM clients see them. Active is whether the client wants the user in,
// whatever their status is.
type SCIMUser struct {
	ID        string
	Active    bool
	Resource  scim.Resource
	Groups    []SCIMRef // nil where they were not asked for
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// SCIMGroup is a group that a SCIM client pushed.
type SCIMGroup struct {
	ID          string
	DisplayName string
	ExternalID  string    // empty: none
	Members     []SCIMRef // nil where they were not asked for
	Version     int64
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// SCIMQuery asks for a page of users, of groups, or of both, the users first.
type SCIMQuery struct {
	Users       *scimquery.Query // nil: none
	Groups      *scimquery.Query
	StartIndex  int     // from 1, where Cursor is nil
	Count       int     // resources at most; 0: only how many there are
	Cursor      *string // RFC 9865; empty: the first page
	WithGroups  bool    // of users
	WithMembers bool    // of groups
}

// SCIMPage is a page of resources. Next and Previous are cursors, empty at the ends and where none was
// asked for.
type SCIMPage struct {
	Total    int
	Users    []SCIMUser
	Groups   []SCIMGroup
	Next     string
	Previous string
}

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
	// CountUsers is the number of people that the source announces.
	CountUsers(ctx context.Context) (int, error)
	// User reads one person by id; a person who is not there is a directory.KindNotFound error.
	User(ctx context.Context, id string, paths []string) (Record, error)
}

// Opener opens the source that a connection reads.
type Opener interface {
	Open(ctx context.Context, connection directory.Connection) (Source, error)
}

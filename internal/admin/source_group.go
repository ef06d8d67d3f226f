package admin

import (
	"context"
	"encoding/base64"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
)

// SourceGroups lists groups of the connected directory; search is the beginning of a name. The
// cursor is the source's own, sealed: a source trusts what it is handed as one.
func (a *Admin) SourceGroups(ctx context.Context, accountID, connectionID, search, cursor string, size int) (source.GroupPage, error) {
	c, err := a.Store.Connection(ctx, accountID, connectionID)
	if err != nil {
		return source.GroupPage{}, err
	}
	src, err := a.openConnected(ctx, c)
	if err != nil {
		return source.GroupPage{}, err
	}
	place, err := a.openCursor(connectionID, cursor)
	if err != nil {
		return source.GroupPage{}, err
	}
	page, err := src.Groups(ctx, place, search, size)
	if err == nil && page.Next != "" {
		page.Next = base64.RawURLEncoding.EncodeToString(a.Keyring.Seal([]byte(page.Next), cursorContext(connectionID)))
	}
	return page, err
}

func (a *Admin) openCursor(connectionID, cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	sealed, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return "", badCursor()
	}
	place, err := a.Keyring.Open(sealed, cursorContext(connectionID))
	if err != nil {
		return "", badCursor()
	}
	return string(place), nil
}

func cursorContext(connectionID string) []byte { return []byte("groups/" + connectionID) }

func badCursor() error {
	return &directory.Error{Kind: directory.KindMalformed, Code: "cursor_invalid", Message: "The cursor is none that a list gave. Start again without one."}
}

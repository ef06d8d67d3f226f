package store

import (
	"encoding/base64"
	"time"

	"github.com/google/uuid"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// Page is a stretch of a list with the cursor of the next one; an empty cursor ends the list.
type Page[T any] struct {
	Items []T
	Next  string
}

const (
	defaultLimit = 50
	maxLimit     = 500
)

func clampLimit(limit int) int {
	if limit <= 0 {
		return defaultLimit
	}
	return min(limit, maxLimit)
}

// pageOf makes a page of rows of which one more than limit was read. Position is where the page
// after an item begins.
func pageOf[T any](rows []T, limit int, position func(T) string) Page[T] {
	if len(rows) <= limit {
		return Page[T]{Items: rows}
	}
	rows = rows[:limit]
	return Page[T]{Items: rows, Next: base64.RawURLEncoding.EncodeToString([]byte(position(rows[limit-1])))}
}

func decodeCursor(cursor string) (string, error) {
	position, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(position) == 0 {
		return "", badCursor()
	}
	return string(position), nil
}

// idCursor is the id that a list goes on after; the empty cursor gives the empty id.
func idCursor(cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	position, err := decodeCursor(cursor)
	if err != nil || uuid.Validate(position) != nil {
		return "", badCursor()
	}
	return position, nil
}

// timeCursor is the time and id that a list goes on after; the empty cursor gives the end of time.
func timeCursor(cursor string) (at time.Time, id string, err error) {
	const layoutLen = len("2006-01-02T15:04:05.000000Z")
	if cursor == "" {
		return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), uuid.Nil.String(), nil
	}
	position, err := decodeCursor(cursor)
	if err != nil || len(position) <= layoutLen {
		return time.Time{}, "", badCursor()
	}
	at, err = time.Parse(cursorTime, position[:layoutLen])
	if err != nil || uuid.Validate(position[layoutLen:]) != nil {
		return time.Time{}, "", badCursor()
	}
	return at, position[layoutLen:], nil
}

const cursorTime = "2006-01-02T15:04:05.000000Z"

func badCursor() error {
	return &directory.Error{Kind: directory.KindMalformed, Code: "cursor_invalid", Message: "The cursor is none that a list gave. Start again without one."}
}

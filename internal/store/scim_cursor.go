package store

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"
)

// place is where a page begins: behind a row of a listing or, backwards, before one. It is what a cursor
// of RFC 9865 holds.
type place struct {
	Query   string  `json:"q"` // digest of the query that the cursor belongs to
	Listing int     `json:"l"`
	ID      string  `json:"i,omitempty"` // empty: the listing's beginning
	Key     *string `json:"k,omitempty"`
	Back    bool    `json:"b,omitempty"`
}

func (p place) encode() string {
	encoded, _ := json.Marshal(p) // it holds nothing that cannot be encoded
	return base64.RawURLEncoding.EncodeToString(encoded)
}

// placeOf is the place that a cursor names in a query; the empty cursor names the beginning.
func placeOf(cursor, digest string, all listings) (place, error) {
	p := place{Query: digest}
	if cursor == "" {
		return p, nil
	}
	encoded, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || json.Unmarshal(encoded, &p) != nil {
		return p, badCursor()
	}
	known := p.Listing >= 0 && p.Listing < listingCount && all[p.Listing] != nil
	if !known || p.Query != digest || p.ID != "" && !canonical(p.ID) {
		return p, badCursor()
	}
	return p, nil
}

// canonical says whether an id is in the spelling in which the database has it.
func canonical(id string) bool {
	parsed, err := uuid.Parse(id)
	return err == nil && parsed.String() == id
}

// digest identifies what is listed in which order, and for whom.
func (all listings) digest() string {
	sum := sha256.New()
	for i, l := range all {
		if l != nil {
			args := []any{l.account}
			where := l.query.Where(&args)
			_, _ = fmt.Fprintln(sum, i, where, l.query.OrderBy(false), fmt.Sprint(args...)) // a hash takes all
		}
	}
	return base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:12])
}

// pageByCursor reads the page behind a cursor, or before it. A page of several types of resource has no
// previous one.
func (s *Store) pageByCursor(ctx context.Context, all listings, q SCIMQuery) (stretch, error) {
	var page stretch
	for _, l := range all {
		if l == nil {
			continue
		}
		n, err := l.total(ctx, s.db)
		if err != nil {
			return page, err
		}
		page.total += n
	}
	at, err := placeOf(*q.Cursor, all.digest(), all)
	if err != nil || q.Count == 0 {
		return page, err
	}
	if at.Back {
		err = s.pageBefore(ctx, all, at, q.Count, &page)
	} else {
		err = s.pageAfter(ctx, all, at, q.Count, &page)
	}
	return page, err
}

func (s *Store) pageAfter(ctx context.Context, all listings, at place, room int, page *stretch) error {
	here := at
	for i := at.Listing; i < listingCount; i++ {
		if all[i] == nil {
			continue
		}
		if i != here.Listing {
			here = place{Query: at.Query, Listing: i}
		}
		rows, more, err := all[i].rows(ctx, s.db, 0, &here, room)
		if err != nil {
			return err
		}
		page.rows[i] = rows
		room -= len(rows)
		if more {
			page.next = here.behind(rows)
			break
		}
	}
	if at.ID != "" && all.single() {
		page.previous = at.before(page.rows[at.Listing])
	}
	return nil
}

func (s *Store) pageBefore(ctx context.Context, all listings, at place, room int, page *stretch) error {
	rows, more, err := all[at.Listing].rows(ctx, s.db, 0, &at, room)
	if err != nil {
		return err
	}
	slices.Reverse(rows)
	page.rows[at.Listing] = rows
	if page.next = at.behind(rows); len(rows) == 0 {
		page.next = place{Query: at.Query, Listing: at.Listing}.encode()
	}
	if more {
		page.previous = at.before(rows)
	}
	return nil
}

func (all listings) single() bool { return all[ofUsers] == nil || all[ofGroups] == nil }

// behind is the cursor of the page that follows rows, of which there may be none: then it stays where p is.
func (p place) behind(rows []listed) string {
	p.Back = false
	if len(rows) > 0 {
		last := rows[len(rows)-1]
		p.ID, p.Key = last.ID, last.Key
	}
	return p.encode()
}

// before is the cursor of the page that ends where rows begin.
func (p place) before(rows []listed) string {
	p.Back = true
	if len(rows) > 0 {
		p.ID, p.Key = rows[0].ID, rows[0].Key
	}
	return p.encode()
}

package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/scim"
	"github.com/rollcall-sync/rollcall/internal/store/scimquery"
)

// listing is the resources of one type that a query asks for.
type listing struct {
	account string
	columns string
	from    string // with the condition that bounds it to the account, $1
	query   scimquery.Query
}

// listed is a row of a listing: a user or a group.
type listed struct {
	ID         string    `db:"id"`
	Key        *string   `db:"key"` // what the listing is sorted by
	Version    int64     `db:"version"`
	CreatedAt  time.Time `db:"created_at"`
	UpdatedAt  time.Time `db:"updated_at"`
	Active     bool      `db:"active"`
	Resource   resource  `db:"resource"`
	Name       string    `db:"name"`
	ExternalID string    `db:"external_id"`
}

func (l listed) user() SCIMUser {
	return SCIMUser{ID: l.ID, Active: l.Active, Resource: scim.Resource(l.Resource), Version: l.Version, CreatedAt: l.CreatedAt, UpdatedAt: l.UpdatedAt}
}

func userListing(c SCIMClient, q scimquery.Query) listing {
	return listing{
		account: c.AccountID, query: q,
		columns: `u.id, u.version, u.created_at, u.updated_at, s.active, s.resource`,
		from:    ` FROM scim_users s JOIN users u ON u.id = s.user_id WHERE s.account_id = $1 AND s.gone_at IS NULL`,
	}
}

func groupListing(c SCIMClient, q scimquery.Query) listing {
	return listing{
		account: c.AccountID, query: q,
		columns: `g.id, g.version, g.created_at, g.updated_at, g.name, coalesce(g.external_id, '') AS external_id`,
		from:    ` FROM groups g WHERE g.account_id = $1 AND g.source = 'scim'`,
	}
}

// rows are at most limit rows of the listing: from the one at offset on, or those next to the place that
// a cursor names.
func (l listing) rows(ctx context.Context, db *sqlx.DB, offset int, at *place, limit int) ([]listed, error) {
	args := []any{l.account}
	text := `SELECT ` + l.columns + `, ` + l.query.Key() + ` AS key` + l.from + ` AND ` + l.query.Where(&args)
	backwards := at != nil && at.Back
	if at != nil && at.ID != "" {
		text += ` AND ` + l.query.After(&args, at.Key, at.ID, backwards)
	}
	q := query{text: text + ` ORDER BY ` + l.query.OrderBy(backwards), args: args}
	q.add(` LIMIT ? OFFSET ?`, limit, offset)
	var rows []listed
	err := db.SelectContext(ctx, &rows, q.text, q.args...)
	return rows, err
}

func (l listing) total(ctx context.Context, db *sqlx.DB) (int, error) {
	args := []any{l.account}
	text := `SELECT count(*)` + l.from + ` AND ` + l.query.Where(&args)
	var total int
	err := db.GetContext(ctx, &total, text, args...)
	return total, err
}

// ListSCIM is a page of the resources that a query asks for, in a stable order. By cursors nobody is lost
// or shown twice who is there all the time, whoever else comes or goes. A cursor that is none, or another
// query's, is "cursor_invalid".
func (s *Store) ListSCIM(ctx context.Context, c SCIMClient, q SCIMQuery) (SCIMPage, error) {
	read := s.pageByIndex
	if q.Cursor != nil {
		read = s.pageByCursor
	}
	found, err := read(ctx, q.listings(c), q)
	if err != nil {
		return SCIMPage{}, wrap("list resources", err)
	}
	page := SCIMPage{Total: found.total, Next: found.next, Previous: found.previous}
	if page.Users, err = s.usersOf(ctx, found.rows[ofUsers], q.WithGroups); err != nil {
		return SCIMPage{}, wrap("list groups of users", err)
	}
	if page.Groups, err = s.groupsListed(ctx, found.rows[ofGroups], q.WithMembers); err != nil {
		return SCIMPage{}, wrap("list members of groups", err)
	}
	return page, nil
}

// The listings of a query, in the order in which their resources come.
const (
	ofUsers = iota
	ofGroups
	listingCount
)

type listings [listingCount]*listing

func (q SCIMQuery) listings(c SCIMClient) listings {
	var all listings
	if q.Users != nil {
		l := userListing(c, *q.Users)
		all[ofUsers] = &l
	}
	if q.Groups != nil {
		l := groupListing(c, *q.Groups)
		all[ofGroups] = &l
	}
	return all
}

// stretch is the rows of a page.
type stretch struct {
	total          int
	rows           [listingCount][]listed
	next, previous string
}

// pageByIndex reads a page that begins at an index. A first page that ends within it says itself how many
// resources there are.
func (s *Store) pageByIndex(ctx context.Context, all listings, q SCIMQuery) (stretch, error) {
	var page stretch
	offset, room := max(q.StartIndex, 1)-1, q.Count
	for i, l := range all {
		if l == nil {
			continue
		}
		if room > 0 {
			rows, err := l.rows(ctx, s.db, offset, nil, room)
			if err != nil {
				return page, err
			}
			page.rows[i] = rows
		}
		n := len(page.rows[i])
		total := offset + n
		if n == room || n == 0 && offset > 0 {
			var err error
			if total, err = l.total(ctx, s.db); err != nil {
				return page, err
			}
		}
		page.total += total
		room -= n
		offset = max(0, offset-total)
	}
	return page, nil
}

func (s *Store) usersOf(ctx context.Context, rows []listed, withGroups bool) ([]SCIMUser, error) {
	users := make([]SCIMUser, len(rows))
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i], users[i] = row.ID, row.user()
	}
	if !withGroups || len(ids) == 0 {
		return users, nil
	}
	groups, err := groupsOf(ctx, s.db, ids)
	for i := range users {
		users[i].Groups = groups[users[i].ID]
	}
	return users, err
}

func (s *Store) groupsListed(ctx context.Context, rows []listed, withMembers bool) ([]SCIMGroup, error) {
	groups := make([]SCIMGroup, len(rows))
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
		groups[i] = SCIMGroup{
			ID: row.ID, DisplayName: row.Name, ExternalID: row.ExternalID,
			Version: row.Version, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
		}
	}
	if !withMembers || len(ids) == 0 {
		return groups, nil
	}
	members, err := membersOf(ctx, s.db, ids)
	for i := range groups {
		groups[i].Members = members[groups[i].ID]
	}
	return groups, err
}

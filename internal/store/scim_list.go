package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/scim"
	"github.com/rollcall-sync/rollcall/internal/store/scimquery"
)

// listing is the resources of one type that a query asks for.
type listing struct {
	account string
	columns string
	from    string // with the condition that bounds it to the account, $1
	alone   string // from without the table of users, for conditions that do not ask for it; empty: from
	query   scimquery.Query
	members bool // are shown with the rows, which are groups
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
		alone:   ` FROM scim_users s WHERE s.account_id = $1 AND s.gone_at IS NULL`,
	}
}

func groupListing(c SCIMClient, q scimquery.Query) listing {
	return listing{
		account: c.AccountID, query: q,
		columns: `g.id, g.version, g.created_at, g.updated_at, g.name, coalesce(g.external_id, '') AS external_id`,
		from:    ` FROM groups g WHERE g.account_id = $1 AND g.source = 'scim'`,
	}
}

// rows are at most limit rows of the listing, from the one at offset on, or those next to the place that a
// cursor names, and whether more follow.
func (l listing) rows(ctx context.Context, db *sqlx.DB, offset int, at *place, limit int) (rows []listed, more bool, err error) {
	backwards := at != nil && at.Back
	args := []any{l.account}
	which := l.query.Where(&args)
	if at != nil && at.ID != "" {
		which += ` AND ` + l.query.After(&args, at.Key, at.ID, backwards)
	}
	key, order := l.query.Key(), ` ORDER BY `+l.query.OrderBy(backwards)
	shown := `SELECT ` + l.columns + `, ` + key + ` AS key`
	q := query{args: args}
	if l.alone != "" && !strings.Contains(which+key+order, "u.") {
		// The page is found before it is joined, rather than out of all that is joined.
		q.text = shown + ` FROM (SELECT s.*` + l.alone + ` AND ` + which + order
		q.add(` LIMIT ? OFFSET ?) s JOIN users u ON u.id = s.user_id`+order, limit+1, offset)
	} else {
		q.text = shown + l.from + ` AND ` + which + order
		q.add(` LIMIT ? OFFSET ?`, limit+1, offset)
	}
	if err := db.SelectContext(ctx, &rows, q.text, q.args...); err != nil {
		return nil, false, err
	}
	fit := min(limit, len(rows))
	if l.members {
		if fit, err = withinMembers(ctx, db, rows[:fit]); err != nil {
			return nil, false, err
		}
	}
	return rows[:fit], len(rows) > fit, nil
}

// membersOnPage bounds the members on a page of groups. It ends before the group that goes beyond, unless
// that is the first.
const membersOnPage = 50_000

// withinMembers is how many of the groups, from the first on, a page can show with their members.
func withinMembers(ctx context.Context, db *sqlx.DB, groups []listed) (int, error) {
	var sizes []struct {
		ID      string `db:"group_id"`
		Members int    `db:"members"`
	}
	err := db.SelectContext(ctx, &sizes, `
		SELECT group_id, count(*) AS members FROM memberships WHERE group_id = ANY($1::uuid[]) GROUP BY group_id`, idsOf(groups))
	members := map[string]int{}
	for _, size := range sizes {
		members[size.ID] = size.Members
	}
	sum := 0
	for i, group := range groups {
		if sum += members[group.ID]; sum > membersOnPage && i > 0 {
			return i, err
		}
	}
	return len(groups), err
}

func idsOf(rows []listed) pq.StringArray {
	ids := make(pq.StringArray, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	return ids
}

func (l listing) total(ctx context.Context, db *sqlx.DB) (int, error) {
	args := []any{l.account}
	where := l.query.Where(&args)
	from := l.from
	if l.alone != "" && !strings.Contains(where, "u.") {
		from = l.alone
	}
	var total int
	err := db.GetContext(ctx, &total, `SELECT count(*)`+from+` AND `+where, args...)
	return total, err
}

// listTime bounds the queries of a list: a client can ask for comparisons without end.
const listTime = 10 * time.Second

var errTooCostly = directory.Invalid("query_too_costly", "The search takes too long. Ask for fewer comparisons, or for attributes that are looked up directly: id, userName, externalId, emails.value.")

// ListSCIM is a page of the resources that a query asks for, in a stable order. By cursors nobody is lost
// or shown twice who is there all the time, whoever else comes or goes. A cursor that is none, or another
// query's, is "cursor_invalid".
func (s *Store) ListSCIM(ctx context.Context, c SCIMClient, q SCIMQuery) (SCIMPage, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, listTime, errTooCostly)
	defer cancel()
	read := s.pageByIndex
	if q.Cursor != nil {
		read = s.pageByCursor
	}
	found, err := read(ctx, q.listings(c), q)
	if errors.Is(context.Cause(ctx), errTooCostly) {
		return SCIMPage{}, errTooCostly
	}
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
		l.members = q.WithMembers
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

// pageByIndex reads a page that begins at an index. A page that ends within it says itself how many
// resources there are.
func (s *Store) pageByIndex(ctx context.Context, all listings, q SCIMQuery) (stretch, error) {
	var page stretch
	offset, room := max(q.StartIndex, 1)-1, q.Count
	for i, l := range all {
		if l == nil {
			continue
		}
		rows, more, err := l.rows(ctx, s.db, offset, nil, room)
		if err != nil {
			return page, err
		}
		total := offset + len(rows)
		if more || len(rows) == 0 && offset > 0 {
			if total, err = l.total(ctx, s.db); err != nil {
				return page, err
			}
		}
		page.rows[i] = rows
		page.total += total
		room -= len(rows)
		if offset = max(0, offset-total); more {
			room = 0
		}
	}
	return page, nil
}

func (s *Store) usersOf(ctx context.Context, rows []listed, withGroups bool) ([]SCIMUser, error) {
	users := make([]SCIMUser, len(rows))
	for i, row := range rows {
		users[i] = row.user()
	}
	if !withGroups || len(rows) == 0 {
		return users, nil
	}
	groups, err := groupsOf(ctx, s.db, idsOf(rows))
	for i := range users {
		users[i].Groups = groups[users[i].ID]
	}
	return users, err
}

func (s *Store) groupsListed(ctx context.Context, rows []listed, withMembers bool) ([]SCIMGroup, error) {
	groups := make([]SCIMGroup, len(rows))
	for i, row := range rows {
		groups[i] = SCIMGroup{
			ID: row.ID, DisplayName: row.Name, ExternalID: row.ExternalID,
			Version: row.Version, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
		}
	}
	if !withMembers || len(rows) == 0 {
		return groups, nil
	}
	members, err := membersOf(ctx, s.db, idsOf(rows))
	for i := range groups {
		groups[i].Members = members[groups[i].ID]
	}
	return groups, err
}

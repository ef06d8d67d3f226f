package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const changeColumns = `id, account_id, run_id, subject, user_id, group_id, source_id, label, source, action, before, after, outcome, problems, occurred_at, step`

// ChangeFilter narrows a list of changes; what is empty narrows nothing. What is only planned is listed
// when a run, or planned changes, are asked for.
type ChangeFilter struct {
	RunID           string
	ConfigurationID string
	UserID          string // also the changes of the user's memberships
	GroupID         string // also the changes of the group's memberships
	Subject         directory.Subject
	Source          directory.Origin
	Outcome         directory.Outcome
	Action          directory.Action
	Since           *time.Time // not before
	Until           *time.Time // before
	Search          string     // all of its words, or how they begin, are in the person's names and addresses
	Limit           int        // 0: 50; at most 500
	Cursor          string
}

// Changes is a page of an account's sync log: the newest first or, of a run, in the order of its
// steps, which begins with the records that have nothing but errors. What happens while the list is
// read comes before its first page and moves nothing in those after it.
func (s *Store) Changes(ctx context.Context, accountID string, f ChangeFilter) (Page[directory.Change], error) {
	limit := clampLimit(f.Limit)
	rows, err := s.changeRows(ctx, accountID, f, limit+1)
	if err != nil {
		return Page[directory.Change]{}, wrap("list changes", err)
	}
	page := pageOf(rows, limit, func(c changeRow) string { return c.position(f) })
	changes := Page[directory.Change]{Items: make([]directory.Change, len(page.Items)), Next: page.Next}
	for i, row := range page.Items {
		changes.Items[i] = row.Change
	}
	return changes, nil
}

// streamedAtOnce is how many changes a stream holds in memory.
const streamedAtOnce = 2000

// StreamChanges gives yield every change of the filter, in the order of Changes, until it returns an
// error. Limit and Cursor do not count. No connection is held while yield works, however slow it is.
func (s *Store) StreamChanges(ctx context.Context, accountID string, f ChangeFilter, yield func(directory.Change) error) error {
	f.Cursor = ""
	for {
		rows, err := s.changeRows(ctx, accountID, f, streamedAtOnce+1)
		if err != nil {
			return wrap("stream changes", err)
		}
		page := pageOf(rows, streamedAtOnce, func(c changeRow) string { return c.position(f) })
		for _, row := range page.Items {
			if err := yield(row.Change); err != nil {
				return err
			}
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			return nil
		}
	}
}

func (s *Store) changeRows(ctx context.Context, accountID string, f ChangeFilter, limit int) ([]changeRow, error) {
	q, err := f.query(accountID)
	if err != nil {
		return nil, err
	}
	q.add(` LIMIT ?`, limit)
	var rows []changeRow
	err = s.db.SelectContext(ctx, &rows, q.text, q.args...)
	return rows, found("run, configuration, user or group", err)
}

func (f ChangeFilter) query(accountID string) (query, error) {
	q := query{args: []any{accountID}}
	if f.Search != "" {
		q.find(f)
	}
	q.add(`SELECT ` + changeColumns + ` FROM changes WHERE account_id = $1`)
	for _, c := range []struct{ column, value string }{
		{"run_id", f.RunID}, {"user_id", f.UserID}, {"group_id", f.GroupID}, {"subject", string(f.Subject)},
		{"source", string(f.Source)}, {"action", string(f.Action)}, {"outcome", string(f.Outcome)},
	} {
		if c.value != "" {
			q.and(c.column+` = ?`, c.value)
		}
	}
	if f.ConfigurationID != "" {
		q.and(`run_id IN (SELECT id FROM runs WHERE account_id = $1 AND configuration_id = ?)`, f.ConfigurationID)
	}
	if f.Outcome != directory.OutcomePlanned && f.RunID == "" {
		q.and(`outcome <> 'planned'`)
	}
	if f.Since != nil {
		q.and(`occurred_at >= ?`, *f.Since)
	}
	if f.Until != nil {
		q.and(`occurred_at < ?`, *f.Until)
	}
	if err := q.after(f); err != nil {
		return q, err
	}
	if f.Search != "" {
		q.found()
	}
	if f.RunID != "" {
		q.add(` ORDER BY step, id`)
	} else {
		q.add(` ORDER BY occurred_at DESC, id DESC`)
	}
	return q, nil
}

// peopleFound is how many people a search can find for all that happened to them to be listed. More are no
// search for somebody: then the changes that say the words are listed, and those alone.
const peopleFound = 1000

// find has the query begin with the changes that a search finds: those that say its words, and all those of
// the people of whom another one, or their address of today, does.
//
// The index knows nothing of what is planned. It knows the account as a word, so that no condition on the account
// leads PostgreSQL to another index, and from there through all that the account has.
func (q *query) find(f ChangeFilter) {
	const said = `SELECT id, user_id, subject FROM changes WHERE change_words(account_id, label, before, after) @@ log_query($1, ?)`
	q.add(`WITH said AS MATERIALIZED (`+said+` AND outcome <> 'planned'`, f.Search)
	switch {
	case f.RunID != "":
		q.add(` UNION ALL `+said+` AND outcome = 'planned' AND run_id = ?`, f.Search, f.RunID)
	case f.Outcome == directory.OutcomePlanned:
		q.add(` UNION ALL `+said+` AND outcome = 'planned' AND account_id = $1`, f.Search)
	}
	q.add(`), people AS MATERIALIZED (
			SELECT user_id FROM said WHERE subject = 'user' AND user_id IS NOT NULL
			UNION
			SELECT id FROM users WHERE account_id = $1 AND email_key LIKE ?
		), found AS MATERIALIZED (
			SELECT id FROM said
			UNION
			SELECT c.id FROM people p JOIN changes c ON c.user_id = p.user_id AND c.account_id = $1
			WHERE (SELECT count(*) FROM people) <= ?
		) SELECT * FROM (`, likeEscapes.Replace(directory.EmailKey(f.Search))+"%", peopleFound)
}

// found ends what find began. Its OFFSET has PostgreSQL work out what is found before it sorts and limits it:
// else it may read the whole log in the order of the list, since it cannot know how rare a word is.
func (q *query) found() { q.add(` AND id IN (SELECT id FROM found) OFFSET 0) AS listed`) }

var likeEscapes = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// changeRow is a change with its place in the order of a run.
type changeRow struct {
	directory.Change
	Step int `db:"step"`
}

// position is where the page after the change begins.
func (c changeRow) position(f ChangeFilter) string {
	if f.RunID != "" {
		return fmt.Sprintf("run %d %d", c.Step, c.ID)
	}
	return fmt.Sprintf("at %d %d", c.OccurredAt.UnixMicro(), c.ID)
}

// after has the query begin after the filter's cursor.
func (q *query) after(f ChangeFilter) error {
	if f.Cursor == "" {
		return nil
	}
	position, err := decodeCursor(f.Cursor)
	if err != nil {
		return err
	}
	var first, id int64
	if f.RunID != "" {
		_, err = fmt.Sscanf(position, "run %d %d", &first, &id)
		q.and(`(step, id) > (?, ?)`, first, id)
	} else {
		_, err = fmt.Sscanf(position, "at %d %d", &first, &id)
		q.and(`(occurred_at, id) < (?, ?)`, time.UnixMicro(first).UTC(), id)
	}
	if err != nil {
		return badCursor()
	}
	return nil
}

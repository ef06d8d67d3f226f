package store

import (
	"context"
	"fmt"
	"time"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const changeColumns = `id, account_id, run_id, subject, user_id, group_id, source_id, label, source, action, before, after, outcome, problems, occurred_at, step`

// ChangeFilter narrows a list of changes. What is only planned is listed when a run, or planned
// changes, are asked for.
type ChangeFilter struct {
	RunID   string
	UserID  string // also the changes of the user's memberships
	GroupID string // also the changes of the group's memberships
	Subject directory.Subject
	Outcome directory.Outcome
	Action  directory.Action
	Since   *time.Time
	Limit   int // 0: 50; at most 500
	Cursor  string
}

func (f ChangeFilter) query(accountID string) query {
	q := query{text: `SELECT ` + changeColumns + ` FROM changes WHERE account_id = $1`, args: []any{accountID}}
	if f.RunID != "" {
		q.and(`run_id = ?`, f.RunID)
	}
	if f.UserID != "" {
		q.and(`user_id = ?`, f.UserID)
	}
	if f.GroupID != "" {
		q.and(`group_id = ?`, f.GroupID)
	}
	if f.Subject != "" {
		q.and(`subject = ?`, f.Subject)
	}
	if f.Outcome != "" {
		q.and(`outcome = ?`, f.Outcome)
	} else if f.RunID == "" {
		q.and(`outcome <> 'planned'`)
	}
	if f.Action != "" {
		q.and(`action = ?`, f.Action)
	}
	if f.Since != nil {
		q.and(`occurred_at >= ?`, *f.Since)
	}
	return q
}

// Changes is a page of an account's sync log: the newest first or, of a run, in the order of its
// steps, which begins with the records that have nothing but errors.
func (s *Store) Changes(ctx context.Context, accountID string, f ChangeFilter) (Page[directory.Change], error) {
	q := f.query(accountID)
	if err := q.after(f); err != nil {
		return Page[directory.Change]{}, err
	}
	limit := clampLimit(f.Limit)
	q.add(` LIMIT ?`, limit+1)
	var rows []changeRow
	if err := s.db.SelectContext(ctx, &rows, q.text, q.args...); err != nil {
		return Page[directory.Change]{}, wrap("list changes", found("run, user or group", err))
	}
	page := pageOf(rows, limit, func(c changeRow) string { return fmt.Sprintf("%d/%d", c.Step, c.ID) })
	changes := Page[directory.Change]{Items: make([]directory.Change, len(page.Items)), Next: page.Next}
	for i, row := range page.Items {
		changes.Items[i] = row.Change
	}
	return changes, nil
}

// StreamChanges gives yield every change of the filter, in the order of Changes, until it returns
// an error. Limit and Cursor do not count.
func (s *Store) StreamChanges(ctx context.Context, accountID string, f ChangeFilter, yield func(directory.Change) error) error {
	q := f.query(accountID)
	f.Cursor = ""
	if err := q.after(f); err != nil {
		return err
	}
	rows, err := s.db.QueryxContext(ctx, q.text, q.args...)
	if err != nil {
		return wrap("stream changes", found("run, user or group", err))
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var row changeRow
		if err := rows.StructScan(&row); err != nil {
			return wrap("stream changes", err)
		}
		if err := yield(row.Change); err != nil {
			return err
		}
	}
	return wrap("stream changes", rows.Err())
}

// changeRow is a change with its place in the order of a run.
type changeRow struct {
	directory.Change
	Step int `db:"step"`
}

// after has the query begin after the filter's cursor and sets its order.
func (q *query) after(f ChangeFilter) error {
	step, id, err := changeCursor(f.Cursor)
	switch {
	case err != nil:
		return err
	case f.RunID == "" && f.Cursor == "":
		q.add(` ORDER BY id DESC`)
	case f.RunID == "":
		q.and(`id < ?`, id)
		q.add(` ORDER BY id DESC`)
	default:
		q.and(`(step, id) > (?, ?)`, step, id)
		q.add(` ORDER BY step, id`)
	}
	return nil
}

func changeCursor(cursor string) (step int, id int64, err error) {
	if cursor == "" {
		return -1, 0, nil
	}
	position, err := decodeCursor(cursor)
	if err != nil {
		return 0, 0, err
	}
	if _, err := fmt.Sscanf(position, "%d/%d", &step, &id); err != nil {
		return 0, 0, badCursor()
	}
	return step, id, nil
}

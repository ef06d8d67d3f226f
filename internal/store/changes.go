package store

import (
	"context"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const changeColumns = `id, account_id, run_id, user_id, source_id, label, source, action, before, after, outcome, problems, occurred_at`

// ChangeFilter narrows a list of changes. What is only planned is listed when a run, or planned
// changes, are asked for.
type ChangeFilter struct {
	RunID   string
	UserID  string
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

// Changes is a page of an account's sync log, newest first.
func (s *Store) Changes(ctx context.Context, accountID string, f ChangeFilter) (Page[directory.Change], error) {
	before, err := numberCursor(f.Cursor, maxID)
	if err != nil {
		return Page[directory.Change]{}, err
	}
	limit := clampLimit(f.Limit)
	q := f.query(accountID)
	q.and(`id < ?`, before)
	q.add(` ORDER BY id DESC LIMIT ?`, limit+1)
	var changes []directory.Change
	if err := s.db.SelectContext(ctx, &changes, q.text, q.args...); err != nil {
		return Page[directory.Change]{}, wrap("list changes", found("run or user", err))
	}
	return pageOf(changes, limit, func(c directory.Change) string { return strconv.FormatInt(c.ID, 10) }), nil
}

// StreamChanges gives yield every change of the filter, newest first, until it returns an error.
// Limit and Cursor do not count.
func (s *Store) StreamChanges(ctx context.Context, accountID string, f ChangeFilter, yield func(directory.Change) error) error {
	q := f.query(accountID)
	q.add(` ORDER BY id DESC`)
	rows, err := s.db.QueryxContext(ctx, q.text, q.args...)
	if err != nil {
		return wrap("stream changes", found("run or user", err))
	}
	defer func() { _ = rows.Close() }()
	return wrap("stream changes", eachChange(rows, yield))
}

func eachChange(rows *sqlx.Rows, yield func(directory.Change) error) error {
	for rows.Next() {
		var change directory.Change
		if err := rows.StructScan(&change); err != nil {
			return err
		}
		if err := yield(change); err != nil {
			return err
		}
	}
	return rows.Err()
}

package store

import (
	"context"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const (
	selectEvents = `
		SELECT position, run_id, subject, user_id, group_id, label, source, action, before, after, occurred_at
		FROM changes WHERE account_id = $1 AND position > $2 ORDER BY position LIMIT $3`
	selectEventSpan = `
		SELECT events_lost AS first, greatest(events_lost, (SELECT max(position) FROM changes WHERE account_id = $1)) AS last
		FROM accounts WHERE id = $1`
)

// Events is a stretch of an account's events. Next is the position after which the next stretch begins:
// that of the last event or, where there is none, the one that was asked with.
type Events struct {
	Items []directory.Event
	Next  int64
}

// EventSpan is the part of an account's events that the log holds: those after the position First, up to
// Last. Both are 0 before anything has happened.
type EventSpan struct {
	First int64 `db:"first"`
	Last  int64 `db:"last"`
}

// Events are at most limit (1 to 500) of the events of an account after a position, in their order. Who asks
// with the Next of each answer sees every event once. A position that the log does not go back to, or has
// not come to, is the KindGone error "events_gone".
func (s *Store) Events(ctx context.Context, accountID string, after int64, limit int) (Events, error) {
	var rows []struct {
		directory.Change
		Position int64 `db:"position"`
	}
	if err := s.db.SelectContext(ctx, &rows, selectEvents, accountID, after, clampLimit(limit)); err != nil {
		return Events{}, wrap("list events", found("account", err))
	}
	// What was purged before the rows were read is in the span that is read after them.
	span, err := s.EventSpan(ctx, accountID)
	if err != nil {
		return Events{}, err
	}
	if after < span.First || after > span.Last {
		return Events{}, eventsGone()
	}
	events := Events{Items: make([]directory.Event, len(rows)), Next: after}
	for i, row := range rows {
		events.Items[i], events.Next = row.Event(row.Position), row.Position
	}
	return events, nil
}

// EventSpan is which events of an account there are.
func (s *Store) EventSpan(ctx context.Context, accountID string) (EventSpan, error) {
	var span EventSpan
	err := s.db.GetContext(ctx, &span, selectEventSpan, accountID)
	return span, wrap("look for events", found("account", err))
}

func eventsGone() error {
	refused := gone("events_gone", "The events after this position are not kept any more.")
	refused.Remedy = "Take the present end (GET /v1/events?after=latest), then read users and groups anew (GET /v1/users, GET /v1/groups), and go on from that end."
	refused.Permanent = true
	return refused
}

package store

import (
	"context"

	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// writeGroups creates and updates groups.
func (b *batch) writeGroups(ctx context.Context, ids []int64) error {
	_, err := b.tx.ExecContext(ctx, `
		WITH wanted AS (
			SELECT * FROM changes WHERE id = ANY($2)
		), made AS (
			INSERT INTO groups (id, account_id, name, description, email, source, connection_id, source_id)
			SELECT group_id, account_id, after->>'name', coalesce(after->>'description', ''), coalesce(after->>'email', ''), source, $3, source_id
			FROM wanted WHERE action = 'create'
		), moved AS (
			UPDATE groups g SET name = coalesce(w.after->>'name', g.name), description = coalesce(w.after->>'description', g.description),
			       email = coalesce(w.after->>'email', g.email), updated_at = now()
			FROM wanted w WHERE w.action = 'update' AND g.id = w.group_id AND g.account_id = $1
		)
		UPDATE changes SET outcome = 'applied', occurred_at = now() WHERE id = ANY($2)`,
		b.account, pq.Int64Array(ids), b.link)
	return err
}

// refuseGoneGroups takes out changes of groups that are there no more.
func (b *batch) refuseGoneGroups(ctx context.Context, ids []int64) ([]int64, error) {
	var gone []int64
	err := b.tx.SelectContext(ctx, &gone, `
		SELECT c.id FROM changes c LEFT JOIN groups g ON g.id = c.group_id AND g.account_id = $1
		WHERE c.id = ANY($2) AND c.action <> 'create' AND g.id IS NULL`, b.account, pq.Int64Array(ids))
	if err != nil {
		return nil, err
	}
	err = b.fail(ctx, gone, func(c batchChange) directory.Problem { return problemChanged(c.Label) })
	return without(ids, gone), err
}

// writeGroupsGone deletes groups, with their memberships.
func (b *batch) writeGroupsGone(ctx context.Context, ids []int64) error {
	_, err := b.tx.ExecContext(ctx, `
		WITH gone AS (
			DELETE FROM groups g USING changes c WHERE c.id = ANY($2) AND g.id = c.group_id AND g.account_id = $1
		)
		UPDATE changes SET outcome = 'applied', occurred_at = now() WHERE id = ANY($2)`, b.account, pq.Int64Array(ids))
	return err
}

// dropIdle removes membership changes that have nothing to act upon: their user or their group could
// not be created or is gone, or the user is out, whose memberships stay as they are unless the group goes
// or an undo puts them back.
func (b *batch) dropIdle(ctx context.Context, ids []int64) ([]int64, error) {
	var idle []int64
	err := b.tx.SelectContext(ctx, &idle, `
		WITH going AS MATERIALIZED (
			SELECT group_id FROM changes WHERE run_id = (SELECT run_id FROM changes WHERE id = ($2::bigint[])[1]) AND step = 8
		)
		DELETE FROM changes c WHERE c.id = ANY($2) AND NOT (
		       EXISTS (SELECT 1 FROM users u WHERE u.id = c.user_id AND u.account_id = $1 AND (
		               $3 OR u.status IN ('invited', 'active', 'awaiting_licence') OR c.group_id IN (SELECT group_id FROM going)))
		       AND EXISTS (SELECT 1 FROM groups g WHERE g.id = c.group_id AND g.account_id = $1))
		RETURNING c.id`, b.account, pq.Int64Array(ids), b.undo)
	b.dropped = len(idle)
	return without(ids, idle), err
}

// writeLeaving ends memberships.
func (b *batch) writeLeaving(ctx context.Context, ids []int64) error {
	_, err := b.tx.ExecContext(ctx, `
		WITH ended AS (
			DELETE FROM memberships m USING changes c WHERE c.id = ANY($1) AND m.group_id = c.group_id AND m.user_id = c.user_id
		)
		UPDATE changes SET outcome = 'applied', occurred_at = now() WHERE id = ANY($1)`, pq.Int64Array(ids))
	return err
}

// writeJoining begins memberships.
func (b *batch) writeJoining(ctx context.Context, ids []int64) error {
	_, err := b.tx.ExecContext(ctx, `
		WITH begun AS (
			INSERT INTO memberships (account_id, group_id, user_id)
			SELECT account_id, group_id, user_id FROM changes WHERE id = ANY($1)
			ON CONFLICT (group_id, user_id) DO NOTHING
		)
		UPDATE changes SET outcome = 'applied', occurred_at = now() WHERE id = ANY($1)`, pq.Int64Array(ids))
	return err
}

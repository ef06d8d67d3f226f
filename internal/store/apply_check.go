package store

import (
	"context"

	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// refuseStale takes out changes of users who are not as the plan found them. A user whose version
// is another one, but who still has everything that the change starts from, and no value where it starts
// from none, is as good: an invitation accepted meanwhile does not stand in the way of a new last name.
// Whom an admin took out meanwhile is not brought back.
func (b *batch) refuseStale(ctx context.Context, ids []int64) ([]int64, error) {
	var stale []int64
	err := b.tx.SelectContext(ctx, &stale, `
		SELECT c.id FROM changes c LEFT JOIN users u ON u.id = c.user_id AND u.account_id = $1
		WHERE c.id = ANY($2) AND c.action <> 'create'
		  AND (u.id IS NULL OR $3 AND c.action = 'delete' AND u.version <> c.user_version OR c.action = 'reactivate' AND u.deactivated_by = 'admin' OR u.version <> c.user_version AND NOT coalesce(
		       jsonb_build_object('email', u.email, 'first_name', u.first_name, 'last_name', u.last_name,
		                          'status', u.status, 'fields', u.fields, 'role', u.role_id, 'organization', coalesce(u.organization_id, ''))
		       @> jsonb_strip_nulls(c.before) AND NOT u.fields ?| ARRAY(
		          SELECT key FROM jsonb_each(c.before->'fields') WHERE value = 'null'), true))`,
		b.account, pq.Int64Array(ids), b.undo)
	if err != nil {
		return nil, err
	}
	err = b.fail(ctx, stale, b.problemStale)
	return without(ids, stale), err
}

// refuseTaken takes out changes that want an address which somebody else will still hold when
// the rest is applied. Each one taken out keeps its own address, which can disappoint another.
func (b *batch) refuseTaken(ctx context.Context, ids []int64) ([]int64, error) {
	for {
		var taken []int64
		err := b.tx.SelectContext(ctx, &taken, `
			SELECT c.id FROM changes c
			CROSS JOIN LATERAL (SELECT id, email_key FROM users WHERE account_id = $1 AND email_key = c.email_key LIMIT 1) h
			WHERE c.id = ANY($2) AND h.id <> c.user_id AND NOT EXISTS (
			      SELECT 1 FROM changes o WHERE o.id = ANY($2) AND o.user_id = h.id
			      AND (o.release OR o.action = 'delete' OR o.email_key <> h.email_key))`,
			b.account, pq.Int64Array(ids))
		if err != nil || len(taken) == 0 {
			return ids, err
		}
		if err := b.fail(ctx, taken, func(c batchChange) directory.Problem { return problemTaken(c.Label, b.again()) }); err != nil {
			return nil, err
		}
		ids = without(ids, taken)
	}
}

func (b *batch) problemStale(c batchChange) directory.Problem {
	if b.undo {
		return problemChangedSince(c.Label)
	}
	return problemChanged(c.Label)
}

package store

import (
	"context"

	"github.com/lib/pq"
)

// checkPeople leaves the changes of fields of type person that can be applied. An undo starts from whom
// its plan found named, a sync from nobody.
func (b *batch) checkPeople(ctx context.Context, ids []int64) ([]int64, error) {
	if b.undo {
		var err error
		if ids, err = b.refuseStale(ctx, ids); err != nil {
			return nil, err
		}
	}
	return b.settlePeople(ctx, ids)
}

// settlePeople takes those out of changes of fields of type person who did not come in after all, and
// removes the changes that have nothing to act upon then, or whose user is not in. Accounts are compared
// row by row: by a constant, users would be looked up by their account.
func (b *batch) settlePeople(ctx context.Context, ids []int64) ([]int64, error) {
	if _, err := b.tx.ExecContext(ctx, `
		UPDATE changes c SET after = jsonb_build_object('fields', s.fields)
		FROM (
			SELECT c.id, jsonb_object_agg(f.key, m.id::text) AS fields
			FROM changes c
			CROSS JOIN jsonb_each_text(c.after->'fields') f
			LEFT JOIN users m ON m.id = f.value::uuid AND m.account_id = c.account_id AND m.status IN ('invited', 'active', 'awaiting_licence')
			WHERE c.id = ANY($1) GROUP BY c.id
			HAVING count(f.value) > count(m.id)
		) s WHERE c.id = s.id`, pq.Int64Array(ids)); err != nil {
		return nil, err
	}
	var idle []int64
	err := b.tx.SelectContext(ctx, &idle, `
		DELETE FROM changes c WHERE c.id = ANY($1) AND NOT EXISTS (
		       SELECT 1 FROM users u
		       WHERE u.id = c.user_id AND u.account_id = c.account_id AND u.status IN ('invited', 'active', 'awaiting_licence')
		         AND jsonb_strip_nulls(u.fields || (c.after->'fields')) <> u.fields)
		RETURNING c.id`, pq.Int64Array(ids))
	b.dropped = len(idle)
	return without(ids, idle), err
}

// writePeopleFields has fields of type person name whom the changes say.
func (b *batch) writePeopleFields(ctx context.Context, ids []int64) error {
	_, err := b.tx.ExecContext(ctx, `
		WITH moved AS (
			UPDATE users u SET fields = jsonb_strip_nulls(u.fields || (c.after->'fields'))
			FROM changes c WHERE c.id = ANY($1) AND u.id = c.user_id AND u.account_id = c.account_id
			RETURNING u.id, u.version
		), followed AS (`+followLinks+`)
		UPDATE changes SET outcome = 'applied', occurred_at = now() WHERE id = ANY($1)`,
		pq.Int64Array(ids), b.link)
	return err
}

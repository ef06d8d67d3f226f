package store

import (
	"context"

	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// standsAs is the role and the organization of a row u of users, as a snapshot has them.
const standsAs = `jsonb_build_object('role', u.role_id, 'organization', coalesce(u.organization_id, ''))`

// followLinks keeps the links ($2 connection) of users in moved that were up to date so: what their
// records say has not changed.
const followLinks = `
	UPDATE links l SET user_version = m.version
	FROM moved m WHERE l.connection_id = $2 AND l.user_id = m.id AND l.user_version = m.version - 1`

// settleRoles removes changes of roles and organizations that have nothing to act upon, because their
// user is not in, and those that only note that a mapping gives what somebody has. It takes out those of
// users who have another role or organization by now, and of what is there no more. Accounts are compared
// row by row: by a constant, users would be looked up by their account.
func (b *batch) settleRoles(ctx context.Context, ids []int64) ([]int64, error) {
	var idle []int64
	if err := b.tx.SelectContext(ctx, &idle, `
		WITH idle AS (
			DELETE FROM changes c WHERE c.id = ANY($1) AND (c.before IS NULL OR NOT EXISTS (
			       SELECT 1 FROM users u WHERE u.id = c.user_id AND u.account_id = c.account_id AND u.status IN ('invited', 'active', 'awaiting_licence')))
			RETURNING c.id, c.account_id, c.user_id, c.before, c.after
		), moved AS (
			UPDATE users u SET `+writeMapped+`
			FROM idle w WHERE w.before IS NULL AND u.id = w.user_id AND u.account_id = w.account_id AND `+standsAs+` @> w.after
			RETURNING u.id, u.version
		), followed AS (`+followLinks+`)
		SELECT id FROM idle`, pq.Int64Array(ids), b.link); err != nil {
		return nil, err
	}
	b.dropped = len(idle)
	ids = without(ids, idle)
	var changed []int64
	if err := b.tx.SelectContext(ctx, &changed, `
		SELECT c.id FROM changes c JOIN users u ON u.id = c.user_id
		WHERE c.id = ANY($1) AND (NOT `+standsAs+` @> c.before
		   OR c.after ? 'role' AND NOT EXISTS (SELECT 1 FROM roles r WHERE r.account_id = c.account_id AND r.id = c.after->>'role')
		   OR c.after->>'organization' <> '' AND NOT EXISTS (SELECT 1 FROM organizations o WHERE o.account_id = c.account_id AND o.id = c.after->>'organization'))`,
		pq.Int64Array(ids)); err != nil {
		return nil, err
	}
	err := b.fail(ctx, changed, func(c batchChange) directory.Problem { return problemChanged(c.Label) })
	return without(ids, changed), err
}

// writeRoles gives users the roles and organizations that the changes say.
func (b *batch) writeRoles(ctx context.Context, ids []int64) error {
	_, err := b.tx.ExecContext(ctx, `
		WITH moved AS (
			UPDATE users u SET `+writeMapped+`
			FROM changes w WHERE w.id = ANY($1) AND u.id = w.user_id AND u.account_id = w.account_id
			RETURNING u.id, u.version
		), followed AS (`+followLinks+`)
		UPDATE changes SET outcome = 'applied', occurred_at = now() WHERE id = ANY($1)`, pq.Int64Array(ids), b.link)
	return err
}

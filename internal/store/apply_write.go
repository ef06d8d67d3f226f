package store

import (
	"context"

	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// writePeople applies changes of users set-wise: users, links, invitations and the changes themselves.
func (b *batch) writePeople(ctx context.Context, ids []int64) error {
	var creates, updates, entering []int64
	for _, id := range ids {
		change := b.changes[id]
		if change.Action == directory.ActionCreate {
			creates = append(creates, id)
			continue
		}
		updates = append(updates, id)
		if change.Enters {
			entering = append(entering, id)
		}
	}
	if err := b.assignLicences(ctx, updates, entering); err != nil {
		return err
	}
	if err := b.writeUpdates(ctx, updates); err != nil {
		return err
	}
	return b.writeCreates(ctx, creates)
}

// assignLicences lets those who come back and had a licence wait for one when there are not
// enough, in the order of the changes. The licences of those who go in the same statement count;
// those that people wait for already do not.
func (b *batch) assignLicences(ctx context.Context, ids, entering []int64) error {
	if len(entering) == 0 {
		return nil
	}
	_, err := b.tx.ExecContext(ctx, `
		WITH free AS (
			SELECT a.licences_total - a.licences_used + (
			       SELECT count(*) FROM changes c JOIN users u ON u.id = c.user_id
			       WHERE c.id = ANY($2) AND u.status = 'active' AND c.after->>'status' <> 'active') - (
			       SELECT count(*) FROM users w WHERE w.account_id = $1 AND w.status = 'awaiting_licence') AS n
			FROM accounts a WHERE a.id = $1
		), entering AS (
			SELECT c.id, row_number() OVER (ORDER BY c.id) AS place
			FROM changes c JOIN users u ON u.id = c.user_id
			WHERE c.id = ANY($3) AND u.status <> 'active'
		)
		UPDATE changes c SET after = jsonb_set(c.after, '{status}', '"awaiting_licence"')
		FROM entering e, free f WHERE c.id = e.id AND e.place > f.n`,
		b.account, pq.Int64Array(ids), pq.Int64Array(entering))
	return err
}

func (b *batch) writeCreates(ctx context.Context, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := b.tx.ExecContext(ctx, `
		WITH wanted AS (
			SELECT c.*, coalesce(c.after->>'status', 'invited') AS status FROM changes c
			WHERE c.id = ANY($2)
		), made AS (
			INSERT INTO users (id, account_id, email, email_key, first_name, last_name, status, deactivated_by, fields, source,
			                   invitation_id, invited_at)
			SELECT user_id, account_id, after->>'email', email_key, after->>'first_name', after->>'last_name', status,
			       CASE WHEN status IN ('deactivated', 'deleted') THEN 'source' END,
			       jsonb_strip_nulls(coalesce(after->'fields', '{}')), source,
			       CASE WHEN status = 'invited' THEN gen_random_uuid() END, CASE WHEN status = 'invited' THEN now() END
			FROM wanted
			RETURNING id, version, invitation_id
		), linked AS (
			INSERT INTO links (connection_id, source_id, user_id, fingerprint, user_version)
			SELECT $3, source_id, user_id, fingerprint, 1 FROM wanted
		), mailed AS (
			INSERT INTO mails (account_id, kind, user_id, cause)
			SELECT $1, 'invitation', id, invitation_id FROM made WHERE invitation_id IS NOT NULL
		)
		UPDATE changes SET outcome = 'applied', occurred_at = now() WHERE id = ANY($2)`,
		b.account, pq.Int64Array(ids), b.link)
	return err
}

// writeUpdates changes users who exist. One who is to be invited keeps an invitation that can
// still be accepted and gets a new one otherwise. The link of one whom the directory lacks is absent from
// then on; a change without a source id leaves links alone. A role or an organization that comes back with
// an undo is an admin's or a mapping's, as the log has it from before the undone run.
func (b *batch) writeUpdates(ctx context.Context, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := b.tx.ExecContext(ctx, `
		WITH wanted AS (
			SELECT c.id, c.user_id, c.source_id, c.fingerprint, c.after, c.email_key, c.release, coalesce($5, s.source_id IS NULL) AS absent,
			       coalesce(c.after->>'status', u.status) AS status,
			       c.after ? 'role' AND (c.after->>'role' = 'member' OR `+givenByHand("role")+`) AS role_by_hand,
			       c.after ? 'organization' AND (c.after->>'organization' = '' OR `+givenByHand("organization")+`) AS organization_by_hand,
			       coalesce(c.after->>'status', u.status) = 'invited'
			       AND (u.invitation_id IS NULL OR u.invited_at < now() - $4 * interval '1 second') AS invite
			FROM changes c JOIN users u ON u.id = c.user_id AND u.account_id = $1
			LEFT JOIN staged_users s ON s.run_id = c.run_id AND s.source_id = c.source_id
			WHERE c.id = ANY($2)
		), moved AS (
			UPDATE users u SET
				email = coalesce(w.after->>'email', u.email),
				email_key = CASE WHEN w.release OR w.status = 'deleted' THEN NULL ELSE coalesce(w.email_key, u.email_key) END,
				first_name = coalesce(w.after->>'first_name', u.first_name),
				last_name = coalesce(w.after->>'last_name', u.last_name),
				fields = CASE WHEN w.after ? 'fields' THEN jsonb_strip_nulls(u.fields || (w.after->'fields')) ELSE u.fields END,
				role_id = coalesce(w.after->>'role', u.role_id), role_mapped = CASE WHEN w.after ? 'role' THEN NOT w.role_by_hand ELSE u.role_mapped END,
				organization_id = CASE WHEN w.after ? 'organization' THEN nullif(w.after->>'organization', '') ELSE u.organization_id END,
				organization_mapped = CASE WHEN w.after ? 'organization' THEN NOT w.organization_by_hand ELSE u.organization_mapped END,
				status = w.status,
				deactivated_by = CASE WHEN w.status IN ('deactivated', 'deleted') THEN coalesce(u.deactivated_by, 'source') END,
				invitation_id = CASE WHEN w.invite THEN gen_random_uuid() ELSE u.invitation_id END,
				invited_at = CASE WHEN w.invite THEN now() ELSE u.invited_at END
			FROM wanted w WHERE u.id = w.user_id
			RETURNING u.id, u.version, u.invitation_id, w.invite, w.source_id, w.fingerprint, w.absent
		), linked AS (
			INSERT INTO links AS l (connection_id, source_id, user_id, fingerprint, user_version, absent)
			SELECT $3, source_id, id, fingerprint, version, absent FROM moved WHERE source_id IS NOT NULL
			ON CONFLICT (connection_id, source_id) DO UPDATE SET fingerprint = excluded.fingerprint, user_version = excluded.user_version,
			       absent = excluded.absent
			WHERE l.user_id = excluded.user_id
		), mailed AS (
			INSERT INTO mails (account_id, kind, user_id, cause)
			SELECT $1, 'invitation', id, invitation_id FROM moved WHERE invite
		)
		UPDATE changes SET outcome = 'applied', occurred_at = now() WHERE id = ANY($2)`,
		b.account, pq.Int64Array(ids), b.link, int(InvitationLife.Seconds()), b.absent)
	return err
}

// unsettleLinks has the next run look anew at the users whom an undo changed: their records are as they
// were when they were last applied, and the users are not.
func (b *batch) unsettleLinks(ctx context.Context, ids []int64) error {
	_, err := b.tx.ExecContext(ctx, `
		UPDATE links l SET fingerprint = NULL, absent = l.absent AND u.status IN ('deactivated', 'deleted')
		FROM changes c JOIN users u ON u.id = c.user_id
		WHERE c.id = ANY($1) AND c.subject = 'user' AND c.outcome = 'applied' AND l.user_id = c.user_id AND l.connection_id = $2`,
		pq.Int64Array(ids), b.link)
	return err
}

// givenByHand is the condition that what the undo c gives back to its user was no mapping's: that the last change
// of it from before the undone run was an admin's, or that the log has none.
func givenByHand(what string) string {
	return `coalesce((
		SELECT p.source = 'admin' FROM runs r JOIN runs undone ON undone.id = r.of_run
		JOIN changes p ON p.user_id = c.user_id AND p.occurred_at < undone.started_at
		WHERE r.id = c.run_id AND p.outcome = 'applied' AND p.after ? '` + what + `'
		ORDER BY p.occurred_at DESC, p.id DESC LIMIT 1), true)`
}

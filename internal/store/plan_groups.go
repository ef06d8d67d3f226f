package store

import "context"

// insertGroupChanges plans what becomes of the groups themselves ($1 run, $2 connection, $3
// account): one that could not be read is an error; one that is synced is created or brought up to
// date; one that is known and not synced is deleted, unless it was chosen and the run has not seen it.
const insertGroupChanges = `
	INSERT INTO changes (account_id, run_id, subject, source, step, action, outcome, group_id, source_id, label, before, after, problems)
	WITH staged AS MATERIALIZED (
		SELECT s.*, g.id, g.name AS old_name, g.description AS old_description, g.email AS old_email
		FROM staged_groups s LEFT JOIN groups g ON g.connection_id = $2 AND g.source_id = s.source_id
		WHERE s.run_id = $1
	)
	SELECT $3::uuid, $1::uuid, 'group', 'directory_sync', p.* FROM (
		SELECT 0, 'error', 'failed', id, source_id, coalesce(old_name, name), NULL::jsonb, NULL::jsonb, jsonb_build_array(problem)
		FROM staged WHERE problem IS NOT NULL
		UNION ALL
		SELECT 5, 'create', 'planned', gen_random_uuid(), source_id, name, NULL, jsonb_strip_nulls(jsonb_build_object(
		       'name', name, 'description', nullif(description, ''), 'email', nullif(email, ''))), NULL
		FROM staged WHERE synced AND problem IS NULL AND id IS NULL
		UNION ALL
		SELECT 5, 'update', 'planned', id, source_id, name,
		       jsonb_strip_nulls(jsonb_build_object('name', CASE WHEN old_name <> name THEN old_name END,
		           'description', CASE WHEN old_description <> description THEN old_description END,
		           'email', CASE WHEN old_email <> email THEN old_email END)),
		       jsonb_strip_nulls(jsonb_build_object('name', CASE WHEN old_name <> name THEN name END,
		           'description', CASE WHEN old_description <> description THEN description END,
		           'email', CASE WHEN old_email <> email THEN email END)), NULL
		FROM staged WHERE synced AND problem IS NULL AND (old_name, old_description, old_email) <> (name, description, email)
		UNION ALL
		SELECT 8, 'delete', 'planned', g.id, g.source_id, g.name, jsonb_strip_nulls(jsonb_build_object(
		       'name', g.name, 'description', nullif(g.description, ''), 'email', nullif(g.email, ''))), NULL, NULL
		FROM groups g
		WHERE g.connection_id = $2 AND NOT EXISTS (SELECT 1 FROM staged s WHERE s.source_id = g.source_id AND s.synced)
		  AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.id = $1 AND r.settings->'groups'->'enabled' = 'true'
		                  AND r.settings->'groups'->'group_ids' ? g.source_id)
	) p`

// insertMembershipChanges plans who leaves and who joins the synced groups ($1 run, $2 connection, $3
// account). Only people count who are linked, or will be, and in when the plan is applied: the
// memberships of all others stay as they are. Of a group that could not be read nobody leaves, and
// those join who were parked there.
const insertMembershipChanges = `
	INSERT INTO changes (account_id, run_id, subject, source, action, outcome, step, group_id, user_id, source_id, label)
	WITH synced AS MATERIALIZED (
		SELECT s.source_id, s.everyone, coalesce(g.id, c.group_id) AS id, s.name
		FROM staged_groups s
		LEFT JOIN groups g ON g.connection_id = $2 AND g.source_id = s.source_id
		LEFT JOIN changes c ON c.run_id = $1 AND c.step = 5 AND c.action = 'create' AND c.source_id = s.source_id
		WHERE s.run_id = $1 AND s.synced AND s.members_done AND s.problem IS NULL
	), planned AS MATERIALIZED (
		SELECT user_id, source_id, action, label, after->>'status' AS status FROM changes
		WHERE run_id = $1 AND subject = 'user' AND step > 0 AND outcome = 'planned'
	), people AS MATERIALIZED (
		SELECT l.source_id, l.user_id, coalesce(p.label, CASE WHEN u.first_name || u.last_name = '' THEN u.email ELSE u.first_name || ' ' || u.last_name END) AS label
		FROM links l
		JOIN users u ON u.id = l.user_id
		LEFT JOIN planned p ON p.user_id = u.id
		WHERE l.connection_id = $2 AND coalesce(p.status, u.status) IN ('invited', 'active', 'awaiting_licence')
		UNION ALL
		SELECT p.source_id, p.user_id, p.label FROM planned p LEFT JOIN users u ON u.id = p.user_id
		WHERE p.action IN ('create', 'adopt') AND coalesce(p.status, u.status) IN ('invited', 'active', 'awaiting_licence')
	), wanted AS MATERIALIZED (
		SELECT s.id AS group_id, s.name, p.user_id, p.source_id, p.label
		FROM synced s
		JOIN staged_members m ON m.run_id = $1 AND m.group_id = s.source_id AND NOT s.everyone
		JOIN people p ON p.source_id = m.source_id
		UNION ALL
		SELECT s.id, s.name, p.user_id, p.source_id, p.label FROM synced s JOIN people p ON s.everyone
		UNION ALL
		SELECT g.id, g.name, p.user_id, p.source_id, p.label
		FROM staged_groups s
		JOIN groups g ON g.connection_id = $2 AND g.source_id = s.source_id
		JOIN parked_members k ON k.group_id = g.id
		JOIN people p ON p.source_id = k.source_id
		WHERE s.run_id = $1 AND s.synced AND s.problem IS NOT NULL
	)
	SELECT $3::uuid, $1::uuid, 'membership', 'directory_sync', p.* FROM (
		SELECT 'delete', 'planned', 6 AS step, m.group_id, m.user_id, p.source_id, p.label || ' in ' || s.name
		FROM synced s
		JOIN memberships m ON m.group_id = s.id
		JOIN people p ON p.user_id = m.user_id
		WHERE NOT EXISTS (SELECT 1 FROM wanted w WHERE w.group_id = m.group_id AND w.user_id = m.user_id)
		UNION ALL
		SELECT 'create', 'planned', 7, w.group_id, w.user_id, w.source_id, w.label || ' in ' || w.name
		FROM wanted w
		WHERE NOT EXISTS (SELECT 1 FROM memberships m WHERE m.group_id = w.group_id AND m.user_id = w.user_id)
	) p
	ORDER BY p.step, p.group_id, p.user_id`

// insertMembershipsGone plans that the memberships of the groups end that are deleted, also of people who
// are out ($1 run, $2 connection, $3 account).
const insertMembershipsGone = `
	INSERT INTO changes (account_id, run_id, subject, source, action, outcome, step, group_id, user_id, source_id, label)
	SELECT $3::uuid, $1::uuid, 'membership', 'directory_sync', 'delete', 'planned', 6, m.group_id, m.user_id, l.source_id,
	       CASE WHEN u.first_name || u.last_name = '' THEN u.email ELSE u.first_name || ' ' || u.last_name END || ' in ' || c.label
	FROM changes c
	JOIN memberships m ON m.group_id = c.group_id
	JOIN users u ON u.id = m.user_id
	LEFT JOIN links l ON l.connection_id = $2 AND l.user_id = u.id
	WHERE c.run_id = $1 AND c.step = 8
	ORDER BY m.group_id, m.user_id`

// planGroups plans groups and memberships, for which it must be known what becomes of the people.
func (p *planner) planGroups(ctx context.Context) error {
	if err := planForManyRows(ctx, p.tx); err != nil {
		return err
	}
	groups, err := p.insertChanges(ctx, insertGroupChanges)
	if err != nil {
		return err
	}
	var synced bool
	if err := p.tx.GetContext(ctx, &synced, `SELECT EXISTS (SELECT 1 FROM staged_groups WHERE run_id = $1 AND synced)`, p.run.ID); err != nil {
		return err
	}
	if synced {
		memberships, err := p.insertChanges(ctx, insertMembershipChanges)
		if err != nil {
			return err
		}
		p.planned += memberships
	}
	if groups > 0 {
		memberships, err := p.insertChanges(ctx, insertMembershipsGone)
		if err != nil {
			return err
		}
		p.planned += memberships
	}
	p.planned += groups
	p.heartbeat(p.done)
	return nil
}

func (p *planner) insertChanges(ctx context.Context, query string) (int, error) {
	result, err := p.tx.ExecContext(ctx, query, p.run.ID, p.run.ConnectionID, p.run.AccountID)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

package store

import (
	"context"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// insertRoleChanges plans the roles and organizations that follow from groups ($1 run, $2 connection, $3
// account, $4 whether it is a preview), in one change of each user, and one error of each for whom it
// cannot be told. Only people count who are linked, or will be, and in when the plan is applied. Of who has
// already what a rule gives, a change without a before has that noted; a preview has none of these. It
// says how many changes there are, and of how many people with a record nothing else is planned. Who
// becomes a super admin comes first, so that they are there before another one goes.
const insertRoleChanges = `
	WITH mappings AS MATERIALIZED (
		SELECT account_id, settings->'role_mappings' AS role_mappings, settings->'organization_mappings' AS organization_mappings FROM runs WHERE id = $1
	), rules AS MATERIALIZED (` + selectRules + `
	), rule_groups AS MATERIALIZED (
		SELECT DISTINCT r.group_id, s.name, coalesce(s.everyone, false) AS everyone, (s.members_done AND s.problem IS NULL) IS NOT TRUE AS unread
		FROM rules r LEFT JOIN staged_groups s ON s.run_id = $1 AND s.source_id = r.group_id
	), decided AS MATERIALIZED (
		SELECT user_id, source_id, step, action, label, after->>'status' AS status FROM changes
		WHERE run_id = $1 AND subject = 'user' AND step <= 4 AND user_id IS NOT NULL
	), people AS MATERIALIZED (
		SELECT l.source_id, u.id AS user_id, CASE WHEN d.step > 0 THEN d.label ELSE ` + userLabel + ` END AS label,
		       u.role_id, u.role_mapped, u.organization_id, u.organization_mapped, d.user_id IS NOT NULL AS decided
		FROM links l
		JOIN users u ON u.id = l.user_id
		LEFT JOIN decided d ON d.user_id = u.id
		WHERE l.connection_id = $2 AND coalesce(d.status, u.status) IN ('invited', 'active', 'awaiting_licence')
		UNION ALL
		SELECT d.source_id, d.user_id, d.label, coalesce(u.role_id, '` + directory.RoleMember + `'), coalesce(u.role_mapped, false),
		       u.organization_id, coalesce(u.organization_mapped, false), true
		FROM decided d LEFT JOIN users u ON u.id = d.user_id
		WHERE d.action IN ('create', 'adopt') AND coalesce(d.status, u.status) IN ('invited', 'active', 'awaiting_licence')
	), group_members AS MATERIALIZED (
		SELECT p.user_id, g.group_id
		FROM rule_groups g
		JOIN staged_members m ON m.run_id = $1 AND m.group_id = g.group_id
		JOIN people p ON p.source_id = m.source_id
		WHERE NOT g.unread AND NOT g.everyone
		UNION ALL
		SELECT p.user_id, g.group_id FROM rule_groups g JOIN people p ON g.everyone AND NOT g.unread
	), `

const finishRoleChanges = `, inserted AS (
		INSERT INTO changes (account_id, run_id, subject, source, action, outcome, step, user_id, source_id, label, before, after, problems)
		SELECT $3::uuid, $1::uuid, 'user', 'directory_sync', c.* FROM (
			SELECT 'update', 'planned', 10 AS step, o.user_id, p.source_id, o.label, o.before, o.after, NULL::jsonb
			FROM outcomes o JOIN people p ON p.user_id = o.user_id
			WHERE o.after IS NOT NULL AND NOT (o.before IS NULL AND $4)
			UNION ALL
			SELECT 'error', 'failed', 0, o.user_id, p.source_id, o.label, NULL, NULL, o.problems
			FROM outcomes o JOIN people p ON p.user_id = o.user_id
			WHERE o.problems IS NOT NULL
		) c
		ORDER BY c.step, c.after->>'role' IS NOT DISTINCT FROM '` + directory.RoleSuperAdmin + `' DESC, c.user_id
		RETURNING step, user_id, before
	)
	SELECT count(*), count(DISTINCT i.user_id) FILTER (WHERE s.source_id IS NOT NULL AND NOT p.decided AND (i.step = 0 OR i.before IS NOT NULL))
	FROM inserted i
	JOIN people p ON p.user_id = i.user_id
	LEFT JOIN staged_users s ON s.run_id = $1 AND s.source_id = p.source_id`

// planRoles plans the roles and organizations that follow from groups, for which it must be known
// what becomes of the people. Where no mapping gives anything, and none gave a role, there is nothing to do.
func (p *planner) planRoles(ctx context.Context) error {
	var mapped bool
	if err := p.tx.GetContext(ctx, &mapped, `
		SELECT EXISTS (SELECT 1 FROM runs WHERE id = $1 AND coalesce(settings->'role_mappings'->0, settings->'organization_mappings'->0) IS NOT NULL)
		    OR EXISTS (SELECT 1 FROM users WHERE account_id = $2 AND role_id <> 'member' AND role_mapped)`, p.run.ID, p.run.AccountID); err != nil || !mapped {
		return err
	}
	if err := planForManyRows(ctx, p.tx); err != nil {
		return err
	}
	var changes, otherwiseUnchanged int
	err := p.tx.QueryRowContext(ctx, insertRoleChanges+followRules("The next sync then heals it.")+finishRoleChanges,
		p.run.ID, p.run.ConnectionID, p.run.AccountID, p.run.Kind == directory.KindPreview).Scan(&changes, &otherwiseUnchanged)
	p.planned += changes
	p.unchanged -= otherwiseUnchanged
	p.heartbeat(p.done)
	return err
}

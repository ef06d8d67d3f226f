package store

import (
	"context"

	"github.com/rollcall-sync/rollcall/internal/reconcile"
)

// insertUndoneGroups plans how what the undone run did to groups is undone ($1 run, $2 connection, $3
// account): one that it created is deleted, one that it changed or deleted is again what it was, under its
// own id. One that is neither as it was before the run nor as it was after it is an error, as is one that
// it created and in which somebody is whom it did not put there.
const insertUndoneGroups = `
	INSERT INTO changes (account_id, run_id, subject, source, step, action, outcome, group_id, source_id, label, before, after, problems)
	WITH undone AS MATERIALIZED (` + undoneRun + `
	), done AS MATERIALIZED (
		SELECT c.group_id, c.source_id, c.label, c.action, c.before, c.after, g.id IS NOT NULL AS here,
		       jsonb_build_object('name', g.name, 'description', g.description, 'email', g.email) AS present
		FROM undone o
		JOIN changes c ON c.run_id = o.id AND c.subject = 'group' AND c.outcome = 'applied'
		LEFT JOIN groups g ON g.id = c.group_id AND g.account_id = $3
	), joined AS MATERIALIZED (
		SELECT DISTINCT m.group_id FROM done d
		JOIN memberships m ON m.group_id = d.group_id
		LEFT JOIN (
			SELECT c.group_id, c.user_id FROM undone o
			JOIN changes c ON c.run_id = o.id AND c.subject = 'membership' AND c.action = 'create' AND c.outcome = 'applied'
		) p ON p.group_id = m.group_id AND p.user_id = m.user_id
		WHERE d.action = 'create' AND p.user_id IS NULL
	), judged AS MATERIALIZED (
		SELECT d.*, CASE
			WHEN d.action = 'create' AND (d.present <> '{"description": "", "email": ""}' || d.after OR j.group_id IS NOT NULL)
				THEN 'was not deleted: it, or who is in it, was changed since the run.'
			WHEN d.action = 'update' AND NOT d.here THEN 'was not put back: it was deleted since the run.'
			WHEN d.action = 'update' AND NOT d.present @> d.after THEN 'was not put back: it was changed since the run.'
			WHEN d.action = 'delete' AND s.id IS NOT NULL THEN 'was not put back: it was created anew since the run.'
		END AS trouble
		FROM done d
		LEFT JOIN joined j ON j.group_id = d.group_id
		LEFT JOIN groups s ON s.connection_id = $2 AND s.source_id = d.source_id
		WHERE CASE d.action WHEN 'create' THEN d.here WHEN 'update' THEN NOT d.present @> d.before ELSE NOT d.here END
	)
	SELECT $3::uuid, $1::uuid, 'group', 'directory_sync', p.* FROM (
		SELECT 0, 'error', 'failed', group_id, source_id, label, NULL::jsonb, NULL::jsonb, jsonb_build_array(jsonb_build_object(
		       'code', '` + reconcile.CodeChangedSince + `', 'message', 'The group ' || label || ' ' || trouble,
		       'remedy', 'If it is still wrong, change it in the directory, then sync again.'))
		FROM judged WHERE trouble IS NOT NULL
		UNION ALL
		SELECT 5, 'create', 'planned', group_id, source_id, label, NULL, before, NULL FROM judged WHERE action = 'delete' AND trouble IS NULL
		UNION ALL
		SELECT 5, 'update', 'planned', group_id, source_id, coalesce(before->>'name', label), after, before, NULL
		FROM judged WHERE action = 'update' AND trouble IS NULL
		UNION ALL
		SELECT 8, 'delete', 'planned', group_id, source_id, label, after, NULL, NULL FROM judged WHERE action = 'create' AND trouble IS NULL
	) p`

// insertUndoneMemberships plans that memberships which the undone run began end, and that those which it
// ended begin again, of the users and groups who are here, or will be ($1 run, $2 connection, $3 account).
const insertUndoneMemberships = `
	INSERT INTO changes (account_id, run_id, subject, source, step, action, outcome, group_id, user_id, source_id, label)
	SELECT $3::uuid, $1::uuid, 'membership', 'directory_sync', p.* FROM (
		SELECT CASE c.action WHEN 'create' THEN 6 ELSE 7 END AS step, CASE c.action WHEN 'create' THEN 'delete' ELSE 'create' END,
		       'planned', c.group_id, c.user_id, c.source_id, c.label
		FROM (` + undoneRun + `) o
		JOIN changes c ON c.run_id = o.id AND c.subject = 'membership' AND c.outcome = 'applied'
		JOIN users u ON u.id = c.user_id AND u.account_id = $3
		JOIN (
			SELECT id FROM groups WHERE account_id = $3
			UNION ALL
			SELECT group_id FROM changes WHERE run_id = $1 AND step = 5 AND action = 'create'
		) g ON g.id = c.group_id
		LEFT JOIN memberships m ON m.group_id = c.group_id AND m.user_id = c.user_id
		WHERE (c.action = 'create') = (m.user_id IS NOT NULL)
	) p
	ORDER BY p.step, p.group_id, p.user_id`

// planUndoneGroups plans groups, then who is in them; planForManyRows is set.
func (u *undoPlanner) planUndoneGroups(ctx context.Context) error {
	for _, insert := range []string{insertUndoneGroups, insertUndoneMemberships} {
		planned, err := u.insertChanges(ctx, insert)
		if err != nil {
			return err
		}
		u.planned += planned
		u.heartbeat(u.done)
	}
	return nil
}

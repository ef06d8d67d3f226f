package store

import "context"

// selectNamed are the expressions from which it follows whom fields of type person name ($1 run, $2
// connection): of the people who are linked, or will be, and in when the plan is applied, what the
// staged records say and, of those without one, what is parked; and who that is, if somebody who is
// linked and in as well. Once the plan is applied they say so of what has become.
const selectNamed = `
	WITH targets AS MATERIALIZED (
		SELECT f.id, m->'sync_updates' = 'false' AS create_only
		FROM runs r
		CROSS JOIN jsonb_array_elements(r.settings->'mappings') m
		JOIN fields f ON f.account_id = r.account_id AND f.id = m->>'target' AND f.type = 'person'
		WHERE r.id = $1
	), planned AS MATERIALIZED (
		SELECT user_id, source_id, action, label, after->>'status' AS status, email_key, release FROM changes
		WHERE run_id = $1 AND subject = 'user' AND step BETWEEN 1 AND 4 AND outcome = 'planned'
	), people AS MATERIALIZED (
		SELECT l.source_id, u.id AS user_id, u.fields, CASE WHEN NOT coalesce(p.release, false) THEN coalesce(p.email_key, u.email_key) END AS email_key,
		       coalesce(p.label, CASE WHEN u.first_name || u.last_name = '' THEN u.email ELSE u.first_name || ' ' || u.last_name END) AS label,
		       false AS new
		FROM links l
		JOIN users u ON u.id = l.user_id
		LEFT JOIN planned p ON p.user_id = u.id
		WHERE l.connection_id = $2 AND coalesce(p.status, u.status) IN ('invited', 'active', 'awaiting_licence')
		UNION ALL
		SELECT p.source_id, p.user_id, coalesce(u.fields, '{}'), coalesce(p.email_key, u.email_key), p.label, true
		FROM planned p LEFT JOIN users u ON u.id = p.user_id
		WHERE p.action IN ('create', 'adopt') AND coalesce(p.status, u.status, 'invited') IN ('invited', 'active', 'awaiting_licence')
	), addresses AS MATERIALIZED (
		SELECT DISTINCT ON (email_key) email_key, user_id FROM people WHERE email_key IS NOT NULL ORDER BY email_key, user_id
	), named AS MATERIALIZED (
		SELECT p.user_id, t.id AS field_id, nullif(s.people->>t.id, '') AS reference
		FROM people p
		JOIN staged_users s ON s.run_id = $1 AND s.source_id = p.source_id
		JOIN targets t ON s.people ? t.id
		WHERE p.new OR NOT t.create_only
		UNION ALL
		SELECT p.user_id, t.id, k.reference
		FROM parked_people k
		JOIN people p ON p.user_id = k.user_id
		JOIN targets t ON t.id = k.field_id
		WHERE k.connection_id = $2 AND NOT t.create_only
		  AND NOT EXISTS (SELECT 1 FROM staged_users s WHERE s.run_id = $1 AND s.source_id = p.source_id)
	), resolved AS MATERIALIZED (
		SELECT n.user_id, n.field_id, n.reference, coalesce(m.user_id, a.user_id)::text AS person
		FROM named n
		LEFT JOIN people m ON m.source_id = n.reference
		LEFT JOIN addresses a ON a.email_key = n.reference
	)`

// insertPeopleChanges plans whom fields of type person name from now on ($3 account), in one change
// of each user. It starts from no version of the user, who may be created or changed by the plan.
const insertPeopleChanges = `
	INSERT INTO changes (account_id, run_id, subject, source, action, outcome, step, user_id, source_id, label, before, after)` + selectNamed + `
	SELECT $3::uuid, $1::uuid, 'user', 'directory_sync', 'update', 'planned', 9, p.user_id, p.source_id, p.label,
	       jsonb_build_object('fields', jsonb_object_agg(r.field_id, p.fields->r.field_id)),
	       jsonb_build_object('fields', jsonb_object_agg(r.field_id, r.person))
	FROM resolved r
	JOIN people p ON p.user_id = r.user_id
	WHERE p.fields->>r.field_id IS DISTINCT FROM r.person
	GROUP BY p.user_id, p.source_id, p.label
	ORDER BY p.user_id`

// planPeople plans whom fields of type person name, for which it must be known what becomes of the
// people.
func (p *planner) planPeople(ctx context.Context) error {
	if named, err := p.run.namesPeople(ctx, p.tx); err != nil || !named {
		return err
	}
	changes, err := p.insertChanges(ctx, insertPeopleChanges)
	p.planned += changes
	return err
}

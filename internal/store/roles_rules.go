package store

import (
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
)

// The mappings of groups to roles and organizations, as SQL that the runs and SCIM have in common. A
// statement has these CTEs, in this order:
//
//	mappings      one row (account_id, role_mappings, organization_mappings), the two lists as jsonb
//	rules         = selectRules
//	rule_groups   of the groups in rules (group_id text, name, unread): unread: nobody knows who is in it
//	people        who is linked and in (user_id, label, role_id, role_mapped, organization_id, organization_mapped)
//	group_members (user_id, group_id text): who of them is in a group in rules
//	…             = followRules
//	outcomes      what follows, see there

// selectRules are the rules in mappings, in their order (place) among those of one kind, which is role
// or organization. target is what a rule gives: what has the id that it names or, when that is gone, what
// has the name; NULL when there is none. What every account has is never gone, so it takes nobody's place.
const selectRules = `
	SELECT m.kind, m.place, m.group_id, m.target_name, t.id AS target
	FROM mappings s
	CROSS JOIN LATERAL (
		SELECT 'role' AS kind, place, m->>'group_id' AS group_id, m->>'role_id' AS target_id, m->>'role_name' AS target_name
		FROM jsonb_array_elements(CASE WHEN jsonb_typeof(s.role_mappings) = 'array' THEN s.role_mappings ELSE '[]' END) WITH ORDINALITY AS r (m, place)
		UNION ALL
		SELECT 'organization', place, m->>'group_id', m->>'organization_id', m->>'organization_name'
		FROM jsonb_array_elements(CASE WHEN jsonb_typeof(s.organization_mappings) = 'array' THEN s.organization_mappings ELSE '[]' END) WITH ORDINALITY AS r (m, place)
	) m
	LEFT JOIN LATERAL (
		SELECT id FROM (
			SELECT 'role' AS kind, id, name, built_in FROM roles WHERE account_id = s.account_id
			UNION ALL
			SELECT 'organization', id, name, built_in FROM organizations WHERE account_id = s.account_id
		) n
		WHERE n.kind = m.kind AND (n.id = m.target_id OR NOT n.built_in AND lower(n.name) = lower(m.target_name))
		ORDER BY n.id = m.target_id DESC, n.name = m.target_name DESC, n.id LIMIT 1
	) t ON true`

// followRules ends in outcomes: of each of the people for whom something follows from the rules, the
// row (user_id, label, before, after, problems).
//
// The first rule of a kind whose group somebody is in holds, unless a group whose people are unknown
// comes before it. Who is in none of the groups any more loses what a rule gave them: they become a
// member, and belong to no organization. Of a role that no rule gives any more it is unknown whether
// they should have it, which is a problem; an organization just stays. Mappings neither give nor take the
// account owner's role, and what nobody's group decides about stays.
//
// before and after are snapshots of what is to change. before is NULL when nothing does: then after
// is what they have already, of which it is only to be noted that a rule gives it (see writeMapped).
// after is NULL when there is nothing to write. problems, a list, is NULL when there are none.
//
// heals says when a problem is gone once its remedy was applied.
func followRules(heals string) string {
	return `
	matched AS MATERIALIZED (
		SELECT m.user_id, r.kind, min(r.place) AS place FROM group_members m JOIN rules r ON r.group_id = m.group_id GROUP BY m.user_id, r.kind
	), standing AS (
		SELECT user_id, label, 'role' AS kind, role_id AS present, role_mapped AS mapped, '` + directory.RoleMember + `' AS otherwise, ` + givenOfKind("role", "role_id") + `
		FROM people WHERE role_id <> '` + directory.RoleAccountOwner + `' AND (role_mapped OR EXISTS (SELECT 1 FROM rules WHERE kind = 'role'))
		UNION ALL
		SELECT user_id, label, 'organization', coalesce(organization_id, ''), organization_mapped, '', ` + givenOfKind("organization", "organization_id") + `
		FROM people WHERE EXISTS (SELECT 1 FROM rules WHERE kind = 'organization')
	), verdicts AS (
		SELECT s.user_id, s.label, s.kind, s.present, CASE WHEN m.place IS NOT NULL THEN r.target WHEN s.given THEN s.otherwise END AS next,
		       r.target_name, r.group_id
		FROM standing s
		LEFT JOIN matched m ON m.user_id = s.user_id AND m.kind = s.kind
		LEFT JOIN rules r ON r.kind = m.kind AND r.place = m.place
		WHERE (s.unread IS NULL OR m.place < s.unread) AND CASE WHEN m.place IS NOT NULL
		      THEN r.target IS DISTINCT FROM s.present OR NOT s.mapped AND s.present <> s.otherwise
		      ELSE s.mapped AND s.present <> s.otherwise AND (s.kind = 'role' OR s.given) END
	), outcomes AS MATERIALIZED (
		SELECT v.user_id, v.label, jsonb_object_agg(v.kind, v.present) FILTER (WHERE v.next <> v.present) AS before,
		       coalesce(jsonb_object_agg(v.kind, v.next) FILTER (WHERE v.next <> v.present),
		                jsonb_object_agg(v.kind, v.next) FILTER (WHERE v.next IS NOT NULL)) AS after,
		       jsonb_object_agg(v.kind, v.next) FILTER (WHERE v.next IS NOT NULL) AS held,
		       jsonb_agg(` + ruleProblem(heals) + ` ORDER BY v.kind DESC) FILTER (WHERE v.next IS NULL) AS problems
		FROM verdicts v
		LEFT JOIN rule_groups g ON g.group_id = v.group_id
		LEFT JOIN mappings s ON v.next IS NULL
		LEFT JOIN roles t ON t.account_id = s.account_id AND t.id = v.present
		GROUP BY v.user_id, v.label
	)`
}

// givenOfKind are the columns given, whether a rule of a kind gives what is in a column, and unread, the
// place of the first rule of the kind whose people are unknown.
func givenOfKind(kind, column string) string {
	return column + ` IN (SELECT target FROM rules WHERE kind = '` + kind + `' AND target IS NOT NULL) AS given,
		       (SELECT min(r.place) FROM rules r JOIN rule_groups g ON g.group_id = r.group_id WHERE r.kind = '` + kind + `' AND g.unread) AS unread`
}

// ruleProblem is why a verdict v has nothing next: what its rule gives is gone, or the rule that gave
// the role t.
func ruleProblem(heals string) string {
	return `CASE
		WHEN v.group_id IS NULL THEN jsonb_build_object('code', '` + reconcile.CodeRoleNotUpdated + `',
			'message', format('Unable to update user''s role: the mapping that gave %s the role ''%s'' was deleted.', v.label, t.name),
			'remedy', 'Map a group to the role again, or give the user a role by hand (PATCH /v1/users/{id}).')
		WHEN v.kind = 'role' THEN jsonb_build_object('code', '` + reconcile.CodeRoleNotUpdated + `',
			'message', format('Unable to update user''s role: %s should have the role ''%s'', for being in the group ''%s'', but the account has no such role any more.',
			                  v.label, v.target_name, coalesce(g.name, v.group_id)),
			'remedy', format('Create a role named ''%s'', or map the group to another role. ` + heals + `', v.target_name))
		ELSE jsonb_build_object('code', '` + reconcile.CodeOrganizationNotMoved + `',
			'message', format('Unable to move existing user to an organization: %s should belong to ''%s'', for being in the group ''%s'', but the account has no such organization any more.',
			                  v.label, v.target_name, coalesce(g.name, v.group_id)),
			'remedy', format('Create an organization and map the group to it, or create one whose name matches the mapping: ''%s''. ` + heals + `', v.target_name))
		END`
}

// writeMapped sets, in an UPDATE of users u, what an after w.after of outcomes says. Somebody without a
// role or an organization of their own has none from a mapping.
const writeMapped = `
	role_id = coalesce(w.after->>'role', u.role_id),
	role_mapped = CASE WHEN w.after ? 'role' THEN w.after->>'role' <> '` + directory.RoleMember + `' ELSE u.role_mapped END,
	organization_id = CASE WHEN w.after ? 'organization' THEN nullif(w.after->>'organization', '') ELSE u.organization_id END,
	organization_mapped = CASE WHEN w.after ? 'organization' THEN w.after->>'organization' <> '' ELSE u.organization_mapped END`

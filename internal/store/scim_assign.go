package store

import (
	"context"
	"slices"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// assignMapped gives users of the account the roles and organizations that follow from the pushed groups
// they are in. It leaves a change for each of them who has others now, or cannot have them, and tells the
// admins of errors and of who is no admin any more. Where SCIM is off, or nothing mapped, it does nothing. The
// transaction holds the account.
func assignMapped(ctx context.Context, tx *sqlx.Tx, accountID string, userIDs []string) error {
	if len(userIDs) == 0 {
		return nil
	}
	return assign(ctx, tx, accountID, userIDs)
}

// assign is assignMapped for one user, who may have another version then.
func (u *SCIMUser) assign(ctx context.Context, tx *sqlx.Tx, accountID string) error {
	if err := assignMapped(ctx, tx, accountID, []string{u.ID}); err != nil {
		return err
	}
	return tx.QueryRowxContext(ctx, `SELECT version, updated_at FROM users WHERE id = $1`, u.ID).Scan(&u.Version, &u.UpdatedAt)
}

// assignAllMapped is assignMapped for all users of the account.
func assignAllMapped(ctx context.Context, tx *sqlx.Tx, accountID string) error {
	return assign(ctx, tx, accountID, nil)
}

// assignNamed is assignMapped for those who may have waited for a role or an organization, as kind says,
// which has just been made.
func assignNamed(ctx context.Context, tx *sqlx.Tx, accountID, kind, id string) error {
	var waiting []string
	if err := tx.SelectContext(ctx, &waiting, `
		WITH mappings AS (`+selectSCIMMappings+`), rules AS (`+selectRules+`)
		SELECT DISTINCT m.user_id FROM rules r JOIN memberships m ON m.group_id = r.group_id::uuid
		WHERE r.kind = $2 AND r.target = $3`, accountID, kind, id); err != nil {
		return err
	}
	return assignMapped(ctx, tx, accountID, waiting)
}

// assign takes super admins one by one, after all others: who is the last one keeps the role.
func assign(ctx context.Context, tx *sqlx.Tx, accountID string, userIDs pq.StringArray) error {
	var mapped bool
	if err := tx.GetContext(ctx, &mapped, `SELECT EXISTS (`+selectSCIMMappings+`)`, accountID); err != nil || !mapped {
		return err
	}
	var admins []directory.User
	if err := tx.SelectContext(ctx, &admins, `
		SELECT `+userColumns+` FROM users
		WHERE account_id = $1 AND role_id IN ('super_admin', 'user_admin') AND ($2::uuid[] IS NULL OR id = ANY($2)) ORDER BY id`,
		accountID, userIDs); err != nil {
		return err
	}
	var supers []directory.User
	apart := pq.StringArray{}
	for _, admin := range admins {
		if admin.RoleID == directory.RoleSuperAdmin && admin.Status == directory.Active {
			supers, apart = append(supers, admin), append(apart, admin.ID)
		}
	}
	problems, err := followMapped(ctx, tx, accountID, userIDs, apart)
	if err != nil {
		return err
	}
	for _, admin := range supers {
		found, err := followAsAdmin(ctx, tx, admin)
		if err != nil {
			return err
		}
		problems = append(problems, found...)
	}
	if err := noticeDemoted(ctx, tx, accountID, admins, "a mapping of SCIM groups"); err != nil {
		return err
	}
	return noticeSCIMErrors(ctx, tx, accountID, problems)
}

// followAsAdmin is followMapped for a super admin, who stays one where nobody else would be.
func followAsAdmin(ctx context.Context, tx *sqlx.Tx, admin directory.User) (directory.Problems, error) {
	if _, err := tx.ExecContext(ctx, `SAVEPOINT admin`); err != nil {
		return nil, err
	}
	problems, err := followMapped(ctx, tx, admin.AccountID, pq.StringArray{admin.ID}, pq.StringArray{})
	if refused, ok := refusedRow(err); !ok || refused.Constraint != "users_last_admin" {
		return problems, err
	}
	if _, err := tx.ExecContext(ctx, `ROLLBACK TO SAVEPOINT admin`); err != nil {
		return nil, err
	}
	problems = directory.Problems{{
		Code:    CodeLastAdmin,
		Message: admin.Name() + " is the last account owner or super admin and was kept.",
		Remedy:  "Make somebody else account owner or super admin, then save the mappings again (PUT /v1/scim/mappings).",
	}}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO changes (account_id, user_id, label, source, action, outcome, problems) VALUES ($1, $2, $3, 'scim', 'error', 'failed', $4)`,
		admin.AccountID, admin.ID, admin.Name(), problems)
	return problems, err
}

// selectSCIMMappings are the mappings of account $1, if it has any and SCIM is on.
const selectSCIMMappings = `
	SELECT m.account_id, m.role_mappings, m.organization_mappings
	FROM scim_mappings m JOIN accounts a ON a.id = m.account_id AND a.provisioning = 'scim' WHERE m.account_id = $1`

// followMapped does for the users, or all if nil, but those apart, what assignMapped does, and returns a
// problem of each kind that there was.
func followMapped(ctx context.Context, tx *sqlx.Tx, accountID string, userIDs, apart pq.StringArray) (directory.Problems, error) {
	var problems []directory.Problems
	err := tx.SelectContext(ctx, &problems, `
		WITH mappings AS (`+selectSCIMMappings+`), rules AS MATERIALIZED (`+selectRules+`),
		rule_groups AS (
			SELECT r.group_id, g.name, false AS unread FROM (SELECT DISTINCT group_id FROM rules) r
			LEFT JOIN groups g ON g.account_id = $1 AND g.id = r.group_id::uuid AND g.source = 'scim'
		), people AS MATERIALIZED (
			SELECT u.id AS user_id, `+userLabel+` AS label, u.role_id, u.role_mapped, u.organization_id, u.organization_mapped
			FROM users u JOIN scim_users s ON s.user_id = u.id AND s.gone_at IS NULL
			WHERE u.account_id = $1 AND u.status IN ('invited', 'active', 'awaiting_licence')
			  AND ($2::uuid[] IS NULL OR u.id = ANY($2)) AND u.id <> ALL($3::uuid[])
		), group_members AS (
			SELECT p.user_id, m.group_id::text FROM people p JOIN memberships m ON m.user_id = p.user_id
		), `+followRules("Either heals it at once.")+`, written AS (
			UPDATE users u SET `+writeMapped+` FROM (SELECT user_id, held AS after FROM outcomes WHERE held IS NOT NULL) w WHERE u.id = w.user_id AND u.account_id = $1
		), logged AS (
			INSERT INTO changes (account_id, user_id, label, source, action, before, after, outcome, problems)
			SELECT $1, user_id, label, 'scim', CASE WHEN before IS NULL THEN 'error' ELSE 'update' END, before,
			       CASE WHEN before IS NOT NULL THEN after END, CASE WHEN before IS NULL THEN 'failed' ELSE 'applied' END, problems
			FROM outcomes WHERE before IS NOT NULL OR problems IS NOT NULL
		)
		SELECT DISTINCT ON (p->>'code') jsonb_build_array(p) FROM outcomes CROSS JOIN LATERAL jsonb_array_elements(problems) p
		ORDER BY p->>'code', user_id`, accountID, userIDs, apart)
	return slices.Concat(problems...), err
}

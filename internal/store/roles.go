package store

import (
	"context"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// Role is a role that users of an account can have.
type Role struct {
	ID      string `db:"id"`
	Name    string `db:"name"`
	BuiltIn bool   `db:"built_in"`
}

func builtInRoles() []Role {
	return []Role{
		{ID: directory.RoleAccountOwner, Name: "Account owner"},
		{ID: directory.RoleSuperAdmin, Name: "Super admin"},
		{ID: directory.RoleUserAdmin, Name: "User admin"},
		{ID: directory.RoleMember, Name: "Member"},
	}
}

func createBuiltInRoles(ctx context.Context, tx *sqlx.Tx, accountID string) error {
	for _, r := range builtInRoles() {
		if _, err := tx.ExecContext(ctx, `INSERT INTO roles (account_id, id, name, built_in) VALUES ($1, $2, $3, true)`, accountID, r.ID, r.Name); err != nil {
			return err
		}
	}
	return nil
}

// Roles are an account's roles, the built-in ones first.
func (s *Store) Roles(ctx context.Context, accountID string) ([]Role, error) {
	var roles []Role
	err := s.db.SelectContext(ctx, &roles, `
		SELECT id, name, built_in FROM roles WHERE account_id = $1 ORDER BY built_in DESC, name`, accountID)
	return roles, wrap("list roles", found("account", err))
}

// CreateRole makes a role, whose id follows from its name. Whom a mapping of pushed groups would have given
// one of this name has it at once.
func (s *Store) CreateRole(ctx context.Context, accountID, name string) (Role, error) {
	var role Role
	err := s.createNamed(ctx, "role", accountID, name, func(tx *sqlx.Tx, id, name string) error {
		if err := tx.GetContext(ctx, &role, `
			INSERT INTO roles (account_id, id, name) VALUES ($1, $2, $3) RETURNING id, name, built_in`, accountID, id, name); err != nil {
			return err
		}
		return assignNamed(ctx, tx, accountID, "role", id)
	})
	return role, err
}

// DeleteRole removes a role; its users become members, with a change each. A built-in role is the conflict
// "role_built_in", one that a token has which is in force "role_in_use".
func (s *Store) DeleteRole(ctx context.Context, accountID, id string) error {
	return s.inTx(ctx, "delete role", func(tx *sqlx.Tx) error {
		if err := lockAccount(ctx, tx, accountID); err != nil {
			return err
		}
		var builtIn bool
		err := tx.GetContext(ctx, &builtIn, `SELECT built_in FROM roles WHERE account_id = $1 AND id = $2 FOR UPDATE`, accountID, id)
		if err != nil {
			return found("role", err)
		}
		if builtIn {
			return directory.Conflict("role_built_in", "Every account has this role; it cannot be deleted.")
		}
		if _, err := tx.ExecContext(ctx, `
			UPDATE api_tokens SET role_id = 'member' WHERE account_id = $1 AND role_id = $2 AND revoked_at IS NOT NULL`, accountID, id); err != nil {
			return err
		}
		var moved []string
		member := directory.RoleMember
		if err := tx.SelectContext(ctx, &moved, `
			WITH moved AS (
				UPDATE users u SET role_id = 'member' WHERE account_id = $1 AND role_id = $2 RETURNING id, `+userLabel+` AS label
			)`+logTakenAway, accountID, id, directory.Snapshot{Role: &id}, directory.Snapshot{Role: &member}); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM roles WHERE account_id = $1 AND id = $2`, accountID, id); err != nil {
			return err
		}
		return assignMapped(ctx, tx, accountID, moved)
	})
}

// logTakenAway leaves a change for each user in moved, who had what is deleted, from parameter $3 to $4, and
// is their ids.
const logTakenAway = `
	INSERT INTO changes (account_id, user_id, label, source, action, before, after, outcome)
	SELECT $1, id, label, 'admin', 'update', $3, $4, 'applied' FROM moved RETURNING user_id`

// createNamed makes a role or an organization: it finds an id for the name and has it inserted.
func (s *Store) createNamed(ctx context.Context, noun, accountID, name string, insert func(tx *sqlx.Tx, id, name string) error) error {
	name = strings.TrimSpace(name)
	if name == "" {
		return directory.Invalid(noun+"_invalid", "The "+noun+" needs a name.", directory.FieldError{Field: "name", Message: "Give the " + noun + " a name."})
	}
	return s.inTx(ctx, "create "+noun, func(tx *sqlx.Tx) error {
		if err := lockAccount(ctx, tx, accountID); err != nil {
			return err
		}
		var taken []string
		if err := tx.SelectContext(ctx, &taken, selectTaken(noun), accountID, name); err != nil {
			return err
		}
		return insert(tx, slug(name, taken), name)
	})
}

// selectTaken are the ids of the roles or the organizations, as noun says, of account $1, and those in its
// mappings of what is not called $2: that one is gone, and nothing else is to take its place.
func selectTaken(noun string) string {
	return `
	SELECT id FROM ` + noun + `s WHERE account_id = $1
	UNION
	SELECT m->>'` + noun + `_id' FROM (
		SELECT settings->'` + noun + `_mappings' AS list FROM configurations WHERE account_id = $1
		UNION ALL
		SELECT ` + noun + `_mappings FROM scim_mappings WHERE account_id = $1
	) s CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(s.list) = 'array' THEN s.list ELSE '[]' END) m
	WHERE lower(m->>'` + noun + `_name') IS DISTINCT FROM lower($2)`
}

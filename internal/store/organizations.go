package store

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// Organization is a part of an account that users can belong to.
type Organization struct {
	ID   string `db:"id"`
	Name string `db:"name"`
}

func createBuiltInOrganization(ctx context.Context, tx *sqlx.Tx, accountID string) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO organizations (account_id, id, name, built_in) VALUES ($1, $2, 'All organizations', true)`, accountID, directory.AllOrganizations)
	return err
}

// Organizations are an account's own organizations by name.
func (s *Store) Organizations(ctx context.Context, accountID string) ([]Organization, error) {
	var organizations []Organization
	err := s.db.SelectContext(ctx, &organizations, `SELECT id, name FROM organizations WHERE account_id = $1 AND NOT built_in ORDER BY name`, accountID)
	return organizations, wrap("list organizations", found("account", err))
}

// CreateOrganization makes an organization, whose id follows from its name. Whom a mapping of pushed groups
// would have put into one of this name belongs to it at once.
func (s *Store) CreateOrganization(ctx context.Context, accountID, name string) (Organization, error) {
	var organization Organization
	err := s.createNamed(ctx, "organization", accountID, name, func(tx *sqlx.Tx, id, name string) error {
		if err := tx.GetContext(ctx, &organization, `
			INSERT INTO organizations (account_id, id, name) VALUES ($1, $2, $3) RETURNING id, name`, accountID, id, name); err != nil {
			return err
		}
		return assignNamed(ctx, tx, accountID, "organization", id)
	})
	return organization, err
}

// DeleteOrganization removes an organization; its users belong to none then, with a change each. The one
// of those who belong to all is the conflict "organization_built_in".
func (s *Store) DeleteOrganization(ctx context.Context, accountID, id string) error {
	return s.inTx(ctx, "delete organization", func(tx *sqlx.Tx) error {
		if err := lockAccount(ctx, tx, accountID); err != nil {
			return err
		}
		var builtIn bool
		err := tx.GetContext(ctx, &builtIn, `SELECT built_in FROM organizations WHERE account_id = $1 AND id = $2 FOR UPDATE`, accountID, id)
		if err != nil {
			return found("organization", err)
		}
		if builtIn {
			return directory.Conflict("organization_built_in", "Every account has this organization, of those who belong to all; it cannot be deleted.")
		}
		var moved []string
		none := ""
		if err := tx.SelectContext(ctx, &moved, `
			WITH moved AS (
				UPDATE users u SET organization_id = NULL WHERE account_id = $1 AND organization_id = $2 RETURNING id, `+userLabel+` AS label
			)`+logTakenAway, accountID, id, directory.Snapshot{Organization: &id}, directory.Snapshot{Organization: &none}); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM organizations WHERE account_id = $1 AND id = $2`, accountID, id); err != nil {
			return err
		}
		return assignMapped(ctx, tx, accountID, moved)
	})
}

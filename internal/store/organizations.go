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

// CreateOrganization makes an organization, whose id follows from its name.
func (s *Store) CreateOrganization(ctx context.Context, accountID, name string) (Organization, error) {
	var organization Organization
	err := s.createNamed(ctx, "organization", accountID, name, func(tx *sqlx.Tx, id, name string) error {
		return tx.GetContext(ctx, &organization, `
			INSERT INTO organizations (account_id, id, name) VALUES ($1, $2, $3) RETURNING id, name`, accountID, id, name)
	}, `SELECT id FROM organizations WHERE account_id = $1`)
	return organization, err
}

// DeleteOrganization removes an organization. One that a user belongs to stays.
func (s *Store) DeleteOrganization(ctx context.Context, accountID, id string) error {
	result, err := s.db.ExecContext(ctx, `DELETE FROM organizations WHERE account_id = $1 AND id = $2`, accountID, id)
	return wrap("delete organization", changed("organization", result, err))
}

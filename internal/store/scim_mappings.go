package store

import (
	"context"
	"encoding/json"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// SCIMMappings are the mappings of the groups that SCIM clients push, which decide whenever SCIM is on.
func (s *Store) SCIMMappings(ctx context.Context, accountID string) (directory.SCIMMappings, error) {
	var mappings directory.SCIMMappings
	var row struct {
		Roles         []byte `db:"roles"`
		Organizations []byte `db:"organizations"`
	}
	if err := s.db.GetContext(ctx, &row, `
		SELECT coalesce(m.role_mappings, '[]') AS roles, coalesce(m.organization_mappings, '[]') AS organizations
		FROM accounts a LEFT JOIN scim_mappings m ON m.account_id = a.id WHERE a.id = $1`, accountID); err != nil {
		return mappings, wrap("load SCIM mappings", found("account", err))
	}
	if err := json.Unmarshal(row.Roles, &mappings.Roles); err != nil {
		return mappings, wrap("decode role mappings", err)
	}
	return mappings, wrap("decode organization mappings", json.Unmarshal(row.Organizations, &mappings.Organizations))
}

// SaveSCIMMappings replaces the mappings of the groups that SCIM clients push. What follows from them for
// whoever is in the account is done at once, with a change each.
func (s *Store) SaveSCIMMappings(ctx context.Context, accountID string, mappings directory.SCIMMappings) error {
	roles, err := json.Marshal(mappings.Roles)
	if err != nil {
		return wrap("encode role mappings", err)
	}
	organizations, err := json.Marshal(mappings.Organizations)
	if err != nil {
		return wrap("encode organization mappings", err)
	}
	return s.inTx(ctx, "save SCIM mappings", func(tx *sqlx.Tx) error {
		if err := lockAccount(ctx, tx, accountID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `
			INSERT INTO scim_mappings (account_id, role_mappings, organization_mappings) VALUES ($1, $2, $3)
			ON CONFLICT (account_id) DO UPDATE SET role_mappings = excluded.role_mappings, organization_mappings = excluded.organization_mappings`,
			accountID, string(roles), string(organizations)); err != nil {
			return err
		}
		if err := assignAllMapped(ctx, tx, accountID); err != nil {
			return err
		}
		if len(mappings.Roles)+len(mappings.Organizations) > 0 {
			return nil
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM scim_mappings WHERE account_id = $1`, accountID)
		return err
	})
}

// SCIMGroupsWithin are those of ids that are of groups that SCIM clients pushed to the account.
func (s *Store) SCIMGroupsWithin(ctx context.Context, accountID string, ids []string) ([]string, error) {
	var known []string
	err := s.db.SelectContext(ctx, &known, `
		SELECT id FROM groups WHERE account_id = $1 AND id = ANY($2::uuid[]) AND source = 'scim'`, accountID, pq.StringArray(userIDs(ids)))
	return known, wrap("look up groups", found("account", err))
}

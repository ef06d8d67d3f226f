package store

import (
	"context"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

const fieldColumns = `id, account_id, name, type, system`

// reservedFieldIDs are the names of a user's other members in the API.
func reservedFieldIDs() []string {
	return []string{"id", "status", "fields", "role", "organization", "groups", "source"}
}

// Fields are the fields of an account's users, in the order in which they were made.
func (s *Store) Fields(ctx context.Context, accountID string) ([]directory.Field, error) {
	fields, err := loadFields(ctx, s.db, accountID)
	return fields, wrap("list fields", err)
}

func loadFields(ctx context.Context, db sqlx.QueryerContext, accountID string) ([]directory.Field, error) {
	var fields []directory.Field
	err := sqlx.SelectContext(ctx, db, &fields, `SELECT `+fieldColumns+` FROM fields WHERE account_id = $1 ORDER BY position`, accountID)
	return fields, found("account", err)
}

// CreateField makes a field, whose id follows from its name. A second field of one name, in any
// case, is a conflict.
func (s *Store) CreateField(ctx context.Context, accountID, name string, t directory.FieldType) (directory.Field, error) {
	defer s.signIns.forget()
	name = strings.TrimSpace(name)
	if name == "" {
		return directory.Field{}, directory.Invalid("field_invalid", "A field needs a name.", directory.FieldError{Field: "name", Message: "Give the field a name."})
	}
	if !slices.Contains(directory.FieldTypes(), t) {
		return directory.Field{}, directory.Invalid("field_invalid", "The type is none of the data types.", directory.FieldError{Field: "type", Message: "Use text, number, integer, boolean, date, datetime, email or person."})
	}
	var field directory.Field
	err := s.inTx(ctx, "create field", func(tx *sqlx.Tx) error {
		if err := lockAccount(ctx, tx, accountID); err != nil {
			return err
		}
		fields, err := loadFields(ctx, tx, accountID)
		if err != nil {
			return err
		}
		taken := reservedFieldIDs()
		for _, f := range fields {
			if strings.EqualFold(f.Name, name) {
				return directory.Conflict("field_exists", "There is a field of this name already.")
			}
			taken = append(taken, f.ID)
		}
		return tx.GetContext(ctx, &field, `
			INSERT INTO fields (account_id, id, name, type) VALUES ($1, $2, $3, $4) RETURNING `+fieldColumns,
			accountID, slug(name, taken), name, t)
	})
	return field, err
}

// DeleteField removes a field and its values. A system field and one that a configuration maps
// to stay.
func (s *Store) DeleteField(ctx context.Context, accountID, id string) error {
	defer s.signIns.forget()
	return s.inTx(ctx, "delete field", func(tx *sqlx.Tx) error {
		if err := lockAccount(ctx, tx, accountID); err != nil {
			return err
		}
		var state struct {
			System bool `db:"system"`
			Mapped bool `db:"mapped"`
		}
		err := tx.GetContext(ctx, &state, `
			SELECT f.system, EXISTS (
			       SELECT 1 FROM configurations c, jsonb_array_elements(c.settings->'mappings') m
			       WHERE c.account_id = f.account_id AND c.deleted_at IS NULL AND m->>'target' = f.id) AS mapped
			FROM fields f WHERE f.account_id = $1 AND f.id = $2`, accountID, id)
		if err != nil {
			return found("field", err)
		}
		if state.System {
			return directory.Conflict("field_system", "Every account has this field; it cannot be deleted.")
		}
		if state.Mapped {
			return directory.Conflict("field_in_use", "A directory sync configuration maps to this field. Remove it from the mapping first.")
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM fields WHERE account_id = $1 AND id = $2`, accountID, id); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE users SET fields = fields - $2::text WHERE account_id = $1 AND fields ? $2::text`, accountID, id); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE scim_users SET resource = CASE WHEN (resource->$2::text) - $3::text = '{}' THEN resource - $2::text ELSE resource #- ARRAY[$2::text, $3::text] END
			WHERE account_id = $1 AND (resource->$2::text) ? $3::text`, accountID, schema.AccountExtensionURN(accountID), id)
		return err
	})
}

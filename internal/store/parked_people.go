package store

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// namesPeople says whether the run's mapping has fields of type person.
func (r openRun) namesPeople(ctx context.Context, tx *sqlx.Tx) (bool, error) {
	var named bool
	err := tx.GetContext(ctx, &named, `
		SELECT EXISTS (
			SELECT 1 FROM runs r
			CROSS JOIN jsonb_array_elements(r.settings->'mappings') m
			JOIN fields f ON f.account_id = r.account_id AND f.id = m->>'target' AND f.type = 'person'
			WHERE r.id = $1)`, r.ID)
	return named, err
}

// selectNameless fills a table with what records, and what is parked, say of fields of type person,
// each with whether nobody is here whom it names.
const selectNameless = `
	CREATE TEMP TABLE nameless ON COMMIT DROP AS` + selectNamed + `
	SELECT user_id, field_id, reference FROM resolved WHERE reference IS NOT NULL AND person IS NULL`

// parkPeople brings who is parked, to be named by a field of somebody who is in, in line with what the
// run has read.
func parkPeople(ctx context.Context, tx *sqlx.Tx, run openRun) error {
	if named, err := run.namesPeople(ctx, tx); err != nil || !named {
		return err
	}
	if _, err := tx.ExecContext(ctx, selectNameless, run.ID, run.ConnectionID); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `
		DELETE FROM parked_people k USING users u
		WHERE k.connection_id = $1 AND u.id = k.user_id AND u.status IN ('invited', 'active', 'awaiting_licence')
		  AND NOT EXISTS (SELECT 1 FROM nameless n WHERE n.user_id = k.user_id AND n.field_id = k.field_id)`, run.ConnectionID); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO parked_people (user_id, field_id, connection_id, reference) SELECT user_id, field_id, $1, reference FROM nameless
		ON CONFLICT (user_id, field_id) DO UPDATE SET connection_id = excluded.connection_id, reference = excluded.reference`, run.ConnectionID)
	return err
}

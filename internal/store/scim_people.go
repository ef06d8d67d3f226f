package store

import (
	"context"
	"maps"
	"slices"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/scim"
)

// people are whom a client's user names by fields of type person, by the field's id.
func (c SCIMClient) people(fields directory.Values) map[string]string {
	named := map[string]string{}
	for _, field := range c.Fields {
		if reference, ok := fields[field.ID].(string); ok && field.Type == directory.Person {
			named[field.ID] = reference
		}
	}
	return named
}

func (c SCIMClient) namesPeople() bool {
	return slices.ContainsFunc(c.Fields, func(f directory.Field) bool { return f.Type == directory.Person })
}

// resolvePeople has fields of type person hold the ids of users whom clients see, whom the client names by
// id or externalId, and returns those names, by field, that are nobody's yet.
func resolvePeople(ctx context.Context, tx *sqlx.Tx, c SCIMClient, in *scim.User) (missing map[string]string, err error) {
	missing = c.people(in.Fields)
	if len(missing) == 0 {
		return nil, nil
	}
	var known []struct {
		ID         string  `db:"user_id"`
		ExternalID *string `db:"external_id"`
	}
	if err := tx.SelectContext(ctx, &known, `
		SELECT user_id, external_id FROM scim_users
		WHERE account_id = $1 AND gone_at IS NULL AND (user_id::text = ANY($2) OR external_id = ANY($2))`,
		c.AccountID, pq.StringArray(slices.Collect(maps.Values(missing)))); err != nil {
		return nil, err
	}
	in.Fields = maps.Clone(in.Fields)
	for field, reference := range missing {
		in.Fields[field] = nil
		for _, user := range known {
			if user.ID == reference || user.ExternalID != nil && *user.ExternalID == reference {
				in.Fields[field] = user.ID
				delete(missing, field)
				break
			}
		}
	}
	return missing, nil
}

// parkSCIMPeople remembers whom fields of a user are to name, once they arrive. What a SCIM client says is
// parked under the account's id, where what a directory says is under the connection's.
func parkSCIMPeople(ctx context.Context, tx *sqlx.Tx, accountID, userID string, missing map[string]string) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM parked_people WHERE user_id = $1 AND connection_id = $2`, userID, accountID); err != nil {
		return err
	}
	for field, reference := range missing {
		if _, err := tx.ExecContext(ctx, `
			INSERT INTO parked_people (user_id, field_id, connection_id, reference) VALUES ($1, $2, $3, $4)
			ON CONFLICT (user_id, field_id) DO UPDATE SET connection_id = excluded.connection_id, reference = excluded.reference`,
			userID, field, accountID, reference); err != nil {
			return err
		}
	}
	return nil
}

// namePeople has fields name users who have just arrived, where they were parked by id or externalId, and
// leaves a change for each user who has such a field. externalIDs are as many as userIDs, empty where one
// has none.
func namePeople(ctx context.Context, tx *sqlx.Tx, c SCIMClient, userIDs, externalIDs []string) error {
	if !c.namesPeople() {
		return nil
	}
	_, err := tx.ExecContext(ctx, `
		WITH arrived AS (
			SELECT id, id::text AS name FROM unnest($2::uuid[]) AS a (id)
			UNION ALL SELECT id, name FROM unnest($2::uuid[], $3::text[]) AS a (id, name) WHERE name <> ''
		), named AS (
			DELETE FROM parked_people p USING arrived a WHERE p.connection_id = $1 AND p.reference = a.name
			RETURNING p.user_id, p.field_id, a.id
		), gathered AS (
			SELECT user_id, jsonb_object_agg(field_id, id::text) AS fields FROM named GROUP BY user_id
		), moved AS (
			UPDATE users u SET fields = u.fields || g.fields FROM gathered g WHERE u.id = g.user_id AND u.account_id = $1
			RETURNING u.id, `+userLabel+` AS label, g.fields
		)
		INSERT INTO changes (account_id, user_id, label, source, action, before, after, outcome)
		SELECT $1, id, label, 'scim', 'update', '{}', jsonb_build_object('fields', fields), 'applied' FROM moved`,
		c.AccountID, pq.StringArray(userIDs), pq.StringArray(externalIDs))
	return err
}

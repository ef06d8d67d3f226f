package store

import (
	"context"
	"encoding/json"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const connectionColumns = `id, account_id, provider, state, tenant, secret, created_at`

// connectionRow is a connection as the database has it.
type connectionRow struct {
	directory.Connection
	TenantJSON []byte `db:"tenant"`
}

func (r connectionRow) connection() (directory.Connection, error) {
	if r.TenantJSON == nil {
		return r.Connection, nil
	}
	err := json.Unmarshal(r.TenantJSON, &r.Connection.Tenant)
	return r.Connection, err
}

func getConnection(ctx context.Context, db sqlx.QueryerContext, query string, args ...any) (directory.Connection, error) {
	var row connectionRow
	if err := sqlx.GetContext(ctx, db, &row, query, args...); err != nil {
		return directory.Connection{}, found("connection", err)
	}
	return row.connection()
}

// CreateConnection begins a connection that waits for consent.
func (s *Store) CreateConnection(ctx context.Context, accountID string, p directory.Provider) (directory.Connection, error) {
	connection, err := getConnection(ctx, s.db, `
		INSERT INTO connections (id, account_id, provider, state) SELECT $1, id, $3, 'pending' FROM accounts WHERE id = $2
		RETURNING `+connectionColumns, newID(), accountID, p)
	return connection, wrap("create connection", err)
}

// Connect notes which tenant a connection reads, and with which sealed credential, which replaces
// the one it had; nil for a provider that needs none. A connection never changes its tenant, and a
// revoked one stays revoked.
func (s *Store) Connect(ctx context.Context, accountID, id string, tenant directory.Tenant, secret []byte) (directory.Connection, error) {
	var connection directory.Connection
	err := s.inTx(ctx, "connect", func(tx *sqlx.Tx) error {
		before, err := getConnection(ctx, tx, `
			SELECT `+connectionColumns+` FROM connections WHERE account_id = $1 AND id = $2 FOR UPDATE`, accountID, id)
		switch {
		case err != nil:
			return err
		case before.State == directory.ConnectionRevoked:
			return connectionRevoked()
		case before.Tenant != nil && before.Tenant.ID != tenant.ID:
			return directory.Conflict(directory.CodeTenantChanged, "The connection belongs to another tenant. Make a new connection for this one.")
		}
		encoded, err := json.Marshal(tenant)
		if err != nil {
			return err
		}
		connection, err = getConnection(ctx, tx, `
			UPDATE connections SET state = 'connected', tenant = $2, secret = $3 WHERE id = $1 RETURNING `+connectionColumns, id, string(encoded), secret)
		return err
	})
	return connection, err
}

// Connection is one of an account's connections.
func (s *Store) Connection(ctx context.Context, accountID, id string) (directory.Connection, error) {
	connection, err := getConnection(ctx, s.db, `
		SELECT `+connectionColumns+` FROM connections WHERE account_id = $1 AND id = $2`, accountID, id)
	return connection, wrap("load connection", err)
}

// Connections are an account's connections, newest first.
func (s *Store) Connections(ctx context.Context, accountID string) ([]directory.Connection, error) {
	var rows []connectionRow
	err := s.db.SelectContext(ctx, &rows, `
		SELECT `+connectionColumns+` FROM connections WHERE account_id = $1 ORDER BY created_at DESC, id`, accountID)
	if err != nil {
		return nil, wrap("list connections", found("account", err))
	}
	connections := make([]directory.Connection, len(rows))
	for i, row := range rows {
		if connections[i], err = row.connection(); err != nil {
			return nil, wrap("read tenant", err)
		}
	}
	return connections, nil
}

// TenantShared says whether a connection of this installation, of whichever account and other than
// the one with the id except, is connected to a tenant of the provider with a secret of its own.
func (s *Store) TenantShared(ctx context.Context, p directory.Provider, tenantID, except string) (bool, error) {
	var shared bool
	err := s.db.GetContext(ctx, &shared, `
		SELECT EXISTS (SELECT 1 FROM connections
			WHERE provider = $1 AND tenant->>'id' = $2 AND id::text <> $3 AND state = 'connected' AND secret IS NOT NULL)`, p, tenantID, except)
	return shared, wrap("look for connections to tenant", err)
}

// RevokeConnection ends a connection and destroys its secret. One that a configuration reads is
// the conflict "connection_in_use". Revoking it again changes nothing.
func (s *Store) RevokeConnection(ctx context.Context, accountID, id string) error {
	return s.inTx(ctx, "revoke connection", func(tx *sqlx.Tx) error {
		if err := lockAccount(ctx, tx, accountID); err != nil {
			return err
		}
		var used bool
		err := tx.GetContext(ctx, &used, `
			SELECT EXISTS (SELECT 1 FROM configurations WHERE account_id = $1 AND connection_id = $2 AND deleted_at IS NULL)`, accountID, id)
		if err != nil {
			return found("connection", err)
		}
		if used {
			return directory.Conflict("connection_in_use", "A directory sync configuration reads this connection. Delete the configuration first.")
		}
		return destroyConnection(ctx, tx, accountID, id)
	})
}

// destroyConnection revokes a connection; its secret and the consents on their way to it go.
func destroyConnection(ctx context.Context, tx *sqlx.Tx, accountID, id string) error {
	result, err := tx.ExecContext(ctx, `
		UPDATE connections SET state = 'revoked', secret = NULL WHERE account_id = $1 AND id = $2`, accountID, id)
	if err := changed("connection", result, err); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM consents WHERE account_id = $1 AND connection_id = $2`, accountID, id)
	return err
}

func connectionRevoked() error {
	return gone("connection_revoked", "The connection was revoked. Connect again.")
}

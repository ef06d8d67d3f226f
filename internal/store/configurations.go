package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const selectConfiguration = `
	SELECT f.id, f.account_id, f.connection_id, c.provider, f.state, f.settings, f.next_run_at, f.created_at
	FROM configurations f JOIN connections c ON c.id = f.connection_id `

// LiveConfiguration names a configuration that is not deleted.
type LiveConfiguration struct {
	ID        string             `db:"id"`
	AccountID string             `db:"account_id"`
	Provider  directory.Provider `db:"provider"`
}

func getConfiguration(ctx context.Context, db sqlx.QueryerContext, condition string, args ...any) (directory.Configuration, error) {
	var configuration directory.Configuration
	err := sqlx.GetContext(ctx, db, &configuration, selectConfiguration+condition, args...)
	return configuration, found("configuration", err)
}

// CreateConfiguration makes a directory sync configuration of a connected connection and turns
// directory sync on for the account. While a provisioning service is on already it is the
// conflict "provisioning_in_use".
func (s *Store) CreateConfiguration(ctx context.Context, accountID, connectionID string, settings directory.Settings) (directory.Configuration, error) {
	var configuration directory.Configuration
	err := s.inTx(ctx, "create configuration", func(tx *sqlx.Tx) error {
		if err := startProvisioning(ctx, tx, accountID, directory.ProvisioningDirectorySync); err != nil {
			return err
		}
		connection, err := getConnection(ctx, tx, `
			SELECT `+connectionColumns+` FROM connections WHERE account_id = $1 AND id = $2 FOR SHARE`, accountID, connectionID)
		if err != nil {
			return err
		}
		if connection.State != directory.ConnectionConnected {
			return directory.Conflict("connection_not_connected", "The connection is not connected. Connect it first.")
		}
		id := newID()
		if _, err := tx.ExecContext(ctx, `
			INSERT INTO configurations (id, account_id, connection_id, settings) VALUES ($1, $2, $3, $4)`,
			id, accountID, connectionID, settings); err != nil {
			return err
		}
		configuration, err = getConfiguration(ctx, tx, `WHERE f.id = $1`, id)
		return err
	})
	if err != nil {
		return directory.Configuration{}, err
	}
	return configuration, nil
}

// Configurations are an account's configurations, newest first, without the deleted ones.
func (s *Store) Configurations(ctx context.Context, accountID string) ([]directory.Configuration, error) {
	var configurations []directory.Configuration
	err := s.db.SelectContext(ctx, &configurations, selectConfiguration+`
		WHERE f.account_id = $1 AND f.deleted_at IS NULL ORDER BY f.created_at DESC, f.id`, accountID)
	return configurations, wrap("list configurations", found("account", err))
}

// Configuration is one of an account's configurations that is not deleted.
func (s *Store) Configuration(ctx context.Context, accountID, id string) (directory.Configuration, error) {
	configuration, err := getConfiguration(ctx, s.db, `WHERE f.account_id = $1 AND f.id = $2 AND f.deleted_at IS NULL`, accountID, id)
	return configuration, wrap("load configuration", err)
}

// ConfigurationByID is a configuration that is not deleted, whosever it is: for the worker.
func (s *Store) ConfigurationByID(ctx context.Context, id string) (directory.Configuration, error) {
	configuration, err := getConfiguration(ctx, s.db, `WHERE f.id = $1 AND f.deleted_at IS NULL`, id)
	return configuration, wrap("load configuration", err)
}

// UpdateSettings replaces a configuration's settings. A run in progress keeps those it opened with.
func (s *Store) UpdateSettings(ctx context.Context, accountID, id string, settings directory.Settings) (directory.Configuration, error) {
	var configuration directory.Configuration
	err := s.inTx(ctx, "update settings", func(tx *sqlx.Tx) error {
		result, err := tx.ExecContext(ctx, `
			UPDATE configurations SET settings = $3 WHERE account_id = $1 AND id = $2 AND deleted_at IS NULL`, accountID, id, settings)
		if err := changed("configuration", result, err); err != nil {
			return err
		}
		configuration, err = getConfiguration(ctx, tx, `WHERE f.id = $1`, id)
		return err
	})
	return configuration, err
}

// SetState enables or disables a configuration; a disabled one has no next run.
func (s *Store) SetState(ctx context.Context, configurationID string, state directory.ConfigurationState) error {
	result, err := s.db.ExecContext(ctx, `
		UPDATE configurations SET state = $2, next_run_at = CASE WHEN $2 = 'enabled' THEN next_run_at END
		WHERE id = $1 AND deleted_at IS NULL`, configurationID, state)
	return wrap("set state of configuration", changed("configuration", result, err))
}

// SetNextRun notes when a configuration runs next; nil when it does not.
func (s *Store) SetNextRun(ctx context.Context, configurationID string, at *time.Time) error {
	result, err := s.db.ExecContext(ctx, `
		UPDATE configurations SET next_run_at = $2 WHERE id = $1 AND deleted_at IS NULL`, configurationID, at)
	return wrap("set next run", changed("configuration", result, err))
}

// DestroyConfiguration deletes a configuration: its links and what it staged go, its connection
// is revoked and the secret destroyed, directory sync is off. The provisioned users stay, and so do
// the synced groups, as groups that no directory has.
// Destroying it again changes nothing.
func (s *Store) DestroyConfiguration(ctx context.Context, configurationID string) error {
	return s.inTx(ctx, "delete configuration", func(tx *sqlx.Tx) error {
		var row struct {
			AccountID    string `db:"account_id"`
			ConnectionID string `db:"connection_id"`
			Live         bool   `db:"live"`
		}
		err := tx.GetContext(ctx, &row, `
			SELECT account_id, connection_id, deleted_at IS NULL AS live FROM configurations WHERE id = $1 FOR NO KEY UPDATE`, configurationID)
		if err != nil {
			return found("configuration", err)
		}
		if !row.Live {
			return nil
		}
		if err := lockAccount(ctx, tx, row.AccountID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `
			UPDATE configurations SET deleted_at = now(), state = 'disabled', next_run_at = NULL,
			       changes_link = NULL, changes_at = NULL, changes_digest = NULL
			WHERE id = $1`, configurationID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM links WHERE connection_id = $1`, row.ConnectionID); err != nil {
			return err
		}
		if err := detachGroups(ctx, tx, row.ConnectionID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE accounts SET provisioning = 'none' WHERE id = $1`, row.AccountID); err != nil {
			return err
		}
		if err := clearStaging(ctx, tx, configurationID); err != nil {
			return err
		}
		return destroyConnection(ctx, tx, row.AccountID, row.ConnectionID)
	})
}

// LiveConfigurations are all configurations that have, or should have, a workflow.
func (s *Store) LiveConfigurations(ctx context.Context) ([]LiveConfiguration, error) {
	var live []LiveConfiguration
	err := s.db.SelectContext(ctx, &live, `
		SELECT f.id, f.account_id, c.provider FROM configurations f JOIN connections c ON c.id = f.connection_id
		WHERE f.deleted_at IS NULL ORDER BY f.created_at, f.id`)
	return live, wrap("list live configurations", err)
}

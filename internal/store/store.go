// Package store keeps Rollcall's state in PostgreSQL: one file per noun, SQL beside its method.
//
// Each exported method is one transaction or one statement; what several rows must agree on is
// decided by the database's own constraints. A method whose connection is lost, or whose
// transaction loses against another one, leaves nothing half done and can be called again. It
// knows no HTTP, no Temporal and no vendor. Errors that a person can do something about are
// *directory.Error; no error text carries a value of a row.
package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	_ "github.com/lib/pq" // the driver
)

// Store is the database. Its methods are safe for concurrent use.
type Store struct {
	db        *sqlx.DB
	hot       hot
	signIns   signIns
	creations combiner[*creation]
}

// Option changes how a store is opened.
type Option func(*sqlx.DB)

// MaxConnections bounds the connections to the database; without it there are at most 10. No
// method needs more than one at a time.
func MaxConnections(n int) Option { return func(db *sqlx.DB) { db.SetMaxOpenConns(n) } }

// Open connects to a migrated database.
func Open(ctx context.Context, databaseURL string, options ...Option) (*Store, error) {
	source, err := sessionURL(databaseURL)
	if err != nil {
		return nil, err
	}
	db, err := sqlx.Open("postgres", source)
	if err != nil {
		return nil, wrap("open database", err)
	}
	db.SetMaxOpenConns(10)
	db.SetMaxIdleConns(10)
	db.SetConnMaxIdleTime(5 * time.Minute)
	for _, option := range options {
		option(db)
	}
	s := &Store{db: db, hot: hot{db: db}}
	if err := s.Ping(ctx); err != nil {
		_ = db.Close()
		return nil, err
	}
	return s, nil
}

// Close ends all connections.
func (s *Store) Close() error { return s.db.Close() }

// Ping says whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	return wrap("reach database", s.db.PingContext(ctx))
}

// sessionURL adds the settings of a session: times in UTC, no compilation of queries, which costs
// more than these queries do, statements and their parameters in one message rather than two, and an
// end to transactions whose client has gone silent.
func sessionURL(databaseURL string) (string, error) {
	parsed, err := url.Parse(databaseURL)
	if err != nil || parsed.Scheme == "" {
		return "", fmt.Errorf("the database URL is not of the form postgres://user@host/database")
	}
	query := parsed.Query()
	query.Set("timezone", "UTC")
	query.Set("jit", "off")
	query.Set("binary_parameters", "yes")
	query.Set("idle_in_transaction_session_timeout", "60000")
	parsed.RawQuery = query.Encode()
	return parsed.String(), nil
}

// inTx runs do in a transaction that is committed when do succeeds and rolled back otherwise.
// Errors leave it translated.
func (s *Store) inTx(ctx context.Context, task string, do func(tx *sqlx.Tx) error) error {
	tx, err := s.db.BeginTxx(ctx, nil)
	if err != nil {
		return wrap(task, err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := do(tx); err != nil {
		return wrap(task, err)
	}
	return wrap(task, tx.Commit())
}

// lockAccount makes the transaction the only one that changes the account's users, groups and memberships,
// its licences or its provisioning. It comes before any of their rows is locked: events are in order for it.
func lockAccount(ctx context.Context, tx *sqlx.Tx, accountID string) error {
	var id string
	return found("account", tx.GetContext(ctx, &id, `SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE`, accountID))
}

// changed reports noun as not found when a statement changed no row.
func changed(noun string, result sql.Result, err error) error {
	if err != nil {
		return found(noun, err)
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return found(noun, sql.ErrNoRows)
}

// newID makes an id that sorts by time, which keeps bulk inserts at one end of the indexes.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

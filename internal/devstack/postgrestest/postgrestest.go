// Package postgrestest gives each test an empty, migrated database. It knows no schema: the caller brings the migration.
package postgrestest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/devstack/postgres"
)

// URLVariable names a server to use instead of one of our own. Its user must be allowed to create databases.
const URLVariable = "ROLLCALL_TEST_DATABASE_URL"

const template = "rollcall_template"

// TimeZone is the default of the test servers: 45 minutes off everyone else, so that code which leans on the server's zone
// is noticed.
const TimeZone = "Asia/Kathmandu"

// server and migrated are per test process: a server takes about a second to make, a database from a template some
// 20 milliseconds.
var (
	server   = sync.OnceValues(start)
	migrated struct {
		once sync.Once
		err  error
	}
)

// New returns the URL of a database of the test's own, migrated by migrate and dropped when the test ends. The server is
// shared by the tests of one process and ends with it; migrate runs once, so all calls in a process must pass the
// same one. Nil leaves the database empty.
func New(t testing.TB, migrate func(ctx context.Context, url string) error) string {
	t.Helper()
	if external := os.Getenv(URLVariable); external != "" {
		database := create(t, external, "template1")
		if migrate != nil {
			must(t, migrate(t.Context(), database))
		}
		return database
	}
	local, err := server()
	must(t, err)
	if migrate == nil {
		return create(t, local.URL("postgres"), "template1")
	}
	migrated.once.Do(func() { migrated.err = makeTemplate(local, migrate) })
	must(t, migrated.err)
	return create(t, local.URL("postgres"), template)
}

func start() (*postgres.Server, error) {
	dir, err := os.MkdirTemp("", "rollcall-postgres-")
	if err != nil {
		return nil, fmt.Errorf("make folder for PostgreSQL: %w", err)
	}
	return postgres.Start(context.Background(), postgres.Options{Dir: dir, TimeZone: TimeZone, Ephemeral: true})
}

func makeTemplate(server *postgres.Server, migrate func(ctx context.Context, url string) error) error {
	ctx := context.Background()
	if err := server.EnsureDatabase(ctx, template); err != nil {
		return err
	}
	if err := migrate(ctx, server.URL(template)); err != nil {
		return fmt.Errorf("migrate the template of test databases: %w", err)
	}
	return nil
}

// create makes a database beside the one that admin names, and has it dropped at the end of the test.
func create(t testing.TB, admin, from string) string {
	t.Helper()
	name := "rollcall_test_" + strings.ToLower(rand.Text())
	execute(t, t.Context(), admin, fmt.Sprintf(`CREATE DATABASE %s TEMPLATE %s`, pq.QuoteIdentifier(name), pq.QuoteIdentifier(from)))
	t.Cleanup(func() {
		execute(t, context.Background(), admin, fmt.Sprintf(`DROP DATABASE IF EXISTS %s WITH (FORCE)`, pq.QuoteIdentifier(name)))
	})
	parsed, err := url.Parse(admin)
	must(t, err)
	parsed.Path = "/" + name
	return parsed.String()
}

func execute(t testing.TB, ctx context.Context, database, statement string) {
	t.Helper()
	db, err := sql.Open("postgres", database)
	must(t, err)
	defer db.Close()
	_, err = db.ExecContext(ctx, statement)
	must(t, err)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("prepare a test database (%s can name a server to use): %v", URLVariable, err)
	}
}

package postgrestest_test

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/devstack/postgrestest"
)

func TestEachTestHasItsOwnMigratedDatabase(t *testing.T) {
	t.Parallel()
	var migrations atomic.Int32
	migrate := func(ctx context.Context, url string) error {
		migrations.Add(1)
		db, err := sql.Open("postgres", url)
		if err != nil {
			return err
		}
		defer db.Close()
		_, err = db.ExecContext(ctx, `CREATE TABLE notes (body text)`)
		return err
	}
	t.Run("group", func(t *testing.T) {
		for i := range 4 {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				db, err := sql.Open("postgres", postgrestest.New(t, migrate))
				require.NoError(t, err)
				defer db.Close()
				_, err = db.Exec(`INSERT INTO notes VALUES ('only here')`)
				require.NoError(t, err)
				var rows int
				require.NoError(t, db.QueryRow(`SELECT count(*) FROM notes`).Scan(&rows))
				require.Equal(t, 1, rows)
			})
		}
	})
	require.LessOrEqual(t, migrations.Load(), int32(4))
}

func TestEmptyDatabase(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("postgres", postgrestest.New(t, nil))
	require.NoError(t, err)
	defer db.Close()
	var tables int
	require.NoError(t, db.QueryRow(`SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`).Scan(&tables))
	require.Zero(t, tables)
}

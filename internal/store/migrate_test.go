package store_test

import (
	"database/sql"
	"testing"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// migrator takes the database to other versions.
func (b *bench) migrator() *goose.Provider {
	b.t.Helper()
	db, err := sql.Open("postgres", b.url)
	require.NoError(b.t, err)
	b.t.Cleanup(func() { _ = db.Close() })
	provider, err := goose.NewProvider(goose.DialectPostgres, db, store.Migrations())
	require.NoError(b.t, err)
	return provider
}

// The organization of those who belong to all takes nobody's place.
func TestC6_TheMigrationKeepsOrganizationsThatAreCalledAll(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other, _ := b.newAccount("other", 5)
	migrator := b.migrator()
	_, err := migrator.DownTo(t.Context(), 5)
	require.NoError(t, err)
	for _, made := range [][2]string{{"all", "All"}, {"all_2", "All 2"}, {"all_organizations", "All organizations"}} {
		_, err := b.db.Exec(`INSERT INTO organizations (account_id, id, name) VALUES ($1, $2, $3)`, b.account.ID, made[0], made[1])
		require.NoError(t, err)
	}
	_, err = b.db.Exec(`UPDATE users SET organization_id = 'all' WHERE account_id = $1`, b.account.ID)
	require.NoError(t, err)
	_, err = migrator.Up(t.Context())
	require.NoError(t, err)
	organizations, err := b.store.Organizations(t.Context(), b.account.ID)
	require.NoError(t, err)
	require.Equal(t, []store.Organization{
		{ID: "all_3", Name: "All"}, {ID: "all_2", Name: "All 2"}, {ID: "all_organizations", Name: "All organizations 2"},
	}, organizations)
	require.Equal(t, "all_3", *b.user("owner@Example.example").Organization)
	for _, account := range []string{b.account.ID, other.ID} {
		require.Equal(t, 1, b.count(`SELECT count(*) FROM organizations WHERE account_id = $1 AND id = $2 AND name = 'All organizations' AND built_in`,
			account, directory.AllOrganizations))
	}
}

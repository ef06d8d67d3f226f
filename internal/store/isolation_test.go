package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// Every method that takes an account sees and changes nothing of another one.
func TestL1AccountsAreApart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.sync(people(3)...)
	run := b.openRun(directory.KindPreview)
	user := b.userOf("id-000001")
	token, _, err := b.store.CreateToken(ctx, b.account.ID, "T", directory.RoleMember)
	require.NoError(t, err)
	field, err := b.store.CreateField(ctx, b.account.ID, "Colour", directory.Text)
	require.NoError(t, err)
	role, err := b.store.CreateRole(ctx, b.account.ID, "Auditor")
	require.NoError(t, err)
	organization, err := b.store.CreateOrganization(ctx, b.account.ID, "Sales")
	require.NoError(t, err)
	other, _ := b.newAccount("other", 5)
	before := b.fingerprint()

	s := b.store
	for name, call := range map[string]func() error{
		"User":           func() error { _, err := s.User(ctx, other.ID, user.ID); return err },
		"ActivateUser":   func() error { _, err := s.ActivateUser(ctx, other.ID, user.ID); return err },
		"DeactivateUser": func() error { _, err := s.DeactivateUser(ctx, other.ID, user.ID); return err },
		"RestoreUser":    func() error { _, err := s.RestoreUser(ctx, other.ID, user.ID); return err },
		"RevokeToken":    func() error { return s.RevokeToken(ctx, other.ID, token.ID) },
		"CreateToken":    func() error { _, _, err := s.CreateToken(ctx, other.ID, "T", role.ID); return err },
		"DeleteField":    func() error { return s.DeleteField(ctx, other.ID, field.ID) },
		"DeleteRole":     func() error { return s.DeleteRole(ctx, other.ID, role.ID) },
		"DeleteOrg":      func() error { return s.DeleteOrganization(ctx, other.ID, organization.ID) },
		"Connection":     func() error { _, err := s.Connection(ctx, other.ID, b.source.ID); return err },
		"Connect": func() error {
			_, err := s.Connect(ctx, other.ID, b.source.ID, directory.Tenant{ID: "tenant-1"}, nil)
			return err
		},
		"UpdateUser": func() error {
			_, err := s.UpdateUser(ctx, other.ID, user.ID, store.UserPatch{Role: &role.ID}, anybody)
			return err
		},
		"RevokeConnection": func() error { return s.RevokeConnection(ctx, other.ID, b.source.ID) },
		"Configuration":    func() error { _, err := s.Configuration(ctx, other.ID, b.config.ID); return err },
		"UpdateSettings": func() error {
			_, err := s.UpdateSettings(ctx, other.ID, b.config.ID, directory.Settings{Name: "Taken over"})
			return err
		},
		"CreateConfiguration": func() error {
			_, err := s.CreateConfiguration(ctx, other.ID, b.source.ID, directory.Settings{Name: "Mine"})
			return err
		},
		"Run": func() error { _, err := s.Run(ctx, other.ID, run); return err },
	} {
		err := call()
		require.True(t, directory.HasCode(err, "not_found"), "%s: %v", name, err)
	}
	require.Equal(t, before, b.fingerprint(), "nothing has changed")

	b.requireEmptyLists(other.ID, user.ID, run)
}

// requireEmptyLists says that an account's lists have nothing of the bench's own account.
func (b *bench) requireEmptyLists(other, userID, run string) {
	t, ctx, s := b.t, b.t.Context(), b.store
	t.Helper()
	users, err := s.Users(ctx, other, store.UserFilter{Search: "corp.example"})
	require.NoError(t, err)
	require.Empty(t, users.Items)
	runs, err := s.Runs(ctx, other, store.RunFilter{ConfigurationID: b.config.ID})
	require.NoError(t, err)
	require.Empty(t, runs.Items)
	for _, f := range []store.ChangeFilter{{}, {UserID: userID}, {RunID: run}} {
		changes, err := s.Changes(ctx, other, f)
		require.NoError(t, err)
		require.Empty(t, changes.Items)
		require.NoError(t, s.StreamChanges(ctx, other, f, func(directory.Change) error {
			t.Error("a change of another account")
			return nil
		}))
	}
	tokens, err := s.Tokens(ctx, other)
	require.NoError(t, err)
	require.Len(t, tokens, 1)
	fields, err := s.Fields(ctx, other)
	require.NoError(t, err)
	require.Len(t, fields, 3)
	roles, err := s.Roles(ctx, other)
	require.NoError(t, err)
	require.Len(t, roles, 4)
	organizations, err := s.Organizations(ctx, other)
	require.NoError(t, err)
	require.Empty(t, organizations)
	connections, err := s.Connections(ctx, other)
	require.NoError(t, err)
	require.Empty(t, connections)
	configurations, err := s.Configurations(ctx, other)
	require.NoError(t, err)
	require.Empty(t, configurations)
	mails, err := s.DueMails(ctx, other, 10)
	require.NoError(t, err)
	require.Empty(t, mails)
	waiting, next, err := s.WaitingMails(ctx, other)
	require.NoError(t, err)
	require.Zero(t, waiting)
	require.Nil(t, next)
}

// fingerprint is a digest of all that the tables of the accounts hold.
func (b *bench) fingerprint() string {
	b.t.Helper()
	var digest string
	require.NoError(b.t, b.db.GetContext(b.t.Context(), &digest, `
		SELECT md5(string_agg(row::text, '|' ORDER BY row::text)) FROM (
			SELECT to_jsonb(t) AS row FROM users t UNION ALL SELECT to_jsonb(t) FROM accounts t UNION ALL SELECT to_jsonb(t) FROM api_tokens t
			UNION ALL SELECT to_jsonb(t) FROM fields t UNION ALL SELECT to_jsonb(t) FROM roles t UNION ALL SELECT to_jsonb(t) FROM organizations t
			UNION ALL SELECT to_jsonb(t) FROM connections t UNION ALL SELECT to_jsonb(t) FROM configurations t UNION ALL SELECT to_jsonb(t) FROM runs t
		) rows`))
	return digest
}

// Two accounts can have the same person; a run touches its own account only.
func TestL1RunTouchesItsOwnAccount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(person("1", "ana@corp.example"))
	first := b.user("ana@corp.example")

	b.account, _ = b.newAccount("second", 10)
	b.source, b.config = b.configure(b.account.ID)
	b.sync(person("1", "ana@corp.example", "city", "Rome"))
	second := b.user("ana@corp.example")
	require.NotEqual(t, first.ID, second.ID)
	b.sync()
	require.Equal(t, directory.Deactivated, b.userOf("1").Status)
	untouched, err := b.store.User(t.Context(), first.AccountID, first.ID)
	require.NoError(t, err)
	require.Equal(t, first.Version, untouched.Version)
	require.WithinDuration(t, time.Now(), untouched.CreatedAt, time.Hour)
}

package activities_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"github.com/rollcall-sync/rollcall/activities"
	"github.com/rollcall-sync/rollcall/internal/devstack/postgrestest"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// provider is one whose service does nothing but take grants back.
type provider struct {
	refuses            error
	revoked, forgotten []string // secrets; ids of connections
}

func (*provider) Open(context.Context, directory.Connection) (source.Source, error) {
	return nil, errors.New("nobody reads here")
}

func (p *provider) Forget(connectionID string) { p.forgotten = append(p.forgotten, connectionID) }

func (p *provider) Revoke(_ context.Context, c directory.Connection) error {
	p.revoked = append(p.revoked, string(c.Secret))
	return p.refuses
}

// tenancy is a database with accounts that read directories of Google.
type tenancy struct {
	*testing.T
	store    *store.Store
	provider *provider
}

func newTenancy(t *testing.T) *tenancy {
	t.Helper()
	s, err := store.Open(t.Context(), postgrestest.New(t, store.Migrate), store.MaxConnections(3))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return &tenancy{t, s, &provider{}}
}

// configure makes an account that reads the tenant with the secret.
func (b *tenancy) configure(account, tenantID, secret string) directory.Configuration {
	b.Helper()
	ctx := b.Context()
	a, _, err := b.store.CreateAccount(ctx, store.NewAccount{Name: account, OwnerEmail: "owner@" + account + ".example", Licences: 1})
	require.NoError(b, err)
	c, err := b.store.CreateConnection(ctx, a.ID, directory.Google)
	require.NoError(b, err)
	_, err = b.store.Connect(ctx, a.ID, c.ID, directory.Tenant{ID: tenantID}, []byte(secret))
	require.NoError(b, err)
	made, err := b.store.CreateConfiguration(ctx, a.ID, c.ID, directory.Settings{Name: "Staff"})
	require.NoError(b, err)
	return made
}

// destroy destroys a configuration, and checks that its credential is gone.
func (b *tenancy) destroy(c directory.Configuration) {
	b.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	a := &activities.Configurations{
		Store: b.store, Sources: map[directory.Provider]source.Opener{directory.Google: b.provider}, Now: time.Now,
	}
	env.RegisterActivity(a)
	_, err := env.ExecuteActivity(a.DestroyConfiguration, activities.OfConfiguration{ConfigurationID: c.ID})
	require.NoError(b, err)
	connection, err := b.store.Connection(b.Context(), c.AccountID, c.ConnectionID)
	require.NoError(b, err)
	require.Equal(b, directory.ConnectionRevoked, connection.State)
	require.Nil(b, connection.Secret)
}

func TestDestroyingAConfigurationGivesItsGrantBack(t *testing.T) {
	t.Parallel()
	b := newTenancy(t)
	c := b.configure("one", "C01", "grant-1")
	b.destroy(c)
	require.Equal(t, []string{"grant-1"}, b.provider.revoked)
	b.destroy(c)
	require.Len(t, b.provider.revoked, 1, "once it is destroyed there is none")

	b.provider.refuses = errors.New("the service does not answer")
	b.destroy(b.configure("two", "C01", "grant-2"))
	require.Equal(t, []string{"grant-1", "grant-2"}, b.provider.revoked, "the credential is destroyed no less")
}

func TestAGrantStaysWhileAnotherAccountReadsTheTenant(t *testing.T) {
	t.Parallel()
	b := newTenancy(t)
	first, second := b.configure("one", "C01", "grant-1"), b.configure("two", "C01", "grant-2")
	b.configure("three", "C03", "grant-3")
	b.destroy(first)
	require.Empty(t, b.provider.revoked)
	require.Equal(t, []string{first.ConnectionID}, b.provider.forgotten)
	b.destroy(second)
	require.Equal(t, []string{"grant-2"}, b.provider.revoked)
}

package admin

import (
	"context"
	"fmt"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
)

// CreateConnection begins a connection and returns the address at which an administrator of the
// directory consents. The address is good once, for ten minutes.
func (a *Admin) CreateConnection(ctx context.Context, who directory.Principal, p directory.Provider) (directory.Connection, string, error) {
	flow, err := a.flow(p)
	if err == nil {
		err = flow.ready()
	}
	if err != nil {
		return directory.Connection{}, "", err
	}
	c, err := a.Store.CreateConnection(ctx, who.AccountID, p)
	if err != nil {
		return directory.Connection{}, "", err
	}
	address, err := a.askConsent(ctx, c, who.TokenID, "", flow.authorizeURL)
	return c, address, err
}

// Reconnect asks for consent anew: for a connection that nobody has consented to yet, or whose
// consent was withdrawn at the directory. It stays one to the same organization.
func (a *Admin) Reconnect(ctx context.Context, who directory.Principal, id string) (directory.Connection, string, error) {
	c, err := a.Store.Connection(ctx, who.AccountID, id)
	if err != nil {
		return c, "", err
	}
	if c.State == directory.ConnectionRevoked {
		return c, "", directory.Conflict("connection_revoked", notConnected(c.State))
	}
	flow, err := a.flow(c.Provider)
	if err == nil {
		err = flow.ready()
	}
	if err != nil {
		return c, "", err
	}
	address, err := a.askConsent(ctx, c, who.TokenID, "", flow.authorizeURL)
	return c, address, err
}

// Disconnect revokes a connection: its credentials are destroyed, and given back to the provider
// where it can take them.
func (a *Admin) Disconnect(ctx context.Context, accountID, id string) error {
	c, err := a.Store.Connection(ctx, accountID, id)
	if err != nil {
		return err
	}
	if err := a.Store.RevokeConnection(ctx, accountID, id); err != nil {
		return err
	}
	a.giveBack(ctx, c, c.ID)
	return nil
}

// giveBack gives the grant of a connection, as it was before it ended, back to the provider, which may
// end all grants of the same person with it: so it stays while a connection other than the one
// with the id except reads the same tenant. What fails is for the log alone.
// Microsoft has nothing to be given back: an administrator removes Rollcall from the tenant.
func (a *Admin) giveBack(ctx context.Context, c directory.Connection, except string) {
	revoker, ok := a.Sources[c.Provider].(source.Revoker)
	if !ok || c.Secret == nil || c.Tenant == nil {
		return
	}
	defer revoker.Forget(c.ID)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), signInLimit)
	defer cancel()
	shared, err := a.Store.TenantShared(ctx, c.Provider, c.Tenant.ID, except)
	if err == nil && !shared {
		err = revoker.Revoke(ctx, c)
	}
	if err != nil {
		a.Log.WarnContext(ctx, "grant not given back", "connection_id", c.ID, "error", err)
	}
}

// forget drops what is kept of a connection to read its directory.
func (a *Admin) forget(c directory.Connection) {
	if revoker, ok := a.Sources[c.Provider].(source.Revoker); ok {
		revoker.Forget(c.ID)
	}
}

// SourceAttributes lists what a person of the connected directory can have.
func (a *Admin) SourceAttributes(ctx context.Context, accountID, connectionID string) ([]directory.Attribute, error) {
	c, err := a.Store.Connection(ctx, accountID, connectionID)
	if err != nil {
		return nil, err
	}
	src, err := a.openConnected(ctx, c)
	if err != nil {
		return nil, err
	}
	return src.Attributes(ctx)
}

func (a *Admin) openConnected(ctx context.Context, c directory.Connection) (source.Source, error) {
	if c.State != directory.ConnectionConnected {
		return nil, directory.Conflict("connection_not_connected", notConnected(c.State))
	}
	return a.open(ctx, c)
}

// open opens the directory of a connection. A provider that was set up once may not be any more.
func (a *Admin) open(ctx context.Context, c directory.Connection) (source.Source, error) {
	opener, ok := a.Sources[c.Provider]
	if !ok {
		flow, err := a.flow(c.Provider)
		if err == nil {
			err = flow.ready()
		}
		if err == nil {
			err = fmt.Errorf("no source for provider %q", c.Provider)
		}
		return nil, err
	}
	return opener.Open(ctx, c)
}

func notConnected(s directory.ConnectionState) string {
	if s == directory.ConnectionRevoked {
		return "This connection is revoked. Make a new one with POST /v1/connections."
	}
	return "This connection is not connected yet. Have an administrator of the directory open its authorize_url, or ask for a new one with POST /v1/connections/{id}/reconnect."
}

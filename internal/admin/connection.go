package admin

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
)

const (
	stateBytes = 32
	stateLife  = 10 * time.Minute
)

// Reads says, before anybody consents, what Rollcall reads from a directory.
func Reads(p directory.Provider) string {
	return "Rollcall will read from " + p.Title() + ": the role, email address and domain of the administrator who connects, " +
		"and the users and groups of the organization. It changes nothing there."
}

// CreateConnection begins a connection and returns the address at which an administrator of the
// tenant consents. The address is good once, for ten minutes.
func (a *Admin) CreateConnection(ctx context.Context, accountID string, p directory.Provider) (directory.Connection, string, error) {
	if p != directory.Entra {
		return directory.Connection{}, "", invalid("No connection was made.", []directory.FieldError{
			{Field: "provider", Message: p.Title() + " is not available yet. Use entra."},
		})
	}
	if a.EntraClientID == "" {
		return directory.Connection{}, "", &directory.Error{
			Kind: directory.KindUnavailable, Code: "provider_not_set_up", Message: "Rollcall is not registered with Microsoft Entra ID yet.",
			Remedy: "Ask the operator of Rollcall to set ROLLCALL_ENTRA_CLIENT_ID and ROLLCALL_ENTRA_CLIENT_SECRET.",
		}
	}
	state := newState()
	c, err := a.Store.CreateConnection(ctx, accountID, p, state, time.Now().Add(stateLife))
	if err != nil {
		return directory.Connection{}, "", err
	}
	return c, a.authorizeURL(state), nil
}

// authorizeURL is Microsoft's admin consent endpoint for work accounts; personal ones cannot
// consent there. https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
func (a *Admin) authorizeURL(state string) string {
	query := url.Values{
		"client_id":    {a.EntraClientID},
		"scope":        {strings.TrimSuffix(a.GraphURL, "/") + "/.default"},
		"redirect_uri": {strings.TrimSuffix(a.PublicURL, "/") + "/connect/entra/callback"},
		"state":        {state},
	}
	return strings.TrimSuffix(a.EntraLoginURL, "/") + "/organizations/v2.0/adminconsent?" + query.Encode()
}

func newState() string {
	b := make([]byte, stateBytes)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b)
}

// Consent is what the provider sends back to the callback.
type Consent struct {
	State       string
	TenantID    string
	Error       string // OAuth error code; empty when consent was given
	Description string // of the error, for the log only
}

// FinishConnection takes in the consent that came back for the account's state, reads the tenant
// with it, and marks the connection as connected. The state is used up by that; a refusal does
// not use it up, so that the same address can be tried again.
func (a *Admin) FinishConnection(ctx context.Context, c Consent) (directory.Connection, error) {
	if c.Error != "" {
		return directory.Connection{}, refusal(c)
	}
	if c.State == "" {
		return directory.Connection{}, malformedConsent("state")
	}
	if len(c.TenantID) != 36 || uuid.Validate(c.TenantID) != nil {
		return directory.Connection{}, malformedConsent("tenant")
	}
	connection, err := a.Store.ConsumeState(ctx, c.State)
	if err != nil {
		return directory.Connection{}, err
	}
	connection.Tenant = &directory.Tenant{ID: c.TenantID}
	tenant, err := a.verifyTenant(ctx, connection)
	if err != nil {
		return directory.Connection{}, err
	}
	return a.Store.Connect(ctx, connection.AccountID, connection.ID, tenant)
}

func (a *Admin) verifyTenant(ctx context.Context, c directory.Connection) (directory.Tenant, error) {
	src, err := a.open(ctx, c)
	if err != nil {
		return directory.Tenant{}, err
	}
	tenant, err := src.Tenant(ctx)
	if err != nil {
		return directory.Tenant{}, err
	}
	if !strings.EqualFold(tenant.ID, c.Tenant.ID) {
		return directory.Tenant{}, &directory.Error{
			Kind: directory.KindConflict, Code: directory.CodeTenantChanged, Permanent: true,
			Message: "The directory that answers is not the one that consented.", Remedy: "Connect again.",
		}
	}
	return tenant, nil
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

func (a *Admin) open(ctx context.Context, c directory.Connection) (source.Source, error) {
	opener, ok := a.Sources[c.Provider]
	if !ok {
		return nil, fmt.Errorf("no source for provider %q", c.Provider)
	}
	return opener.Open(ctx, c)
}

func notConnected(s directory.ConnectionState) string {
	if s == directory.ConnectionRevoked {
		return "This connection is revoked. Make a new one with POST /v1/connections."
	}
	return "This connection is not connected yet. Have an administrator of the directory open its authorize_url, or make a new one with POST /v1/connections."
}

// refusal says why there is no consent. https://learn.microsoft.com/entra/identity-platform/v2-admin-consent#error-response
func refusal(c Consent) *directory.Error {
	e := &directory.Error{
		Kind: directory.KindForbidden, Code: "consent_failed", Permanent: true,
		Message: "The directory answered with an error, so nothing was connected.",
		Remedy:  "Start again, and sign in with a work account that is an administrator of the directory.",
	}
	switch c.Error {
	case "access_denied", "consent_required":
		e.Code = "consent_declined"
		e.Message = "Consent was declined, so nothing was connected. The connection is still pending."
		e.Remedy = "Only an administrator of the directory can consent: sign in as one, with a work account, and accept."
	case "temporarily_unavailable", "server_error":
		e.Kind, e.Permanent = directory.KindUnavailable, false
		e.Message, e.Remedy = "The directory could not handle the consent just now.", "Try again in a few minutes."
	}
	return e
}

func malformedConsent(what string) *directory.Error {
	return &directory.Error{
		Kind: directory.KindMalformed, Code: "consent_malformed",
		Message: "The address that brought you here lacks a usable " + what + ", so nothing was connected.",
		Remedy:  "Start connecting again from Rollcall.",
	}
}

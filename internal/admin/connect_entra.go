package admin

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/uuid"
	"golang.org/x/oauth2"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

const entraVariables = "ROLLCALL_ENTRA_CLIENT_ID and ROLLCALL_ENTRA_CLIENT_SECRET"

// personalTenant is the tenant of all personal Microsoft accounts.
// https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
const personalTenant = "9188040d-6c67-4c5b-b112-36a304b66dad"

// entra connects tenants of Microsoft Entra ID, in two steps: a sign-in, which proves who the
// person is and of which tenant, and admin consent for that tenant. Admin consent alone would
// prove nothing: what it sends back is not signed.
type entra struct{ *Admin }

func (e entra) ready() error {
	if e.EntraClientID == "" {
		return notSetUp(directory.Entra, entraVariables, nil)
	}
	return nil
}

func (e entra) at(path string) string { return strings.TrimSuffix(e.EntraLoginURL, "/") + path }

// login is the sign-in for work accounts of any organization.
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
func (e entra) login() login {
	return login{
		provider: directory.Entra, variables: entraVariables, issuer: e.at("/organizations/v2.0"), anyTenant: true,
		client: oauth2.Config{
			ClientID: e.EntraClientID, ClientSecret: e.EntraClientSecret, RedirectURL: e.callback(directory.Entra),
			Scopes:   []string{oidc.ScopeOpenID, oidc.ScopeProfile, oidc.ScopeEmail},
			Endpoint: oauth2.Endpoint{AuthURL: e.at("/organizations/oauth2/v2.0/authorize"), AuthStyle: oauth2.AuthStyleInParams},
		},
	}
}

func (e entra) authorizeURL(state string, p proof) string {
	client := e.login().client
	return client.AuthCodeURL(state, oidc.Nonce(p.Nonce), oauth2.S256ChallengeOption(p.Verifier),
		oauth2.SetAuthURLParam("response_mode", "query"), oauth2.SetAuthURLParam("prompt", "select_account"))
}

// consentURL is the page of admin consent for one tenant.
// https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
func (e entra) consentURL(tenantID, state string) string {
	return e.at("/"+url.PathEscape(tenantID)+"/v2.0/adminconsent?") + url.Values{
		"client_id":    {e.EntraClientID},
		"scope":        {strings.TrimSuffix(e.GraphURL, "/") + "/.default"},
		"redirect_uri": {e.callback(directory.Entra)},
		"state":        {state},
	}.Encode()
}

func (entra) lacks(c store.Consent, answer ConsentAnswer) string {
	switch {
	case c.TenantID == "" && answer.Code == "":
		return "code"
	case c.TenantID != "" && !isUUID(answer.TenantID):
		return "tenant"
	default:
		return ""
	}
}

func (e entra) finish(ctx context.Context, c store.Consent, connection directory.Connection, p proof, answer ConsentAnswer) (Connecting, error) {
	if c.TenantID != "" {
		return e.connect(ctx, c.TenantID, connection, answer)
	}
	tenantID, err := e.provenTenant(ctx, answer.Code, p)
	if err != nil {
		return Connecting{}, err
	}
	if t := connection.Tenant; t != nil && !strings.EqualFold(t.ID, tenantID) {
		return Connecting{}, tenantChanged(*t)
	}
	next, err := e.askConsent(ctx, connection, c.RequestedBy, tenantID, func(state string, _ proof) string { return e.consentURL(tenantID, state) })
	return Connecting{Connection: connection, Next: next}, err
}

// provenTenant is the tenant in which the person who signed in can consent for everybody.
func (e entra) provenTenant(ctx context.Context, code string, p proof) (string, error) {
	_, id, err := e.signedIn(ctx, e.login(), code, p)
	if err != nil {
		return "", err
	}
	var claims struct {
		TenantID string   `json:"tid"`
		Roles    []string `json:"wids"` // nil: the token does not say; somebody without a role is an ordinary user
	}
	if err := id.Claims(&claims); err != nil {
		return "", consentFailed(directory.Entra, fmt.Errorf("read ID token: %w", err))
	}
	switch {
	case claims.TenantID == personalTenant:
		return "", personalAccount(directory.Entra)
	case !isUUID(claims.TenantID), id.Issuer != e.at("/"+claims.TenantID+"/v2.0"):
		return "", consentFailed(directory.Entra, errors.New("the issuer of the ID token is not the tenant"))
	case claims.Roles == nil:
		return "", rolesUnknown()
	case !slices.ContainsFunc(claims.Roles, consents):
		return "", notAdministrator(directory.Entra, nil)
	}
	return claims.TenantID, nil
}

// consents says whether a directory role can consent to application permissions of Graph for its
// organization: the roles that administer applications cannot.
// https://learn.microsoft.com/entra/identity/enterprise-apps/grant-admin-consent#prerequisites
func consents(role string) bool {
	return role == "62e90394-69f5-4237-9190-012177145e10" || // Global Administrator
		role == "e8611ab8-c189-46e8-94e1-60213ab1f814" // Privileged Role Administrator
}

// connect reads the tenant that has consented now, and marks the connection as connected.
func (e entra) connect(ctx context.Context, tenantID string, c directory.Connection, answer ConsentAnswer) (Connecting, error) {
	if !strings.EqualFold(answer.TenantID, tenantID) {
		return Connecting{}, refused("consent_other_organization",
			"The consent is for another organization than the one that you signed in to, so nothing was connected.", startAgain)
	}
	c.Tenant = &directory.Tenant{ID: tenantID}
	tenant, err := e.freshTenant(ctx, c)
	if err != nil {
		return Connecting{}, err
	}
	c, err = e.Store.Connect(ctx, c.AccountID, c.ID, tenant, nil)
	return Connecting{Connection: c}, err
}

// How often, and with which wait at first and at last, a tenant is read that has just consented:
// the consent takes some seconds to get around.
const (
	firstWait = 250 * time.Millisecond
	lastWait  = 4 * time.Second
)

func (e entra) freshTenant(ctx context.Context, c directory.Connection) (directory.Tenant, error) {
	ctx, cancel := context.WithTimeout(ctx, signInLimit)
	defer cancel()
	for wait := firstWait; ; wait *= 2 {
		tenant, err := e.tenant(ctx, c)
		if !directory.HasCode(err, directory.CodeSourceRefused) && !directory.HasCode(err, directory.CodeConsentRevoked) {
			return tenant, err
		}
		if wait > lastWait {
			return tenant, consentIncomplete("The organization has consented, but Microsoft does not let Rollcall read it.", err)
		}
		select {
		case <-ctx.Done():
			return tenant, ctx.Err()
		case <-time.After(wait):
		}
	}
}

func (a *Admin) tenant(ctx context.Context, c directory.Connection) (directory.Tenant, error) {
	src, err := a.open(ctx, c)
	if err != nil {
		return directory.Tenant{}, err
	}
	return src.Tenant(ctx)
}

func isUUID(text string) bool {
	return len(text) == len(uuid.Nil.String()) && uuid.Validate(text) == nil
}

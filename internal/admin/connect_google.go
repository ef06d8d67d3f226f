package admin

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

const googleVariables = "ROLLCALL_GOOGLE_CLIENT_ID and ROLLCALL_GOOGLE_CLIENT_SECRET"

// googleScopes are what Rollcall reads of a customer. https://developers.google.com/workspace/admin/directory/v1/guides/authorizing
func googleScopes() []string {
	const directoryScope = "https://www.googleapis.com/auth/admin.directory."
	return []string{directoryScope + "user.readonly", directoryScope + "group.readonly", directoryScope + "customer.readonly", directoryScope + "userschema.readonly"}
}

// google connects customers of Google Workspace: an administrator signs in and lets Rollcall read
// on their behalf while they are away.
// https://developers.google.com/identity/protocols/oauth2/web-server
type google struct{ *Admin }

func (g google) ready() error {
	if g.GoogleClientID == "" {
		return notSetUp(directory.Google, googleVariables, nil)
	}
	return nil
}

func (g google) login() login {
	issuer := strings.TrimSuffix(g.GoogleLoginURL, "/")
	return login{
		provider: directory.Google, variables: googleVariables, issuer: issuer,
		client: oauth2.Config{
			ClientID: g.GoogleClientID, ClientSecret: g.GoogleClientSecret, RedirectURL: g.callback(directory.Google),
			Scopes:   append([]string{oidc.ScopeOpenID, oidc.ScopeEmail}, googleScopes()...),
			Endpoint: oauth2.Endpoint{AuthURL: issuer + "/o/oauth2/v2/auth", AuthStyle: oauth2.AuthStyleInParams},
		},
	}
}

// authorizeURL asks for consent anew each time, since Google gives a refresh token with that alone.
func (g google) authorizeURL(state string, p proof) string {
	client := g.login().client
	return client.AuthCodeURL(state, oidc.Nonce(p.Nonce), oauth2.S256ChallengeOption(p.Verifier), oauth2.AccessTypeOffline,
		oauth2.SetAuthURLParam("prompt", "consent"), oauth2.SetAuthURLParam("include_granted_scopes", "false"))
}

func (google) lacks(_ store.Consent, answer ConsentAnswer) string {
	if answer.Code == "" {
		return "code"
	}
	return ""
}

func (g google) finish(ctx context.Context, _ store.Consent, c directory.Connection, p proof, answer ConsentAnswer) (Connecting, error) {
	token, id, err := g.signedIn(ctx, g.login(), answer.Code, p)
	if err != nil {
		return Connecting{}, err
	}
	if err := checkGrant(token, id); err != nil {
		return Connecting{}, err
	}
	known := c.Tenant
	c.Secret = g.Keyring.Seal([]byte(token.RefreshToken), connectionContext(c.ID))
	tenant, err := g.tenant(ctx, c)
	switch {
	case refusedBySource(err):
		return Connecting{}, notAdministrator(directory.Google, err)
	case err != nil && !directory.HasCode(err, directory.CodeTenantChanged):
		return Connecting{}, err
	case known != nil && (err != nil || tenant.ID != known.ID):
		return Connecting{}, tenantChanged(*known)
	}
	c, err = g.Store.Connect(ctx, c.AccountID, c.ID, tenant, c.Secret)
	return Connecting{Connection: c}, err
}

// checkGrant sees that the grant is of an organization, whole, and lasting. The claim hd is the
// domain of an organization's account; personal ones lack it.
// https://developers.google.com/identity/openid-connect/openid-connect#an-id-tokens-payload
func checkGrant(token *oauth2.Token, id *oidc.IDToken) error {
	var claims struct {
		Domain string `json:"hd"`
	}
	if err := id.Claims(&claims); err != nil {
		return consentFailed(directory.Google, fmt.Errorf("read ID token: %w", err))
	}
	if claims.Domain == "" {
		return personalAccount(directory.Google)
	}
	granted, _ := token.Extra("scope").(string)
	for _, scope := range googleScopes() {
		if !slices.Contains(strings.Fields(granted), scope) {
			return consentIncomplete("You did not allow Rollcall to read all that it needs (the users, groups, custom fields and the name of the organization), so nothing was connected.", nil)
		}
	}
	if token.RefreshToken == "" {
		return consentIncomplete("Google did not let Rollcall read while you are away, so nothing was connected.", nil)
	}
	return nil
}

// giveBack gives a grant back to Google. The connection is revoked already: a failure is for the
// log alone. https://developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke
func (g google) giveBack(ctx context.Context, c directory.Connection) {
	ctx, cancel := context.WithTimeout(oidc.ClientContext(context.WithoutCancel(ctx), g.HTTP), signInLimit)
	defer cancel()
	if err := g.revoke(ctx, c); err != nil {
		g.Log.WarnContext(ctx, "grant not given back", "connection_id", c.ID, "error", err)
	}
}

func (g google) revoke(ctx context.Context, c directory.Connection) error {
	token, err := g.Keyring.Open(c.Secret, connectionContext(c.ID))
	if err != nil {
		return fmt.Errorf("open refresh token: %w", err)
	}
	address, err := g.revocationURL(ctx, g.login())
	if err != nil {
		return err
	}
	body := url.Values{"token": {string(token)}}.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("address of revocation: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := g.HTTP.Do(r)
	if err != nil {
		return fmt.Errorf("revoke: %w", err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16)) // so that the connection can be used again
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("revoke: the service answered %d", response.StatusCode)
	}
	return nil
}

// connectionContext is what the credential of a connection is sealed for.
func connectionContext(id string) []byte { return []byte("connection/" + id) }

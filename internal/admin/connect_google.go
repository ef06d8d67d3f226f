package admin

import (
	"context"
	"fmt"
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
	fresh := c
	fresh.Secret = g.Keyring.Seal([]byte(token.RefreshToken), connectionContext(c.ID))
	tenant, err := g.granted(ctx, fresh, token, id)
	if err == nil {
		c, err = g.Store.Connect(ctx, c.AccountID, c.ID, tenant, fresh.Secret)
	}
	if err != nil && token.RefreshToken != "" {
		g.giveBackUnused(ctx, fresh)
	}
	return Connecting{Connection: c}, err
}

// granted is the customer that the grant of a connection is for: its own, if it has one already.
func (g google) granted(ctx context.Context, c directory.Connection, token *oauth2.Token, id *oidc.IDToken) (directory.Tenant, error) {
	if err := checkGrant(token, id); err != nil {
		return directory.Tenant{}, err
	}
	tenant, err := g.tenant(ctx, c)
	switch {
	case directory.HasCode(err, directory.CodeNotAdministrator):
		return tenant, notAdministrator(directory.Google, err)
	case directory.HasCode(err, directory.CodeTenantChanged) && c.Tenant != nil:
		return tenant, tenantChanged(*c.Tenant)
	default:
		return tenant, err
	}
}

// giveBackUnused gives back a fresh grant that no connection is going to live by. Whose it is has to be
// known for certain: with it, Google may end an older grant of the same person, by which a
// connection lives, even this one. One that is not given back is of no use to anybody, since its
// token is kept nowhere.
func (g google) giveBackUnused(ctx context.Context, c directory.Connection) {
	c.Tenant = nil // whichever it is for
	tenant, err := g.tenant(ctx, c)
	if err != nil {
		g.forget(c)
		g.Log.InfoContext(ctx, "unused grant not given back", "connection_id", c.ID, "error", err)
		return
	}
	c.Tenant = &tenant
	g.giveBack(ctx, c, "")
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

// connectionContext is what the credential of a connection is sealed for.
func connectionContext(id string) []byte { return []byte("connection/" + id) }

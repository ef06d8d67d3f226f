package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// signInLimit is how long a provider's sign-in service may take for one answer to be taken in.
const signInLimit = 30 * time.Second

// login is a provider's sign-in service with Rollcall's registration there.
type login struct {
	provider  directory.Provider
	variables string // in which the operator sets the registration
	issuer    string // whose discovery document says where tokens and keys are
	// anyTenant: the document is of no tenant in particular, so the caller checks the issuer of a token.
	anyTenant bool
	// client has everything but the endpoint of tokens.
	client oauth2.Config
}

// providers are the sign-in services that were discovered, by issuer.
type providers struct {
	mu    sync.Mutex
	known map[string]*oidc.Provider
}

// discover reads a provider's discovery document when it is first needed. Ctx carries the HTTP client.
func (d *providers) discover(ctx context.Context, l login) (*oidc.Provider, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p := d.known[l.issuer]; p != nil {
		return p, nil
	}
	if l.anyTenant {
		ctx = oidc.InsecureIssuerURLContext(ctx, l.issuer)
	}
	p, err := oidc.NewProvider(ctx, l.issuer)
	if err != nil {
		return nil, signInUnavailable(l.provider, fmt.Errorf("discover %s: %w", l.issuer, err))
	}
	if d.known == nil {
		d.known = map[string]*oidc.Provider{}
	}
	d.known[l.issuer] = p
	return p, nil
}

// signedIn exchanges the code of a sign-in for its tokens. The ID token is verified: signature,
// audience, time and nonce, and the issuer unless the login is of any tenant.
func (a *Admin) signedIn(ctx context.Context, l login, code string, p proof) (*oauth2.Token, *oidc.IDToken, error) {
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, a.HTTP), signInLimit)
	defer cancel()
	provider, err := a.providers.discover(ctx, l)
	if err != nil {
		return nil, nil, err
	}
	l.client.Endpoint.TokenURL = provider.Endpoint().TokenURL
	token, err := l.client.Exchange(ctx, code, oauth2.VerifierOption(p.Verifier))
	if err != nil {
		return nil, nil, notExchanged(l, err)
	}
	raw, _ := token.Extra("id_token").(string)
	verifier := provider.Verifier(&oidc.Config{
		ClientID: l.client.ClientID, SupportedSigningAlgs: []string{oidc.RS256}, SkipIssuerCheck: l.anyTenant,
	})
	id, err := verifier.Verify(ctx, raw)
	if err == nil && id.Nonce != p.Nonce {
		err = errors.New("the nonce is not ours")
	}
	if err != nil {
		return nil, nil, consentFailed(l.provider, fmt.Errorf("verify ID token: %w", err))
	}
	return token, id, nil
}

// notExchanged is the error of an exchange. What the service says in words can hold people, so
// only its code is kept.
func notExchanged(l login, err error) error {
	var answer *oauth2.RetrieveError
	if !errors.As(err, &answer) {
		return signInUnavailable(l.provider, fmt.Errorf("exchange code: %w", err))
	}
	cause := fmt.Errorf("exchange code: the service answered %d %q", answer.Response.StatusCode, answer.ErrorCode)
	switch {
	case answer.Response.StatusCode >= http.StatusInternalServerError, answer.Response.StatusCode == http.StatusTooManyRequests:
		return signInUnavailable(l.provider, cause)
	case answer.ErrorCode == "invalid_client", answer.ErrorCode == "unauthorized_client":
		return notSetUp(l.provider, l.variables, cause)
	default:
		return consentFailed(l.provider, cause)
	}
}

package google

import (
	"context"
	"net/http"
	"sync/atomic"

	"golang.org/x/oauth2"
)

// access is an access token.
type access struct {
	*oauth2.Token
	proven atomic.Bool // the API has accepted it
}

// tokens gives out the access token of one consent, and gets a new one when it expires.
type tokens struct {
	config  oauth2.Config
	refresh string
	http    *http.Client

	turn    chan struct{} // held by who reads or changes current
	current *access
}

func newTokens(options Options, refreshToken string, web *http.Client) *tokens {
	return &tokens{
		config: oauth2.Config{
			ClientID: options.ClientID, ClientSecret: options.ClientSecret,
			Endpoint: oauth2.Endpoint{TokenURL: options.tokenURL(), AuthStyle: oauth2.AuthStyleInParams},
		},
		refresh: refreshToken, http: web, turn: make(chan struct{}, 1),
	}
}

// get is an access token that has not expired. Of all who wait for a new one, one asks for it.
func (t *tokens) get(ctx context.Context) (*access, error) {
	if err := t.take(ctx); err != nil {
		return nil, err
	}
	defer t.release()
	if t.current != nil && t.current.Valid() {
		return t.current, nil
	}
	// A source of tokens that begins with a refresh token alone asks for an access token at once.
	refreshing := t.config.TokenSource(context.WithValue(ctx, oauth2.HTTPClient, t.http), &oauth2.Token{RefreshToken: t.refresh})
	token, err := refreshing.Token()
	if err != nil {
		return nil, err
	}
	t.current = &access{Token: token}
	return t.current, nil
}

// forget drops a token that the API has refused, unless there is a newer one already.
func (t *tokens) forget(ctx context.Context, refused *access) {
	if t.take(ctx) != nil {
		return
	}
	defer t.release()
	if t.current == refused {
		t.current = nil
	}
}

func (t *tokens) take(ctx context.Context) error {
	select {
	case t.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *tokens) release() { <-t.turn }

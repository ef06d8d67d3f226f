package google

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	admin "google.golang.org/api/admin/directory/v1"
	"google.golang.org/api/option"

	"github.com/rollcall-sync/rollcall/internal/source/wire"
)

const (
	requestTimeout = 100 * time.Second // of one request with its answer, a new access token included
	maxBody        = 64 << 20          // bytes; a page of 500 users has less than 10 MiB
)

// client asks the Directory API about one customer.
type client struct {
	api *admin.Service
}

func newClient(options Options, refreshToken string, web *http.Client) (*client, error) {
	signed := &http.Client{
		Transport:     exchange{newTokens(options, refreshToken, web), web.Transport},
		CheckRedirect: web.CheckRedirect,
	}
	api, err := admin.NewService(context.Background(), option.WithHTTPClient(signed))
	if err != nil {
		return nil, err
	}
	api.BasePath = options.APIURL + "/"
	return &client{api: api}, nil
}

// get sends one request of the generated client, with the context that it is given, and returns the
// body of a good answer. Its errors are those of classify, or that of a ctx that has ended.
func (c *client) get(ctx context.Context, send func(context.Context) error) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var body []byte
	err := send(context.WithValue(limited, bodyKey{}, &body))
	switch {
	case err == nil:
		return body, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("ask Google Workspace: %w", ctx.Err())
	default:
		return nil, classify(err)
	}
}

// bodyKey is the key of a request's context under which the body of its answer is wanted.
type bodyKey struct{}

// exchange sends the generated client's requests with an access token. The generated client gets an
// empty object for every good answer, whose body goes to where the request's context says; any
// other answer is a *refusal.
type exchange struct {
	tokens *tokens
	next   http.RoundTripper
}

func (e exchange) RoundTrip(r *http.Request) (*http.Response, error) {
	token, err := e.tokens.get(r.Context())
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	token.SetAuthHeader(r)
	response, err := e.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := read(response)
	if refused, ok := errors.AsType[*refusal](err); ok && refused.status == http.StatusUnauthorized {
		refused.outdated = token.proven.Load()
		e.tokens.forget(r.Context(), token)
	}
	if err != nil {
		return nil, err
	}
	token.proven.Store(true)
	if wanted, ok := r.Context().Value(bodyKey{}).(*[]byte); ok {
		*wanted = body
	}
	response.Body = io.NopCloser(strings.NewReader("{}"))
	return response, nil
}

// read takes the body of a good answer; any other answer is a *refusal.
func read(response *http.Response) ([]byte, error) {
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, newRefusal(response)
	}
	var body bytes.Buffer
	if n := response.ContentLength; n > 0 && n <= maxBody {
		body.Grow(int(n) + bytes.MinRead)
	}
	if _, err := body.ReadFrom(io.LimitReader(response.Body, maxBody+1)); err != nil {
		return nil, err
	}
	if body.Len() > maxBody {
		return nil, wire.ErrTooLong
	}
	return bytes.TrimPrefix(body.Bytes(), []byte("\ufeff")), nil
}

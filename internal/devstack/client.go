package devstack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/rollcall-sync/rollcall/internal/store"
)

// Client calls the API as one account's program would.
type Client struct {
	Base  string
	Token string
	HTTP  *http.Client // nil: the default
}

// Call sends a request and decodes the answer into out, unless out is nil. An answer that is no
// success is an *APIError.
func (c Client) Call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.Base+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	if c.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.Token)
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if response.StatusCode >= 300 {
		failure := &APIError{Status: response.StatusCode, Body: string(answer)}
		_ = json.Unmarshal(answer, failure)
		return failure
	}
	if out == nil || len(answer) == 0 {
		return nil
	}
	return json.Unmarshal(answer, out)
}

// APIError is a problem answered by the API.
type APIError struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Errors []struct {
		Field   string `json:"field"`
		Message string `json:"message"`
	} `json:"errors"`
	Body string `json:"-"`
}

func (e *APIError) Error() string {
	return fmt.Sprintf("%d %s: %s %v", e.Status, e.Code, e.Detail, e.Errors)
}

// NewAccount makes an account, as `starter account create` does.
func (s *Stack) NewAccount(ctx context.Context, name, owner string, licences int) (Account, error) {
	db, err := store.Open(ctx, s.database)
	if err != nil {
		return Account{}, err
	}
	defer func() { _ = db.Close() }()
	account, token, err := db.CreateAccount(ctx, store.NewAccount{Name: name, OwnerEmail: owner, Licences: licences})
	if err != nil {
		return Account{}, err
	}
	return Account{ID: account.ID, Name: account.Name, Token: token}, nil
}

// Client calls the API with the account's token.
func (s *Stack) Client(a Account) Client { return Client{Base: s.StarterURL(), Token: a.Token} }

// Client calls SCIM as the account's identity provider would.
func (s SCIM) Client() Client { return Client{Base: s.BaseURL, Token: s.Token} }

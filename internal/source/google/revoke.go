package google

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source/wire"
)

// Forget drops the client of a connection, with the refresh token that it holds.
func (o *Opener) Forget(connectionID string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.clients, connectionID)
}

// Revoke forgets a connection and gives its grant back to Google. A grant that Google does not know
// any more is one that was given back.
// https://developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke
func (o *Opener) Revoke(ctx context.Context, connection directory.Connection) error {
	o.Forget(connection.ID)
	if err := o.options.check(); err != nil {
		return err
	}
	token, err := o.options.Unseal(connection.ID, connection.Secret)
	if err != nil {
		return fmt.Errorf("unseal connection %s: %w", connection.ID, err)
	}
	body := strings.NewReader(url.Values{"token": {string(token)}}.Encode())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, o.options.revocationURL(), body)
	if err != nil {
		return fmt.Errorf("address of revocation: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := o.http.Do(request)
	if err != nil {
		return fmt.Errorf("give grant back: %w", wire.Harmless(err))
	}
	defer func() { _ = response.Body.Close() }()
	if refused := refusedRevocation(response); refused != nil {
		return fmt.Errorf("give grant back: %w", refused)
	}
	return nil
}

// refusedRevocation is nil for an answer after which the grant is not there.
func refusedRevocation(response *http.Response) error {
	var answer struct {
		Code string `json:"error"`
	}
	body, _ := wire.ErrorBody(response)
	_ = json.Unmarshal(body, &answer) // what is no JSON has no code; its status still counts
	if response.StatusCode == http.StatusOK || answer.Code == "invalid_token" {
		return nil
	}
	return &refusal{signIn: true, status: response.StatusCode, code: wire.Repeatable(answer.Code)}
}

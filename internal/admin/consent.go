package admin

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

const (
	stateBytes = 32
	stateLife  = 10 * time.Minute
)

// Reads says, before anybody consents, what Rollcall reads from a directory.
func Reads(p directory.Provider) string {
	return "Rollcall will read from " + p.Title() + ": the role, email address and domain of the administrator who connects, " +
		"and the users, the groups and the members of the groups of the organization. It changes nothing there."
}

// flow is how the administrators of one provider's directories give consent.
type flow interface {
	// ready is the error "provider_not_set_up" while Rollcall is not registered with the provider.
	ready() error
	// authorizeURL is where an administrator begins.
	authorizeURL(state string, p proof) string
	// lacks names what an answer lacks to go on with; empty: nothing.
	lacks(c store.Consent, answer ConsentAnswer) string
	// finish takes in an answer whose state is used up by now.
	finish(ctx context.Context, c store.Consent, connection directory.Connection, p proof, answer ConsentAnswer) (Connecting, error)
}

func (a *Admin) flow(p directory.Provider) (flow, error) {
	switch p {
	case directory.Entra:
		return entra{a}, nil
	case directory.Google:
		return google{a}, nil
	default:
		return nil, invalid("No connection was made.", []directory.FieldError{
			{Field: "provider", Message: fmt.Sprintf("%q is no provider; use entra or google.", p)},
		})
	}
}

// proof shows that an answer is to our own question: the verifier of PKCE (RFC 7636) and the nonce
// of OpenID Connect. It is kept sealed, with the provider that was asked.
type proof struct {
	Provider directory.Provider `json:"provider"`
	Verifier string             `json:"verifier"`
	Nonce    string             `json:"nonce"`
}

// askConsent begins a step of a consent: it makes the step's state, single use and good for ten
// minutes, and returns the address that address makes with it. TenantID is what a step before has
// proven, if any.
func (a *Admin) askConsent(ctx context.Context, c directory.Connection, tokenID, tenantID string, address func(state string, p proof) string) (string, error) {
	p := proof{Provider: c.Provider, Verifier: oauth2.GenerateVerifier(), Nonce: random()}
	plain, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("encode proof of consent: %w", err)
	}
	state := random()
	err = a.Store.BeginConsent(ctx, store.Consent{
		AccountID: c.AccountID, ConnectionID: c.ID, RequestedBy: tokenID, State: state, TenantID: tenantID,
		Sealed: a.Keyring.Seal(plain, consentContext(c.ID)), Expires: time.Now().Add(stateLife),
	})
	if err != nil {
		return "", err
	}
	return address(state, p), nil
}

func (a *Admin) openProof(c store.Consent) (proof, error) {
	var p proof
	plain, err := a.Keyring.Open(c.Sealed, consentContext(c.ConnectionID))
	if err == nil {
		err = json.Unmarshal(plain, &p)
	}
	if err != nil {
		return p, fmt.Errorf("open proof of consent: %w", err)
	}
	return p, nil
}

func consentContext(connectionID string) []byte { return []byte("consent/" + connectionID) }

func random() string {
	b := make([]byte, stateBytes)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b)
}

// ConsentAnswer is what a provider sends an administrator's browser back with.
type ConsentAnswer struct {
	Provider    directory.Provider // whose callback was asked for
	State       string
	Code        string // of a sign-in, to be exchanged for tokens
	TenantID    string // of Microsoft's page of admin consent
	Error       string // OAuth's error code; empty when all went well
	Description string // of the error; Microsoft's has a number in it. It is neither shown nor logged
}

// Connecting is how far an answer has brought a connection.
type Connecting struct {
	Connection directory.Connection
	Account    string // name of the account that can read the directory once connected
	Next       string // the page to visit next; empty once connected
}

// FinishConsent takes in what a provider answered. A good answer uses its state up, whatever comes
// of it; a refusal does not, so that the administrator can go back and decide otherwise.
func (a *Admin) FinishConsent(ctx context.Context, answer ConsentAnswer) (Connecting, error) {
	flow, err := a.flow(answer.Provider)
	if err != nil {
		return Connecting{}, err
	}
	if answer.State == "" {
		return Connecting{}, malformedConsent("state")
	}
	consent, err := a.Store.PeekConsent(ctx, answer.State)
	if err != nil {
		return Connecting{}, err
	}
	p, err := a.openProof(consent)
	switch {
	case err != nil:
		return Connecting{}, err
	case p.Provider != answer.Provider:
		return Connecting{}, malformedConsent("state")
	case answer.Error != "":
		return Connecting{}, refusal(answer)
	}
	if missing := flow.lacks(consent, answer); missing != "" {
		return Connecting{}, malformedConsent(missing)
	}
	consent, connection, err := a.Store.TakeConsent(ctx, answer.State)
	if err != nil {
		return Connecting{}, err
	}
	account, err := a.Store.Account(ctx, connection.AccountID)
	if err != nil {
		return Connecting{}, err
	}
	connecting, err := flow.finish(ctx, consent, connection, p, answer)
	connecting.Account = account.Name
	return connecting, err
}

// callback is where the provider sends administrators back to.
func (a *Admin) callback(p directory.Provider) string {
	return strings.TrimSuffix(a.PublicURL, "/") + "/connect/" + string(p) + "/callback"
}

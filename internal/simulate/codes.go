package simulate

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"maps"
	"sync"
	"time"
)

const codeLifetime = 10 * time.Minute

// ErrCode says that an authorization code cannot be redeemed: it is unknown,
// used, too old, or was issued to somebody else. Login services do not tell which.
var ErrCode = errors.New("the authorization code is unknown, used, expired or issued for another client, address or verifier")

// Grant is what somebody agreed to at a simulated login service.
type Grant struct {
	ClientID    string
	RedirectURI string
	Challenge   string // PKCE, method S256; "": the client sent none
	Nonce       string
	Subject     string // who agreed
	Scopes      []string
	Offline     bool // a refresh token was asked for
}

// Codes are the authorization codes that a login service has issued. They live
// in memory and are safe for concurrent use.
type Codes struct {
	mu     sync.Mutex
	issued map[string]issuedCode
}

type issuedCode struct {
	grant   Grant
	expires time.Time
}

// NewCodes makes an empty set.
func NewCodes() *Codes { return &Codes{issued: map[string]issuedCode{}} }

// Issue makes a code that stands for grant for ten minutes.
func (c *Codes) Issue(grant Grant) string {
	now := time.Now()
	code := rand.Text()
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.issued, func(_ string, issued issuedCode) bool { return now.After(issued.expires) })
	c.issued[code] = issuedCode{grant: grant, expires: now.Add(codeLifetime)}
	return code
}

// Redeem uses a code up and returns what it stands for. The client, the address
// and, when there was a challenge, the PKCE verifier must be those of its request;
// else the code is used up all the same and the error is ErrCode.
func (c *Codes) Redeem(code, clientID, redirectURI, verifier string) (Grant, error) {
	c.mu.Lock()
	issued, ok := c.issued[code]
	delete(c.issued, code)
	c.mu.Unlock()
	grant := issued.grant
	if !ok || time.Now().After(issued.expires) || grant.ClientID != clientID || grant.RedirectURI != redirectURI {
		return Grant{}, ErrCode
	}
	if !proves(verifier, grant.Challenge) {
		return Grant{}, ErrCode
	}
	return grant, nil
}

// proves checks a PKCE verifier against its S256 challenge (RFC 7636). A verifier
// for a code without a challenge is refused, as RFC 9700 asks.
func proves(verifier, challenge string) bool {
	if challenge == "" || verifier == "" {
		return challenge == verifier
	}
	sum := sha256.Sum256([]byte(verifier))
	want := base64.RawURLEncoding.EncodeToString(sum[:])
	return subtle.ConstantTimeCompare([]byte(want), []byte(challenge)) == 1
}

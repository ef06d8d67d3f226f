package google

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

const tokenLifetime = 3599 * time.Second

// Kinds of tokens, as Google's begin.
const (
	kindAccess  = "ya29."
	kindRefresh = "1//"
)

// grant is what an account allows a client; its tokens carry it, signed, so that
// they outlive a restart of the tenant.
type grant struct {
	ID      string   `json:"id"`
	Client  string   `json:"client"` // "": any
	Account account  `json:"account"`
	Scopes  []string `json:"scopes"`
	Given   int64    `json:"given"` // Unix, nanoseconds
}

func (t *Tenant) newGrant(client string, who account, scopes []string) grant {
	return grant{ID: rand.Text(), Client: client, Account: who, Scopes: scopes, Given: time.Now().UnixNano()}
}

// signed is the content of a token.
type signed struct {
	Grant   grant `json:"grant"`
	Expires int64 `json:"exp,omitempty"` // Unix, seconds; 0: never
}

func (t *Tenant) sign(g grant, kind string, now time.Time) string {
	content := signed{Grant: g}
	if kind == kindAccess {
		content.Expires = now.Add(tokenLifetime).Unix()
	}
	payload := kind + simulate.EncodeToken(content)
	return payload + "." + t.signature(payload)
}

func (t *Tenant) signature(payload string) string {
	mac := hmac.New(sha256.New, t.signKey[:])
	mac.Write([]byte(payload))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// read returns the grant of a token of this tenant that is valid now.
func (t *Tenant) read(token, kind string) (grant, bool) {
	at := strings.LastIndexByte(token, '.')
	if at < len(kind) || !strings.HasPrefix(token, kind) || !hmac.Equal([]byte(token[at+1:]), []byte(t.signature(token[:at]))) {
		return grant{}, false
	}
	var content signed
	if err := simulate.DecodeToken(token[len(kind):at], &content); err != nil {
		return grant{}, false
	}
	if content.Expires != 0 && time.Now().Unix() >= content.Expires || t.isRevoked(content.Grant) {
		return grant{}, false
	}
	return content.Grant, true
}

func (t *Tenant) isRevoked(g grant) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.revoked[g.ID] || g.Given <= t.revokedTill
}

// revokeAll takes back what every account has allowed so far.
func (t *Tenant) revokeAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.revokedTill = time.Now().UnixNano()
}

func (t *Tenant) revoke(g grant) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.revoked[g.ID] = true
}

// authorize checks the bearer token of a request to the Directory API and
// returns the directory that it may read.
func (t *Tenant) authorize(r *http.Request, m method) (*store, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return nil, &apiError{http.StatusUnauthorized, "required", "Login Required.", "Authorization"}
	}
	g, ok := t.read(token, kindAccess)
	switch {
	case !ok:
		return nil, unauthorized()
	case !slices.ContainsFunc(g.Scopes, func(scope string) bool { return slices.Contains(m.scopes, scope) }):
		return nil, &apiError{http.StatusForbidden, "insufficientPermissions", "Request had insufficient authentication scopes.", ""}
	case g.Account == accountAdmin:
		return t.store, nil
	case g.Account == accountOther:
		return t.other, nil
	}
	return nil, forbidden()
}

func unauthorized() *apiError {
	return &apiError{http.StatusUnauthorized, "authError", "Invalid Credentials", "Authorization"}
}

package scim

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/scim/schema"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// caller is a client with the resource types of its account.
type caller struct {
	store.SCIMClient
	user  *schema.ResourceType
	group *schema.ResourceType
}

// admit finds out who asks, RFC 6750, section 2.1, and whether they ask too often.
func (s *Service) admit(r *http.Request) (caller, error) {
	scheme, token, _ := strings.Cut(strings.TrimSpace(r.Header.Get("Authorization")), " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return caller{}, &directory.Error{Kind: directory.KindUnauthenticated, Code: "unauthenticated"}
	}
	client, err := s.store.AuthenticateSCIM(r.Context(), token)
	if err != nil {
		return caller{}, err
	}
	if !s.limits.allow(client.TokenID, time.Now()) {
		return caller{}, tooFast()
	}
	return caller{SCIMClient: client, user: s.types.user(client), group: s.types.group}, nil
}

func tooFast() *directory.Error {
	return &directory.Error{
		Kind: directory.KindTooFast, Code: "too_fast", RetryAfter: time.Second,
		Message: "This token makes more requests a second than it may.", Remedy: "Wait as long as Retry-After says.",
	}
}

// types are the resource types of accounts; those of users differ in the account's own fields.
type types struct {
	plain    *schema.ResourceType // users without fields of an account
	group    *schema.ResourceType
	accounts sync.Map // account id → userType
}

// userType is the resource type of users while the account has these fields.
type userType struct {
	fields []directory.Field
	made   *schema.ResourceType
}

func (t *types) user(c store.SCIMClient) *schema.ResourceType {
	if len(c.Fields) == 0 {
		return t.plain
	}
	if known, ok := t.accounts.Load(c.AccountID); ok && slices.Equal(known.(userType).fields, c.Fields) {
		return known.(userType).made
	}
	made := schema.User(schema.AccountExtension(c.AccountID, c.Fields))
	t.accounts.Store(c.AccountID, userType{c.Fields, made})
	return made
}

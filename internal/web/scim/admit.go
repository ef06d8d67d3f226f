package scim

import (
	"context"
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
	token string
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
	c, err := s.callerOf(r.Context(), token)
	if err != nil {
		return caller{}, err
	}
	return c, s.charge(c, 1)
}

// callerOf is the client that has the token.
func (s *Service) callerOf(ctx context.Context, token string) (caller, error) {
	client, err := s.store.AuthenticateSCIM(ctx, token)
	if err != nil {
		return caller{}, err
	}
	return caller{SCIMClient: client, token: token, user: s.types.user(client), group: s.types.group}, nil
}

// charge counts requests of the client and refuses them if they are too many.
func (s *Service) charge(c caller, requests int) error {
	wait := s.limits.take(c.TokenID, requests, time.Now())
	if wait == 0 {
		return nil
	}
	return &directory.Error{
		Kind: directory.KindTooFast, Code: "too_fast", RetryAfter: wait,
		Message: "This token makes more requests a second than it may. Each operation of a bulk request counts as one.",
		Remedy:  "Wait as long as Retry-After says.",
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

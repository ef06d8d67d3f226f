package api

import (
	"context"
	"net/http"
	"time"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// TokenInfo is a token as the API shows it after it was made.
type TokenInfo struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Role       string     `json:"role"`
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at"`
	RevokedAt  *time.Time `json:"revoked_at"`
}

type freshToken struct {
	TokenInfo
	Token string `json:"token" doc:"The token itself. It is shown this once."`
}

type newToken struct {
	Body struct {
		Name string `json:"name" doc:"Shown as the one who asked, for example in the sync history."`
		Role string `json:"role" minLength:"1" maxLength:"200" doc:"Id of a role that is not above your own."`
	}
}

func (s *api) tokenRoutes() {
	route(s, "GET /v1/tokens", "The API tokens of the account", func(ctx context.Context, who directory.Principal, _ *none) (*body[list[TokenInfo]], error) {
		tokens, err := s.store.Tokens(ctx, who.AccountID)
		return listed(tokens, err, showToken)
	})
	route(s, "POST /v1/tokens", "Make an API token", func(ctx context.Context, who directory.Principal, in *newToken) (*body[freshToken], error) {
		t, secret, err := s.admin.CreateToken(ctx, who, in.Body.Name, in.Body.Role)
		return shown(t, err, func(t directory.Token) freshToken { return freshToken{showToken(t), secret} })
	}, status(http.StatusCreated))
	route(s, "DELETE /v1/tokens/{id}", "Revoke an API token", func(ctx context.Context, who directory.Principal, in *byID) (*none, error) {
		return nil, s.admin.RevokeToken(ctx, who, in.ID)
	}, status(http.StatusNoContent))
}

func showToken(t directory.Token) TokenInfo {
	return TokenInfo{ID: t.ID, Name: t.Name, Role: t.RoleID, CreatedAt: t.CreatedAt, LastUsedAt: t.LastUsedAt, RevokedAt: t.RevokedAt}
}

package api

import (
	"context"
	"net/http"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

type role struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	BuiltIn bool   `json:"built_in" doc:"Every account has it; it cannot be deleted."`
}

type named struct {
	Body struct {
		Name string `json:"name"`
	}
}

func (s *api) roleRoutes() {
	route(s, "GET /v1/roles", "The roles that users can have", func(ctx context.Context, who directory.Principal, _ *none) (*body[list[role]], error) {
		roles, err := s.store.Roles(ctx, who.AccountID)
		return listed(roles, err, showRole)
	})
	route(s, "POST /v1/roles", "Add a role", func(ctx context.Context, who directory.Principal, in *named) (*body[role], error) {
		r, err := s.admin.CreateRole(ctx, who.AccountID, in.Body.Name)
		return shown(r, err, showRole)
	}, status(http.StatusCreated))
	route(s, "DELETE /v1/roles/{id}", "Delete a role; its users become members", func(ctx context.Context, who directory.Principal, in *bySlug) (*none, error) {
		return nil, s.admin.DeleteRole(ctx, who.AccountID, in.ID)
	}, status(http.StatusNoContent))
}

func showRole(r store.Role) role { return role(r) }

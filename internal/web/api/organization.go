package api

import (
	"context"
	"net/http"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

type organization struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (s *api) organizationRoutes() {
	route(s, "GET /v1/organizations", "The organizations that users can belong to", func(ctx context.Context, who directory.Principal, _ *none) (*body[list[organization]], error) {
		organizations, err := s.store.Organizations(ctx, who.AccountID)
		return listed(organizations, err, showOrganization)
	})
	route(s, "POST /v1/organizations", "Add an organization", func(ctx context.Context, who directory.Principal, in *named) (*body[organization], error) {
		o, err := s.admin.CreateOrganization(ctx, who.AccountID, in.Body.Name)
		return shown(o, err, showOrganization)
	}, status(http.StatusCreated))
	route(s, "DELETE /v1/organizations/{id}", "Delete an organization; its users belong to none then", func(ctx context.Context, who directory.Principal, in *bySlug) (*none, error) {
		return nil, s.admin.DeleteOrganization(ctx, who.AccountID, in.ID)
	}, status(http.StatusNoContent))
}

func showOrganization(o store.Organization) organization { return organization(o) }

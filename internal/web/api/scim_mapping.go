package api

import (
	"context"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

type scimMappings struct {
	RoleMappings         []directory.RoleMapping         `json:"role_mappings" nullable:"false" doc:"Of several, the first one holds whose group a user is in. They neither give nor take account_owner; the role goes with the membership."`
	OrganizationMappings []directory.OrganizationMapping `json:"organization_mappings" nullable:"false" doc:"Of several, the first one holds whose group a user is in; all puts users into all organizations."`
}

type newSCIMMappings struct {
	Body scimMappings
}

func (s *api) scimMappingRoutes() {
	route(s, "GET /v1/scim/mappings", "Which roles and organizations the groups give that SCIM clients push", func(ctx context.Context, who directory.Principal, _ *none) (*body[scimMappings], error) {
		m, err := s.store.SCIMMappings(ctx, who.AccountID)
		return shown(m, err, showSCIMMappings)
	})
	route(s, "PUT /v1/scim/mappings", "Replace the mappings of pushed groups, which count at once; group_id is a group's id here", func(ctx context.Context, who directory.Principal, in *newSCIMMappings) (*body[scimMappings], error) {
		m, err := s.admin.SaveSCIMMappings(ctx, who, directory.SCIMMappings{Roles: in.Body.RoleMappings, Organizations: in.Body.OrganizationMappings})
		return shown(m, err, showSCIMMappings)
	})
}

func showSCIMMappings(m directory.SCIMMappings) scimMappings {
	return scimMappings{RoleMappings: orEmpty(m.Roles), OrganizationMappings: orEmpty(m.Organizations)}
}

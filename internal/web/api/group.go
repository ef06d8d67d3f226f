package api

import (
	"context"
	"time"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

type group struct {
	ID          string           `json:"id"`
	Name        string           `json:"name"`
	Description string           `json:"description"`
	Email       string           `json:"email" doc:"Empty for none."`
	Source      directory.Origin `json:"source" enum:"directory_sync,scim" doc:"How the group came into the account."`
	SourceID    *string          `json:"source_id" doc:"Id of the group in the directory; null for a group that is in none."`
	Members     int              `json:"members" doc:"How many of its members are in the account."`
	Parked      int              `json:"parked" doc:"How many join the group as soon as they are in the account."`
	CreatedAt   time.Time        `json:"created_at"`
	UpdatedAt   time.Time        `json:"updated_at"`
}

type groupQuery struct {
	Search string `query:"search" maxLength:"200" doc:"Part of a name or an address."`
	Paging
}

type memberQuery struct {
	ID string `path:"id" format:"uuid"`
	Paging
}

func (s *api) groupRoutes() {
	route(s, "GET /v1/groups", "The groups of the account", func(ctx context.Context, who directory.Principal, in *groupQuery) (*body[list[group]], error) {
		page, err := s.store.Groups(ctx, who.AccountID, store.GroupFilter{Search: in.Search, Limit: in.Limit, Cursor: in.Cursor})
		return paged(page, err, showGroup)
	})
	route(s, "GET /v1/groups/{id}", "A group", func(ctx context.Context, who directory.Principal, in *byID) (*body[group], error) {
		g, err := s.store.Group(ctx, who.AccountID, in.ID)
		return shown(g, err, showGroup)
	})
	route(s, "GET /v1/groups/{id}/members", "The users in a group", func(ctx context.Context, who directory.Principal, in *memberQuery) (*body[list[user]], error) {
		page, err := s.store.GroupMembers(ctx, who.AccountID, in.ID, in.Limit, in.Cursor)
		return s.pagedUsers(ctx, who.AccountID, page, err)
	})
}

func showGroup(g directory.Group) group {
	return group{
		ID: g.ID, Name: g.Name, Description: g.Description, Email: g.Email, Source: g.Source, SourceID: g.SourceID,
		Members: g.Members, Parked: g.Parked, CreatedAt: g.CreatedAt, UpdatedAt: g.UpdatedAt,
	}
}

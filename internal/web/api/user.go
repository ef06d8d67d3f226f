package api

import (
	"context"
	"time"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

type user struct {
	ID           string               `json:"id"`
	Email        string               `json:"email"`
	FirstName    string               `json:"first_name"`
	LastName     string               `json:"last_name"`
	Status       directory.UserStatus `json:"status" enum:"invited,active,awaiting_licence,deactivated,deleted"`
	Fields       directory.Values     `json:"fields" doc:"Values of the other fields, by field id; of a field of type person the id of a user."`
	Role         string               `json:"role" doc:"Id of the role."`
	Organization *string              `json:"organization" doc:"Id of the organization; all for one who belongs to all of them, null for one who belongs to none."`
	Groups       []string             `json:"groups" doc:"Ids of the groups."`
	Source       directory.Origin     `json:"source" enum:"directory_sync,scim,admin" doc:"How the user came into the account."`
	WaitingPlace *int64               `json:"waiting_place" doc:"Of a user who waits for a licence: the smallest is the next to get one. Null for all others."`
	DeletedAt    *time.Time           `json:"deleted_at" doc:"Since when a deleted user can be restored; null for all others."`
}

type userQuery struct {
	Status directory.UserStatus `query:"status" enum:"invited,active,awaiting_licence,deactivated,deleted" doc:"Deleted users are listed only when asked for."`
	Search string               `query:"search" maxLength:"200" doc:"Part of a name or an address."`
	Paging
}

type userPatch struct {
	ID   string `path:"id" format:"uuid"`
	Body struct {
		Role         *string `json:"role,omitempty" doc:"Id of a role. Only an account owner gives or takes account_owner, only an account owner or a super admin super_admin and user_admin."`
		Organization *string `json:"organization,omitempty" doc:"Id of an organization, or all; empty for none."`
	}
}

func (s *api) userRoutes() {
	route(s, "GET /v1/users", "The users of the account", func(ctx context.Context, who directory.Principal, in *userQuery) (*body[list[user]], error) {
		page, err := s.store.Users(ctx, who.AccountID, store.UserFilter{Status: in.Status, Search: in.Search, Limit: in.Limit, Cursor: in.Cursor})
		return s.pagedUsers(ctx, who.AccountID, page, err)
	})
	route(s, "GET /v1/users/{id}", "A user", s.onUser(s.store.User))
	route(s, "PATCH /v1/users/{id}", "Give a user a role or an organization by hand; the mapping of a group that gives another one still does", func(ctx context.Context, who directory.Principal, in *userPatch) (*body[user], error) {
		u, err := s.admin.UpdateUser(ctx, who, in.ID, store.UserPatch(in.Body))
		return s.shownUser(ctx, u, err)
	})
	route(s, "POST /v1/users/{id}/activate", "Activate a user, a licence permitting", s.onUser(s.admin.ActivateUser))
	route(s, "POST /v1/users/{id}/deactivate", "Deactivate a user", s.onUser(s.admin.DeactivateUser))
	route(s, "POST /v1/users/{id}/restore", "Bring a deleted user back", s.onUser(s.admin.RestoreUser))
}

// onUser is the handler that finds a user or does something to them, and shows them.
func (s *api) onUser(do func(ctx context.Context, accountID, id string) (directory.User, error)) handler[byID, body[user]] {
	return func(ctx context.Context, who directory.Principal, in *byID) (*body[user], error) {
		u, err := do(ctx, who.AccountID, in.ID)
		return s.shownUser(ctx, u, err)
	}
}

// shownUser makes an answer of a user, with their groups.
func (s *api) shownUser(ctx context.Context, u directory.User, err error) (*body[user], error) {
	if err != nil {
		return nil, err
	}
	groups, err := s.store.GroupsOf(ctx, u.AccountID, []string{u.ID})
	return shown(u, err, showUser(groups))
}

// pagedUsers makes an answer of a stretch of users, with the groups of each.
func (s *api) pagedUsers(ctx context.Context, accountID string, page store.Page[directory.User], err error) (*body[list[user]], error) {
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(page.Items))
	for _, u := range page.Items {
		ids = append(ids, u.ID)
	}
	groups, err := s.store.GroupsOf(ctx, accountID, ids)
	return paged(page, err, showUser(groups))
}

func showUser(groups map[string][]string) func(directory.User) user {
	return func(u directory.User) user {
		fields := u.Fields
		if fields == nil {
			fields = directory.Values{}
		}
		return user{
			ID: u.ID, Email: u.Email, FirstName: u.FirstName, LastName: u.LastName, Status: u.Status, Fields: fields,
			Role: u.RoleID, Organization: u.Organization, Groups: orEmpty(groups[u.ID]), Source: u.Source,
			WaitingPlace: u.WaitingPlace, DeletedAt: u.DeletedAt,
		}
	}
}

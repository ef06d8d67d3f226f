package api

import (
	"context"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

type accepted struct {
	Status directory.UserStatus `json:"status" enum:"active"`
	Email  string               `json:"email"`
}

type invitation struct {
	Token string `path:"token" maxLength:"500"`
}

func (s *api) invitationRoutes() {
	route(s, "POST /v1/invitations/{token}/accept", "Accept an invitation; the token is the sign-in", func(ctx context.Context, _ directory.Principal, in *invitation) (*body[accepted], error) {
		u, err := s.admin.AcceptInvitation(ctx, in.Token)
		return shown(u, err, func(u directory.User) accepted { return accepted{u.Status, u.Email} })
	}, open)
}

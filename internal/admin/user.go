package admin

import (
	"context"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// ActivateUser lets a user in, whoever took them out, a licence permitting.
func (a *Admin) ActivateUser(ctx context.Context, accountID, id string) (directory.User, error) {
	return a.mailing(ctx, accountID)(a.Store.ActivateUser(ctx, accountID, id))
}

// DeactivateUser takes a user out. Who waits for a licence gets theirs, and is told.
func (a *Admin) DeactivateUser(ctx context.Context, accountID, id string) (directory.User, error) {
	return a.mailing(ctx, accountID)(a.Store.DeactivateUser(ctx, accountID, id))
}

// RestoreUser brings a deleted user back, with a new invitation where they had not accepted one.
func (a *Admin) RestoreUser(ctx context.Context, accountID, id string) (directory.User, error) {
	return a.mailing(ctx, accountID)(a.Store.RestoreUser(ctx, accountID, id))
}

// UpdateUser gives a user a role or an organization by hand. Nobody gives, or takes, a role above their own,
// and a user admin no role of admins at all.
func (a *Admin) UpdateUser(ctx context.Context, who directory.Principal, id string, patch store.UserPatch) (directory.User, error) {
	return a.mailing(ctx, who.AccountID)(a.Store.UpdateUser(ctx, who.AccountID, id, patch, func(from, to string) error {
		return mayMove(who.RoleID, from, to)
	}))
}

// mayMove says whether somebody of a role may move a user from one role to another.
func mayMove(own, from, to string) error {
	for _, role := range []string{from, to} {
		switch {
		case rank(role) > rank(own):
			return aboveOwnRole("give or take the role " + role)
		case directory.MayAdminister(role) && own == directory.RoleUserAdmin:
			return &directory.Error{
				Kind: directory.KindForbidden, Code: "role_forbidden",
				Message: "You may not give or take the role " + role + ".", Remedy: "It takes an account owner or a super admin.",
			}
		}
	}
	return nil
}

// mailing passes on what came of something that leaves an event and perhaps mail, and has them delivered.
func (a *Admin) mailing(ctx context.Context, accountID string) func(directory.User, error) (directory.User, error) {
	return func(user directory.User, err error) (directory.User, error) {
		a.Wake(ctx, accountID)
		return user, err
	}
}

package admin

import (
	"context"

	"github.com/rollcall-sync/rollcall/internal/directory"
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

// mailing passes on what came of something that leaves an event and perhaps mail, and has them delivered.
func (a *Admin) mailing(ctx context.Context, accountID string) func(directory.User, error) (directory.User, error) {
	return func(user directory.User, err error) (directory.User, error) {
		a.Wake(ctx, accountID)
		return user, err
	}
}

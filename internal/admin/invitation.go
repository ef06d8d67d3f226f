package admin

import (
	"context"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mail"
)

// AcceptInvitation makes the invited person active, a licence permitting. A token that Rollcall
// did not sign is directory.KindNotFound.
func (a *Admin) AcceptInvitation(ctx context.Context, token string) (directory.User, error) {
	id, err := mail.ParseInvitationToken(a.Keyring, token)
	if err != nil {
		return directory.User{}, err
	}
	user, err := a.Store.AcceptInvitation(ctx, id)
	if user.AccountID != "" {
		a.Wake(ctx, user.AccountID)
	}
	return user, err
}

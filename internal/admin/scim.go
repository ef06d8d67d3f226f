package admin

import (
	"context"
	"time"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// CreateSCIMToken makes a token for a SCIM client and returns its secret, which nobody can read again.
// The first one turns SCIM on. Without expiresAt it is in force until it is revoked. Whoever holds it gives
// every role that is mapped, by putting users into groups, so nobody makes one while there are mappings
// that they may not save.
func (a *Admin) CreateSCIMToken(ctx context.Context, who directory.Principal, name string, expiresAt *time.Time) (directory.SCIMToken, string, error) {
	mappings, err := a.Store.SCIMMappings(ctx, who.AccountID)
	if err != nil {
		return directory.SCIMToken{}, "", err
	}
	if err := mayMapRoles(who.RoleID, mappings.Roles, nil); err != nil {
		return directory.SCIMToken{}, "", err
	}
	var secret string
	token, err := named(name, func(name string) (t directory.SCIMToken, err error) {
		t, secret, err = a.Store.CreateSCIMToken(ctx, who.AccountID, name, who.Name, expiresAt)
		return t, err
	})
	if err == nil && expiresAt != nil { // which may be so soon that the admins are told at once
		a.Wake(ctx, who.AccountID)
	}
	return token, secret, err
}

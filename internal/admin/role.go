package admin

import (
	"context"

	"github.com/rollcall-sync/rollcall/internal/store"
)

// CreateRole adds a role of the account's own.
func (a *Admin) CreateRole(ctx context.Context, accountID, name string) (store.Role, error) {
	defer a.Wake(ctx, accountID)
	return named(name, func(name string) (store.Role, error) { return a.Store.CreateRole(ctx, accountID, name) })
}

// DeleteRole removes a role; its users become members.
func (a *Admin) DeleteRole(ctx context.Context, accountID, id string) error {
	defer a.Wake(ctx, accountID)
	return a.Store.DeleteRole(ctx, accountID, id)
}

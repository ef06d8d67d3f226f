package admin

import (
	"context"

	"github.com/rollcall-sync/rollcall/internal/store"
)

// CreateOrganization adds an organization.
func (a *Admin) CreateOrganization(ctx context.Context, accountID, name string) (store.Organization, error) {
	defer a.Wake(ctx, accountID)
	return named(name, func(name string) (store.Organization, error) { return a.Store.CreateOrganization(ctx, accountID, name) })
}

// DeleteOrganization removes an organization; its users belong to none then.
func (a *Admin) DeleteOrganization(ctx context.Context, accountID, id string) error {
	defer a.Wake(ctx, accountID)
	return a.Store.DeleteOrganization(ctx, accountID, id)
}

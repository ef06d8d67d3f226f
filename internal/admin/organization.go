package admin

import (
	"context"

	"github.com/rollcall-sync/rollcall/internal/store"
)

// CreateOrganization adds an organization.
func (a *Admin) CreateOrganization(ctx context.Context, accountID, name string) (store.Organization, error) {
	return named(name, func(name string) (store.Organization, error) { return a.Store.CreateOrganization(ctx, accountID, name) })
}

package admin

import (
	"context"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// CreateField adds a field to the account's users. Its id is made from its name.
func (a *Admin) CreateField(ctx context.Context, accountID, name string, t directory.FieldType) (directory.Field, error) {
	return named(name, func(name string) (directory.Field, error) { return a.Store.CreateField(ctx, accountID, name, t) })
}

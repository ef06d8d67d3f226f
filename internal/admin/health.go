package admin

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/client"
)

// Ready says whether the database and Temporal answer.
func (a *Admin) Ready(ctx context.Context) error {
	if err := a.Store.Ping(ctx); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	if _, err := a.Temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return fmt.Errorf("Temporal: %w", err)
	}
	return nil
}

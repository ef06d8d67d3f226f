package store

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// startProvisioning locks the account and turns a provisioning service on for it. While another one
// is on it is the conflict "provisioning_in_use"; so it is while directory sync, of which an account
// has one configuration, is on itself.
func startProvisioning(ctx context.Context, tx *sqlx.Tx, accountID string, service directory.Provisioning) error {
	if err := lockAccount(ctx, tx, accountID); err != nil {
		return err
	}
	var on directory.Provisioning
	if err := tx.GetContext(ctx, &on, `SELECT provisioning FROM accounts WHERE id = $1`, accountID); err != nil {
		return err
	}
	switch {
	case on == directory.ProvisioningNone:
		if _, err := tx.ExecContext(ctx, `UPDATE accounts SET provisioning = $2 WHERE id = $1`, accountID, service); err != nil {
			return err
		}
		return assignAllMapped(ctx, tx, accountID)
	case on == directory.ProvisioningDirectorySync:
		return directory.Conflict("provisioning_in_use", "Directory sync is on for this account already. Delete its configuration to turn it off.")
	case service == directory.ProvisioningSCIM:
		return nil
	default:
		return directory.Conflict("provisioning_in_use", "SCIM is on for this account. Revoke its SCIM tokens to turn it off.")
	}
}

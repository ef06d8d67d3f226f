package activities

import (
	"context"

	"github.com/rollcall-sync/rollcall/internal/store"
)

// Maintenance are the activities that remove what has been kept long enough, tell of what will expire,
// and pick up what was left lying.
type Maintenance struct {
	Store *store.Store
	// Wake has what waits in an account delivered.
	Wake func(ctx context.Context, accountID string) error
}

// How many rows are purged in one transaction.
const (
	purgeBatch    = 500 // users
	logPurgeBatch = 2000
)

// PurgeRecycleBins removes the deleted users whose account keeps them no longer.
func (a *Maintenance) PurgeRecycleBins(ctx context.Context) (Purged, error) {
	defer keepAlive(ctx)()
	var out Purged
	for {
		n, err := a.Store.PurgeDeleted(ctx, purgeBatch)
		if err != nil {
			return out, asTemporal(ctx, err)
		}
		out.Users += n
		if n < purgeBatch {
			return out, nil
		}
	}
}

// PurgeLogs removes what the accounts' sync logs keep no longer, with the runs, mails and notifications of
// the time.
func (a *Maintenance) PurgeLogs(ctx context.Context) (PurgedLogs, error) {
	defer keepAlive(ctx)()
	var out PurgedLogs
	accounts, err := a.Store.Accounts(ctx)
	if err != nil {
		return out, asTemporal(ctx, err)
	}
	for _, account := range accounts {
		for more := true; more; {
			purged, err := a.Store.PurgeLog(ctx, account.ID, logPurgeBatch)
			if err != nil {
				return out, asTemporal(ctx, err)
			}
			out = PurgedLogs{
				Changes: out.Changes + purged.Changes, Runs: out.Runs + purged.Runs,
				Mails: out.Mails + purged.Mails, Notifications: out.Notifications + purged.Notifications,
				Reports: out.Reports + purged.Reports,
			}
			more = purged != store.PurgedLog{}
		}
	}
	return out, nil
}

// NoticeExpiringTokens tells the admins of SCIM tokens that will expire soon, once of each.
func (a *Maintenance) NoticeExpiringTokens(ctx context.Context) error {
	defer keepAlive(ctx)()
	accounts, err := a.Store.NoticeExpiringSCIMTokens(ctx)
	if err != nil {
		return asTemporal(ctx, err)
	}
	return asTemporal(ctx, a.wakeAll(ctx, accounts))
}

// WakeForgottenMail has mail and events delivered that wait although their time has come: whoever left
// them could not say so.
func (a *Maintenance) WakeForgottenMail(ctx context.Context) error {
	defer keepAlive(ctx)()
	accounts, err := a.Store.AccountsToWake(ctx)
	if err != nil {
		return asTemporal(ctx, err)
	}
	return asTemporal(ctx, a.wakeAll(ctx, accounts))
}

func (a *Maintenance) wakeAll(ctx context.Context, accounts []string) error {
	for _, id := range accounts {
		if err := a.Wake(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

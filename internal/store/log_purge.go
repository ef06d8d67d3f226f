package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// PurgedLog is what one PurgeLog removed.
type PurgedLog struct {
	Changes, Runs, Mails, Notifications, Reports int
}

// purge is one kind of what is kept for a time: which rows are too old, the oldest first, and what is to be
// done about those that are gone.
type purge struct {
	table string
	old   string
	count func(*PurgedLog) *int
	then  string
}

// purges counts from the account's log_days. The guards look back: what a SCIM guard counts is kept for its
// window, and runs for as long as any window can be. A run goes after its changes.
func purges() []purge {
	const (
		logEnds   = `(SELECT now() - greatest(a.log_days, g.window_days) * interval '1 day' FROM accounts a LEFT JOIN scim_guards g ON g.account_id = a.id WHERE a.id = $1)`
		runsEnd   = `(SELECT now() - greatest(log_days, 90) * interval '1 day' FROM accounts WHERE id = $1)`
		mailsEnd  = `(SELECT now() - log_days * interval '1 day' FROM accounts WHERE id = $1)`
		oldChange = `occurred_at < ` + logEnds + `
			AND (run_id IS NULL OR run_id NOT IN (SELECT id FROM runs WHERE account_id = $1 AND finished_at IS NULL)) ORDER BY occurred_at, id`
	)
	const noteLost = `, lost AS (
		UPDATE accounts SET events_lost = (SELECT max(position) FROM gone)
		WHERE id = $1 AND events_lost < (SELECT max(position) FROM gone))`
	changes := func(p *PurgedLog) *int { return &p.Changes }
	return []purge{
		{"changes", `outcome <> 'planned' AND ` + oldChange, changes, noteLost},
		{"changes", `outcome = 'planned' AND ` + oldChange, changes, ""},
		{"runs", `finished_at < ` + runsEnd + ` AND started_at < ` + runsEnd + `
			AND NOT EXISTS (SELECT 1 FROM changes c WHERE c.run_id = runs.id)
			AND EXISTS (SELECT 1 FROM runs r WHERE r.configuration_id = runs.configuration_id AND r.kind <> 'preview'
			            AND r.finished_at IS NOT NULL AND (r.started_at, r.id) > (runs.started_at, runs.id))
			ORDER BY started_at, id`, func(p *PurgedLog) *int { return &p.Runs }, ""},
		{"mails", `settled_at < ` + mailsEnd + ` ORDER BY settled_at`, func(p *PurgedLog) *int { return &p.Mails }, ""},
		{"notifications", `read_at < ` + mailsEnd + ` ORDER BY read_at`, func(p *PurgedLog) *int { return &p.Notifications }, ""},
		{"reports", fmt.Sprintf(`until < now() - interval '%d seconds' ORDER BY until`, int(keptReports.Seconds())), func(p *PurgedLog) *int { return &p.Reports }, ""},
	}
}

// PurgeLog removes at most limit rows of each kind of what an account has kept long enough, and returns how
// many they were: changes, runs of which no change is left, settled mails, notifications that were
// read, and reports of more than 30 days ago. Runs that have not ended stay with their changes; the last run
// of each configuration stays without them. The account knows the last event that went.
func (s *Store) PurgeLog(ctx context.Context, accountID string, limit int) (PurgedLog, error) {
	var purged PurgedLog
	err := s.inTx(ctx, "purge log", func(tx *sqlx.Tx) error {
		if err := lockAccount(ctx, tx, accountID); err != nil {
			return err
		}
		for _, p := range purges() {
			var rows int
			if err := tx.GetContext(ctx, &rows, `
				WITH gone AS (
					DELETE FROM `+p.table+` WHERE id IN (SELECT id FROM `+p.table+` WHERE account_id = $1 AND `+p.old+` LIMIT $2) RETURNING *
				)`+p.then+`
				SELECT count(*) FROM gone`, accountID, limit); err != nil {
				return err
			}
			*p.count(&purged) += rows
		}
		return nil
	})
	return purged, err
}

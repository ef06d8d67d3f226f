package store

import (
	"cmp"
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// SCIMGuardPatch names the thresholds of the guard to change; a nil member stays.
type SCIMGuardPatch struct {
	MaxRemovals       *int
	MaxRemovalPercent *int // 0 to 100
	WindowDays        *int // 1 to 90
}

// SCIMGuard is the guard on the removals of an account's SCIM clients, with who waits for its approval.
func (s *Store) SCIMGuard(ctx context.Context, accountID string) (directory.SCIMGuard, error) {
	var guard directory.SCIMGuard
	err := s.inTx(ctx, "load SCIM guard", func(tx *sqlx.Tx) error {
		var err error
		guard, err = getSCIMGuard(ctx, tx, accountID)
		return err
	})
	return guard, err
}

// UpdateSCIMGuard changes thresholds of the guard. What it holds stays held.
func (s *Store) UpdateSCIMGuard(ctx context.Context, accountID string, patch SCIMGuardPatch) (directory.SCIMGuard, error) {
	var guard directory.SCIMGuard
	err := s.inTx(ctx, "change SCIM guard", func(tx *sqlx.Tx) error {
		if err := lockAccount(ctx, tx, accountID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO scim_guards (account_id) VALUES ($1) ON CONFLICT DO NOTHING`, accountID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
			UPDATE scim_guards SET max_removals = coalesce($2, max_removals), max_removal_percent = coalesce($3, max_removal_percent),
			       window_days = coalesce($4, window_days)
			WHERE account_id = $1`, accountID, patch.MaxRemovals, patch.MaxRemovalPercent, patch.WindowDays)
		if err != nil {
			return err
		}
		guard, err = getSCIMGuard(ctx, tx, accountID)
		return err
	})
	return guard, err
}

// ApproveSCIMRemovals ends a hold: for the days of the guard's window all removals pass, and those so
// far do not count again. The client has to ask for them again. by is shown. While nothing is held it
// is the conflict "guard_not_held".
func (s *Store) ApproveSCIMRemovals(ctx context.Context, accountID, by string) (directory.SCIMGuard, error) {
	var guard directory.SCIMGuard
	err := s.inTx(ctx, "approve SCIM removals", func(tx *sqlx.Tx) error {
		if err := lockAccount(ctx, tx, accountID); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, `
			UPDATE scim_guards SET held_at = NULL, approved_until = now() + window_days * interval '1 day', approved_by = $2
			WHERE account_id = $1 AND held_at IS NOT NULL`, accountID, by)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return cmp.Or[error](err, directory.Conflict("guard_not_held", "Nothing waits for approval: SCIM removals are not held."))
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM scim_held_removals WHERE account_id = $1`, accountID); err != nil {
			return err
		}
		guard, err = getSCIMGuard(ctx, tx, accountID)
		return err
	})
	return guard, err
}

// getSCIMGuard is an account's guard with who waits for its approval.
func getSCIMGuard(ctx context.Context, tx *sqlx.Tx, accountID string) (directory.SCIMGuard, error) {
	guard, err := readSCIMGuard(ctx, tx, accountID)
	if err != nil {
		return guard, err
	}
	err = tx.SelectContext(ctx, &guard.Waiting, `
		SELECT h.user_id, coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.email) AS label, h.action, h.since
		FROM scim_held_removals h JOIN users u ON u.id = h.user_id
		WHERE h.account_id = $1 ORDER BY h.since, h.user_id LIMIT $2`, accountID, maxLimit)
	return guard, err
}

// readSCIMGuard is an account's guard, with the defaults where nobody has set it, but without who waits.
// Its removals are those of the window that no approval covers: an approval covers what was before it,
// and what is until it is over.
func readSCIMGuard(ctx context.Context, tx *sqlx.Tx, accountID string) (directory.SCIMGuard, error) {
	var row struct {
		MaxRemovals       int                  `db:"max_removals"`
		MaxRemovalPercent int                  `db:"max_removal_percent"`
		WindowDays        int                  `db:"window_days"`
		State             directory.GuardState `db:"state"`
		HeldAt            *time.Time           `db:"held_at"`
		ApprovedUntil     *time.Time           `db:"approved_until"`
		ApprovedBy        *string              `db:"approved_by"`
		Removals          int                  `db:"removals"`
		Held              int                  `db:"held"`
	}
	unset := directory.DefaultGuard()
	err := tx.GetContext(ctx, &row, `
		SELECT g.*, CASE WHEN held_at IS NOT NULL THEN 'held' WHEN approved_until > now() THEN 'approved' ELSE 'open' END AS state,
		       (SELECT count(DISTINCT c.user_id) FROM changes c JOIN users u ON u.id = c.user_id AND u.status IN ('deactivated', 'deleted')
		        WHERE c.account_id = $1 AND c.occurred_at > greatest(now() - window_days * interval '1 day', approved_until)
		          AND c.source = 'scim' AND c.outcome = 'applied' AND `+removal+`) AS removals,
		       (SELECT count(*) FROM scim_held_removals WHERE account_id = $1) AS held
		FROM (SELECT coalesce(g.max_removals, $2) AS max_removals, coalesce(g.max_removal_percent, $3) AS max_removal_percent,
		             coalesce(g.window_days, $4) AS window_days, g.held_at, g.approved_until, g.approved_by
		      FROM accounts a LEFT JOIN scim_guards g ON g.account_id = a.id WHERE a.id = $1) g`,
		accountID, unset.MaxRemovals, unset.MaxRemovalPercent, unset.WindowDays)
	return directory.SCIMGuard{
		Guard: directory.Guard{MaxRemovals: row.MaxRemovals, MaxRemovalPercent: row.MaxRemovalPercent, WindowDays: row.WindowDays},
		State: row.State, HeldAt: row.HeldAt, ApprovedUntil: row.ApprovedUntil, ApprovedBy: row.ApprovedBy, Removals: row.Removals, Held: row.Held,
	}, found("account", err)
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const (
	reportPeriod  = 24 * time.Hour      // of the first report, and of one that was asked for
	longestReport = 7 * 24 * time.Hour  // since the last daily report
	keptReports   = 30 * 24 * time.Hour // how long reports are kept: they name people
	reportedRuns  = 10
)

// AccountsToReport are the accounts that have a provisioning service on and want a daily report.
func (s *Store) AccountsToReport(ctx context.Context) ([]string, error) {
	var accounts []string
	err := s.db.SelectContext(ctx, &accounts, `
		SELECT id FROM accounts WHERE provisioning <> 'none' AND report_frequency <> 'never' ORDER BY id`)
	return accounts, wrap("list accounts to report", err)
}

// LastReportDay is the date, in the account's time zone, of its last daily report: YYYY-MM-DD, or
// empty if there was none.
func (s *Store) LastReportDay(ctx context.Context, accountID string) (string, error) {
	var day string
	err := s.db.GetContext(ctx, &day, `SELECT coalesce(max(day)::text, '') FROM reports WHERE account_id = $1`, accountID)
	return day, wrap("load last report", found("account", err))
}

// MakeReport makes the report of an account until an instant, with its mail to the active admins, and
// returns it with the number of mails. A daily report begins where the last one ended, a week ago at
// most, so that nothing falls between two; any other is of 24 hours. A daily one is mailed as often as
// the account wants, but not when nothing happened and no service is on. Making the report of an
// instant, or the daily one of a date, again changes nothing.
func (s *Store) MakeReport(ctx context.Context, accountID string, until time.Time, daily bool) (report directory.Report, mails int, err error) {
	err = s.inTx(ctx, "make report", func(tx *sqlx.Tx) error {
		var account directory.Account
		if err := tx.GetContext(ctx, &account, `SELECT `+accountColumns+` FROM accounts WHERE id = $1`, accountID); err != nil {
			return found("account", err)
		}
		id, since, err := beginReport(ctx, tx, account, until, daily)
		if errors.Is(err, sql.ErrNoRows) {
			report, mails, err = madeReport(ctx, tx, account, until)
			return err
		}
		if err != nil {
			return err
		}
		if report, err = sumReport(ctx, tx, account, since, until); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE reports SET content = $2 WHERE id = $1`, id, report); err != nil {
			return err
		}
		if daily && !mailed(account, report) {
			return nil
		}
		mails, err = mailReport(ctx, tx, accountID, id)
		return err
	})
	return report, mails, err
}

// beginReport makes room for a report, which is then this transaction's alone to make, and removes those
// that are old. It is sql.ErrNoRows if there is such a report.
func beginReport(ctx context.Context, tx *sqlx.Tx, account directory.Account, until time.Time, daily bool) (id string, since time.Time, err error) {
	zone, err := time.LoadLocation(account.TimeZone)
	if err != nil {
		return "", since, err
	}
	since = until.Add(-reportPeriod)
	var day *string
	if daily {
		date := until.In(zone).Format(time.DateOnly)
		day = &date
		if err := tx.GetContext(ctx, &since, `
			SELECT coalesce(max(until), $4) FROM reports WHERE account_id = $1 AND day IS NOT NULL AND until < $2 AND until >= $3`,
			account.ID, until, until.Add(-longestReport), since); err != nil {
			return "", since, err
		}
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM reports WHERE account_id = $1 AND until < $2`, account.ID, until.Add(-keptReports)); err != nil {
		return "", since, err
	}
	err = tx.GetContext(ctx, &id, `
		INSERT INTO reports (id, account_id, since, until, day, content) VALUES ($1, $2, $3, $4, $5, '{}')
		ON CONFLICT DO NOTHING RETURNING id`, newID(), account.ID, since, until, day)
	return id, since, err
}

// madeReport is a report that was made before, at that instant or on that date.
func madeReport(ctx context.Context, tx *sqlx.Tx, account directory.Account, until time.Time) (report directory.Report, mails int, err error) {
	err = tx.QueryRowContext(ctx, `
		SELECT content, (SELECT count(*) FROM mails WHERE kind = 'report' AND cause = r.id) FROM reports r
		WHERE account_id = $1 AND (until = $2 OR day = ($2 AT TIME ZONE $3)::date) ORDER BY until = $2 DESC LIMIT 1`,
		account.ID, until, account.TimeZone).Scan(&report, &mails)
	return report, mails, err
}

// mailed says whether a daily report is mailed.
func mailed(account directory.Account, report directory.Report) bool {
	if account.ReportFrequency == directory.ReportErrorsOnly {
		return report.HasErrors()
	}
	return account.Provisioning != directory.ProvisioningNone || !report.Empty()
}

func mailReport(ctx context.Context, tx *sqlx.Tx, accountID, id string) (int, error) {
	result, err := tx.ExecContext(ctx, `
		INSERT INTO mails (account_id, kind, user_id, cause)
		SELECT $1, 'report', id, $2 FROM users WHERE account_id = $1 AND status = 'active' AND role_id = ANY($3) AND role_id <> 'member'`,
		accountID, id, pq.StringArray(adminRoles()))
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// sumReport sums up what happened: in the runs that ended in the period, whose figures are those that
// they were closed with, and in SCIM requests.
func sumReport(ctx context.Context, tx *sqlx.Tx, account directory.Account, since, until time.Time) (directory.Report, error) {
	report := directory.Report{
		Since: since.UTC(), Until: until.UTC(), DateFormat: account.DateFormat, TimeZone: account.TimeZone,
		Licences: account.Licences, LicencesUsed: account.LicencesUsed,
	}
	if err := sumRuns(ctx, tx, account.ID, &report); err != nil {
		return report, err
	}
	pushed, err := countPushed(ctx, tx, account.ID, since, until)
	if err != nil {
		return report, err
	}
	addCounts(&report.Counts, pushed)
	if err := sumProblems(ctx, tx, account.ID, &report); err != nil {
		return report, err
	}
	err = tx.GetContext(ctx, &report.Waiting, `SELECT count(*) FROM users WHERE account_id = $1 AND status = 'awaiting_licence'`, account.ID)
	return report, err
}

// sumRuns adds the runs that ended in the period, or go on, and what they changed. Previews change
// nothing.
func sumRuns(ctx context.Context, tx *sqlx.Tx, accountID string, report *directory.Report) error {
	var runs []struct {
		directory.ReportedRun
		Counts directory.Counts `db:"counts"`
	}
	err := tx.SelectContext(ctx, &runs, `
		SELECT coalesce(settings->>'name', '') AS name, number, kind, status, reason, finished_at, counts FROM runs
		WHERE account_id = $1 AND kind <> 'preview' AND started_at <= $3 AND (finished_at IS NULL OR finished_at > $2 AND finished_at <= $3)
		ORDER BY finished_at DESC NULLS FIRST, started_at DESC, id`, accountID, report.Since, report.Until)
	if err != nil {
		return err
	}
	for i, run := range runs {
		if run.Status.Ended() {
			addCounts(&report.Counts, run.Counts)
		}
		if run.Status == directory.RunFailure {
			report.Failures++
		}
		if i < reportedRuns {
			report.Runs = append(report.Runs, run.ReportedRun)
		} else {
			report.MoreRuns++
		}
	}
	return nil
}

// countPushed counts what SCIM clients changed. Who got the licence that somebody left is no change of
// theirs.
func countPushed(ctx context.Context, tx *sqlx.Tx, accountID string, since, until time.Time) (c directory.Counts, err error) {
	err = tx.QueryRowContext(ctx, `
		SELECT count(*) FILTER (WHERE subject = 'user' AND action = 'create'),
		       count(*) FILTER (WHERE subject = 'user' AND action = 'update' AND before IS DISTINCT FROM '{"status": "awaiting_licence"}'),
		       count(*) FILTER (WHERE subject = 'user' AND action = 'adopt'),
		       count(*) FILTER (WHERE subject = 'user' AND action = 'deactivate'),
		       count(*) FILTER (WHERE subject = 'user' AND action = 'reactivate'),
		       count(*) FILTER (WHERE subject = 'user' AND action = 'delete'),
		       count(*) FILTER (WHERE subject = 'group' AND action = 'create'),
		       count(*) FILTER (WHERE subject = 'group' AND action = 'update'),
		       count(*) FILTER (WHERE subject = 'group' AND action = 'delete'),
		       count(*) FILTER (WHERE subject = 'membership' AND action = 'create'),
		       count(*) FILTER (WHERE subject = 'membership' AND action = 'delete')
		FROM changes WHERE account_id = $1 AND source = 'scim' AND occurred_at > $2 AND occurred_at <= $3 AND outcome = 'applied'`,
		accountID, since, until).Scan(&c.Created, &c.Updated, &c.Adopted, &c.Deactivated, &c.Reactivated, &c.Deleted,
		&c.GroupsCreated, &c.GroupsUpdated, &c.GroupsDeleted, &c.MembershipsAdded, &c.MembershipsRemoved)
	return c, err
}

// addCounts adds what was changed; of what was read and failed there is no sum.
func addCounts(to *directory.Counts, c directory.Counts) {
	to.Created += c.Created
	to.Updated += c.Updated
	to.Adopted += c.Adopted
	to.Deactivated += c.Deactivated
	to.Reactivated += c.Reactivated
	to.Deleted += c.Deleted
	to.GroupsCreated += c.GroupsCreated
	to.GroupsUpdated += c.GroupsUpdated
	to.GroupsDeleted += c.GroupsDeleted
	to.MembershipsAdded += c.MembershipsAdded
	to.MembershipsRemoved += c.MembershipsRemoved
}

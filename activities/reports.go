package activities

import (
	"context"
	"fmt"
	"time"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// Reports are the activities that make the directory sync report.
type Reports struct {
	Store *store.Store
	// Wake has what waits in an account delivered.
	Wake func(ctx context.Context, accountID string) error
	Now  func() time.Time
}

// ReportDelay is how long after its hour a report is made: what was under way at the full hour is
// written down by then.
const ReportDelay = time.Minute

// reportGrace is how far an hour may be past and still count as ahead, unless its report was made. It
// is longer than ReportDelay, so that a change of settings meanwhile loses no report.
const reportGrace = 5 * time.Minute

// ScheduleReport works out when the account's next daily report is due.
func (a *Reports) ScheduleReport(ctx context.Context, in OfAccount) (NextReport, error) {
	next, err := a.schedule(ctx, in.AccountID)
	return next, asTemporal(ctx, err)
}

func (a *Reports) schedule(ctx context.Context, accountID string) (NextReport, error) {
	account, err := a.Store.Account(ctx, accountID)
	if err != nil {
		return NextReport{}, err
	}
	if account.ReportFrequency == directory.ReportNever {
		return NextReport{Off: true}, nil
	}
	lastDay, err := a.Store.LastReportDay(ctx, accountID)
	if err != nil {
		return NextReport{}, err
	}
	at, err := account.NextReport(a.Now().Add(-reportGrace), lastDay)
	if err != nil {
		return NextReport{}, err
	}
	zone, err := time.LoadLocation(account.TimeZone)
	if err != nil {
		return NextReport{}, err
	}
	local := at.In(zone)
	return NextReport{At: at, Words: fmt.Sprintf("%s %s (%s)", local.Format("15:04"), account.TimeZone, local.Format(time.DateOnly))}, nil
}

// MakeReport makes a report, once, and has its mail delivered. A daily one is made if it is due at
// that instant by the account's present settings: they may have changed without anybody saying so.
func (a *Reports) MakeReport(ctx context.Context, in MakeReportInput) (MadeReport, error) {
	defer keepAlive(ctx)()
	made, err := a.make(ctx, in)
	return made, asTemporal(ctx, err)
}

func (a *Reports) make(ctx context.Context, in MakeReportInput) (MadeReport, error) {
	if in.Daily {
		account, err := a.Store.Account(ctx, in.AccountID)
		if err != nil {
			return MadeReport{}, err
		}
		due, err := account.NextReport(in.Until.Add(-time.Nanosecond), "")
		if err != nil {
			return MadeReport{}, err
		}
		if account.ReportFrequency == directory.ReportNever || !due.Equal(in.Until) {
			return MadeReport{Moved: true}, nil
		}
	}
	report, mails, err := a.Store.MakeReport(ctx, in.AccountID, in.Until, in.Daily)
	if err != nil {
		return MadeReport{}, err
	}
	made := MadeReport{
		Mails: mails, Changes: report.Changes(), Runs: len(report.Runs) + report.MoreRuns, Errors: len(report.Errors) + report.MoreErrors,
	}
	if mails == 0 {
		return made, nil
	}
	return made, a.Wake(ctx, in.AccountID)
}

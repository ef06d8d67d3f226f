package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"github.com/rollcall-sync/rollcall/activities"
	"github.com/rollcall-sync/rollcall/internal/devstack/postgrestest"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// desk makes the reports of one account, whose owner is its only admin, at a time of its own.
type desk struct {
	*testing.T
	store   *store.Store
	account string
	now     time.Time
	woken   int
	env     *testsuite.TestActivityEnvironment
}

var reports *activities.Reports

func newDesk(t *testing.T, now string) *desk {
	t.Helper()
	s, err := store.Open(t.Context(), postgrestest.New(t, store.Migrate), store.MaxConnections(3))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	account, _, err := s.CreateAccount(t.Context(), store.NewAccount{Name: "Corp", OwnerEmail: "owner@corp.example", Licences: 1})
	require.NoError(t, err)
	_, _, err = s.CreateSCIMToken(t.Context(), account.ID, "Okta", "an admin", nil)
	require.NoError(t, err)
	d := &desk{T: t, store: s, account: account.ID, env: new(testsuite.WorkflowTestSuite).NewTestActivityEnvironment()}
	d.now, err = time.Parse(time.RFC3339, now)
	require.NoError(t, err)
	d.env.RegisterActivity(&activities.Reports{
		Store: s, Now: func() time.Time { return d.now }, Wake: func(context.Context, string) error { d.woken++; return nil },
	})
	return d
}

func (d *desk) set(patch store.AccountPatch) {
	d.Helper()
	_, err := d.store.UpdateAccount(d.Context(), d.account, patch)
	require.NoError(d, err)
}

func (d *desk) next() activities.NextReport {
	d.Helper()
	var next activities.NextReport
	out, err := d.env.ExecuteActivity(reports.ScheduleReport, activities.OfAccount{AccountID: d.account})
	require.NoError(d, err)
	require.NoError(d, out.Get(&next))
	return next
}

func (d *desk) make(until time.Time, daily bool) activities.MadeReport {
	d.Helper()
	var made activities.MadeReport
	out, err := d.env.ExecuteActivity(reports.MakeReport, activities.MakeReportInput{AccountID: d.account, Until: until, Daily: daily})
	require.NoError(d, err)
	require.NoError(d, out.Get(&made))
	return made
}

func TestC1_DailyReport(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "2026-03-28T12:00:00Z")
	zone := "Europe/Berlin"
	d.set(store.AccountPatch{TimeZone: &zone})
	next := d.next()
	require.Equal(t, "07:00 Europe/Berlin (2026-03-29)", next.Words)
	require.Equal(t, "2026-03-29T05:00:00Z", next.At.Format(time.RFC3339))

	d.now = next.At.Add(4 * time.Minute)
	require.Equal(t, next, d.next(), "until its report is made, an hour that is just past is still ahead")
	for range 2 {
		require.Equal(t, activities.MadeReport{Mails: 1}, d.make(next.At, true), "again is the same")
	}
	require.Equal(t, "2026-03-30T05:00:00Z", d.next().At.Format(time.RFC3339))
	due, err := d.store.DueMails(t.Context(), d.account, 10)
	require.NoError(t, err)
	require.Len(t, due, 1)
	require.Equal(t, 2, d.woken)
}

// A change of settings of which the workflow was never told counts all the same.
func TestC3_ReportThatIsNotDueAnyMoreIsNotMade(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "2026-06-01T00:00:00Z")
	next, hour, never := d.next(), 8, directory.ReportNever
	d.set(store.AccountPatch{ReportHour: &hour})
	require.Equal(t, activities.MadeReport{Moved: true}, d.make(next.At, true))
	next = d.next()
	require.Equal(t, "2026-06-01T08:00:00Z", next.At.Format(time.RFC3339))
	d.set(store.AccountPatch{ReportFrequency: &never})
	require.Equal(t, activities.MadeReport{Moved: true}, d.make(next.At, true))
	require.Equal(t, activities.NextReport{Off: true}, d.next())
	require.Zero(t, d.woken)
	require.Equal(t, activities.MadeReport{Mails: 1}, d.make(d.now, false), "one that is asked for comes all the same")
}

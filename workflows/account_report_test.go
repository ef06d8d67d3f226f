package workflows_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/rollcall-sync/rollcall/activities"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/workflows"
)

// office stands in for the database of an account: it has the account's settings and remembers on
// which days there was a report.
type office struct {
	env *testsuite.TestWorkflowEnvironment

	mu      sync.Mutex
	account directory.Account
	lastDay string
	daily   []time.Time // until when
	asked   []time.Time
	late    time.Duration // of the last daily report, after its hour
	rollAt  int           // after so many daily reports the history counts as long
}

func newOffice(t *testing.T, start time.Time, zone string, hour int) *office {
	t.Helper()
	o := &office{
		env:     new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment(),
		account: directory.Account{TimeZone: zone, ReportHour: hour, ReportFrequency: directory.ReportDaily},
		rollAt:  3,
	}
	o.env.SetStartTime(start)
	o.env.SetTestTimeout(time.Minute)
	workflows.Register(o.env)
	o.env.RegisterActivityWithOptions(o.schedule, activity.RegisterOptions{Name: "ScheduleReport"})
	o.env.RegisterActivityWithOptions(o.make, activity.RegisterOptions{Name: "MakeReport"})
	return o
}

func (o *office) schedule(context.Context, activities.OfAccount) (activities.NextReport, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.account.ReportFrequency == directory.ReportNever {
		return activities.NextReport{Off: true}, nil
	}
	at, err := o.account.NextReport(o.env.Now().Add(-5*time.Minute), o.lastDay)
	return activities.NextReport{At: at}, err
}

func (o *office) make(_ context.Context, in activities.MakeReportInput) (activities.MadeReport, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !in.Daily {
		o.asked = append(o.asked, in.Until)
		return activities.MadeReport{Mails: 1}, nil
	}
	zone, err := time.LoadLocation(o.account.TimeZone)
	o.lastDay, o.late = in.Until.In(zone).Format(time.DateOnly), o.env.Now().Sub(in.Until)
	if o.daily = append(o.daily, in.Until); len(o.daily) == o.rollAt {
		o.env.SetContinueAsNewSuggested(true)
	}
	return activities.MadeReport{Mails: 1}, err
}

func (o *office) at(d time.Duration, signal string, set func(*directory.Account)) {
	o.env.RegisterDelayedCallback(func() {
		o.mu.Lock()
		set(&o.account)
		o.mu.Unlock()
		o.env.SignalWorkflow(signal, workflows.Request{RequestedBy: "Ana"})
	}, d)
}

func (o *office) live() {
	o.env.ExecuteWorkflow(workflows.AccountReportName, workflows.AccountReportInput{AccountID: "a"})
}

// rolledOver is the state with which a new execution goes on.
func (o *office) rolledOver(t *testing.T) workflows.AccountReportInput {
	t.Helper()
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, o.env.GetWorkflowError(), &again)
	var in workflows.AccountReportInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(again.Input, &in))
	return in
}

func nothing(*directory.Account) {}

// Berlin goes from UTC+1 to UTC+2 on 2026-03-29, and back on 2026-10-25: the clock on the wall says
// seven all the same.
func TestC1_ReportComesAtItsHourWhateverTheClocksDo(t *testing.T) {
	t.Parallel()
	for name, days := range map[string][]time.Time{
		"spring": {time.Date(2026, 3, 28, 6, 0, 0, 0, time.UTC), time.Date(2026, 3, 29, 5, 0, 0, 0, time.UTC), time.Date(2026, 3, 30, 5, 0, 0, 0, time.UTC)},
		"autumn": {time.Date(2026, 10, 24, 5, 0, 0, 0, time.UTC), time.Date(2026, 10, 25, 6, 0, 0, 0, time.UTC), time.Date(2026, 10, 26, 6, 0, 0, 0, time.UTC)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, days[0].Add(-4*time.Hour), "Europe/Berlin", 7)
			o.live()
			require.Equal(t, workflows.AccountReportInput{AccountID: "a"}, o.rolledOver(t))
			require.Equal(t, days, o.daily)
			require.Equal(t, activities.ReportDelay, o.late, "what is under way at the full hour is in it")
		})
	}
}

func TestC1_SecondExecutionGoesOnWhereTheFirstEnded(t *testing.T) {
	t.Parallel()
	first := newOffice(t, monday, "UTC", 7)
	first.rollAt = 1
	first.at(7*time.Hour+activities.ReportDelay, workflows.SignalReportNow, nothing)
	first.live()
	in := first.rolledOver(t)
	require.Len(t, first.daily, 1)
	second := newOffice(t, monday.Add(7*time.Hour+2*time.Minute), "UTC", 7)
	second.lastDay = first.lastDay
	second.env.ExecuteWorkflow(workflows.AccountReportName, in)
	require.Equal(t, []time.Time{monday.Add(31 * time.Hour), monday.Add(55 * time.Hour), monday.Add(79 * time.Hour)}, second.daily)
	require.Len(t, append(first.asked, second.asked...), 1, "what was asked for as the first one ended is not lost")
}

func TestC3_ChangedSettingsCountAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t, monday, "UTC", 7)
	o.at(time.Hour, workflows.SignalSettingsChanged, func(a *directory.Account) { a.ReportHour = 3 })
	o.at(4*time.Hour, workflows.SignalSettingsChanged, func(a *directory.Account) { a.ReportHour = 9 })
	o.at(30*time.Hour, workflows.SignalSettingsChanged, func(a *directory.Account) { a.TimeZone = "America/New_York" })
	o.live()
	require.Equal(t, []time.Time{
		monday.Add(3 * time.Hour),  // moved ahead
		monday.Add(37 * time.Hour), // one a day: not at nine of the same day; at nine in New York, UTC-4
		monday.Add(61 * time.Hour),
	}, o.daily)
}

// An hour whose minute of grace is cut short by a change of settings is not lost.
func TestC3_SettingsThatChangeAtTheHourLoseNoReport(t *testing.T) {
	t.Parallel()
	for _, delay := range []time.Duration{30 * time.Second, activities.ReportDelay, activities.ReportDelay + time.Second} {
		o := newOffice(t, monday, "UTC", 7)
		o.rollAt = 2
		o.at(7*time.Hour+delay, workflows.SignalSettingsChanged, nothing)
		o.live()
		require.Equal(t, []time.Time{monday.Add(7 * time.Hour), monday.Add(31 * time.Hour)}, o.daily, delay)
	}
}

func TestC3_NeverEndsTheWorkflow(t *testing.T) {
	t.Parallel()
	o := newOffice(t, monday, "UTC", 7)
	o.at(50*time.Hour, workflows.SignalSettingsChanged, func(a *directory.Account) { a.ReportFrequency = directory.ReportNever })
	o.live()
	require.NoError(t, o.env.GetWorkflowError())
	require.Equal(t, []time.Time{monday.Add(7 * time.Hour), monday.Add(31 * time.Hour)}, o.daily)
}

func TestC1_ReportIsMadeAtOnceWhenAskedFor(t *testing.T) {
	t.Parallel()
	o := newOffice(t, monday, "UTC", 7)
	o.rollAt = 2
	o.at(2*time.Hour, workflows.SignalReportNow, nothing)
	o.live()
	require.Len(t, o.asked, 1)
	require.WithinDuration(t, monday.Add(2*time.Hour), o.asked[0], time.Second)
	require.Equal(t, []time.Time{monday.Add(7 * time.Hour), monday.Add(31 * time.Hour)}, o.daily, "the daily one comes all the same")

	o = newOffice(t, monday, "UTC", 7)
	o.account.ReportFrequency = directory.ReportNever
	o.env.RegisterDelayedCallback(func() { o.env.SignalWorkflow(workflows.SignalReportNow, nil) }, 0)
	o.live()
	require.NoError(t, o.env.GetWorkflowError())
	require.Len(t, o.asked, 1, "also of an account that wants none")
}

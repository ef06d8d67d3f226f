package store_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
	"github.com/rollcall-sync/rollcall/internal/scim"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// soon is an instant after all that was done so far.
func soon() time.Time { return time.Now().Add(time.Minute).Truncate(time.Second) }

func (b *bench) report(until time.Time, daily bool) (directory.Report, int) {
	b.t.Helper()
	report, mails, err := b.store.MakeReport(b.t.Context(), b.account.ID, until, daily)
	require.NoError(b.t, err)
	return report, mails
}

func (b *bench) frequency(f directory.ReportFrequency) {
	b.t.Helper()
	_, err := b.store.UpdateAccount(b.t.Context(), b.account.ID, store.AccountPatch{ReportFrequency: &f})
	require.NoError(b.t, err)
}

func TestC1_ReportOfRuns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync(people(4)...)
	again := people(4)[:3]
	again[0].Values["city"] = "Bonn"
	b.sync(append(again, faulty("f-1", "date_format", "Use DD/MM/YYYY."), faulty("f-2", "date_format", "Use DD/MM/YYYY."))...)
	b.sync(append(again, faulty("f-1", "date_format", "Use DD/MM/YYYY."))...)
	b.end(directory.KindSync, directory.RunFailure, "Give consent again.")
	preview := b.openRun(directory.KindPreview)
	b.stage(preview, append(people(9), faulty("p-1", "only_previewed", "None."))...)
	b.plan(preview)
	b.closeAs(preview, "", "")

	until := soon()
	report, mails := b.report(until, true)
	require.Equal(t, 1, mails)
	require.Equal(t, until.Add(-24*time.Hour).UTC(), report.Since)
	require.Equal(t, directory.Counts{Created: 6, Updated: 1, Deactivated: 2}, report.Counts)
	require.Equal(t, 9, report.Changes())
	require.Len(t, report.Runs, 4)
	require.Equal(t, directory.RunFailure, report.Runs[0].Status, "the newest first")
	require.Equal(t, "Give consent again.", report.Runs[0].Reason)
	require.Equal(t, "Staff", report.Runs[0].Name)
	require.Equal(t, directory.RunSuccess, report.Runs[3].Status)
	require.Equal(t, 1, report.Failures)
	require.Len(t, report.Errors, 1, "what was only previewed is none")
	kind := report.Errors[0]
	require.Equal(t, []any{"date_format", 2, 0, "Use DD/MM/YYYY."}, []any{kind.Code, kind.People, kind.Groups, kind.Remedy},
		"who has the same error in two runs counts once")
	require.Len(t, kind.Lines, 2)
	for _, line := range kind.Lines {
		require.Contains(t, line.Message, "is wrong.")
	}
	require.True(t, report.HasErrors())

	due, err := b.store.DueMails(t.Context(), b.account.ID, 100)
	require.NoError(t, err)
	for _, m := range due {
		if m.Kind == store.MailReport {
			require.True(t, m.Stands)
			require.Equal(t, report.Counts, m.Report.Counts)
			require.Equal(t, report.Errors, m.Report.Errors)
		}
	}
}

func TestC1_ReportOfSCIM(t *testing.T) {
	t.Parallel()
	c := pushed(t, 2)
	c.account.ID = c.AccountID
	kim := c.create(pushedPerson("kim@corp.example"))
	c.create(pushedPerson("lee@corp.example")) // no licence is left
	_, err := c.set(kim.ID, func(u *scim.User) { u.LastName = "Ray" })
	require.NoError(t, err)
	_, err = c.store.DeactivateUser(t.Context(), c.AccountID, kim.ID) // by an admin: no provisioning
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, c.want(kim.ID, false))
		require.NoError(t, c.want(kim.ID, true))
	}
	report, mails := c.report(soon(), true)
	require.Equal(t, 1, mails)
	require.Equal(t, 2, report.Counts.Created)
	require.Zero(t, report.Counts.Deactivated+report.Counts.Reactivated+report.Counts.Deleted)
	require.Len(t, report.Errors, 1)
	require.Equal(t, []any{"kept_out_by_admin", 1}, []any{report.Errors[0].Code, report.Errors[0].People})
	require.Contains(t, report.Errors[0].Lines[0].Message, "Kim")
	require.Empty(t, report.Runs)
}

func TestC2_ErrorsOfSCIMAreToldOnceADay(t *testing.T) {
	t.Parallel()
	c := pushed(t, 9)
	for _, address := range []string{"kim@corp.example", "lee@corp.example"} {
		user := c.create(pushedPerson(address))
		_, err := c.store.DeactivateUser(t.Context(), c.AccountID, user.ID)
		require.NoError(t, err)
		require.NoError(t, c.want(user.ID, false))
		require.NoError(t, c.want(user.ID, true))
	}
	require.Equal(t, 2, c.count(`SELECT count(*) FROM changes WHERE problems IS NOT NULL`))
	require.Equal(t, 1, c.count(`SELECT count(*) FROM notifications WHERE kind = 'scim_errors'`))
	require.Equal(t, 1, c.count(`SELECT count(*) FROM mails m JOIN notifications n ON n.id = m.cause AND n.kind = 'scim_errors'`))
	var message string
	require.NoError(t, c.db.Get(&message, `SELECT title || ': ' || message FROM notifications WHERE kind = 'scim_errors'`))
	require.Contains(t, message, "kept out by admin")
	require.Contains(t, message, "What to do: Activate the user")
}

// Making it again, at once or by turns, is making it once.
func TestC1_ReportIsMadeOnceForAccountAndDay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.insert("super@corp.example", directory.RoleSuperAdmin, directory.Active)
	b.insert("users@corp.example", directory.RoleUserAdmin, directory.Active)
	b.insert("invited@corp.example", directory.RoleUserAdmin, directory.Invited)
	b.insert("member@corp.example", directory.RoleMember, directory.Active)
	until := time.Now().Truncate(24 * time.Hour).Add(7 * time.Hour)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			_, mails, err := b.store.MakeReport(t.Context(), b.account.ID, until, true)
			require.NoError(t, err)
			require.Equal(t, 3, mails, "the active admins, and nobody else")
		})
	}
	all.Wait()
	_, mails := b.report(until.Add(2*time.Hour), true)
	require.Equal(t, 3, mails, "the hour was changed on that day")
	require.Equal(t, 1, b.count(`SELECT count(*) FROM reports`))
	require.Equal(t, 3, b.count(`SELECT count(*) FROM mails WHERE kind = 'report'`))

	day, err := b.store.LastReportDay(t.Context(), b.account.ID)
	require.NoError(t, err)
	require.Equal(t, until.UTC().Format(time.DateOnly), day)
	_, mails = b.report(until.Add(time.Hour), false)
	require.Equal(t, 3, mails, "one that is asked for comes besides")
	_, mails = b.report(until.Add(24*time.Hour), true)
	require.Equal(t, 3, mails)
	require.Equal(t, 3, b.count(`SELECT count(*) FROM reports`))
}

func TestC1_ReportBeginsWhereTheLastOneEnded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	start := time.Date(2026, 6, 1, 7, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		until, since time.Time
		daily        bool
	}{
		{start, start.Add(-24 * time.Hour), true},
		{start.Add(5 * time.Hour), start.Add(-19 * time.Hour), false},
		{start.Add(26 * time.Hour), start, true},
		{start.Add(80 * time.Hour), start.Add(26 * time.Hour), true},
		{start.Add(300 * time.Hour), start.Add(276 * time.Hour), true},
		{start.Add(2000 * time.Hour), start.Add(1976 * time.Hour), true},
	} {
		report, _ := b.report(row.until, row.daily)
		require.Equal(t, row.since, report.Since, row.until)
	}
	require.Equal(t, 1, b.count(`SELECT count(*) FROM reports`), "those older than a month are gone")
}

func TestC3_Frequency(t *testing.T) {
	t.Parallel()
	b := setup(t)
	until := soon()
	mailed := func() bool {
		until = until.Add(24 * time.Hour)
		_, mails := b.report(until, true)
		return mails > 0
	}
	require.True(t, mailed(), "daily, also when nothing happened")
	b.frequency(directory.ReportErrorsOnly)
	b.sync(people(2)...)
	require.False(t, mailed(), "no errors")
	b.sync(append(people(2), faulty("f", "date_format", "Mend it."))...)
	_, err := b.db.Exec(`UPDATE runs SET finished_at = $1`, until.Add(time.Hour))
	require.NoError(t, err)
	require.True(t, mailed(), "a record with an error")
	b.end(directory.KindSync, directory.RunFailure, "No.")
	_, err = b.db.Exec(`UPDATE runs SET finished_at = $1 WHERE status = 'failure'`, until.Add(time.Hour))
	require.NoError(t, err)
	require.True(t, mailed(), "a run that failed")
	require.False(t, mailed())

	wants, err := b.store.AccountsToReport(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{b.account.ID}, wants)
	b.frequency(directory.ReportNever)
	wants, err = b.store.AccountsToReport(t.Context())
	require.NoError(t, err)
	require.Empty(t, wants)

	b.account, _ = b.newAccount("idle", 3)
	require.False(t, mailed(), "no service is on, and nothing happened")
	wants, err = b.store.AccountsToReport(t.Context())
	require.NoError(t, err)
	require.Empty(t, wants)
}

func TestC1_ReportNamesAFewOfMany(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var records []mapping.Record
	for i := range 30 {
		r := faulty(strings.Repeat("x", i+1), "date_format", "Mend\nit.")
		r.Problems[0].Message = strings.Repeat("ü", 1000)
		records = append(records, r)
	}
	for i := range 11 {
		records = append(records, faulty(strings.Repeat("y", i+1), "kind_"+string(rune('a'+i)), "Mend it."))
	}
	b.sync(records...)
	for range 12 {
		b.end(directory.KindSync, directory.RunFailure, "No.")
	}
	report, _ := b.report(soon(), false)
	require.Len(t, report.Errors, 10)
	require.Equal(t, 2, report.MoreErrors)
	require.Equal(t, 30, report.Errors[0].People)
	require.Len(t, report.Errors[0].Lines, 5)
	require.Equal(t, "Mend it.", report.Errors[0].Remedy, "one line")
	require.Len(t, []rune(report.Errors[0].Lines[0].Message), 300)
	require.Len(t, report.Runs, 10)
	require.Equal(t, 3, report.MoreRuns)
	require.Equal(t, 12, report.Failures)
}

// Who is no admin any more when the mail is due does not get it.
func TestC1_ReportMailStandsForAdminsOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ana := b.insert("ana@corp.example", directory.RoleUserAdmin, directory.Active)
	bo := b.insert("bo@corp.example", directory.RoleUserAdmin, directory.Active)
	b.report(soon(), false)
	_, err := b.db.Exec(`UPDATE users SET role_id = 'member' WHERE id = $1`, ana)
	require.NoError(t, err)
	_, err = b.db.Exec(`UPDATE users SET status = 'deactivated', deactivated_by = 'admin' WHERE id = $1`, bo)
	require.NoError(t, err)
	due, err := b.store.DueMails(t.Context(), b.account.ID, 10)
	require.NoError(t, err)
	stands := map[string]bool{}
	for _, m := range due {
		stands[m.UserID] = m.Stands
	}
	require.Equal(t, map[string]bool{b.owner(): true, ana: false, bo: false}, stands)
}

package mail_test

import (
	"html"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mail"
)

// reported is the report of an eventful day.
func reported() directory.Report {
	until := time.Date(2026, 3, 29, 5, 0, 0, 0, time.UTC) // 07:00 in Berlin, on the day that has 23 hours
	night := until.Add(-3 * time.Hour)
	return directory.Report{
		Since: until.Add(-23 * time.Hour), Until: until, DateFormat: "DD.MM.YYYY", TimeZone: "Europe/Berlin",
		Counts: directory.Counts{Created: 14, Updated: 120, Deactivated: 2, MembershipsAdded: 31, Fetched: 900, Failed: 4},
		Runs: []directory.ReportedRun{
			{Name: "Staff", Number: 12, Status: directory.RunAwaitingApproval, Reason: "It would remove 600 of 1,000 users."},
			{Name: "Staff", Number: 11, Kind: directory.KindUndo, Status: directory.RunPartialSuccess, FinishedAt: &night},
			{Name: "Staff", Number: 10, Status: directory.RunFailure, Reason: "Microsoft Entra ID no longer lets Rollcall in. Give consent again.", FinishedAt: &night},
			{Name: "Staff", Number: 9, Status: directory.RunSuccess, FinishedAt: &night},
		},
		MoreRuns: 2, Failures: 1,
		Errors: []directory.ReportedError{
			{Code: "date_format", People: 7, Remedy: "Write dates as DD.MM.YYYY in the directory, then sync again.", Lines: []directory.ReportedLine{
				{Label: linkName, Message: "Joining date: 'June sixth' is not a date."},
				{Label: plain, Message: plain + " has " + image + " for a date."},
			}},
			{Code: "group_gone", Groups: 1, Remedy: "Take it out of the configuration.", Lines: []directory.ReportedLine{{Label: image, Message: "The group is gone. See https://evil.example/x"}}},
		},
		Waiting: 20, Licences: 100, LicencesUsed: 100,
	}
}

func sendReport(t *testing.T, b bench, r directory.Report) {
	t.Helper()
	require.NoError(t, b.session.SendReport(t.Context(), mail.Report{
		ID: uuid.NewString(), UserID: uuid.NewString(), To: "ana@corp.example", FirstName: "Ana", AccountName: plain, Report: r,
	}))
}

func TestC1_ReportTellsWhatHappened(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sendReport(t, b, reported())
	got := b.only(t)
	require.Equal(t, "Directory sync report of "+plain+": 167 changes, 1 failed run, 2 kinds of error", got.Subject)
	shown := html.UnescapeString(got.HTML)
	for _, text := range []string{
		"28.03.2026 07:00 to 29.03.2026 07:00 (Europe/Berlin)", "Users created", "Group members added",
		"Staff, run 12", "Staff, run 11 (undo)", "Awaiting approval", "It would remove 600 of 1,000 users.", "Partial success", "29.03.2026 04:00", "2 earlier runs are not listed.",
		"Date format", "7 people", "Write dates as DD.MM.YYYY in the directory, then sync again.", "And 5 more.", "Group gone", "1 group",
		"20 people wait for a licence; 100 of 100 are in use.",
	} {
		require.Contains(t, shown, text)
		require.Contains(t, got.Text, text)
	}
	require.NotContains(t, shown, "Users deleted", "what did not happen is no row")
	require.Contains(t, got.Text, "- Users created: 14\n")
	require.Contains(t, got.Text, publicURL+"/docs#changes\n")
}

func TestCaseM1_DirectoryTextIsTextInAReport(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sendReport(t, b, reported())
	got := b.only(t)
	requireOwnLinksOnly(t, got.HTML)
	require.Equal(t, 1, strings.Count(got.HTML, "<a "))
	for _, text := range []string{linkName + ": Joining date: 'June sixth' is not a date.", plain + " has " + image + " for a date.", image + ": The group is gone."} {
		require.Contains(t, html.UnescapeString(got.HTML), text, "shown as it is, not escaped twice")
		require.Contains(t, got.Text, text)
	}
	require.NotContains(t, got.HTML, image)
}

func TestC1_ReportOfAQuietDaySaysSo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	until := time.Date(2026, 6, 1, 7, 0, 0, 0, time.UTC)
	sendReport(t, b, directory.Report{Since: until.AddDate(0, 0, -1), Until: until, DateFormat: "DD/MM/YYYY", TimeZone: "UTC", Licences: 5, LicencesUsed: 1})
	got := b.only(t)
	require.Equal(t, "Directory sync report of "+plain+": no changes", got.Subject)
	for _, text := range []string{got.Text, got.HTML} {
		require.Contains(t, text, "No user, group or membership was changed.")
		require.Contains(t, text, "31/05/2026 07:00 to 01/06/2026 07:00 (UTC)")
		for _, part := range []string{"Errors", "ERRORS", "Runs", "RUNS", "icences"} {
			require.NotContains(t, text, part)
		}
	}
}

// The text must read well as it is: no empty lines in a row.
func TestC1_ReportTextIsTidy(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sendReport(t, b, reported())
	text := strings.ReplaceAll(b.only(t).Text, "\r\n", "\n")
	require.NotContains(t, text, "\n\n\n")
}

package mail

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// Report is the mail of a directory sync report to one of the account's admins.
type Report struct {
	ID          string // of the report, a UUID
	UserID      string // of the admin
	To          string // address
	FirstName   string
	AccountName string
	Report      directory.Report
}

type reportView struct {
	FirstName, AccountName, Title, Period, Log string
	Changes                                    []figure
	Runs                                       []runView
	MoreRuns                                   string
	Errors                                     []errorView
	MoreErrors                                 string
	Waiting                                    string
}

// figure is a row of the table of changes.
type figure struct {
	Name  string
	Count int
}

type runView struct{ Name, Status, At, Reason, Class string }

type errorView struct {
	Title, Count, Remedy string
	Lines                []string
	More                 string
}

// SendReport sends a report, with the errors of Send.
func (c *Session) SendReport(_ context.Context, in Report) error {
	view := viewReport(in.Report)
	view.FirstName, view.AccountName = in.FirstName, in.AccountName
	view.Log = strings.TrimSuffix(c.sender.publicURL, "/") + "/docs#changes"
	subject := fmt.Sprintf("Directory sync report of %s: %s", in.AccountName, view.Title)
	return c.send(letter{id: "report-" + in.ID + "-" + in.UserID, to: in.To, subject: subject, template: "report", view: view})
}

func viewReport(r directory.Report) reportView {
	v := reportView{Title: reportTitle(r), Period: fmt.Sprintf("%s to %s (%s)", writtenTime(r, r.Since), writtenTime(r, r.Until), r.TimeZone)}
	for _, f := range figures(r.Counts) {
		if f.Count > 0 {
			v.Changes = append(v.Changes, f)
		}
	}
	for _, run := range r.Runs {
		v.Runs = append(v.Runs, viewRun(r, run))
	}
	if r.MoreRuns > 0 {
		v.MoreRuns = counted(r.MoreRuns, "earlier run is", "earlier runs are") + " not listed."
	}
	for _, e := range r.Errors {
		v.Errors = append(v.Errors, viewError(e))
	}
	if r.MoreErrors > 0 {
		v.MoreErrors = counted(r.MoreErrors, "more kind of error is", "more kinds of error are") + " in the sync log."
	}
	if r.Waiting > 0 {
		v.Waiting = fmt.Sprintf("%s for a licence; %d of %d are in use.", counted(r.Waiting, "person waits", "people wait"), r.LicencesUsed, r.Licences)
	}
	return v
}

// reportTitle sums a report up: "12 changes, 1 failed run, errors on 3 people".
func reportTitle(r directory.Report) string {
	title := "no changes"
	if n := r.Changes(); n > 0 {
		title = counted(n, "change", "changes")
	}
	if r.Failures > 0 {
		title += ", " + counted(r.Failures, "failed run", "failed runs")
	}
	switch n := len(r.Errors) + r.MoreErrors; {
	case n == 1:
		title += ", errors on " + affected(r.Errors[0])
	case n > 1:
		title += fmt.Sprintf(", %d kinds of error", n)
	}
	return title
}

func figures(c directory.Counts) []figure {
	return []figure{
		{"Users created", c.Created}, {"Users updated", c.Updated}, {"Users linked to the directory", c.Adopted},
		{"Users deactivated", c.Deactivated}, {"Users reactivated", c.Reactivated}, {"Users deleted", c.Deleted},
		{"Groups created", c.GroupsCreated}, {"Groups updated", c.GroupsUpdated}, {"Groups deleted", c.GroupsDeleted},
		{"Group members added", c.MembershipsAdded}, {"Group members removed", c.MembershipsRemoved},
	}
}

func viewRun(r directory.Report, run directory.ReportedRun) runView {
	name := fmt.Sprintf("%s, run %d", run.Name, run.Number)
	if run.Kind == directory.KindUndo {
		name += " (undo)"
	}
	v := runView{Name: name, Status: words(string(run.Status)), Reason: run.Reason}
	if run.FinishedAt != nil {
		v.At = writtenTime(r, *run.FinishedAt)
	}
	switch run.Status {
	case directory.RunFailure, directory.RunAwaitingApproval:
		v.Class = "bad"
	case directory.RunSuccess:
		v.Class = "good"
	}
	return v
}

func viewError(e directory.ReportedError) errorView {
	v := errorView{Title: words(e.Code), Count: affected(e), Remedy: e.Remedy}
	for _, line := range e.Lines {
		text := line.Message
		if line.Label != "" && !strings.Contains(line.Message, line.Label) {
			text = line.Label + ": " + text
		}
		v.Lines = append(v.Lines, text)
	}
	if more := e.People + e.Groups - len(e.Lines); more > 0 {
		v.More = fmt.Sprintf("And %d more.", more)
	}
	return v
}

// affected says on whom an error is.
func affected(e directory.ReportedError) string {
	var parts []string
	if e.People > 0 {
		parts = append(parts, counted(e.People, "person", "people"))
	}
	if e.Groups > 0 {
		parts = append(parts, counted(e.Groups, "group", "groups"))
	}
	return strings.Join(parts, " and ")
}

// words makes a code or a status a title: "Partial success".
func words(code string) string {
	text := strings.ReplaceAll(code, "_", " ")
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// writtenTime is an instant as the account of the report writes it.
func writtenTime(r directory.Report, at time.Time) string {
	layout := directory.DateFormats()[r.DateFormat]
	if layout == "" {
		layout = time.DateOnly
	}
	if zone, err := time.LoadLocation(r.TimeZone); err == nil {
		at = at.In(zone)
	}
	return at.Format(layout + " 15:04")
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

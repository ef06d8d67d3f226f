package directory

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"
)

// Report is the directory sync report: what provisioning did in an account after Since, until Until,
// with the settings of the account when it was made. Counts are of the runs that ended and the SCIM
// requests that came in that time; those of what was read, left as it was or failed stay zero.
type Report struct {
	Since      time.Time `json:"since"`
	Until      time.Time `json:"until"`
	DateFormat string    `json:"date_format"`
	TimeZone   string    `json:"time_zone"`

	Counts   Counts        `json:"counts"`
	Runs     []ReportedRun `json:"runs,omitempty"`      // the newest first
	MoreRuns int           `json:"more_runs,omitempty"` // which are not listed
	Failures int           `json:"failures,omitempty"`  // of all runs

	Errors     []ReportedError `json:"errors,omitempty"`      // the most frequent kind first
	MoreErrors int             `json:"more_errors,omitempty"` // kinds that are not listed

	Waiting      int `json:"waiting,omitempty"` // for a licence, when it was made
	Licences     int `json:"licences"`
	LicencesUsed int `json:"licences_used"`
}

// ReportedRun is a run in a report. FinishedAt is nil while it runs or waits.
type ReportedRun struct {
	Name       string     `json:"name" db:"name"` // of its configuration
	Number     int        `json:"number" db:"number"`
	Kind       RunKind    `json:"kind,omitempty" db:"kind"` // empty: a sync, of reports from before there was another
	Status     RunStatus  `json:"status" db:"status"`
	Reason     string     `json:"reason,omitempty" db:"reason"`
	FinishedAt *time.Time `json:"finished_at,omitempty" db:"finished_at"`
}

// ReportedError is the errors of one kind: on how many people and groups, what to do about it, and
// some of them by name.
type ReportedError struct {
	Code   string         `json:"code"`
	People int            `json:"people,omitempty"`
	Groups int            `json:"groups,omitempty"`
	Remedy string         `json:"remedy"`
	Lines  []ReportedLine `json:"lines"`
}

// ReportedLine is one error of one person or group, each text on one line.
type ReportedLine struct {
	Label   string `json:"label"`
	Message string `json:"message"`
}

// Changes is how many changes were made.
func (r Report) Changes() int {
	c := r.Counts
	return c.Created + c.Updated + c.Adopted + c.Deactivated + c.Reactivated + c.Deleted +
		c.GroupsCreated + c.GroupsUpdated + c.GroupsDeleted + c.MembershipsAdded + c.MembershipsRemoved
}

// HasErrors says whether a run failed, or a person or group had an error.
func (r Report) HasErrors() bool { return r.Failures > 0 || len(r.Errors) > 0 }

// Empty says whether there is nothing to tell.
func (r Report) Empty() bool { return r.Changes() == 0 && len(r.Runs) == 0 && !r.HasErrors() }

// Value encodes the report as JSON for the database.
func (r Report) Value() (driver.Value, error) {
	b, err := json.Marshal(r)
	return string(b), err
}

// Scan decodes a report from the database's JSON.
func (r *Report) Scan(src any) error { return scanJSON(src, r) }

// NextReport is the first full hour after the given instant at which the account's report is due, on
// a later date, in its time zone, than lastDay (YYYY-MM-DD; empty: any). An hour that a spring change
// skips comes as much later as the clock was moved; one that occurs twice in autumn counts once.
func (a Account) NextReport(after time.Time, lastDay string) (time.Time, error) {
	zone, err := time.LoadLocation(a.TimeZone)
	if err != nil {
		return time.Time{}, fmt.Errorf("load time zone %s: %w", a.TimeZone, err)
	}
	clock := time.Date(0, 1, 1, a.ReportHour, 0, 0, 0, time.UTC)
	local := after.In(zone)
	for day := local.Day(); ; day++ {
		at := wallClock(local.Year(), local.Month(), day, clock, zone)
		if at.After(after) && at.In(zone).Format(time.DateOnly) > lastDay {
			return at.UTC(), nil
		}
	}
}

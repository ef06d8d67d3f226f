package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestA13_TheWeeklyHourIsWallClockTime(t *testing.T) {
	t.Parallel()
	c := newGoogleCompany(t, person("e-1", "Ana", "Lopez"))
	c.configure()
	c.scheduled(directory.Schedule{Weekday: "monday", Time: "02:30", TimeZone: "Europe/Berlin"})
	c.scheduled(directory.Schedule{Weekday: "sunday", Time: "23:15", TimeZone: "America/Los_Angeles"})
	require.Len(t, c.runs(), 1, "another schedule starts no run")
}

// The weekly times are those of the report: a day that is not moved with its hour is the wrong one.
func TestCaseI1_TheWeekdayIsThatOfTheZone(t *testing.T) {
	t.Parallel()
	c := newCompany(t, person("e-1", "Ana", "Lopez"))
	c.configure()
	c.scheduled(directory.Schedule{Weekday: "tuesday", Time: "04:42", TimeZone: "Asia/Singapore"})
	c.scheduled(directory.Schedule{Weekday: "friday", Time: "05:30", TimeZone: "Pacific/Auckland"})
	c.scheduled(directory.Schedule{Weekday: "monday", Time: "23:30", TimeZone: "America/Los_Angeles"})
	require.Equal(t, "America/Los_Angeles", c.saved().Schedule.TimeZone, "the zone is kept, no offset")
}

// scheduled changes the schedule and waits until the next run is at its weekday and time, in its zone.
func (c *company) scheduled(s directory.Schedule) {
	c.Helper()
	c.edit(object{"schedule": s})
	zone, err := time.LoadLocation(s.TimeZone)
	require.NoError(c, err)
	c.await("the next run at "+s.String(), func() bool {
		next := c.status().NextRunAt
		return next != nil && strings.ToLower(next.In(zone).Format("Monday 15:04")) == s.Weekday+" "+s.Time
	})
	next := *c.status().NextRunAt
	require.True(c, next.After(time.Now()), "%s is over", next)
	require.LessOrEqual(c, time.Until(next), 7*24*time.Hour+time.Hour)
}

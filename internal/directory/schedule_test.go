package directory

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	instant, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return instant
}

func weekly(weekday, clock, zone string) Schedule {
	return Schedule{Weekday: weekday, Time: clock, TimeZone: zone}
}

// The instants are those of the report; the wall-clock time and the weekday stay all year.
func TestCaseI1_TheWallClockStays(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		schedule    Schedule
		after, want string
	}{
		{"Singapore", weekly("tuesday", "04:42", "Asia/Singapore"), "2026-06-01T00:00:00Z", "2026-06-01T20:42:00Z"},
		{"Auckland in winter", weekly("friday", "05:30", "Pacific/Auckland"), "2026-06-01T00:00:00Z", "2026-06-04T17:30:00Z"},
		{"Auckland in summer", weekly("friday", "05:30", "Pacific/Auckland"), "2026-11-30T00:00:00Z", "2026-12-03T16:30:00Z"},
		{"Los Angeles in summer", weekly("monday", "23:30", "America/Los_Angeles"), "2026-06-01T00:00:00Z", "2026-06-02T06:30:00Z"},
		{"Los Angeles in winter", weekly("monday", "23:30", "America/Los_Angeles"), "2026-12-01T08:00:00Z", "2026-12-08T07:30:00Z"},
		{"at the instant itself, a week later", weekly("tuesday", "04:42", "Asia/Singapore"), "2026-06-01T20:42:00Z", "2026-06-08T20:42:00Z"},
		{"a moment before", weekly("tuesday", "04:42", "Asia/Singapore"), "2026-06-01T20:41:59Z", "2026-06-01T20:42:00Z"},
		{"over the end of a year", weekly("friday", "00:00", "UTC"), "2026-12-26T00:00:00Z", "2027-01-01T00:00:00Z"},
		{"half an hour's offset", weekly("sunday", "00:15", "Asia/Kolkata"), "2026-06-01T00:00:00Z", "2026-06-06T18:45:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			next, err := tt.schedule.Next(at(t, tt.after))
			require.NoError(t, err)
			require.Equal(t, at(t, tt.want), next)
		})
	}
}

// A time that a spring change skips runs as much later as the clock was moved; one that occurs
// twice in autumn runs once, the first time.
func TestA13_DaylightSaving(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		schedule    Schedule
		after, want string
	}{
		{"Berlin, skipped: 02:30 is 03:30", weekly("sunday", "02:30", "Europe/Berlin"), "2026-03-28T00:00:00Z", "2026-03-29T01:30:00Z"},
		{"Berlin, the week after", weekly("sunday", "02:30", "Europe/Berlin"), "2026-03-29T01:30:00Z", "2026-04-05T00:30:00Z"},
		{"Berlin, before the gap", weekly("sunday", "01:59", "Europe/Berlin"), "2026-03-28T00:00:00Z", "2026-03-29T00:59:00Z"},
		{"Berlin, after the gap", weekly("sunday", "03:00", "Europe/Berlin"), "2026-03-28T00:00:00Z", "2026-03-29T01:00:00Z"},
		{"Berlin, twice: the first", weekly("sunday", "02:30", "Europe/Berlin"), "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"},
		{"Berlin, twice: not again", weekly("sunday", "02:30", "Europe/Berlin"), "2026-10-25T00:30:00Z", "2026-11-01T01:30:00Z"},
		{"Berlin, asked between the two", weekly("sunday", "02:30", "Europe/Berlin"), "2026-10-25T01:00:00Z", "2026-11-01T01:30:00Z"},
		{"New York, skipped", weekly("sunday", "02:15", "America/New_York"), "2026-03-07T12:00:00Z", "2026-03-08T07:15:00Z"},
		{"New York, twice", weekly("sunday", "01:30", "America/New_York"), "2026-10-31T12:00:00Z", "2026-11-01T05:30:00Z"},
		{"Lord Howe, half an hour skipped", weekly("sunday", "02:15", "Australia/Lord_Howe"), "2026-10-03T00:00:00Z", "2026-10-03T15:45:00Z"},
		{"Lord Howe, half an hour twice", weekly("sunday", "01:45", "Australia/Lord_Howe"), "2026-04-04T00:00:00Z", "2026-04-04T14:45:00Z"},
		{"Santiago, midnight skipped", weekly("sunday", "00:00", "America/Santiago"), "2026-09-05T12:00:00Z", "2026-09-06T04:00:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			next, err := tt.schedule.Next(at(t, tt.after))
			require.NoError(t, err)
			require.Equal(t, at(t, tt.want), next)
		})
	}
}

func anySchedule() *rapid.Generator[Schedule] {
	return rapid.Custom(func(t *rapid.T) Schedule {
		clock := time.Date(2026, 1, 1, rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute"), 0, 0, time.UTC)
		days := []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
		zones := []string{
			"UTC", "Europe/Berlin", "America/Los_Angeles", "America/St_Johns", "Pacific/Auckland", "Asia/Singapore",
			"Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Kiritimati", "America/Santiago", "Africa/Casablanca",
		}
		return weekly(rapid.SampledFrom(days).Draw(t, "day"), clock.Format("15:04"), rapid.SampledFrom(zones).Draw(t, "zone"))
	})
}

// Between 2020 and 2045, so that zones change their offset in many ways.
func anyInstant() *rapid.Generator[time.Time] {
	return rapid.Map(rapid.Int64Range(1_577_836_800, 2_366_841_600), func(s int64) time.Time { return time.Unix(s, 0).UTC() })
}

func TestPropertiesOfASchedule(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, after := anySchedule().Draw(t, "schedule"), anyInstant().Draw(t, "after")
		next, err := s.Next(after)
		require.NoError(t, err)
		require.True(t, next.After(after))
		require.LessOrEqual(t, next.Sub(after), 7*24*time.Hour+2*time.Hour, "one a week, give or take a change of the clock")
		require.Equal(t, time.UTC, next.Location())

		zone, err := time.LoadLocation(s.TimeZone)
		require.NoError(t, err)
		local := next.In(zone)
		require.Equal(t, weekdays()[s.Weekday], local.Weekday())
		if wall := local.Format("15:04"); wall != s.Time {
			_, old := local.Add(-3 * time.Hour).Zone()
			_, now := local.Zone()
			require.Greater(t, now, old, "only a spring change moves the wall-clock time")
			asked, err := time.Parse("15:04", s.Time)
			require.NoError(t, err)
			moved := time.Duration(now-old) * time.Second
			require.Equal(t, asked.Add(moved).Format("15:04"), wall, "as much later as the clock was moved")
		}

		again, err := s.Next(next.Add(-time.Nanosecond))
		require.NoError(t, err)
		require.Equal(t, next, again, "the same run, seen from just before")
		between, err := s.Next(after.Add(next.Sub(after) / 2))
		require.NoError(t, err)
		require.Equal(t, next, between, "nothing lies between")
	})
}

func TestScheduleIsValidatedFieldByField(t *testing.T) {
	t.Parallel()
	require.Empty(t, weekly("monday", "02:00", "Europe/Berlin").Validate())
	errs := weekly("Monday", "2:00", "Local").Validate()
	require.Equal(t, []FieldError{
		{Field: "schedule.weekday", Message: `"Monday" is not a weekday; use monday to sunday.`},
		{Field: "schedule.time", Message: `"2:00" is not a time of day; use HH:MM, for example 02:00.`},
		{Field: "schedule.time_zone", Message: `"Local" is not a time zone; use an IANA name, for example Europe/Berlin.`},
	}, errs)
	for _, clock := range []string{"24:00", "12:60", "", "noon", "12:00:00"} {
		require.Len(t, weekly("monday", clock, "UTC").Validate(), 1, clock)
	}
	for _, zone := range []string{"", "Mars/Olympus", "+02:00", "../etc/passwd"} {
		require.Len(t, weekly("monday", "02:00", zone).Validate(), 1, zone)
	}
	_, err := weekly("", "", "").Next(time.Now())
	require.True(t, HasCode(err, "schedule_invalid"))
}

func TestScheduleInWords(t *testing.T) {
	t.Parallel()
	require.Equal(t, "Monday 02:00 Europe/Berlin", weekly("monday", "02:00", "Europe/Berlin").String())
}

package directory_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestC1_NextReport(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		zone           string
		hour           int
		after, lastDay string
		want           string
	}{
		"later today":                          {"Europe/Berlin", 7, "2026-06-01T04:59:59Z", "", "2026-06-01T05:00:00Z"},
		"at the hour it is tomorrow's":         {"Europe/Berlin", 7, "2026-06-01T05:00:00Z", "", "2026-06-02T05:00:00Z"},
		"today's is out":                       {"Europe/Berlin", 9, "2026-06-01T05:00:00Z", "2026-06-01", "2026-06-02T07:00:00Z"},
		"midnight":                             {"UTC", 0, "2026-12-31T10:00:00Z", "2026-12-31", "2027-01-01T00:00:00Z"},
		"spring skips the hour":                {"Europe/Berlin", 2, "2026-03-28T12:00:00Z", "2026-03-28", "2026-03-29T01:00:00Z"},
		"autumn has it twice":                  {"Europe/Berlin", 2, "2026-10-24T12:00:00Z", "2026-10-24", "2026-10-25T00:00:00Z"},
		"the second of the two does not count": {"Europe/Berlin", 2, "2026-10-25T00:00:00Z", "", "2026-10-26T01:00:00Z"},
		"the zone moved to the west":           {"Pacific/Honolulu", 7, "2026-06-01T00:00:00Z", "2026-06-01", "2026-06-02T17:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			after, err := time.Parse(time.RFC3339, row.after)
			require.NoError(t, err)
			at, err := directory.Account{TimeZone: row.zone, ReportHour: row.hour}.NextReport(after, row.lastDay)
			require.NoError(t, err)
			require.Equal(t, row.want, at.Format(time.RFC3339))
		})
	}
	_, err := directory.Account{TimeZone: "Nowhere/Land"}.NextReport(time.Now(), "")
	require.Error(t, err)
}

// Whatever the zone and the hour, reports follow one another by a day of the calendar.
func TestC1_OneReportADay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := directory.Account{
			TimeZone:   rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo"}).Draw(t, "zone"),
			ReportHour: rapid.IntRange(0, 23).Draw(t, "hour"),
		}
		zone, err := time.LoadLocation(a.TimeZone)
		require.NoError(t, err)
		at := time.Unix(rapid.Int64Range(1.4e9, 2e9).Draw(t, "start"), 0)
		last := ""
		for range 5 {
			next, err := a.NextReport(at, last)
			require.NoError(t, err)
			require.True(t, next.After(at))
			day := next.In(zone).Format(time.DateOnly)
			if last != "" {
				yesterday := next.In(zone).AddDate(0, 0, -1).Format(time.DateOnly)
				require.Equal(t, last, yesterday)
			}
			at, last = next, day
		}
	})
}

package api

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestProgressIsTheRateOfTheStageSoFar(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	at := func(done, total int, after time.Duration) progress {
		return showProgress(directory.Run{Stage: directory.StageFetch, StageDone: done, StageTotal: total, StageStartedAt: start}, start.Add(after))
	}
	seconds := func(n int) *int { return &n }
	require.Equal(t, progress{Stage: "fetch", Done: 200, Total: 1000, PerSecond: 20, ETASeconds: seconds(40)}, at(200, 1000, 10*time.Second))
	require.Equal(t, progress{Stage: "fetch", Done: 200, PerSecond: 20}, at(200, 0, 10*time.Second), "the total is not known")
	require.Equal(t, progress{Stage: "fetch", Total: 1000}, at(0, 1000, 10*time.Second), "nothing is done yet")
	require.Equal(t, progress{Stage: "fetch", Done: 5, Total: 10}, at(5, 10, 0), "no time has passed")
	require.Equal(t, seconds(0), at(12, 10, time.Second).ETASeconds, "more than announced")
}

func TestWhatIsAcceptedFirstWins(t *testing.T) {
	t.Parallel()
	for accept, csv := range map[string]bool{
		"": false, "*/*": false, "text/csv": true, "Text/CSV; charset=utf-8": true, "text/csv, application/json": true,
		"application/json, text/csv": false, "text/html, text/csv;q=0.9": true, "text/csv-schema": false,
	} {
		require.Equal(t, csv, wantsCSV(accept), accept)
	}
}

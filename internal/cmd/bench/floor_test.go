package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/simulate"
	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

func TestReaderReadsEveryPage(t *testing.T) {
	t.Parallel()
	tenant := graph.New(graph.Generate(2000))
	server, err := simulate.Serve(t.Context(), tenant, simulate.ServeOptions{})
	require.NoError(t, err)
	r := &reader{base: server.URL, client: http.DefaultClient}
	r.token, err = r.signIn(t.Context(), tenant.ID())
	require.NoError(t, err)

	people, pages, err := r.all(t.Context())

	require.NoError(t, err)
	require.Equal(t, 3, pages, "999 + 999 + 2")
	require.Len(t, people, 2000)
	ids := map[string]bool{}
	for _, p := range people {
		require.NotEmpty(t, p.Mail)
		ids[p.ID] = true
	}
	require.Len(t, ids, 2000)
}

func TestGoals(t *testing.T) {
	t.Parallel()
	report := Report{Users: 100, Peak: 300, Floor: Floor{Paging: 2, Copy: 1, Seconds: 3}, Runs: []Run{
		{Name: firstSync, Seconds: 9, HistoryEvents: 2001, HistoryBytes: 1 << 20},
		{Name: unchangedResync, Seconds: 3},
		{Name: changedResync, Seconds: 5},
	}}

	report.compare()

	require.InDelta(t, 2.5, report.Runs[2].Ratio, 0.001)
	require.InDelta(t, 20, report.Runs[2].RowsPerSecond, 0.001)
	require.Equal(t, []Goal{
		{"first sync / (paging and copy)", 3, 3, true},
		{"unchanged resync / paging", 1.5, 1.5, true},
		{"worker's peak, MiB", 256, 300, false},
		{"events of the longest history", 2000, 2001, false},
		{"largest history, MiB", 2, 1, true},
	}, report.Goals)
}

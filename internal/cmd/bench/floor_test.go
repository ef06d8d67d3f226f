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

	people, pages, err := r.people(t.Context())

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

func TestReaderReadsTheMembersOfEveryGroup(t *testing.T) {
	t.Parallel()
	directory, err := size{Users: 10, Groups: 3, Memberships: 14}.directory()
	require.NoError(t, err)
	tenant := graph.New(directory)
	server, err := simulate.Serve(t.Context(), tenant, simulate.ServeOptions{})
	require.NoError(t, err)
	r := &reader{base: server.URL, client: http.DefaultClient}
	r.token, err = r.signIn(t.Context(), tenant.ID())
	require.NoError(t, err)

	groups, pages, err := r.groups(t.Context())

	require.NoError(t, err)
	require.Equal(t, 4, pages, "one of groups, one of members each")
	var members []int
	for _, g := range groups {
		different := map[string]bool{}
		for _, m := range g.Members {
			different[m.ID] = true
		}
		members = append(members, len(different))
	}
	require.Equal(t, []int{4, 5, 5}, members)
	rows := groupRows("account", groups)
	require.Len(t, rows[0].values, 3)
	require.Len(t, rows[1].values, 14)
}

func TestSizesThatCannotBe(t *testing.T) {
	t.Parallel()
	require.NoError(t, size{Users: 5, Groups: 2, Memberships: 10}.check())
	for _, s := range []size{{Users: 0}, {Users: 5, Groups: -1}, {Users: 5, Groups: 2, Memberships: 11}, {Users: 5, Memberships: 1}} {
		require.Error(t, s.check(), s)
	}
}

func TestGoals(t *testing.T) {
	t.Parallel()
	report := Report{size: size{Users: 100, Groups: 10, Memberships: 50}, Peak: 300, Floor: Floor{Paging: 1.5, Copy: 0.5, GroupPaging: 0.5, GroupCopy: 0.5}, Runs: []Run{
		{Name: firstSync, Seconds: 9, HistoryEvents: 2001, HistoryBytes: 1 << 20, Activities: map[string]float64{
			"ListGroups": 0.5, "FetchMembers": 1, "PlanRun": 2, "ApplyChanges": 3, applyMemberships: 1, "ParkMembers": 0.25,
		}},
		{Name: unchangedResync, Seconds: 3},
		{Name: changedResync, Seconds: 5},
	}}

	report.compare()

	require.Equal(t, &GroupWork{Reading: 1.5, ReadingRatio: 3, Planning: 2, Applying: 1.25, ApplyingRatio: 2.5}, report.Runs[0].Groups)
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

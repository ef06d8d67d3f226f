package main

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOptionsThatCannotBe(t *testing.T) {
	t.Parallel()
	fine := options{Users: 8, Clients: 8, Phase: time.Second}
	require.NoError(t, fine.check())
	for _, o := range []options{
		{},
		{Users: 7, Clients: 8, Phase: time.Second},
		{Users: 8, Clients: 8},
		{Users: 8, Clients: 8, Phase: time.Second, URL: "https://rollcall.example/scim/v2"},
		{Users: 8, Clients: 8, Phase: time.Second, URL: "https://rollcall.example/scim/v2", Token: "t", Profile: "profiles"},
	} {
		require.Error(t, o.check(), o)
	}
}

// A percentile by nearest rank is the smallest value that so many percent do not exceed.
func TestPercentile(t *testing.T) {
	t.Parallel()
	var sorted []time.Duration
	for i := range 200 {
		sorted = append(sorted, time.Duration(i+1))
	}
	require.EqualValues(t, 100, percentile(sorted, 50))
	require.EqualValues(t, 198, percentile(sorted, 99))
	require.EqualValues(t, 200, percentile(sorted, 100))
	require.EqualValues(t, 7, percentile([]time.Duration{7}, 50))
	require.Zero(t, percentile(nil, 99))
}

func TestComparison(t *testing.T) {
	t.Parallel()
	report := Report{
		Floor: []Phase{{Name: commits, PerSecond: 6000}, {Name: requests, PerSecond: 30_000}},
		Phases: []Phase{
			{Name: reads, PerSecond: 6000}, {Name: patches, PerSecond: 1500}, {Name: creates, PerSecond: 2400, Errors: 1},
		},
	}

	report.compare()

	require.Equal(t, []Phase{
		{Name: reads, PerSecond: 6000, Ratio: 5, RatioTo: requests},
		{Name: patches, PerSecond: 1500, Ratio: 4, RatioTo: commits},
		{Name: creates, PerSecond: 2400, Errors: 1, Ratio: 2.5, RatioTo: commits},
	}, report.Phases)
	require.Equal(t, []Goal{{reads, 5000, 6000, true}, {creates, 2000, 2400, false}}, report.Goals)
}

func TestBodiesAreJSON(t *testing.T) {
	t.Parallel()
	for number := range 400 {
		var user struct {
			UserName string
			Emails   []struct{ Value string }
		}
		require.NoError(t, json.Unmarshal(appendPerson(nil, "a.000001@load.example", number), &user))
		require.Equal(t, "a.000001@load.example", user.UserName)
		require.Equal(t, user.UserName, user.Emails[0].Value)
	}
	var group struct{ Members []struct{ Value string } }
	require.NoError(t, json.Unmarshal(groupOf("Everybody", []person{{id: "1"}, {id: "2"}}), &group))
	require.Len(t, group.Members, 2)
	require.JSONEq(t, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
		"Operations":[{"op":"remove","path":"members[value eq \"7\"]"}]}`, string(appendPatch(nil, removeMember, "7")))
}

func TestErrorsAreCountedApart(t *testing.T) {
	t.Parallel()
	left := 5
	counted, _ := drive(t.Context(), []int{0}, func() bool { left--; return left >= 0 }, func(context.Context, int) error {
		if left%2 == 0 {
			return fmt.Errorf("refused %d", left)
		}
		return nil
	})

	require.Len(t, counted.took, 2)
	require.Equal(t, 3, counted.errors)
	require.EqualError(t, counted.first, "refused 4")
}

// The line is the one of the manual page's fields, with a name that has a space and a parenthesis.
func TestCPUTimeOfAProcess(t *testing.T) {
	t.Parallel()
	got, err := parseStat("42 (postgres: (x) y) S 7 42 42 0 -1 4194560 1 2 3 4 150 50 20 5 20 0 1 0 99 0 0")
	require.NoError(t, err)
	require.Equal(t, stat{id: 42, parent: 7, seconds: 2.25}, got)

	_, err = parseStat("42 (x) S 7")
	require.Error(t, err)
}

func TestRoomIsWhatTheCPUsHaveTimeFor(t *testing.T) {
	t.Parallel()
	phase := Phase{Requests: 90, Errors: 10}

	phase.spend(map[string]float64{"starter": 1, "postgres": 1, "worker": 5}, map[string]float64{"starter": 1.03, "postgres": 1.01, "worker": 5}, 2)

	require.Equal(t, map[string]float64{"starter": 0.3, "postgres": 0.1}, phase.CPU)
	require.InDelta(t, 5000, phase.Room, 0.001, "2 CPUs, 0.4 ms each")
}

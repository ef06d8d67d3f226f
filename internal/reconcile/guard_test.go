package reconcile

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// F2: more removals than a number or a share of the users wait for approval.
func TestF2_Exceeds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		number, percent, removals, linked int
		want                              bool
	}{
		{500, 20, 0, 0, false},
		{500, 20, 500, 10_000, false},
		{500, 20, 501, 10_000, true},
		{500, 20, 200, 1_000, false},
		{500, 20, 201, 1_000, true},
		{500, 20, 4, 4, false},
		{500, 20, 5, 5, true},
		{500, 20, 5, 25, false},
		{500, 20, 6, 29, true},
		{500, 100, 400, 400, false},
		{0, 100, 1, 1_000, true},
		{0, 0, 0, 1_000, false},
		{500, 0, 4, 1_000, false},
		{500, 0, 5, 1_000, true},
	}
	for _, tt := range tests {
		g := directory.Guard{MaxRemovals: tt.number, MaxRemovalPercent: tt.percent}
		require.Equal(t, tt.want, Exceeds(g, tt.removals, tt.linked), "%+v", tt)
	}
}

// F12: 60 people leave each day, of 1,000. On the fourth day the window holds more than a fifth of
// those who were there when it began.
func TestF12_ASlowLeakTripsTheGuard(t *testing.T) {
	t.Parallel()
	g := directory.Guard{MaxRemovals: 500, MaxRemovalPercent: 20}
	var held []bool
	for day := range 4 {
		recent := 60 * day
		held = append(held, Exceeds(g, 60+recent, (1000-recent)+recent))
		require.False(t, Exceeds(g, 60, 1000-recent), "no day alone is too much")
	}
	require.Equal(t, []bool{false, false, false, true}, held)
}

// Removals of the window hold a run earlier, never later.
func TestPropertyTheWindowHidesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := directory.Guard{MaxRemovals: rapid.IntRange(0, 500).Draw(t, "number"), MaxRemovalPercent: rapid.IntRange(0, 100).Draw(t, "percent")}
		linked := rapid.IntRange(0, 5000).Draw(t, "linked")
		removals, recent := rapid.IntRange(0, linked).Draw(t, "removals"), rapid.IntRange(0, 5000).Draw(t, "recent")
		if Exceeds(g, removals, linked) {
			require.True(t, Exceeds(g, removals+recent, linked+recent))
		}
		require.False(t, Exceeds(g, 0, linked), "nobody removed is nothing to ask about")
	})
}

package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
	"github.com/rollcall-sync/rollcall/internal/store"
)

const benchUsers = 100_000

// BenchmarkStagePage stages pages of 999 records.
func BenchmarkStagePage(t *testing.B) {
	b := setup(t)
	run := b.openRun(directory.KindSync)
	records := people(999 * t.N)
	cursors := make([]string, t.N+1)
	pages := make([]store.StagePage, t.N)
	for i := range pages {
		cursors[i+1] = records[i*999].SourceID
		pages[i] = stagePage(run, cursors[i], cursors[i+1], records[i*999:(i+1)*999]...)
	}
	t.ResetTimer()
	for _, page := range pages {
		_, err := b.store.StagePage(t.Context(), page)
		require.NoError(t, err)
	}
}

// BenchmarkPlanCreates plans the first sync of 100,000 users.
func BenchmarkPlanCreates(t *testing.B) {
	b := setup(t)
	benchmarkPlan(t, b, people(benchUsers))
}

// BenchmarkPlanUnchanged plans a resync of 100,000 users of whom none has changed.
func BenchmarkPlanUnchanged(t *testing.B) {
	b := setup(t)
	records := people(benchUsers)
	b.sync(records...)
	benchmarkPlan(t, b, records)
}

func benchmarkPlan(t *testing.B, b *bench, records []mapping.Record) {
	t.StopTimer()
	t.ResetTimer()
	for range t.N {
		run := b.openRun(directory.KindPreview)
		b.stage(run, records...)
		t.StartTimer()
		b.plan(run)
		t.StopTimer()
		_, err := b.store.CloseRun(t.Context(), run, "", "")
		require.NoError(t, err)
	}
}

// BenchmarkPlanUndo plans the undo of a run that changed 100,000 users.
func BenchmarkPlanUndo(t *testing.B) {
	b := withCity(t)
	records := people(benchUsers)
	b.sync(records...)
	for i := range records {
		records[i].Values["city"] = "Hamburg"
	}
	run := b.sync(records...)
	t.ResetTimer()
	for range t.N {
		t.StopTimer()
		undo := b.openUndo(run)
		t.StartTimer()
		require.Equal(t, benchUsers, b.planUndo(undo).Changes)
		t.StopTimer()
		_, err := b.store.CloseRun(t.Context(), undo, directory.RunCancelled, "")
		require.NoError(t, err)
		t.StartTimer()
	}
}

// BenchmarkApplyCreates applies batches of 2,000 creates.
func BenchmarkApplyCreates(t *testing.B) {
	b := setup(t)
	run := b.prepare(people(2000 * t.N)...)
	t.ResetTimer()
	for range t.N {
		result, err := b.store.ApplyBatch(t.Context(), run, reconcile.StepPresent, 2000)
		require.NoError(t, err)
		require.Equal(t, 2000, result.Applied)
	}
}

// BenchmarkPositions applies batches of 2,000 creates with positions and without, in turns; the ratio of the
// medians is what the feed of events costs.
func BenchmarkPositions(t *testing.B) {
	with, without := setup(t), setup(t)
	_, err := without.db.Exec(`
		DROP TRIGGER changes_position_insert ON changes; DROP TRIGGER changes_position_update ON changes; DROP INDEX changes_positions`)
	require.NoError(t, err)
	benches := []*bench{with, without}
	var times [2][]time.Duration
	runs := []string{with.prepare(people(2000 * t.N)...), without.prepare(people(2000 * t.N)...)}
	t.ResetTimer()
	for i := range 2 * t.N {
		which := (i + i/2) % 2 // with and without take turns to be the first
		begun := time.Now()
		result, err := benches[which].store.ApplyBatch(t.Context(), runs[which], reconcile.StepPresent, 2000)
		times[which] = append(times[which], time.Since(begun))
		require.NoError(t, err)
		require.Equal(t, 2000, result.Applied)
	}
	median := func(d []time.Duration) float64 { slices.Sort(d); return float64(d[len(d)/2]) }
	t.ReportMetric(median(times[0])/1e6, "ms-with")
	t.ReportMetric(median(times[1])/1e6, "ms-without")
	t.ReportMetric(median(times[0])/median(times[1]), "ratio")
}

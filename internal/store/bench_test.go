package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
)

func TestSpeed(t *testing.T) {
	b := setup(t)
	records := people(100_000)
	for round := range 3 {
		if round == 2 {
			for i := 0; i < len(records); i += 100 {
				records[i].Values["city"] = "Hamburg"
			}
		}
		start := time.Now()
		lap := func(what string) { t.Logf("%-10s %v", what, time.Since(start)); start = time.Now() }
		run := b.openRun(directory.KindSync)
		lap("open")
		b.stage(run, records...)
		lap("stage 101 pages")
		t.Logf("%+v", b.plan(run))
		lap("plan")
		batches := 0
		for step := 1; step <= 4; step++ {
			for {
				r, err := b.store.ApplyBatch(t.Context(), run, step, 2000)
				require.NoError(t, err)
				batches++
				if r.Remaining == 0 {
					break
				}
			}
		}
		t.Logf("%d batches", batches)
		lap("apply")
		closed, err := b.store.CloseRun(t.Context(), run, "", "")
		require.NoError(t, err)
		lap("close")
		t.Logf("%+v", closed.Counts)
	}
	_ = reconcile.StepMove
}

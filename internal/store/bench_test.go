package store_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

func TestSpeed(t *testing.T) {
	b := setup(t, store.MaxConnections(1))
	var pid int
	require.NoError(t, b.db.Get(&pid, `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() LIMIT 1`))
	cpu := func() (g, p time.Duration) {
		var u syscall.Rusage
		_ = syscall.Getrusage(0, &u)
		g = time.Duration(u.Utime.Nano() + u.Stime.Nano())
		x, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		f := strings.Fields(string(x))
		var ut, st int
		fmt.Sscan(f[13], &ut)
		fmt.Sscan(f[14], &st)
		return g, time.Duration(ut+st) * 10 * time.Millisecond
	}
	records := people(100_000)
	for round := range 3 {
		if round == 2 {
			for i := 0; i < len(records); i += 100 {
				records[i].Values["city"] = "Hamburg"
			}
		}
		start := time.Now()
		g, p := cpu()
		lap := func(what string) {
			g2, p2 := cpu()
			t.Logf("%-10s %v go %v pg %v", what, time.Since(start).Round(time.Millisecond), g2-g, p2-p)
			start = time.Now()
			g, p = g2, p2
		}
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
}

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

func TestStageSpeed(t *testing.T) {
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
	var pages []store.StagePage
	records := people(100_000)
	run := b.openRun(directory.KindSync)
	for i := range 100 {
		c, n := fmt.Sprint("p", i), fmt.Sprint("p", i+1)
		if i == 0 {
			c = ""
		}
		pages = append(pages, stagePage(run, c, n, records[i*999:i*999+999]...))
	}
	g, p := cpu()
	best := time.Hour
	for _, page := range pages {
		start := time.Now()
		_, err := b.store.StagePage(t.Context(), page)
		require.NoError(t, err)
		best = min(best, time.Since(start))
	}
	g2, p2 := cpu()
	t.Logf("per page: go %v pg %v best wall %v", (g2-g)/100, (p2-p)/100, best)
}

package history

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/rollcall-sync/rollcall/internal/devstack"
)

// How many histories each provider's directory goes through, which ones, and for how long a failing
// one is made simpler, unless the command line says otherwise.
const (
	histories  = "3"
	seed       = "20190606"
	shrinkTime = "1m"
)

// stack is what the histories share: each of its tenants is that of one history at a time.
var stack *devstack.Stack

func TestMain(m *testing.M) {
	devstack.RunProcess()
	flag.Parse()
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "histories:", err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (code int, err error) {
	if err := preset(map[string]string{"rapid.checks": histories, "rapid.seed": seed, "rapid.shrinktime": shrinkTime, "rapid.nofailfile": "true"}); err != nil {
		return 1, err
	}
	if testing.Short() {
		return m.Run(), nil
	}
	dir, err := os.MkdirTemp("", "rollcall-history-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if stack, err = start(ctx, dir); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, stack.Stop()) }()
	return m.Run(), nil
}

// preset gives flags values that the command line did not.
func preset(values map[string]string) error {
	flag.Visit(func(f *flag.Flag) { delete(values, f.Name) })
	for name, value := range values {
		if err := flag.Set(name, value); err != nil {
			return err
		}
	}
	return nil
}

// start starts a stack whose worker can be killed, once more if another process took a port that it
// had chosen.
func start(ctx context.Context, dir string) (started *devstack.Stack, err error) {
	for attempt := range 3 {
		started, err = devstack.Start(ctx, devstack.Options{
			Dir: filepath.Join(dir, fmt.Sprint(attempt)), Ephemeral: true, Processes: true, NoUI: true, FreePorts: true,
			Out: io.Discard, Log: slog.New(slog.DiscardHandler),
		})
		if !errors.Is(err, syscall.EADDRINUSE) {
			return started, err
		}
	}
	return started, err
}

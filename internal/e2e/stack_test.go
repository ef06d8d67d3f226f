package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-sync/rollcall/internal/devstack"
)

// stackCount is how many stacks the tests share. A test has one to itself for as long as it lasts, for
// all accounts of a stack read the same simulated tenant.
const stackCount = 2

var stacks = make(chan *devstack.Stack, stackCount)

func TestMain(m *testing.M) {
	devstack.RunProcess()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "end-to-end tests:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "rollcall-e2e-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	var all [stackCount]*devstack.Stack
	defer func() {
		for _, stack := range all {
			if stack != nil {
				err = errors.Join(err, stack.Stop())
			}
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	for i := range all {
		group.Go(func() error {
			var err error
			all[i], err = start(ctx, filepath.Join(dir, fmt.Sprint(i)))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return 1, err
	}
	for _, stack := range all {
		stacks <- stack
	}
	return m.Run(), nil
}

// start starts a stack, once more if another process took a port that it had chosen.
func start(ctx context.Context, dir string) (stack *devstack.Stack, err error) {
	for attempt := range 3 {
		stack, err = devstack.Start(ctx, devstack.Options{
			Dir: filepath.Join(dir, fmt.Sprint(attempt)), Ephemeral: true, NoUI: true, FreePorts: true,
			Out: io.Discard, Log: slog.New(slog.DiscardHandler),
		})
		if !errors.Is(err, syscall.EADDRINUSE) {
			return stack, err
		}
	}
	return stack, err
}

// lend gives the test a stack of its own until it ends.
func lend(t *testing.T) *devstack.Stack {
	t.Helper()
	select {
	case stack := <-stacks:
		t.Cleanup(func() { stacks <- stack })
		return stack
	case <-t.Context().Done():
		t.Fatal("no stack became free")
		return nil
	}
}

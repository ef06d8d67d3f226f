package e2e

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

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/directory"
)

// stackCount is how many stacks the tests share. A test has one of a stack's simulated tenants to
// itself for as long as it lasts, for all accounts of a provider read the same one.
const stackCount = 2

// stacks are those whose tenant of the provider is free.
var stacks = map[directory.Provider]chan *devstack.Stack{
	directory.Entra: make(chan *devstack.Stack, stackCount), directory.Google: make(chan *devstack.Stack, stackCount),
}

func TestMain(m *testing.M) {
	devstack.RunProcess()
	flag.Parse()
	atOnce()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "end-to-end tests:", err)
		code = 1
	}
	os.Exit(code)
}

// atOnce has a test run for each tenant that can be lent, unless the command line says how many: the
// tests wait more than they work.
func atOnce() {
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said {
		_ = flag.Set("test.parallel", fmt.Sprint(stackCount*len(stacks))) // it is a number
	}
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
		for _, free := range stacks {
			free <- stack
		}
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

// lend gives the test a stack, whose tenant of the provider is its own until it ends.
func lend(t *testing.T, p directory.Provider) *devstack.Stack {
	t.Helper()
	select {
	case stack := <-stacks[p]:
		t.Cleanup(func() { stacks[p] <- stack })
		return stack
	case <-t.Context().Done():
		t.Fatal("no stack became free")
		return nil
	}
}

// Command dev runs all of Rollcall on one machine, with nothing to install but Go and PostgreSQL:
// database, Temporal with its Web UI, a simulated Entra and a simulated Google tenant, a mailbox,
// worker and starter, a demo account on each tenant, whose first runs are shown, and one whose people
// are pushed through SCIM. Ctrl-C stops it; the next start finds all data again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/simulate/google"
	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

type flags struct {
	data      string
	demo      bool
	once      bool
	processes bool
	entra     string
	google    string
	users     int
}

func main() {
	devstack.RunProcess()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func parse(args []string) (flags, error) {
	var f flags
	set := flag.NewFlagSet("dev", flag.ContinueOnError)
	set.StringVar(&f.data, "data", ".rollcall", "where data lives")
	set.BoolVar(&f.demo, "demo", true, "make the demo accounts; -demo=false makes one empty account")
	set.BoolVar(&f.once, "once", false, "print how the first runs ended, then end: 0 Success, 3 a Partial success, 1 a Failure")
	set.BoolVar(&f.processes, "processes", false, "run worker, starter and Temporal as processes of their own, started again when they end")
	set.StringVar(&f.entra, "entra", "", "the directory that the simulated Entra tenant serves, a JSON file")
	set.StringVar(&f.google, "google", "", "the directory that the simulated Google tenant serves, a JSON file")
	set.IntVar(&f.users, "users", 0, "generate a directory of so many users for each simulated tenant without a file")
	if err := set.Parse(args); err != nil {
		return f, err
	}
	switch {
	case set.NArg() > 0:
		return f, fmt.Errorf("dev takes flags only, not %q", set.Arg(0))
	case f.entra != "" && f.google != "" && f.users > 0:
		return f, errors.New("-users has nothing to generate: -entra and -google say what both tenants serve")
	case f.users < 0:
		return f, errors.New("-users takes a number from 1")
	}
	return f, nil
}

func run(ctx context.Context, args []string, out io.Writer) (code int, err error) {
	f, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0, nil
	}
	if err != nil {
		return 2, err
	}
	options, err := f.options(out)
	if err != nil {
		return 1, err
	}
	_, _ = fmt.Fprintln(out, "Starting PostgreSQL, Temporal, the simulated tenants, the mailbox, worker and starter …")
	stack, err := devstack.Start(ctx, options)
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, stack.Stop()) }()
	code, err = useStack(ctx, stack, f, out)
	if ctx.Err() != nil {
		_, _ = fmt.Fprintln(out, "\nStopping …")
		return 0, nil
	}
	return code, err
}

// useStack makes the accounts, shows their first runs, and waits for the end.
func useStack(ctx context.Context, stack *devstack.Stack, f flags, out io.Writer) (int, error) {
	if err := makeAccounts(ctx, stack, f.demo, out); err != nil {
		return 1, err
	}
	code, err := showFirstRuns(ctx, stack, out)
	if err != nil {
		return 1, err
	}
	if f.once {
		return code, nil
	}
	printAddresses(out, stack.Describe(), filepath.Join(f.data, devstack.DescriptionFile))
	select {
	case <-ctx.Done():
		return 0, nil
	case err := <-stack.Failed():
		return 1, err
	}
}

func (f flags) options(out io.Writer) (devstack.Options, error) {
	dir, err := filepath.Abs(f.data)
	if err != nil {
		return devstack.Options{}, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return devstack.Options{}, err
	}
	logFile, err := os.OpenFile(filepath.Join(dir, "dev.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return devstack.Options{}, err
	}
	log := slog.New(slog.NewJSONHandler(logFile, nil))
	slog.SetDefault(log)
	options := devstack.Options{Dir: dir, DatabaseURL: os.Getenv("ROLLCALL_DATABASE_URL"), Processes: f.processes, Out: out, Log: log}
	if options.Entra, err = tenant(f.entra, f.users, graph.Load, graph.Generate); err != nil {
		return options, err
	}
	options.Google, err = tenant(f.google, f.users, google.Load, google.Generate)
	return options, err
}

// tenant is what a simulated tenant is to serve: the directory of a file, or of so many generated
// users, or nil for whatever it served last.
func tenant[D any](file string, users int, load func(string) (D, error), generate func(int) D) (*D, error) {
	switch {
	case file != "":
		directory, err := load(file)
		return &directory, err
	case users > 0:
		directory := generate(users)
		return &directory, nil
	}
	return nil, nil
}

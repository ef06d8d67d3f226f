// Command dev runs all of Rollcall on one machine, with nothing to install but Go and PostgreSQL:
// database, Temporal with its Web UI, a simulated Entra tenant, a mailbox, worker and starter, and
// a demo account whose first run is shown. Ctrl-C stops it; the next start finds all data again.
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
	set.BoolVar(&f.demo, "demo", true, "make the demo account; -demo=false makes one empty account")
	set.BoolVar(&f.once, "once", false, "print how the first run ended, then end: 0 Success, 3 Partial success, 1 Failure")
	set.BoolVar(&f.processes, "processes", false, "run worker, starter and Temporal as processes of their own, started again when they end")
	set.StringVar(&f.entra, "entra", "", "the directory that the simulated Entra tenant serves, a JSON file")
	set.StringVar(&f.google, "google", "", "the directory that the simulated Google tenant serves (not available yet)")
	set.IntVar(&f.users, "users", 0, "generate a directory of so many users for the simulated Entra tenant")
	if err := set.Parse(args); err != nil {
		return f, err
	}
	switch {
	case set.NArg() > 0:
		return f, fmt.Errorf("dev takes flags only, not %q", set.Arg(0))
	case f.google != "":
		return f, errors.New("-google: Google Workspace is not available yet; use -entra")
	case f.entra != "" && f.users > 0:
		return f, errors.New("-entra and -users both say what the tenant serves; give one of them")
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
	_, _ = fmt.Fprintln(out, "Starting PostgreSQL, Temporal, the simulated tenant, the mailbox, worker and starter …")
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
	switch {
	case f.entra != "":
		directory, err := graph.Load(f.entra)
		if err != nil {
			return options, err
		}
		options.Entra = &directory
	case f.users > 0:
		directory := graph.Generate(f.users)
		options.Entra = &directory
	}
	return options, nil
}

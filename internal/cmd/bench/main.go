// Command bench measures runs against a floor: the least that any program would have to do to read
// the same directory and write the same rows. It runs a whole stack of its own, with the worker in
// a process of its own, and prints JSON.
//
//	go run ./internal/cmd/bench -users 100000
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/rollcall-sync/rollcall/internal/devstack"
)

func main() {
	devstack.RunProcess()
	users := flag.Int("users", 20_000, "people in the simulated directory")
	flag.Parse()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *users, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, users int, out io.Writer) error {
	if users < 1 {
		return fmt.Errorf("-users takes a number from 1, not %d", users)
	}
	report, err := measure(ctx, users)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}

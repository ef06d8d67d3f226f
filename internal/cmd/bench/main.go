// Command bench measures runs against a floor: the least that any program would have to do to read
// the same directory and write the same rows. It runs a whole stack of its own, with the worker in
// a process of its own, and prints JSON.
//
//	go run ./internal/cmd/bench -users 100000
//	go run ./internal/cmd/bench -users 50000 -groups 2000 -memberships 300000
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
	var s size
	flag.IntVar(&s.Users, "users", 20_000, "people in the simulated directory")
	flag.IntVar(&s.Groups, "groups", 0, "groups in it, all of which are synced")
	flag.IntVar(&s.Memberships, "memberships", 0, "members of these groups together, spread evenly")
	flag.Parse()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, s, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s size, out io.Writer) error {
	if err := s.check(); err != nil {
		return err
	}
	report, err := measure(ctx, s)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}

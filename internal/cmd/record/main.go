// Command record writes the histories that the replay test of the workflows goes through: it runs a
// stack on a small simulated directory, has everything happen that the fixtures are to show, and
// exports the event histories with their payloads in clear.
//
//	go run ./internal/cmd/record
//
// A history that is there is never replaced: it stands for executions that run in the field. Record
// with the code that is released, under a new prefix.
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
	"github.com/rollcall-sync/rollcall/internal/engine"
	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

// people is the size of the recorded directory.
const people = 40

func main() {
	dir := flag.String("out", filepath.Join("workflows", "testdata", "replay"), "folder of the histories")
	prefix := flag.String("prefix", "groups", "what the names of the files begin with")
	flag.Parse()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := record(ctx, *dir, *prefix, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func record(ctx context.Context, out, prefix string, told io.Writer) (err error) {
	data, err := os.MkdirTemp("", "rollcall-record-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	if err := os.Chmod(data, 0o755); err != nil { // PostgreSQL's own user has to get through
		return err
	}
	directory := graph.Generate(people)
	stack, err := devstack.Start(ctx, devstack.Options{
		Dir: data, Ephemeral: true, NoUI: true, FreePorts: true, Entra: &directory, Out: told, Log: slog.Default(),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stack.Stop()) }()
	keyring, err := stack.Keyring()
	if err != nil {
		return err
	}
	temporal, err := engine.Dial(ctx, engine.Options{HostPort: stack.Describe().Temporal, Keyring: keyring, Logger: slog.Default()})
	if err != nil {
		return err
	}
	defer temporal.Close()
	executions, err := play(ctx, stack, temporal)
	if err != nil {
		return err
	}
	e := exporter{temporal: temporal, dataConverter: engine.DataConverter(keyring)}
	for scenario, workflowID := range executions {
		file := filepath.Join(out, prefix+"_"+scenario+".json")
		if err := e.export(ctx, workflowID, file); err != nil {
			return fmt.Errorf("record %s: %w", scenario, err)
		}
		_, _ = fmt.Fprintln(told, "Recorded", file)
	}
	return nil
}

// Command worker does the work of Rollcall: it polls Temporal and runs workflows and activities.
//
//	worker                       runs the service, configured by ROLLCALL_* and TEMPORAL_*
//	worker replay WORKFLOW_ID    replays the newest execution of a workflow through this code
//	worker replay -file FILE     replays an exported event history
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/caarlos0/env/v11"
	historypb "go.temporal.io/api/history/v1"

	"github.com/rollcall-sync/rollcall/internal/config"
	"github.com/rollcall-sync/rollcall/internal/engine"
	"github.com/rollcall-sync/rollcall/internal/secret"
	"github.com/rollcall-sync/rollcall/internal/service/worker"
)

// errUsage is a mistake in the call or in the environment: exit code 2.
var errUsage = errors.New("usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, err)
	stop()
	if errors.Is(err, errUsage) {
		os.Exit(2)
	}
	os.Exit(1)
}

func run(ctx context.Context, args []string) error {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	slog.SetDefault(log)
	environment := env.ToMap(os.Environ())
	switch {
	case len(args) == 0:
		c, err := config.ForWorker(environment)
		if err != nil {
			return errors.Join(errUsage, err)
		}
		return worker.Run(ctx, c, engine.Options{}, log)
	case args[0] == "replay":
		return replay(ctx, args[1:], environment, log)
	default:
		return fmt.Errorf("%w: worker [replay WORKFLOW_ID | replay -file HISTORY.json]", errUsage)
	}
}

func replay(ctx context.Context, args []string, environment map[string]string, log *slog.Logger) error {
	flags := flag.NewFlagSet("replay", flag.ContinueOnError)
	file := flags.String("file", "", "an exported event history, instead of a workflow id")
	if err := flags.Parse(args); err != nil || (*file == "") == (flags.NArg() != 1) {
		return fmt.Errorf("%w: worker replay WORKFLOW_ID | worker replay -file HISTORY.json", errUsage)
	}
	keys, err := replayKeys(environment["ROLLCALL_KEYS"], *file)
	if err != nil {
		return errors.Join(errUsage, err)
	}
	history, err := history(ctx, *file, flags.Arg(0), keys, log)
	if err != nil {
		return err
	}
	if err := worker.Replay(history, engine.DataConverter(keys), os.Stdout); err != nil {
		return err
	}
	fmt.Printf("%d events replayed: this code takes the same way.\n", len(history.Events))
	return nil
}

// replayKeys are the keys that payloads are decoded with. A file may have been exported decoded,
// so that none are needed.
func replayKeys(text, file string) (*secret.Keyring, error) {
	if text == "" && file != "" {
		text = secret.Generate()
	}
	keys, err := secret.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("ROLLCALL_KEYS: %w", err)
	}
	return keys, nil
}

func history(ctx context.Context, file, workflowID string, keys *secret.Keyring, log *slog.Logger) (*historypb.History, error) {
	if file != "" {
		return worker.ReadHistory(file)
	}
	client, err := engine.Dial(ctx, engine.Options{Keyring: keys, Logger: log})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return worker.FetchHistory(ctx, client, workflowID)
}

// Command starter serves Rollcall's API and starts its workflows.
//
//	starter                     runs the service, configured by ROLLCALL_* and TEMPORAL_*
//	starter migrate             brings the database to this version
//	starter account create -name NAME -owner EMAIL -licences N
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
	"syscall"

	"github.com/caarlos0/env/v11"

	"github.com/rollcall-sync/rollcall/internal/config"
	"github.com/rollcall-sync/rollcall/internal/engine"
	"github.com/rollcall-sync/rollcall/internal/service/starter"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// errUsage is a mistake in the call or in the environment: exit code 2.
var errUsage = errors.New("usage: starter [migrate | account create -name NAME -owner EMAIL -licences N]")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], env.ToMap(os.Environ()), os.Stdout)
	stop()
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, err)
	if errors.Is(err, errUsage) {
		os.Exit(2)
	}
	os.Exit(1)
}

func run(ctx context.Context, args []string, environment map[string]string, out io.Writer) error {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	slog.SetDefault(log)
	switch {
	case len(args) == 0:
		c, err := config.ForStarter(environment)
		if err != nil {
			return errors.Join(errUsage, err)
		}
		return starter.Run(ctx, c, engine.Options{}, log)
	case len(args) == 1 && args[0] == "migrate":
		database, err := config.ForDatabase(environment)
		if err != nil {
			return errors.Join(errUsage, err)
		}
		return store.Migrate(ctx, string(database))
	case len(args) >= 2 && args[0] == "account" && args[1] == "create":
		return createAccount(ctx, args[2:], environment, out)
	default:
		return errUsage
	}
}

func createAccount(ctx context.Context, args []string, environment map[string]string, out io.Writer) error {
	var a store.NewAccount
	flags := flag.NewFlagSet("account create", flag.ContinueOnError)
	flags.StringVar(&a.Name, "name", "", "the account's name")
	flags.StringVar(&a.OwnerEmail, "owner", "", "the email address of its first owner")
	flags.IntVar(&a.Licences, "licences", 0, "how many users can be active at once")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		return errUsage
	}
	database, err := config.ForDatabase(environment)
	if err != nil {
		return errors.Join(errUsage, err)
	}
	db, err := store.Open(ctx, string(database))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	account, token, err := db.CreateAccount(ctx, a)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "account  %s\ntoken    %s\nThe token is shown this once.\n", account.ID, token)
	return err
}

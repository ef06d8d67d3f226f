// Command scimload measures a SCIM server under parallel clients: creates, reads, look-ups by
// userName, list pages, patches of people, and patches of the members of a large group. It prints
// JSON.
//
//	go run ./internal/cmd/scimload -users 100000
//	go run ./internal/cmd/scimload -users 1000 -url https://rollcall.example/scim/v2 -token TOKEN
//
// Without -url it starts a whole stack of its own, with PostgreSQL durable, and leaves nothing
// behind. A server that is given keeps the people and the group that were made on it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/rollcall-sync/rollcall/internal/devstack"
)

// options say how much load to put on which server.
type options struct {
	Users   int           // in the account, before anything is measured
	Clients int           // in parallel
	Phase   time.Duration // how long each kind of request is measured
	URL     string        // base URL of a server; empty starts one
	Token   string        // of that server
	Mail    bool          // set-up mail is delivered meanwhile, rather than left waiting
	Profile string        // folder for a CPU profile of each phase; empty takes none
}

func main() {
	devstack.RunProcess()
	var o options
	flag.IntVar(&o.Users, "users", 100_000, "people in the account before anything is measured")
	flag.IntVar(&o.Clients, "clients", 8, "parallel clients")
	seconds := flag.Int("seconds", 10, "how long each kind of request is measured")
	flag.StringVar(&o.URL, "url", "", "base URL of a SCIM server; without it a stack of its own is started")
	flag.StringVar(&o.Token, "token", "", "bearer token for -url")
	flag.BoolVar(&o.Mail, "mail", false, "have the stack deliver its set-up mail meanwhile, rather than leave it waiting")
	flag.StringVar(&o.Profile, "profile", "", "write a CPU profile of each phase into this folder; worker and starter then run in this process")
	flag.Parse()
	o.Phase = time.Duration(*seconds) * time.Second
	slog.SetDefault(slog.New(slog.DiscardHandler))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (o options) check() error {
	switch {
	case o.Users < 1 || o.Clients < 1 || o.Phase <= 0:
		return errors.New("-users, -clients and -seconds take numbers from 1")
	case o.Users < o.Clients:
		return fmt.Errorf("%d clients need %d people at least, one each", o.Clients, o.Clients)
	case (o.URL == "") != (o.Token == ""):
		return errors.New("-url and -token belong together")
	case o.URL != "" && (o.Profile != "" || o.Mail):
		return errors.New("-profile and -mail are for the stack of its own, so not with -url")
	}
	return nil
}

func run(ctx context.Context, o options, out io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	take := measureGiven
	if o.URL == "" {
		take = measureOwn
	}
	report, err := take(ctx, o)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}

func say(format string, args ...any) { _, _ = fmt.Fprintf(os.Stderr, format+"\n", args...) }

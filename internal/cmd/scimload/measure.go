package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"

	_ "github.com/lib/pq" // the driver

	"github.com/rollcall-sync/rollcall/internal/devstack"
)

// measureGiven puts load on the server that was given. Its database is out of reach, so the floor is
// that of HTTP alone.
func measureGiven(ctx context.Context, o options) (Report, error) {
	report, err := newReport(o)
	if err != nil {
		return report, err
	}
	return report, report.take(ctx, newLoad(o, o.URL, o.Token), func(context.Context) error { return nil })
}

// measureOwn runs a stack in a folder of its own, puts load on it and leaves nothing behind. Worker
// and starter run in processes of their own unless there are profiles to take.
func measureOwn(ctx context.Context, o options) (report Report, err error) {
	if report, err = newReport(o); err != nil {
		return report, err
	}
	dir, err := os.MkdirTemp("", "rollcall-scimload-")
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL's own user has to get through
		return report, err
	}
	if err := os.Setenv("ROLLCALL_SCIM_RATE", "1000000"); err != nil {
		return report, err
	}
	stack, err := devstack.Start(ctx, devstack.Options{
		Dir: dir, Processes: o.Profile == "", NoUI: true, FreePorts: true, Out: os.Stderr, Log: slog.Default(),
	})
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, stack.Stop()) }()
	db, err := sql.Open("postgres", stack.Describe().Database)
	if err != nil {
		return report, err
	}
	defer func() { _ = db.Close() }()
	own := database{db}
	if report.Machine.Postgres, err = own.settings(ctx); err != nil {
		return report, err
	}
	say("database: %s", stack.Describe().Database)
	floor, err := measureCommits(ctx, db, o, newMeter(stack.Describe().PIDs))
	if err != nil {
		return report, fmt.Errorf("measure floor of commits: %w", err)
	}
	report.Floor = append(report.Floor, floor)
	if !o.Mail {
		if err := own.holdMail(ctx); err != nil {
			return report, err
		}
	}
	l, err := newAccount(ctx, stack, o)
	if err != nil {
		return report, err
	}
	return report, report.take(ctx, l, own.settle)
}

// newAccount is an account that never runs out of licences, with a token for its SCIM client.
func newAccount(ctx context.Context, stack *devstack.Stack, o options) (*load, error) {
	account, err := stack.NewAccount(ctx, "Load", "owner@load.example", 10_000_000)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Token   string `json:"token"`
		BaseURL string `json:"base_url"`
	}
	if err := stack.Client(account).Call(ctx, http.MethodPost, "/v1/scim/tokens", map[string]string{"name": "Load"}, &answer); err != nil {
		return nil, fmt.Errorf("make SCIM token: %w", err)
	}
	l := newLoad(o, answer.BaseURL, answer.Token)
	l.meter = newMeter(stack.Describe().PIDs)
	return l, nil
}

func newReport(o options) (Report, error) {
	machine, err := newMachine()
	return Report{Users: o.Users, Clients: o.Clients, Group: min(crowd, o.Users), Machine: machine}, err
}

// take fills the account and measures all phases, and the floor of HTTP beside them. settle has
// the database get over the fill.
func (r *Report) take(ctx context.Context, l *load, settle func(context.Context) error) error {
	floor, err := measureRequests(ctx, l.options, l.meter)
	if err != nil {
		return fmt.Errorf("measure floor of requests: %w", err)
	}
	r.Floor = append(r.Floor, floor)
	filled, err := l.fill(ctx)
	if err != nil {
		return err
	}
	say("%s: %.0f a second", filled.Name, filled.PerSecond)
	if err := settle(ctx); err != nil {
		return err
	}
	phases, err := l.phases(ctx)
	if err != nil {
		return err
	}
	r.Phases = append([]Phase{filled}, phases...)
	r.compare()
	return nil
}

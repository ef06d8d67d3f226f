package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/engine"
	"github.com/rollcall-sync/rollcall/internal/simulate"
	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

// bench is a stack with one account whose runs are measured.
type bench struct {
	stack           *devstack.Stack
	temporal        client.Client
	account         devstack.Account
	configurationID string
	lastRunID       string
}

// measure runs a stack in a folder of its own, takes all measurements and leaves nothing behind.
func measure(ctx context.Context, users int) (report Report, err error) {
	dir, err := os.MkdirTemp("", "rollcall-bench-")
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL's own user has to get through
		return report, err
	}
	people := graph.Generate(users)
	stack, err := devstack.Start(ctx, devstack.Options{
		Dir: dir, Processes: true, NoUI: true, FreePorts: true,
		Entra: &people, Out: os.Stderr, Log: slog.Default(),
	})
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, stack.Stop()) }()
	b := &bench{stack: stack}
	keyring, err := stack.Keyring()
	if err != nil {
		return report, err
	}
	b.temporal, err = engine.Dial(ctx, engine.Options{HostPort: stack.Describe().Temporal, Keyring: keyring, Logger: slog.Default()})
	if err != nil {
		return report, err
	}
	defer b.temporal.Close()
	if b.account, err = stack.NewAccount(ctx, "Bench", "owner@bench.example", 2*users); err != nil {
		return report, err
	}
	ca, err := simulate.LoadOrCreateCA(dir)
	if err != nil {
		return report, err
	}
	report = Report{Users: users, CPUs: runtime.NumCPU()}
	if report.Floor, err = measureFloor(ctx, stack.Tenant(), ca, b.account, stack.Describe().Database); err != nil {
		return report, fmt.Errorf("measure floor: %w", err)
	}
	if report.Runs, err = b.runs(ctx, people); err != nil {
		return report, err
	}
	report.Peak = report.Runs[len(report.Runs)-1].PeakSoFar
	report.compare()
	return report, nil
}

func (b *bench) runs(ctx context.Context, people graph.Directory) ([]Run, error) {
	configure, err := b.prepare(ctx)
	if err != nil {
		return nil, err
	}
	syncNow := func() error {
		return b.stack.Client(b.account).Call(ctx, http.MethodPost, "/v1/configurations/"+b.configurationID+"/sync", nil, nil)
	}
	first, err := b.run(ctx, firstSync, configure)
	if err != nil {
		return nil, err
	}
	if err := b.settle(ctx); err != nil {
		return nil, err
	}
	unchanged, err := b.run(ctx, unchangedResync, syncNow)
	if err != nil {
		return nil, err
	}
	if err := b.settle(ctx); err != nil {
		return nil, err
	}
	if err := b.changeSome(ctx, people); err != nil {
		return nil, err
	}
	changed, err := b.run(ctx, changedResync, syncNow)
	return []Run{first, unchanged, changed}, err
}

// prepare connects the account and returns what saves its configuration, which starts the first run.
func (b *bench) prepare(ctx context.Context) (func() error, error) {
	api := b.stack.Client(b.account)
	mappings := []directory.Mapping{}
	for _, custom := range []struct{ name, kind, source string }{
		{"Job title", "text", "jobTitle"}, {"Department", "text", "department"}, {"Phone", "text", "mobilePhone"}, {"Joining date", "date", "employeeHireDate"},
	} {
		var field struct{ ID string }
		if err := api.Call(ctx, http.MethodPost, "/v1/fields", map[string]string{"name": custom.name, "type": custom.kind}, &field); err != nil {
			return nil, err
		}
		mappings = append(mappings, directory.Mapping{Source: custom.source, Target: field.ID, SyncUpdates: true})
	}
	connection, err := b.stack.ConnectEntra(ctx, b.account)
	if err != nil {
		return nil, err
	}
	return func() error {
		var configuration struct{ ID string }
		err := api.Call(ctx, http.MethodPost, "/v1/configurations", map[string]any{
			"name": "Bench", "connection_id": connection, "scope": map[string]string{"kind": "all_users"}, "mappings": mappings,
			"schedule":         map[string]string{"weekday": "sunday", "time": "02:00", "time_zone": "UTC"},
			"on_source_delete": "deactivate",
		}, &configuration)
		b.configurationID = configuration.ID
		return err
	}, nil
}

// endedRun is what the API says of the newest run that has ended.
type endedRun struct {
	ID         string              `json:"id"`
	Status     directory.RunStatus `json:"status"`
	Reason     string              `json:"reason"`
	Counts     directory.Counts    `json:"counts"`
	WorkflowID string              `json:"workflow_id"`
	RunID      string              `json:"run_id"`
}

// run starts a run and waits until its workflow has ended.
func (b *bench) run(ctx context.Context, name string, start func() error) (Run, error) {
	begun := time.Now()
	if err := start(); err != nil {
		return Run{}, fmt.Errorf("%s: %w", name, err)
	}
	ended, err := b.ended(ctx)
	if err != nil {
		return Run{}, fmt.Errorf("%s: %w", name, err)
	}
	b.lastRunID = ended.ID
	if ended.Status != directory.RunSuccess {
		return Run{}, fmt.Errorf("%s ended in %s: %s", name, ended.Status, ended.Reason)
	}
	if err := b.temporal.GetWorkflow(ctx, ended.WorkflowID, ended.RunID).Get(ctx, nil); err != nil {
		return Run{}, fmt.Errorf("%s: %w", name, err)
	}
	described, err := b.temporal.DescribeWorkflowExecution(ctx, ended.WorkflowID, ended.RunID)
	if err != nil {
		return Run{}, fmt.Errorf("%s: %w", name, err)
	}
	peak, err := peakMiB(b.stack.Describe().PIDs.Worker)
	if err != nil {
		return Run{}, err
	}
	activities, err := activitySeconds(ctx, b.temporal, ended.WorkflowID, ended.RunID)
	if err != nil {
		return Run{}, fmt.Errorf("%s: %w", name, err)
	}
	info := described.GetWorkflowExecutionInfo()
	return Run{
		Name: name, Seconds: seconds(info.GetCloseTime().AsTime().Sub(begun)), Activities: activities, Counts: ended.Counts,
		HistoryEvents: info.GetHistoryLength(), HistoryBytes: info.GetHistorySizeBytes(), PeakSoFar: peak,
	}, nil
}

// ended waits for the end of a run that is not the last one.
func (b *bench) ended(ctx context.Context) (endedRun, error) {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		var status struct {
			LastRun *endedRun `json:"last_run"`
		}
		err := b.stack.Client(b.account).Call(ctx, http.MethodGet, "/v1/configurations/"+b.configurationID+"/status", nil, &status)
		if err != nil {
			return endedRun{}, err
		}
		if status.LastRun != nil && status.LastRun.ID != b.lastRunID {
			return *status.LastRun, nil
		}
		select {
		case <-ctx.Done():
			return endedRun{}, ctx.Err()
		case err := <-b.stack.Failed():
			return endedRun{}, err
		case <-tick.C:
		}
	}
}

// settle leaves the database as it is some time after a run: without mail to deliver, vacuumed and
// written out, so that a run is not measured together with what the one before it left to do.
func (b *bench) settle(ctx context.Context) error {
	db, err := sql.Open("postgres", b.stack.Describe().Database)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	for _, statement := range []string{
		"UPDATE mails SET settled_at = now(), result = 'dropped' WHERE settled_at IS NULL", "VACUUM (ANALYZE)", "CHECKPOINT",
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("settle the database: %w", err)
		}
	}
	return nil
}

// changeSome moves every hundredth person to another department.
func (b *bench) changeSome(ctx context.Context, people graph.Directory) error {
	tenant := devstack.Client{Base: b.stack.Describe().Simulators.Entra}
	for i := 0; i < len(people.Users); i += 100 {
		path := "/_sim/users/" + people.Users[i].Text("id")
		if err := tenant.Call(ctx, http.MethodPatch, path, map[string]string{"department": "Moved"}, nil); err != nil {
			return err
		}
	}
	return nil
}

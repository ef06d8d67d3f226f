package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"time"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/engine"
	"github.com/rollcall-sync/rollcall/internal/simulate"
	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

// bench is a stack with one account whose runs are measured.
type bench struct {
	size
	stack           *devstack.Stack
	observer        observer
	account         devstack.Account
	configurationID string
	lastRunID       string
}

// measure runs a stack in a folder of its own, takes all measurements and leaves nothing behind.
func measure(ctx context.Context, s size) (report Report, err error) {
	dir, err := os.MkdirTemp("", "rollcall-bench-")
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL's own user has to get through
		return report, err
	}
	people, err := s.directory()
	if err != nil {
		return report, err
	}
	stack, err := devstack.Start(ctx, devstack.Options{
		Dir: dir, Processes: true, NoUI: true, FreePorts: true,
		Entra: &people, Out: os.Stderr, Log: slog.Default(),
	})
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, stack.Stop()) }()
	b := &bench{size: s, stack: stack}
	keyring, err := stack.Keyring()
	if err != nil {
		return report, err
	}
	temporal, err := engine.Dial(ctx, engine.Options{HostPort: stack.Describe().Temporal, Keyring: keyring, Logger: slog.Default()})
	if err != nil {
		return report, err
	}
	defer temporal.Close()
	b.observer = observer{temporal: temporal, dataConverter: engine.DataConverter(keyring)}
	if b.account, err = stack.NewAccount(ctx, "Bench", "owner@bench.example", 2*s.Users); err != nil {
		return report, err
	}
	ca, err := simulate.LoadOrCreateCA(dir)
	if err != nil {
		return report, err
	}
	report = Report{size: s, CPUs: runtime.NumCPU()}
	if report.Floor, err = measureFloor(ctx, stack.Tenant(), s.Groups > 0, ca, b.account, stack.Describe().Database); err != nil {
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
	nothing := func() error { return nil }
	sync := func() error { return b.syncNow(ctx) }
	var runs []Run
	for _, planned := range []struct {
		name          string
		before, start func() error
	}{
		{firstSync, nothing, configure},
		{unchangedResync, func() error { return b.readInFull(ctx) }, sync},
		{changedResync, func() error { return errors.Join(b.changeSome(ctx, people, 1), b.readInFull(ctx)) }, sync},
		{unchangedIncrement, nothing, sync},
		{changedIncrement, func() error { return b.changeSome(ctx, people, 2) }, sync},
	} {
		if err := planned.before(); err != nil {
			return nil, fmt.Errorf("%s: %w", planned.name, err)
		}
		if err := b.settle(ctx); err != nil {
			return nil, err
		}
		run, err := b.run(ctx, planned.name, planned.start)
		if err != nil {
			return nil, err
		}
		_, _ = fmt.Fprintf(os.Stderr, "%s: %.1f s\n", run.Name, run.Seconds)
		runs = append(runs, run)
	}
	return runs, nil
}

func (b *bench) syncNow(ctx context.Context) error {
	return b.stack.Client(b.account).Call(ctx, http.MethodPost, "/v1/configurations/"+b.configurationID+"/sync", nil, nil)
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
			"on_source_delete": "deactivate", "groups": directory.GroupSync{Enabled: b.Groups > 0},
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
	Mode       directory.RunMode   `json:"mode"`
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
	if err := b.observer.temporal.GetWorkflow(ctx, ended.WorkflowID, ended.RunID).Get(ctx, nil); err != nil {
		return Run{}, fmt.Errorf("%s: %w", name, err)
	}
	described, err := b.observer.temporal.DescribeWorkflowExecution(ctx, ended.WorkflowID, ended.RunID)
	if err != nil {
		return Run{}, fmt.Errorf("%s: %w", name, err)
	}
	peak, err := peakMiB(b.stack.Describe().PIDs.Worker)
	if err != nil {
		return Run{}, err
	}
	took, err := b.observer.activitySeconds(ctx, ended.WorkflowID, ended.RunID)
	if err != nil {
		return Run{}, fmt.Errorf("%s: %w", name, err)
	}
	info := described.GetWorkflowExecutionInfo()
	return Run{
		Name: name, Mode: ended.Mode, Seconds: seconds(info.GetCloseTime().AsTime().Sub(begun)), Activities: took, Counts: ended.Counts,
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

// readInFull has the tenant forget what the last run knew, so that the next one reads everybody.
func (b *bench) readInFull(ctx context.Context) error {
	return b.simulated().Call(ctx, http.MethodPost, "/_sim/expire-delta", nil, nil)
}

// changeSome moves every hundredth person to another department, and takes the first of those who
// are left out of every hundredth group.
func (b *bench) changeSome(ctx context.Context, people graph.Directory, round int) error {
	for i := 0; i < len(people.Users); i += 100 {
		path := "/_sim/users/" + people.Users[i].Text("id")
		if err := b.simulated().Call(ctx, http.MethodPatch, path, map[string]string{"department": fmt.Sprint("Moved ", round)}, nil); err != nil {
			return err
		}
	}
	for i := 0; i < len(people.Groups); i += 100 {
		var members []string
		if err := json.Unmarshal(people.Groups[i].Get("members"), &members); err != nil {
			return err
		}
		path := "/_sim/groups/" + people.Groups[i].Text("id") + "/members"
		if err := b.simulated().Call(ctx, http.MethodPut, path, members[min(round, len(members)):], nil); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) simulated() devstack.Client {
	return devstack.Client{Base: b.stack.Describe().Simulators.Entra}
}

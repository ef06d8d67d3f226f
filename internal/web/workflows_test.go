package web_test

import (
	"context"
	"strings"
	"sync"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
	"github.com/rollcall-sync/rollcall/workflows"
)

// workflowsStandIn stands in for Temporal and a worker, as far as the database shows what they do;
// the end-to-end tests run the real ones.
type workflowsStandIn struct {
	store *store.Store
	mu    sync.Mutex
	down  error    // what every call answers, when set
	calls []string // signal or workflow name, and workflow id
	live  map[string]workflows.DirectorySyncInput
}

func (w *workflowsStandIn) note(name, id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, name+" "+id)
	return w.down
}

func (w *workflowsStandIn) seen() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.calls...)
}

func (w *workflowsStandIn) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = err
}

func (w *workflowsStandIn) ExecuteWorkflow(ctx context.Context, options client.StartWorkflowOptions, workflow any, args ...any) (client.WorkflowRun, error) {
	if err := w.note(workflow.(string), options.ID); err != nil {
		return nil, err
	}
	if len(args) == 0 {
		return nil, nil
	}
	switch in := args[0].(type) {
	case workflows.DirectorySyncInput:
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.live == nil {
			w.live = map[string]workflows.DirectorySyncInput{}
		}
		if _, there := w.live[options.ID]; !there {
			w.live[options.ID] = in
		}
		return nil, nil
	case workflows.SyncRunInput:
		_, err := w.store.OpenRun(ctx, store.NewRun{
			ID: in.RunID, ConfigurationID: in.ConfigurationID, Kind: in.Kind, Trigger: in.Trigger, RequestedBy: in.RequestedBy,
			WorkflowID: options.ID, WorkflowRunID: uuid.NewString(),
		})
		return nil, err
	}
	return nil, nil
}

func (w *workflowsStandIn) SignalWithStartWorkflow(ctx context.Context, id, signal string, arg any, _ client.StartWorkflowOptions, _ any, args ...any) (client.WorkflowRun, error) {
	if err := w.note(signal, id); err != nil {
		return nil, err
	}
	in, ok := args[0].(workflows.DirectorySyncInput)
	if !ok {
		return nil, nil // mail is for the end-to-end tests
	}
	switch signal {
	case workflows.SignalDisable:
		return nil, w.store.SetState(ctx, in.ConfigurationID, directory.Disabled)
	case workflows.SignalEnable:
		return nil, w.store.SetState(ctx, in.ConfigurationID, directory.Enabled)
	case workflows.SignalDelete:
		return nil, w.store.DestroyConfiguration(ctx, in.ConfigurationID)
	case workflows.SignalSyncNow:
		if current, err := w.store.CurrentRun(ctx, in.ConfigurationID); current != nil || err != nil {
			return nil, err
		}
		_, err := w.openRun(ctx, in.ConfigurationID, in.Runs+1, arg.(workflows.Request).RequestedBy)
		return nil, err
	case workflows.SignalUndo, workflows.SignalRerun:
		return nil, w.openOf(ctx, in, signal, arg.(workflows.Request))
	}
	return nil, nil
}

func (w *workflowsStandIn) openRun(ctx context.Context, configurationID string, number int, by string) (string, error) {
	id := workflows.RunID(configurationID, number)
	_, err := w.store.OpenRun(ctx, store.NewRun{
		ID: id, ConfigurationID: configurationID, Number: number, Kind: directory.KindSync, Trigger: directory.TriggerManual, RequestedBy: by,
		WorkflowID: workflows.SyncRunID(configurationID, number), WorkflowRunID: "019f0000-0000-7000-8000-000000000001",
	})
	return id, err
}

// openOf opens the run that undoes another one, or is its rerun.
func (w *workflowsStandIn) openOf(ctx context.Context, in workflows.DirectorySyncInput, signal string, r workflows.Request) error {
	run := store.NewRun{
		ID: workflows.RunID(in.ConfigurationID, in.Runs+1), ConfigurationID: in.ConfigurationID, Number: in.Runs + 1,
		Kind: directory.KindUndo, Trigger: directory.TriggerManual, OfRun: r.RunID, RequestedBy: r.RequestedBy,
		WorkflowID: workflows.SyncRunID(in.ConfigurationID, in.Runs+1), WorkflowRunID: uuid.NewString(),
	}
	if signal == workflows.SignalRerun {
		run.Kind, run.Trigger = directory.KindSync, directory.TriggerRerun
	}
	_, err := w.store.OpenRun(ctx, run)
	return err
}

func (w *workflowsStandIn) SignalWorkflow(ctx context.Context, id, _, signal string, _ any) error {
	if err := w.note(signal, id); err != nil {
		return err
	}
	switch signal {
	case workflows.SignalEventsWaiting:
		return nil // deliveries are for tests of their own
	case workflows.SignalApprove:
		return w.store.SetStage(ctx, runOf(id), directory.StageProvision, 0)
	}
	_, err := w.store.CloseRun(ctx, runOf(id), directory.RunCancelled, "Rejected.")
	return err
}

func (w *workflowsStandIn) CancelWorkflow(ctx context.Context, id, _ string) error {
	if err := w.note("cancel", id); err != nil {
		return err
	}
	_, err := w.store.CloseRun(ctx, runOf(id), directory.RunCancelled, "")
	return err
}

// runOf is the id of the run that a workflow id of the form directory-sync/<configuration>/run/1
// belongs to.
func runOf(workflowID string) string { return workflows.RunID(strings.Split(workflowID, "/")[1], 1) }

func (w *workflowsStandIn) CheckHealth(context.Context, *client.CheckHealthRequest) (*client.CheckHealthResponse, error) {
	return &client.CheckHealthResponse{}, w.note("health", "")
}

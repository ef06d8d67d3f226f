package admin

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/engine"
	"github.com/rollcall-sync/rollcall/internal/store"
	"github.com/rollcall-sync/rollcall/workflows"
)

// Preview starts a run that works out what a sync would do, and does not do it. With an edit it is
// of the settings as they would be: they are checked as for saving, and not saved. A disabled
// configuration can be previewed too.
func (a *Admin) Preview(ctx context.Context, who directory.Principal, configurationID string, edit func(*directory.Settings)) (runID string, err error) {
	c, err := a.Store.Configuration(ctx, who.AccountID, configurationID)
	if err != nil {
		return "", err
	}
	run := store.NewRun{
		ID: uuid.NewString(), ConfigurationID: c.ID, Kind: directory.KindPreview, Trigger: directory.TriggerManual, RequestedBy: who.Name,
	}
	run.WorkflowID = workflows.PreviewID(c.ID, run.ID)
	if edit != nil {
		settings, err := a.edited(ctx, c, edit)
		if err != nil {
			return "", err
		}
		run.Settings = &settings
	}
	// The workflow opens the run too, and finds it: this is how it gets the settings.
	if _, err := a.Store.OpenRun(ctx, run); err != nil {
		return "", err
	}
	if err := a.startPreview(ctx, c, run); err != nil {
		_, closing := a.Store.CloseRun(context.WithoutCancel(ctx), run.ID, directory.RunFailure, "The workflow service did not answer, so the preview did not start.", nil)
		return "", errors.Join(err, closing)
	}
	return run.ID, nil
}

func (a *Admin) startPreview(ctx context.Context, c directory.Configuration, run store.NewRun) error {
	in := workflows.SyncRunInput{
		RunID: run.ID, AccountID: c.AccountID, ConfigurationID: c.ID, Provider: c.Provider,
		Kind: run.Kind, Trigger: run.Trigger, RequestedBy: run.RequestedBy,
	}
	options := client.StartWorkflowOptions{
		ID:        run.WorkflowID,
		TaskQueue: engine.TaskQueue,
		TypedSearchAttributes: temporal.NewSearchAttributes(
			engine.RollcallAccount.ValueSet(c.AccountID), engine.RollcallConfiguration.ValueSet(c.ID), engine.RollcallProvider.ValueSet(string(c.Provider)),
			engine.RollcallTrigger.ValueSet(string(in.Trigger)), engine.RollcallStatus.ValueSet(string(directory.RunRunning))),
		StaticSummary: "Preview",
	}
	_, err := a.Temporal.ExecuteWorkflow(ctx, options, workflows.SyncRunName, in)
	return unavailable(err)
}

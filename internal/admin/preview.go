package admin

import (
	"context"
	"errors"
	"fmt"
	"time"

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
// configuration can be previewed too. There is one preview of a configuration at a time, since each
// reads the whole directory: another one is the conflict "preview_in_progress".
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
	if err := a.openPreview(ctx, c, run); err != nil {
		return "", err
	}
	if err := a.startPreview(ctx, c, run); err != nil {
		_, closing := a.Store.CloseRun(context.WithoutCancel(ctx), run.ID, directory.RunFailure, "The workflow service did not answer, so the preview did not start.")
		return "", errors.Join(err, closing)
	}
	return run.ID, nil
}

// forgottenPreview is the age at which a preview that never ended does not count any more: no
// preview takes that long.
const forgottenPreview = 24 * time.Hour

// openPreview opens the run of a preview, unless there is one already. Its workflow opens it too, and
// finds it: this is how it gets the settings.
func (a *Admin) openPreview(ctx context.Context, c directory.Configuration, run store.NewRun) error {
	a.previews.Lock()
	defer a.previews.Unlock()
	runs, err := a.Store.Runs(ctx, c.AccountID, store.RunFilter{ConfigurationID: c.ID, Limit: 500})
	if err != nil {
		return err
	}
	for _, r := range runs.Items {
		if r.Kind == directory.KindPreview && !r.Status.Ended() && time.Since(r.StartedAt) < forgottenPreview {
			return directory.Conflict("preview_in_progress", fmt.Sprintf(
				"A preview of this configuration is in progress already: run %s. Wait until it has ended, or cancel it with POST /v1/runs/%s/cancel.", r.ID, r.ID))
		}
	}
	_, err = a.Store.OpenRun(ctx, run)
	return err
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

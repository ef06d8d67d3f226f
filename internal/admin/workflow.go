package admin

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/engine"
	"github.com/rollcall-sync/rollcall/internal/waker"
	"github.com/rollcall-sync/rollcall/workflows"
)

// EnsureWorkflows starts the workflow of every configuration that lacks one (a crash between the
// insert of a configuration and the start of its workflow leaves such a one), that of the report of
// every account that wants one, and that of the installation's maintenance. What waits to be delivered
// although its time has come is delivered. It is to be called at start-up and from time to time.
func (a *Admin) EnsureWorkflows(ctx context.Context) error {
	live, err := a.Store.LiveConfigurations(ctx)
	if err != nil {
		return fmt.Errorf("list configurations: %w", err)
	}
	failed := []error{a.ensureMaintenance(ctx)}
	for _, l := range live {
		if err := a.ensureWorkflow(ctx, l.ID); err != nil {
			failed = append(failed, fmt.Errorf("workflow of configuration %s: %w", l.ID, err))
		}
	}
	return errors.Join(append(failed, a.ensureReports(ctx), a.wakeForgotten(ctx))...)
}

// wakeForgotten wakes the accounts of which something waits that nobody could say.
func (a *Admin) wakeForgotten(ctx context.Context) error {
	accounts, err := a.Store.AccountsToWake(ctx)
	if err != nil {
		return err
	}
	var failed []error
	for _, id := range accounts {
		failed = append(failed, a.waker().Wake(ctx, id))
	}
	return errors.Join(failed...)
}

func (a *Admin) ensureMaintenance(ctx context.Context) error {
	_, err := a.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       workflows.MaintenanceID,
		TaskQueue:                engine.TaskQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            "Removes what has been kept long enough",
	}, workflows.MaintenanceName)
	return unavailable(err)
}

func (a *Admin) ensureWorkflow(ctx context.Context, configurationID string) error {
	c, err := a.Store.ConfigurationByID(ctx, configurationID)
	if isNotFound(err) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return err
	}
	return a.startWorkflow(ctx, c, "")
}

// startWorkflow starts the workflow of a configuration unless there is one. The first run is due
// when there was none yet.
func (a *Admin) startWorkflow(ctx context.Context, c directory.Configuration, requestedBy string) error {
	in, err := a.workflowInput(ctx, c)
	if err != nil {
		return err
	}
	if in.Runs == 0 && !in.Disabled {
		in.Due = &workflows.Due{Trigger: directory.TriggerFirst, RequestedBy: requestedBy}
	}
	_, err = a.Temporal.ExecuteWorkflow(ctx, a.workflowOptions(c), workflows.DirectorySyncName, in)
	return unavailable(err)
}

// signal tells the workflow of a configuration something; one that is missing is started with it.
func (a *Admin) signal(ctx context.Context, c directory.Configuration, name string, who directory.Principal) error {
	return a.request(ctx, c, name, workflows.Request{RequestedBy: who.Name})
}

func (a *Admin) request(ctx context.Context, c directory.Configuration, name string, request workflows.Request) error {
	in, err := a.workflowInput(ctx, c)
	if err != nil {
		return err
	}
	_, err = a.Temporal.SignalWithStartWorkflow(ctx, workflows.DirectorySyncID(c.ID), name, request, a.workflowOptions(c),
		workflows.DirectorySyncName, in)
	return unavailable(err)
}

func (a *Admin) workflowInput(ctx context.Context, c directory.Configuration) (workflows.DirectorySyncInput, error) {
	in := workflows.DirectorySyncInput{
		AccountID: c.AccountID, ConfigurationID: c.ID, Provider: c.Provider, Disabled: c.State == directory.Disabled,
	}
	for _, newest := range []func(context.Context, string) (*directory.Run, error){a.Store.LastRun, a.Store.CurrentRun} {
		run, err := newest(ctx, c.ID)
		if err != nil {
			return in, err
		}
		if run != nil {
			in.Runs = max(in.Runs, run.Number)
		}
	}
	return in, nil
}

func (a *Admin) workflowOptions(c directory.Configuration) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                       workflows.DirectorySyncID(c.ID),
		TaskQueue:                engine.TaskQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		TypedSearchAttributes: temporal.NewSearchAttributes(
			engine.RollcallAccount.ValueSet(c.AccountID), engine.RollcallConfiguration.ValueSet(c.ID),
			engine.RollcallProvider.ValueSet(string(c.Provider)), engine.RollcallStatus.ValueSet(string(c.State))),
		StaticSummary: "Directory sync from " + c.Provider.Title(),
	}
}

// wakeLimit is how long an admin who has asked for something waits for Temporal to be told.
const wakeLimit = 10 * time.Second

// Wake has what waits in the account delivered: mail, and events of webhooks. What was asked for is done
// by then, so a caller who has gone changes nothing; should Temporal be away, EnsureWorkflows finds what waits.
func (a *Admin) Wake(ctx context.Context, accountID string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wakeLimit)
	defer cancel()
	if err := a.waker().Wake(ctx, accountID); err != nil {
		a.Log.WarnContext(ctx, "what waits is delivered once it is looked for", "account", accountID, "error", err)
	}
}

func (a *Admin) waker() waker.Waker { return waker.Waker{Store: a.Store, Temporal: a.Temporal} }

// unavailable is the error of a Temporal call for a person.
func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return &directory.Error{
		Kind: directory.KindUnavailable, Code: "workflows_unavailable", Cause: err,
		Message: "The workflow service does not answer at the moment.", Remedy: "Try again in a minute.",
	}
}

func gone(err error) bool {
	var missing *serviceerror.NotFound
	return errors.As(err, &missing)
}

package admin

import (
	"context"
	"errors"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/engine"
	"github.com/rollcall-sync/rollcall/workflows"
)

// SendReport has the report of the last 24 hours mailed to the account's admins now, whatever its
// frequency is. The daily one comes all the same.
func (a *Admin) SendReport(ctx context.Context, who directory.Principal) error {
	return a.signalReport(ctx, workflows.SignalReportNow, who)
}

// signalReport tells the workflow of the account's report something; one that is missing is started
// with it.
func (a *Admin) signalReport(ctx context.Context, name string, who directory.Principal) error {
	options := reportOptions(who.AccountID)
	_, err := a.Temporal.SignalWithStartWorkflow(ctx, options.ID, name, workflows.Request{RequestedBy: who.Name},
		options, workflows.AccountReportName, workflows.AccountReportInput{AccountID: who.AccountID})
	return unavailable(err)
}

// ensureReports starts the workflow of the report of every account that wants one and has none.
func (a *Admin) ensureReports(ctx context.Context) error {
	accounts, err := a.Store.AccountsToReport(ctx)
	if err != nil {
		return fmt.Errorf("list accounts to report: %w", err)
	}
	var failed []error
	for _, id := range accounts {
		_, err := a.Temporal.ExecuteWorkflow(ctx, reportOptions(id), workflows.AccountReportName, workflows.AccountReportInput{AccountID: id})
		if err != nil {
			failed = append(failed, fmt.Errorf("report of account %s: %w", id, unavailable(err)))
		}
	}
	return errors.Join(failed...)
}

func reportOptions(accountID string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                       workflows.AccountReportID(accountID),
		TaskQueue:                engine.TaskQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		TypedSearchAttributes:    temporal.NewSearchAttributes(engine.RollcallAccount.ValueSet(accountID)),
		StaticSummary:            "Makes the directory sync report of an account",
	}
}

package workflows

import (
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// Register makes all workflows known to a worker or a replayer.
func Register(w worker.WorkflowRegistry) {
	w.RegisterWorkflowWithOptions(DirectorySync, workflow.RegisterOptions{Name: DirectorySyncName})
	w.RegisterWorkflowWithOptions(SyncRun, workflow.RegisterOptions{Name: SyncRunName})
	w.RegisterWorkflowWithOptions(MailOutbox, workflow.RegisterOptions{Name: MailOutboxName})
	w.RegisterWorkflowWithOptions(WebhookDelivery, workflow.RegisterOptions{Name: WebhookDeliveryName})
	w.RegisterWorkflowWithOptions(Maintenance, workflow.RegisterOptions{Name: MaintenanceName})
	w.RegisterWorkflowWithOptions(AccountReport, workflow.RegisterOptions{Name: AccountReportName})
}

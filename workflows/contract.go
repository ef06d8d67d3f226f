// Package workflows decides what happens next: the long-running workflow of each configuration,
// its runs, the delivery of mail and of events, and the reports of each account.
//
// It does no I/O, reads no configuration and no clock: what it needs to know of the world it asks
// of the activities. Histories hold ids, counts and cursors, never people.
package workflows

import (
	"fmt"
	"time"

	"github.com/rollcall-sync/rollcall/activities"
	"github.com/rollcall-sync/rollcall/internal/directory"
)

// Names in histories are public API: never rename them.
const (
	// DirectorySyncName is the workflow of a configuration; it lives as long as the configuration.
	DirectorySyncName = "DirectorySync"
	// SyncRunName is the workflow of one run, a child of DirectorySync. A preview has no parent.
	SyncRunName = "SyncRun"
	// MailOutboxName is the workflow that delivers the waiting mail of one account.
	MailOutboxName = "MailOutbox"
	// WebhookDeliveryName is the workflow that tells one webhook of the account's events.
	WebhookDeliveryName = "WebhookDelivery"
	// AccountReportName is the workflow that makes the directory sync report of one account.
	AccountReportName = "AccountReport"
	// MaintenanceName is the workflow that removes what has been kept long enough; there is one, of
	// the id MaintenanceID.
	MaintenanceName = "Maintenance"
	// MaintenanceID is the workflow id of Maintenance.
	MaintenanceID = "maintenance"

	// SignalSyncNow asks DirectorySync for a run. While one is going, one follow-up is queued.
	SignalSyncNow = "sync-now"
	// SignalUndo asks DirectorySync for a run that undoes the one that Request names. While another is
	// going it is queued, before a sync that is due.
	SignalUndo = "undo"
	// SignalRerun asks DirectorySync for a run that takes over what the one that Request names had read,
	// unless a run is queued.
	SignalRerun = "rerun"
	// SignalDisable stops syncs, also the one that is going, until SignalEnable. An undo goes on.
	SignalDisable = "disable"
	// SignalEnable lets runs happen again.
	SignalEnable = "enable"
	// SignalDelete ends the configuration for good.
	SignalDelete = "delete"
	// SignalSettingsChanged has the next weekly run, or the next report, computed anew.
	SignalSettingsChanged = "settings-changed"

	// SignalApprove lets a run that awaits approval go on.
	SignalApprove = "approve"
	// SignalReject ends a run that awaits approval without removing or changing anybody.
	SignalReject = "reject"

	// SignalMailWaiting tells MailOutbox that there is mail to deliver.
	SignalMailWaiting = "mail-waiting"

	// SignalEventsWaiting tells WebhookDelivery that there are events to deliver, or that its webhook
	// is another now.
	SignalEventsWaiting = "events-waiting"

	// SignalReportNow asks AccountReport for a report at once.
	SignalReportNow = "report-now"

	// QueryStatus asks DirectorySync for its Status, SyncRun for its RunStatus.
	QueryStatus = "status"
)

// Request is the optional payload of every signal of DirectorySync, SyncRun and AccountReport.
type Request struct {
	RequestedBy string `json:"requested_by,omitempty"`
	RunID       string `json:"run_id,omitempty"` // of SignalUndo and SignalRerun
}

// DirectorySyncID is the workflow id of a configuration.
func DirectorySyncID(configurationID string) string { return "directory-sync/" + configurationID }

// SyncRunID is the workflow id of a configuration's run, by its number.
func SyncRunID(configurationID string, number int) string {
	return fmt.Sprintf("directory-sync/%s/run/%d", configurationID, number)
}

// PreviewID is the workflow id of a preview.
func PreviewID(configurationID, runID string) string {
	return fmt.Sprintf("directory-sync/%s/preview/%s", configurationID, runID)
}

// MailOutboxID is the workflow id of an account's mail delivery.
func MailOutboxID(accountID string) string { return "mail-outbox/" + accountID }

// WebhookDeliveryID is the workflow id of the deliveries to a webhook.
func WebhookDeliveryID(webhookID string) string { return "webhook/" + webhookID }

// AccountReportID is the workflow id of an account's report.
func AccountReportID(accountID string) string { return "account-report/" + accountID }

// DirectorySyncInput is the whole state of a DirectorySync, carried through continue-as-new.
// A new configuration starts with its three ids and a first run that is due.
type DirectorySyncInput struct {
	AccountID       string             `json:"account_id"`
	ConfigurationID string             `json:"configuration_id"`
	Provider        directory.Provider `json:"provider"`
	Disabled        bool               `json:"disabled,omitempty"`
	Due             *Due               `json:"due,omitempty"`   // the sync to start as soon as no run is going
	Undos           []Due              `json:"undos,omitempty"` // the undos to start before it, also while disabled
	Runs            int                `json:"runs,omitempty"`  // number of the last run
	// LastSlot is the last weekly instant that was taken, so that a clock that is behind cannot
	// take it again.
	LastSlot time.Time `json:"last_slot,omitzero"`
}

// Due is a run that is to be started.
type Due struct {
	Kind        directory.RunKind `json:"kind,omitempty"` // empty: a sync
	Trigger     directory.Trigger `json:"trigger"`
	OfRun       string            `json:"of_run,omitempty"` // the run that an undo is of, or a rerun
	RequestedBy string            `json:"requested_by,omitempty"`
}

// Status answers QueryStatus of DirectorySync.
type Status struct {
	State     directory.ConfigurationState `json:"state"`
	NextRunAt *time.Time                   `json:"next_run_at,omitempty"`
	Running   string                       `json:"running,omitempty"` // workflow id of the run that is going
	Queued    bool                         `json:"queued"`            // a follow-up run is queued
	Runs      int                          `json:"runs"`
}

// ClearInTemporal marks Status as readable in histories and by any Temporal client.
func (Status) ClearInTemporal() {}

// SyncRunInput says which run to do.
type SyncRunInput struct {
	RunID           string             `json:"run_id"`
	AccountID       string             `json:"account_id"`
	ConfigurationID string             `json:"configuration_id"`
	Provider        directory.Provider `json:"provider"`
	Number          int                `json:"number"`
	Kind            directory.RunKind  `json:"kind"`
	Trigger         directory.Trigger  `json:"trigger"`
	OfRun           string             `json:"of_run,omitempty"`
	RequestedBy     string             `json:"requested_by,omitempty"`
}

// SyncRunResult is how a run ended.
type SyncRunResult = activities.ClosedRun

// RunStatus answers QueryStatus of SyncRun.
type RunStatus struct {
	Stage     directory.Stage `json:"stage"`
	Groups    int             `json:"groups"`
	Fetched   int             `json:"fetched"`
	Planned   int             `json:"planned"`
	Applied   int             `json:"applied"`
	Failed    int             `json:"failed"`
	Throttled bool            `json:"throttled"` // waiting because the source asked to
}

// ClearInTemporal marks RunStatus as readable in histories and by any Temporal client.
func (RunStatus) ClearInTemporal() {}

// MailOutboxInput says whose mail to deliver.
type MailOutboxInput struct {
	AccountID string `json:"account_id"`
}

// WebhookDeliveryInput says which webhook to deliver to. How far it has come is in the database.
type WebhookDeliveryInput struct {
	AccountID string `json:"account_id"`
	WebhookID string `json:"webhook_id"`
}

// AccountReportInput is the whole state of an AccountReport, carried through continue-as-new. What was
// reported until when is in the database.
type AccountReportInput struct {
	AccountID string `json:"account_id"`
	Wanted    bool   `json:"wanted,omitempty"` // somebody asked for a report that is still to be made
}

package directory

import (
	"database/sql/driver"
	"encoding/json"
	"time"
)

// RunKind says what a run is for.
type RunKind string

// The kinds of run.
const (
	KindSync    RunKind = "sync"
	KindPreview RunKind = "preview"
	KindUndo    RunKind = "undo"
)

// Trigger says what started a run.
type Trigger string

// The triggers of a run.
const (
	TriggerFirst    Trigger = "first"
	TriggerSchedule Trigger = "schedule"
	TriggerManual   Trigger = "manual"
	TriggerRerun    Trigger = "rerun"
)

// RunStatus is how a run stands or how it ended.
type RunStatus string

// The statuses of a run.
const (
	RunRunning          RunStatus = "running"
	RunAwaitingApproval RunStatus = "awaiting_approval"
	RunSuccess          RunStatus = "success"
	RunPartialSuccess   RunStatus = "partial_success"
	RunFailure          RunStatus = "failure"
	RunCancelled        RunStatus = "cancelled"
)

// Ended says whether the status is final.
func (s RunStatus) Ended() bool { return s != RunRunning && s != RunAwaitingApproval }

// Stage is what a run is doing.
type Stage string

// The stages of a run, in order.
const (
	StageGroups      Stage = "groups"
	StageFetch       Stage = "fetch"
	StageVerify      Stage = "verify"
	StagePlan        Stage = "plan"
	StageApproval    Stage = "approval"
	StageProvision   Stage = "provision"
	StageDeprovision Stage = "deprovision"
	StageMemberships Stage = "memberships"
	StageNotify      Stage = "notify"
	StageDone        Stage = "done"
)

// RunMode says how much of the source a run reads.
type RunMode string

// The modes of a run.
const (
	FullRead    RunMode = "full"        // everybody
	Incremental RunMode = "incremental" // who changed since the last run
)

// Note is something that an admin should know of a run and that is no error.
type Note struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Notes is a list of notes as the database keeps it.
type Notes []Note

// Value encodes the notes as JSON for the database.
func (n Notes) Value() (driver.Value, error) {
	if n == nil {
		return "[]", nil
	}
	b, err := json.Marshal([]Note(n))
	return string(b), err
}

// Scan decodes notes from the database's JSON.
func (n *Notes) Scan(src any) error { return scanJSON(src, (*[]Note)(n)) }

// Counts are the figures of a run. Fetched counts the records in scope. Failed counts the records
// with an error, also those of which the rest was applied.
type Counts struct {
	Fetched     int `json:"fetched"`
	Created     int `json:"created"`
	Updated     int `json:"updated"`
	Unchanged   int `json:"unchanged"`
	Adopted     int `json:"adopted"`
	Deactivated int `json:"deactivated"`
	Reactivated int `json:"reactivated"`
	Deleted     int `json:"deleted"`
	Failed      int `json:"failed"`

	GroupsFetched int `json:"groups_fetched"`
	GroupsCreated int `json:"groups_created"`
	GroupsUpdated int `json:"groups_updated"`
	GroupsDeleted int `json:"groups_deleted"`

	MembershipsFetched int `json:"memberships_fetched"`
	MembershipsAdded   int `json:"memberships_added"`
	MembershipsRemoved int `json:"memberships_removed"`
	MembershipsParked  int `json:"memberships_parked"`  // members who are not in the account yet
	MembershipsSkipped int `json:"memberships_skipped"` // members who are no people of the directory
}

// Value encodes the counts as JSON for the database.
func (c Counts) Value() (driver.Value, error) {
	b, err := json.Marshal(c)
	return string(b), err
}

// Scan decodes counts from the database's JSON.
func (c *Counts) Scan(src any) error { return scanJSON(src, c) }

// Run is one sync of a configuration: one workflow execution, one row of the sync history.
type Run struct {
	ID              string     `db:"id"`
	AccountID       string     `db:"account_id"`
	ConfigurationID string     `db:"configuration_id"`
	Number          int        `db:"number"`
	Kind            RunKind    `db:"kind"`
	Trigger         Trigger    `db:"trigger"`
	OfRun           *string    `db:"of_run"` // the run that it undoes, or whose staged records it takes over
	RequestedBy     string     `db:"requested_by"`
	Status          RunStatus  `db:"status"`
	Reason          string     `db:"reason"` // why it failed or waits, a sentence for the admin
	Mode            RunMode    `db:"mode"`
	Notes           Notes      `db:"notes"`
	Counts          Counts     `db:"counts"`
	Stage           Stage      `db:"stage"`
	StageDone       int        `db:"stage_done"`
	StageTotal      int        `db:"stage_total"` // 0 while unknown
	StageStartedAt  time.Time  `db:"stage_started_at"`
	StartedAt       time.Time  `db:"started_at"`
	FinishedAt      *time.Time `db:"finished_at"`
	WorkflowID      string     `db:"workflow_id"`
	WorkflowRunID   string     `db:"workflow_run_id"`
}

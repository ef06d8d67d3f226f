// Package activities does one thing to the world at a time, idempotently: every activity can run
// twice, or stop at any line, and be run again.
//
// It knows the database and the interface of a source, but no vendor: whoever makes a worker hands
// the sources in. Inputs and results hold ids, counts and cursors, never people.
package activities

import (
	"time"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
)

// OfRun names a run.
type OfRun struct {
	RunID string `json:"run_id"`
}

// OfConfiguration names a configuration.
type OfConfiguration struct {
	ConfigurationID string `json:"configuration_id"`
}

// OfAccount names an account.
type OfAccount struct {
	AccountID string `json:"account_id"`
}

// OfWebhook names a webhook.
type OfWebhook struct {
	WebhookID string `json:"webhook_id"`
}

// ScheduleInput asks for the next weekly run. After is the last weekly instant that was taken.
type ScheduleInput struct {
	ConfigurationID string    `json:"configuration_id"`
	Disabled        bool      `json:"disabled,omitempty"`
	After           time.Time `json:"after,omitzero"`
}

// NextRun is when the next weekly run is due; zero for a disabled configuration.
type NextRun struct {
	At    time.Time `json:"at,omitzero"`
	Words string    `json:"words,omitempty"` // "Monday 02:00 Europe/Berlin (2026-11-30)"
}

// OpenRunInput describes the run to open.
type OpenRunInput struct {
	RunID           string            `json:"run_id"`
	AccountID       string            `json:"account_id"`
	ConfigurationID string            `json:"configuration_id"`
	Number          int               `json:"number"`
	Kind            directory.RunKind `json:"kind"`
	Trigger         directory.Trigger `json:"trigger"`
	OfRun           string            `json:"of_run,omitempty"` // the run that an undo is of, or a rerun
	RequestedBy     string            `json:"requested_by,omitempty"`
	WorkflowID      string            `json:"workflow_id"`
	WorkflowRunID   string            `json:"workflow_run_id"`
}

// TakenOver says what a rerun took over from the run that it is of. Read: it has all that it needs of its
// source, which is asked nothing more.
type TakenOver struct {
	Read    bool `json:"read"`
	Groups  int  `json:"groups"`
	Fetched int  `json:"fetched"`
}

// Begun says what a run is going to read.
type Begun struct {
	Mode   directory.RunMode `json:"mode"`
	Groups bool              `json:"groups"` // groups are read too
}

// GroupsListed says which groups a run reads.
type GroupsListed struct {
	Groups int  `json:"groups"` // so far
	Done   bool `json:"done"`
}

// MembersFetched says how far the members of the groups have been read.
type MembersFetched struct {
	Groups  int  `json:"groups"` // read to the end
	Members int  `json:"members"`
	Done    bool `json:"done"`
}

// Verified says what looking up the missing came to.
type Verified struct {
	Missing int  `json:"missing"` // before this call
	Gone    int  `json:"gone"`    // by this call
	Present int  `json:"present"` // by this call: the list lacked them, yet they are there
	Done    bool `json:"done"`
}

// Fetched says how far the fetch has come.
type Fetched struct {
	Pages     int  `json:"pages"`   // by this call
	Fetched   int  `json:"fetched"` // by the run so far
	Announced int  `json:"announced"`
	Done      bool `json:"done"`
}

// Planned says what a plan would do.
type Planned struct {
	Unchanged int `json:"unchanged"`
	Changes   int `json:"changes"`
	Failed    int `json:"failed"`
	Removals  int `json:"removals"`
	Recent    int `json:"recent"` // removals of the days before that the guard counts
	Linked    int `json:"linked"`
	// Groups and Memberships are the changes of each that the plan has, beside those of people.
	Groups      int `json:"groups"`
	Memberships int `json:"memberships"`
	// People are those of whom a field names somebody else from now on. NamesPeople says that there
	// are such fields, so that who is not here yet must be remembered.
	People      int  `json:"people,omitempty"`
	NamesPeople bool `json:"names_people,omitempty"`
	// Roles are those whose role or organization follows from groups and is to be written.
	Roles int `json:"roles,omitempty"`
	// Held is why an admin must approve first; empty when nobody must.
	Held string `json:"held,omitempty"`
}

// StageInput says what a run has come to, and how many records it is about.
type StageInput struct {
	RunID string          `json:"run_id"`
	Stage directory.Stage `json:"stage"`
	Total int             `json:"total"`
}

// HoldInput holds a run for approval with a reason, or lets it go on without one, approved by
// somebody.
type HoldInput struct {
	RunID  string `json:"run_id"`
	Reason string `json:"reason,omitempty"`
	By     string `json:"by,omitempty"`
}

// ApplyInput asks for the next batch of a step.
type ApplyInput struct {
	RunID     string `json:"run_id"`
	AccountID string `json:"account_id,omitempty"` // of which what the batch leaves is delivered
	Step      int    `json:"step"`
}

// Applied says what a batch did.
type Applied struct {
	Applied   int `json:"applied"`
	Failed    int `json:"failed"`
	Remaining int `json:"remaining"`
}

// CloseRunInput says how a run ended. An empty status leaves it to the records: Success when all
// went well, Partial success when some did not.
type CloseRunInput struct {
	RunID  string              `json:"run_id"`
	Status directory.RunStatus `json:"status,omitempty"`
	Reason string              `json:"reason,omitempty"`
}

// ClosedRun is how a run ended.
type ClosedRun struct {
	Status directory.RunStatus `json:"status"`
	Counts directory.Counts    `json:"counts"`
}

// Delivered says what a round of mail delivery did.
type Delivered struct {
	Sent      int       `json:"sent"`
	Refused   int       `json:"refused"`
	Waiting   int       `json:"waiting"`
	Ready     bool      `json:"ready"` // some of the waiting can be tried at once
	NextTryAt time.Time `json:"next_try_at,omitzero"`
}

// DeliveredEvents says what a round of deliveries to a webhook did.
type DeliveredEvents struct {
	Events    int       `json:"events"`
	Off       bool      `json:"off,omitempty"`        // the webhook is disabled or deleted
	Ready     bool      `json:"ready,omitempty"`      // there is more that can be tried at once
	NextTryAt time.Time `json:"next_try_at,omitzero"` // the last try did not succeed; when the next one is due
}

// Purged says what a round of maintenance removed.
type Purged struct {
	Users int `json:"users"`
}

// PurgedLogs says what a round of maintenance removed of the accounts' logs.
type PurgedLogs struct {
	Changes       int `json:"changes"`
	Runs          int `json:"runs"`
	Mails         int `json:"mails"`
	Notifications int `json:"notifications"`
	Reports       int `json:"reports"`
}

// NextReport is when the daily report of an account is due. Off: it wants none.
type NextReport struct {
	At    time.Time `json:"at,omitzero"`
	Words string    `json:"words,omitempty"` // "07:00 Europe/Berlin (2026-11-28)"
	Off   bool      `json:"off,omitempty"`
}

// MakeReportInput asks for the report of an account until an instant: the daily one that is due then,
// or one that somebody asked for.
type MakeReportInput struct {
	AccountID string    `json:"account_id"`
	Until     time.Time `json:"until"`
	Daily     bool      `json:"daily"`
}

// MadeReport says what a report came to. Moved: it was not made, because the daily report is not due
// then any more.
type MadeReport struct {
	Mails   int  `json:"mails"`
	Changes int  `json:"changes"`
	Runs    int  `json:"runs"`
	Errors  int  `json:"errors"` // kinds of error
	Moved   bool `json:"moved,omitempty"`
}

// ClearInTemporal marks results that hold figures only as readable in histories.
func (NextReport) ClearInTemporal() {}

// ClearInTemporal marks results that hold figures only as readable in histories.
func (MadeReport) ClearInTemporal() {}

// ClearInTemporal marks results that hold figures only as readable in histories.
func (NextRun) ClearInTemporal() {}

// ClearInTemporal marks results that hold figures only as readable in histories.
func (TakenOver) ClearInTemporal() {}

// ClearInTemporal marks results that hold figures only as readable in histories.
func (Begun) ClearInTemporal() {}

// ClearInTemporal marks results that hold figures only as readable in histories.
func (GroupsListed) ClearInTemporal() {}

// ClearInTemporal marks results that hold figures only as readable in histories.
func (MembersFetched) ClearInTemporal() {}

// ClearInTemporal marks results that hold figures only as readable in histories.
func (Verified) ClearInTemporal() {}

// ClearInTemporal marks results that hold figures only as readable in histories.
func (Purged) ClearInTemporal() {}

// ClearInTemporal marks results that hold figures only as readable in histories.
func (PurgedLogs) ClearInTemporal() {}

// ClearInTemporal marks results that hold figures only as readable in histories.
func (Fetched) ClearInTemporal() {}

// ClearInTemporal marks results that hold figures only as readable in histories.
func (Planned) ClearInTemporal() {}

// ClearInTemporal marks results that hold figures only as readable in histories.
func (Applied) ClearInTemporal() {}

// ClearInTemporal marks results that hold figures only as readable in histories.
func (ClosedRun) ClearInTemporal() {}

// ClearInTemporal marks results that hold figures only as readable in histories.
func (Delivered) ClearInTemporal() {}

// ProvisionSteps are the steps that bring people in or up to date, in order. Releasing an address
// comes first, because somebody waits for it.
func ProvisionSteps() []int {
	return []int{reconcile.StepRelease, reconcile.StepMove, reconcile.StepPresent}
}

// DeprovisionSteps are the steps that take people out who are gone.
func DeprovisionSteps() []int { return []int{reconcile.StepMissing} }

// MembershipSteps are the steps that bring groups and who is in them up to date, in order.
func MembershipSteps() []int {
	return []int{reconcile.StepGroups, reconcile.StepLeave, reconcile.StepJoin, reconcile.StepGroupsGone}
}

// PeopleSteps are the steps that have fields of people name others, such as their managers.
func PeopleSteps() []int { return []int{reconcile.StepPeople} }

// RoleSteps are the steps that give people the roles and organizations that follow from their groups.
func RoleSteps() []int { return []int{reconcile.StepRoles} }

// StepTitle says a step in words, for the summaries in the Web UI.
func StepTitle(step int) string {
	switch step {
	case reconcile.StepRelease:
		return "Take out who gives up an address"
	case reconcile.StepMove:
		return "Update who has a new address"
	case reconcile.StepPresent:
		return "Provision people"
	case reconcile.StepMissing:
		return "Deprovision people"
	case reconcile.StepGroups:
		return "Create and update groups"
	case reconcile.StepLeave:
		return "Take people out of groups"
	case reconcile.StepJoin:
		return "Put people into groups"
	case reconcile.StepGroupsGone:
		return "Delete groups"
	case reconcile.StepPeople:
		return "Set managers"
	case reconcile.StepRoles:
		return "Set roles and organizations"
	default:
		return "Apply changes"
	}
}

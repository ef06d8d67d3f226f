package api

import (
	"context"
	"math"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

type run struct {
	ID              string              `json:"id"`
	ConfigurationID string              `json:"configuration_id"`
	Kind            directory.RunKind   `json:"kind" enum:"sync,preview,undo"`
	Trigger         directory.Trigger   `json:"trigger" enum:"first,schedule,manual,rerun"`
	OfRunID         *string             `json:"of_run_id" doc:"The run that an undo is of, or that a rerun takes over; null otherwise."`
	RequestedBy     string              `json:"requested_by" doc:"Empty when nobody asked."`
	Status          directory.RunStatus `json:"status" enum:"running,awaiting_approval,success,partial_success,failure,cancelled"`
	Reason          string              `json:"reason" doc:"Why it failed or waits."`
	Mode            directory.RunMode   `json:"mode" enum:"full,incremental" doc:"Incremental: only who changed in the directory since the last run was read."`
	Notes           []directory.Note    `json:"notes" doc:"What an admin should know and is no error."`
	Counts          directory.Counts    `json:"counts"`
	StartedAt       time.Time           `json:"started_at"`
	FinishedAt      *time.Time          `json:"finished_at"`
	WorkflowID      string              `json:"workflow_id"`
	RunID           string              `json:"run_id" doc:"Temporal's id of the execution; empty before it has begun."`
	TemporalURL     string              `json:"temporal_url"`
}

type progress struct {
	ID         string          `json:"id"`
	Stage      directory.Stage `json:"stage" enum:"groups,fetch,verify,plan,approval,provision,deprovision,memberships,notify,done"`
	Done       int             `json:"done" doc:"Of the stage."`
	Total      int             `json:"total" doc:"Of the stage; 0 while unknown."`
	PerSecond  float64         `json:"per_second"`
	ETASeconds *int            `json:"eta_seconds" doc:"Until the end of the stage; null while unknown."`
}

type runQuery struct {
	ConfigurationID string `query:"configuration_id" pattern:"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$" patternDescription:"an id"`
	Accept          string `header:"Accept" doc:"text/csv exports all runs that match, whatever limit says: UTF-8 for a spreadsheet, one line a run, times in the account's time zone."`
	Paging
}

func (s *api) runRoutes() {
	route(s, "GET /v1/runs", "The sync history, newest first", s.runs, describeForms[list[run]](s))
	route(s, "GET /v1/runs/{id}", "A run", func(ctx context.Context, who directory.Principal, in *byID) (*body[run], error) {
		r, err := s.store.Run(ctx, who.AccountID, in.ID)
		return shown(r, err, s.showRun)
	})
	route(s, "POST /v1/runs/{id}/approve", "Let a run that awaits approval go on", s.on(s.admin.ApproveRun), status(http.StatusAccepted))
	route(s, "POST /v1/runs/{id}/reject", "End a run that awaits approval; all users stay as they are", s.on(s.admin.RejectRun), status(http.StatusAccepted))
	route(s, "POST /v1/runs/{id}/cancel", "Stop a run between two batches", s.on(s.admin.CancelRun), status(http.StatusAccepted))
	route(s, "POST /v1/runs/{id}/undo", "Put back what a run changed, by a run of its own", s.on(s.admin.UndoRun), status(http.StatusAccepted), described(`
Starts a run of kind undo, which reads nothing from the directory, and answers it. It works on a disabled configuration too. Users, groups and memberships
become what they were before the run; whom the run created is deleted, to the recycle bin. What was changed since is left alone: an error of that record,
changed_since. Where it takes out more users than the guard lets pass, it awaits approval, as a sync does. An undo can be undone.

The next sync brings back what the directory still says: disable the configuration before, or correct the directory or the settings first.

Conflicts: run_in_progress, run_not_ended, nothing_to_undo, changes_purged (the sync log no longer holds all that the run did), configuration_deleted.
403 role_forbidden: a user admin undoes no run that gave or took a role of admins.
503 run_not_begun: it was asked for, and begins as soon as a worker is free.`))
	route(s, "POST /v1/runs/{id}/rerun", "Run a failed or stopped sync again from where it stopped", s.on(s.admin.RerunRun), status(http.StatusAccepted), described(`
Starts a run of trigger rerun, and answers it. It takes over what the failed one had read: where that was all, the directory is asked nothing more, and where
it was not, reading goes on at the page where it stopped. What was applied already stays.

Conflicts: run_not_failed, configuration_disabled, configuration_deleted, not_the_newest_run, person_synced_since, nothing_staged, too_old (read more than 72 hours
ago), settings_changed (those that decide what is read and what comes of it). Each names the way out, mostly Sync now.
503 run_not_begun: it was asked for, and begins as soon as a worker is free.`))
}

func (s *api) runs(ctx context.Context, who directory.Principal, in *runQuery) (*huma.StreamResponse, error) {
	filter := store.RunFilter{ConfigurationID: in.ConfigurationID, Limit: in.Limit, Cursor: in.Cursor}
	if wantsCSV(in.Accept) {
		return s.exported(runSheet, func(ctx context.Context, out *sheet) error { return s.exportRuns(ctx, out, who.AccountID, filter) }), nil
	}
	page, err := s.store.Runs(ctx, who.AccountID, filter)
	out, err := paged(page, err, s.showRun)
	if err != nil {
		return nil, err
	}
	return s.answered(out.Body), nil
}

// on is the handler that does something to a run and shows it.
func (s *api) on(do func(context.Context, directory.Principal, string) (directory.Run, error)) handler[byID, body[run]] {
	return func(ctx context.Context, who directory.Principal, in *byID) (*body[run], error) {
		r, err := do(ctx, who, in.ID)
		return shown(r, err, s.showRun)
	}
}

func (s *api) showRun(r directory.Run) run {
	return run{
		ID: r.ID, ConfigurationID: r.ConfigurationID, Kind: r.Kind, Trigger: r.Trigger, OfRunID: r.OfRun, RequestedBy: r.RequestedBy,
		Status: r.Status, Reason: r.Reason, Mode: r.Mode, Notes: orEmpty(r.Notes), Counts: r.Counts, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt,
		WorkflowID: r.WorkflowID, RunID: r.WorkflowRunID, TemporalURL: s.admin.TemporalURL(r),
	}
}

// showProgress works out the rate of the stage so far, and from that when it will be through.
func showProgress(r directory.Run, now time.Time) progress {
	p := progress{ID: r.ID, Stage: r.Stage, Done: r.StageDone, Total: r.StageTotal}
	elapsed := now.Sub(r.StageStartedAt).Seconds()
	if elapsed <= 0 || r.StageDone == 0 {
		return p
	}
	rate := float64(r.StageDone) / elapsed
	p.PerSecond = math.Round(rate*10) / 10
	if r.StageTotal > 0 {
		left := int(math.Ceil(float64(max(r.StageTotal-r.StageDone, 0)) / rate))
		p.ETASeconds = &left
	}
	return p
}

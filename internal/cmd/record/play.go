package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/workflows"
)

// player lives the life of a configuration through the API.
type player struct {
	api, tenant devstack.Client
	id          string
}

// play has a configuration that syncs groups do its first run, a run that fails, one that the
// directory puts off, one that an admin approves, one that is stopped while it waits for approval, the
// rerun of that and, while it is disabled, the undo of the rerun; then it is enabled again and deleted,
// after the account's report was made and its webhook deleted. It returns the workflow id of each scenario.
func play(ctx context.Context, stack *devstack.Stack, temporal client.Client) (map[string]string, error) {
	account, err := stack.NewAccount(ctx, "Recorded", "owner@recorded.example", 2*people)
	if err != nil {
		return nil, err
	}
	connection, err := stack.ConnectEntra(ctx, account)
	if err != nil {
		return nil, err
	}
	p := &player{api: stack.Client(account), tenant: devstack.Client{Base: stack.Describe().Simulators.Entra}}
	hook, err := p.subscribe(ctx)
	if err != nil {
		return nil, err
	}
	defer hook.receiver.Close()
	var configuration struct{ ID string }
	err = p.api.Call(ctx, http.MethodPost, "/v1/configurations", map[string]any{
		"name": "Recorded", "connection_id": connection, "scope": map[string]string{"kind": "all_users"},
		"schedule":         map[string]string{"weekday": "sunday", "time": "02:00", "time_zone": "Europe/Berlin"},
		"on_source_delete": "deactivate", "groups": map[string]bool{"enabled": true},
	}, &configuration)
	if err != nil {
		return nil, err
	}
	p.id = configuration.ID
	for _, part := range []func(context.Context) error{p.live, p.report(stack.Mailbox()), p.unsubscribe(hook), p.delete} {
		if err := part(ctx); err != nil {
			return nil, err
		}
	}
	if err := temporal.CancelWorkflow(ctx, workflows.MaintenanceID, ""); err != nil { // it has no end of its own
		return nil, err
	}
	return map[string]string{
		"directory_sync":     workflows.DirectorySyncID(p.id),
		"sync_run_success":   workflows.SyncRunID(p.id, 1),
		"sync_run_failure":   workflows.SyncRunID(p.id, 2),
		"sync_run_throttled": workflows.SyncRunID(p.id, 3),
		"sync_run_approved":  workflows.SyncRunID(p.id, 4),
		"sync_run_cancelled": workflows.SyncRunID(p.id, 5),
		"sync_run_rerun":     workflows.SyncRunID(p.id, 6),
		"sync_run_undo":      workflows.SyncRunID(p.id, 7),
		"mail_outbox":        workflows.MailOutboxID(account.ID),
		"webhook_delivery":   workflows.WebhookDeliveryID(hook.ID),
		"maintenance":        workflows.MaintenanceID,
		"account_report":     workflows.AccountReportID(account.ID),
	}, temporal.GetWorkflow(ctx, workflows.DirectorySyncID(p.id), "").Get(ctx, nil)
}

func (p *player) live(ctx context.Context) error {
	steps := []func(context.Context) error{
		p.ends(1, directory.RunSuccess),
		p.fault(map[string]any{"path": "/users", "status": http.StatusForbidden}), p.post("/configurations/%s/sync"), p.ends(2, directory.RunFailure),
		p.fault(map[string]any{"path": "/users", "status": http.StatusTooManyRequests, "headers": map[string]string{"Retry-After": "1"}, "times": 1}),
		p.post("/configurations/%s/sync"), p.ends(3, directory.RunSuccess),
		p.dismiss(people / 2), p.post("/configurations/%s/sync"), p.ends(4, directory.RunAwaitingApproval), p.newestTo("approve"), p.ends(4, directory.RunSuccess),
		p.dismiss(people / 4), p.post("/configurations/%s/sync"), p.ends(5, directory.RunAwaitingApproval),
		p.post("/configurations/%s/disable"), p.ends(5, directory.RunCancelled), p.post("/configurations/%s/enable"),
		p.newestTo("rerun"), p.ends(6, directory.RunAwaitingApproval), p.newestTo("approve"), p.ends(6, directory.RunSuccess),
		p.post("/configurations/%s/disable"), p.newestTo("undo"), p.ends(7, directory.RunSuccess), p.post("/configurations/%s/enable"),
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (p *player) delete(ctx context.Context) error {
	return p.api.Call(ctx, http.MethodDelete, "/v1/configurations/"+p.id, nil, nil)
}

// fault has the simulated tenant misbehave in this way, and in no other.
func (p *player) fault(fault map[string]any) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := p.tenant.Call(ctx, http.MethodDelete, "/_sim/faults", nil, nil); err != nil {
			return err
		}
		return p.tenant.Call(ctx, http.MethodPost, "/_sim/faults", fault, nil)
	}
}

// dismiss deletes the first n people of the simulated tenant.
func (p *player) dismiss(n int) func(context.Context) error {
	return func(ctx context.Context) error {
		var tenant struct {
			Users []struct{ ID string } `json:"users"`
		}
		if err := p.tenant.Call(ctx, http.MethodGet, "/_sim/directory", nil, &tenant); err != nil {
			return err
		}
		for _, user := range tenant.Users[:n] {
			if err := p.tenant.Call(ctx, http.MethodDelete, "/_sim/users/"+user.ID, nil, nil); err != nil {
				return err
			}
		}
		return nil
	}
}

func (p *player) post(path string) func(context.Context) error {
	return func(ctx context.Context) error {
		return p.api.Call(ctx, http.MethodPost, "/v1"+fmt.Sprintf(path, p.id), nil, nil)
	}
}

// newestTo has something done to the newest run.
func (p *player) newestTo(verb string) func(context.Context) error {
	return func(ctx context.Context) error {
		newest, _, err := p.newest(ctx)
		if err != nil {
			return err
		}
		return p.api.Call(ctx, http.MethodPost, "/v1/runs/"+newest.ID+"/"+verb, nil, nil)
	}
}

// run is what is to be known of a run.
type run struct {
	ID     string              `json:"id"`
	Status directory.RunStatus `json:"status"`
	Reason string              `json:"reason"`
}

// newest is the newest run, and how many there are.
func (p *player) newest(ctx context.Context) (run, int, error) {
	var runs struct {
		Items []run `json:"items"`
	}
	err := p.api.Call(ctx, http.MethodGet, "/v1/runs?configuration_id="+p.id, nil, &runs)
	if err != nil || len(runs.Items) == 0 {
		return run{}, 0, err
	}
	return runs.Items[0], len(runs.Items), nil
}

// ends waits until there are so many runs, the last one as wanted.
func (p *player) ends(number int, wanted directory.RunStatus) func(context.Context) error {
	return func(ctx context.Context) error {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			newest, runs, err := p.newest(ctx)
			if err != nil || runs == number && newest.Status == wanted {
				return err
			}
			if runs == number && newest.Status.Ended() {
				return fmt.Errorf("run %d ended in %s, not %s: %s", number, newest.Status, wanted, newest.Reason)
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-tick.C:
			}
		}
	}
}

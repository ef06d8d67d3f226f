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

// play has a configuration do its first run, a run on demand that fails, be disabled, enabled and
// deleted, and has the invitations delivered. It returns the workflow id of each scenario.
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
	var configuration struct{ ID string }
	err = p.api.Call(ctx, http.MethodPost, "/v1/configurations", map[string]any{
		"name": "Recorded", "connection_id": connection, "scope": map[string]string{"kind": "all_users"},
		"schedule":         map[string]string{"weekday": "sunday", "time": "02:00", "time_zone": "Europe/Berlin"},
		"on_source_delete": "deactivate",
	}, &configuration)
	if err != nil {
		return nil, err
	}
	p.id = configuration.ID
	if err := p.live(ctx); err != nil {
		return nil, err
	}
	return map[string]string{
		"directory_sync":   workflows.DirectorySyncID(p.id),
		"sync_run_success": workflows.SyncRunID(p.id, 1),
		"sync_run_failure": workflows.SyncRunID(p.id, 2),
		"mail_outbox":      workflows.MailOutboxID(account.ID),
	}, temporal.GetWorkflow(ctx, workflows.DirectorySyncID(p.id), "").Get(ctx, nil)
}

func (p *player) live(ctx context.Context) error {
	if err := p.runEnds(ctx, 1, directory.RunSuccess); err != nil {
		return err
	}
	fault := map[string]any{"path": "/users", "status": http.StatusForbidden}
	if err := p.tenant.Call(ctx, http.MethodPost, "/_sim/faults", fault, nil); err != nil {
		return err
	}
	if err := p.post(ctx, "sync"); err != nil {
		return err
	}
	if err := p.runEnds(ctx, 2, directory.RunFailure); err != nil {
		return err
	}
	for _, action := range []string{"disable", "enable"} {
		if err := p.post(ctx, action); err != nil {
			return err
		}
	}
	return p.api.Call(ctx, http.MethodDelete, "/v1/configurations/"+p.id, nil, nil)
}

func (p *player) post(ctx context.Context, action string) error {
	return p.api.Call(ctx, http.MethodPost, "/v1/configurations/"+p.id+"/"+action, nil, nil)
}

// runEnds waits until so many runs have ended, the last one as wanted.
func (p *player) runEnds(ctx context.Context, number int, wanted directory.RunStatus) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		var runs struct {
			Items []struct {
				Status directory.RunStatus `json:"status"`
				Reason string              `json:"reason"`
			} `json:"items"`
		}
		if err := p.api.Call(ctx, http.MethodGet, "/v1/runs?configuration_id="+p.id, nil, &runs); err != nil {
			return err
		}
		if len(runs.Items) == number && runs.Items[0].Status.Ended() {
			if newest := runs.Items[0]; newest.Status != wanted {
				return fmt.Errorf("run %d ended in %s, not %s: %s", number, newest.Status, wanted, newest.Reason)
			}
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/directory"
)

// shownRun is what the API says of a run.
type shownRun struct {
	Status directory.RunStatus `json:"status"`
	Reason string              `json:"reason"`
	Counts directory.Counts    `json:"counts"`
}

// progress is how far a run has come.
type progress struct {
	ID        string          `json:"id"`
	Stage     directory.Stage `json:"stage"`
	Done      int             `json:"done"`
	Total     int             `json:"total"`
	PerSecond float64         `json:"per_second"`
}

// status is what the API says of a configuration.
type status struct {
	State      directory.ConfigurationState `json:"state"`
	CurrentRun *progress                    `json:"current_run"`
	LastRun    *shownRun                    `json:"last_run"`
}

// showFirstRuns shows the progress of all accounts' runs at once until they have ended, then says
// how, and returns the exit code that the worst of them deserves. Of an account that is pushed to, it
// says what is there.
func showFirstRuns(ctx context.Context, stack *devstack.Stack, out io.Writer) (int, error) {
	accounts := stack.Accounts()
	ended := make([]*shownRun, len(accounts))
	bars := newBars(out, accounts)
	group, following := errgroup.WithContext(ctx)
	for i, account := range accounts {
		if account.ConfigurationID == "" {
			continue
		}
		group.Go(func() error {
			var err error
			ended[i], err = follow(following, stack.Client(account), account, func(p progress) { bars.draw(i, p) })
			return err
		})
	}
	err := group.Wait()
	bars.clear()
	code := 0
	for i, account := range accounts {
		if ended[i] != nil {
			printRun(out, account, *ended[i])
			code = worse(code, exitCode(ended[i].Status))
		}
		if account.SCIM != nil && err == nil {
			err = printPushed(ctx, account, out)
		}
	}
	if err != nil {
		return 1, err
	}
	return code, nil
}

func exitCode(s directory.RunStatus) int {
	switch s {
	case directory.RunSuccess:
		return 0
	case directory.RunPartialSuccess, directory.RunAwaitingApproval:
		return 3
	default:
		return 1
	}
}

// worse is the exit code that says more: a failure, then whatever is no success.
func worse(a, b int) int {
	if a == 1 || b == 1 {
		return 1
	}
	return max(a, b)
}

// follow waits until the configuration's run has ended or waits for an admin. It returns nil when
// there is no run to wait for: the configuration was deleted, or disabled before its first one.
func follow(ctx context.Context, client devstack.Client, account devstack.Account, draw func(progress)) (*shownRun, error) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	heard := time.Now()
	for {
		var now status
		err := client.Call(ctx, http.MethodGet, "/v1/configurations/"+account.ConfigurationID+"/status", nil, &now)
		switch {
		case err == nil:
			heard = time.Now()
		case isGone(err):
			return nil, nil
		case ctx.Err() != nil || !passing(err) || time.Since(heard) > patience:
			return nil, err
		}
		current := now.CurrentRun
		switch {
		case current != nil && current.Stage == directory.StageApproval:
			waiting := new(shownRun)
			return waiting, client.Call(ctx, http.MethodGet, "/v1/runs/"+current.ID, nil, waiting)
		case current != nil:
			draw(*current)
		case now.LastRun != nil || now.State == directory.Disabled:
			return now.LastRun, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
}

// patience is how long a part may be away while it is started again.
const patience = time.Minute

// passing says whether an error may come of a part that is being started again.
func passing(err error) bool {
	var refused *devstack.APIError
	return !errors.As(err, &refused) || refused.Status >= http.StatusInternalServerError
}

func isGone(err error) bool {
	var refused *devstack.APIError
	return errors.As(err, &refused) && refused.Status == http.StatusNotFound
}

func printRun(out io.Writer, account devstack.Account, ended shownRun) {
	c := ended.Counts
	_, _ = fmt.Fprintf(out, "%s: %s. %d fetched, %d created, %d updated, %d unchanged, %d adopted, %d deactivated, %d reactivated, %d deleted, %d failed.\n",
		account.Name, title(ended.Status), c.Fetched, c.Created, c.Updated, c.Unchanged, c.Adopted, c.Deactivated, c.Reactivated, c.Deleted, c.Failed)
	if c.GroupsFetched > 0 {
		_, _ = fmt.Fprintf(out, "  Groups: %d fetched, %d created, %d updated, %d deleted. Memberships: %d fetched, %d added, %d removed, %d parked, %d skipped.\n",
			c.GroupsFetched, c.GroupsCreated, c.GroupsUpdated, c.GroupsDeleted,
			c.MembershipsFetched, c.MembershipsAdded, c.MembershipsRemoved, c.MembershipsParked, c.MembershipsSkipped)
	}
	if ended.Reason != "" {
		_, _ = fmt.Fprintln(out, "  "+ended.Reason)
	}
}

func title(s directory.RunStatus) string {
	words := strings.ReplaceAll(string(s), "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/directory"
)

// endedRun is what the API says of a run that has ended.
type endedRun struct {
	Status directory.RunStatus `json:"status"`
	Reason string              `json:"reason"`
	Counts directory.Counts    `json:"counts"`
}

// status is what the API says of a configuration.
type status struct {
	CurrentRun *struct {
		Stage     string  `json:"stage"`
		Done      int     `json:"done"`
		Total     int     `json:"total"`
		PerSecond float64 `json:"per_second"`
	} `json:"current_run"`
	LastRun *endedRun `json:"last_run"`
}

// showFirstRuns shows the progress of each account's run until it has ended, and returns the exit
// code that the worst of them deserves.
func showFirstRuns(ctx context.Context, stack *devstack.Stack, out io.Writer) (int, error) {
	code := 0
	for _, account := range stack.Accounts() {
		if account.ConfigurationID == "" {
			continue
		}
		ended, err := follow(ctx, stack.Client(account), account, out)
		if err != nil {
			return 1, err
		}
		printRun(out, account, ended)
		switch ended.Status {
		case directory.RunSuccess:
		case directory.RunPartialSuccess:
			code = max(code, 3)
		default:
			return 1, nil
		}
	}
	return code, nil
}

// follow waits for the end of the configuration's run, drawing a bar meanwhile.
func follow(ctx context.Context, client devstack.Client, account devstack.Account, out io.Writer) (endedRun, error) {
	bar := newBar(out)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	heard := time.Now()
	for {
		var now status
		err := client.Call(ctx, http.MethodGet, "/v1/configurations/"+account.ConfigurationID+"/status", nil, &now)
		switch {
		case err == nil:
			heard = time.Now()
		case ctx.Err() != nil || !passing(err) || time.Since(heard) > patience:
			return endedRun{}, err
		}
		if now.CurrentRun == nil && now.LastRun != nil {
			bar.end()
			return *now.LastRun, nil
		}
		if current := now.CurrentRun; current != nil {
			bar.draw(current.Stage, current.Done, current.Total, current.PerSecond)
		}
		select {
		case <-ctx.Done():
			return endedRun{}, ctx.Err()
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

func printRun(out io.Writer, account devstack.Account, ended endedRun) {
	c := ended.Counts
	_, _ = fmt.Fprintf(out, "%s: %s. %d fetched, %d created, %d updated, %d unchanged, %d adopted, %d deactivated, %d reactivated, %d deleted, %d failed.\n",
		account.Name, title(ended.Status), c.Fetched, c.Created, c.Updated, c.Unchanged, c.Adopted, c.Deactivated, c.Reactivated, c.Deleted, c.Failed)
	if ended.Reason != "" {
		_, _ = fmt.Fprintln(out, ended.Reason)
	}
}

func title(s directory.RunStatus) string {
	words := strings.ReplaceAll(string(s), "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// bar is a progress bar in a terminal, and a line for each stage elsewhere.
type bar struct {
	out      io.Writer
	terminal bool
	stage    string
}

func newBar(out io.Writer) *bar {
	file, ok := out.(*os.File)
	if !ok {
		return &bar{out: out}
	}
	info, err := file.Stat()
	return &bar{out: out, terminal: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

const barWidth = 30

func (b *bar) draw(stage string, done, total int, perSecond float64) {
	if !b.terminal {
		if stage != b.stage {
			_, _ = fmt.Fprintf(b.out, "First run: %s\n", stage)
			b.stage = stage
		}
		return
	}
	filled := 0
	if total > 0 {
		filled = min(done*barWidth/total, barWidth)
	}
	_, _ = fmt.Fprintf(b.out, "\r\x1b[KFirst run: %-12s [%s%s] %d/%d  %.0f/s", stage, strings.Repeat("█", filled), strings.Repeat("·", barWidth-filled), done, total, perSecond)
}

func (b *bar) end() {
	if b.terminal {
		_, _ = fmt.Fprint(b.out, "\r\x1b[K")
	}
}

package e2e

import (
	"context"
	"database/sql"
	"io"
	"log/slog"
	"net/http"
	"syscall"
	"testing"
	"time"

	_ "github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

// workforce is how many people the tenant of the crash drills holds: enough for several pages and batches.
const workforce = 3000

// Whatever is killed in the middle of a run: the run ends in Success, nobody is there twice or
// missing, and everybody has one invitation (cases J1 and K4).
func TestCaseK4_KilledInTheMiddleOfARun(t *testing.T) {
	t.Parallel()
	people := graph.Generate(workforce)
	stack, err := devstack.Start(t.Context(), devstack.Options{
		Dir: t.TempDir(), Processes: true, NoUI: true, FreePorts: true, Entra: &people, Out: io.Discard, Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stack.Stop()) })
	victims := []struct {
		name string
		pid  func(devstack.PIDs) int
	}{
		{"Worker", func(p devstack.PIDs) int { return p.Worker }},
		{"Postgres", func(p devstack.PIDs) int { return p.Postgres }},
		{"Temporal", func(p devstack.PIDs) int { return p.Temporal }},
		{"Starter", func(p devstack.PIDs) int { return p.Starter }},
	}
	for _, victim := range victims {
		t.Run(victim.name, func(t *testing.T) {
			d := startDrill(t, stack)
			d.until("the run is under way", func(r drillRun) bool { return r.Status == "running" && r.Counts.Fetched > 0 })
			require.NoError(t, syscall.Kill(victim.pid(stack.Describe().PIDs), syscall.SIGKILL))
			ended := d.until("the run has ended", func(r drillRun) bool { return r.Status != "running" })
			require.Equal(t, "success", ended.Status, ended.Reason)
			require.Equal(t, workforce, ended.Counts.Created)
			d.everybodyOnce()
		})
	}
}

// drill is one account's first run, watched by a client that outlasts what is killed.
type drill struct {
	*testing.T
	stack   *devstack.Stack
	account devstack.Account
}

type drillRun struct {
	Status string `json:"status"`
	Reason string `json:"reason"`
	Counts struct {
		Fetched int `json:"fetched"`
		Created int `json:"created"`
	} `json:"counts"`
}

func startDrill(t *testing.T, stack *devstack.Stack) drill {
	t.Helper()
	account, err := stack.NewAccount(t.Context(), t.Name(), "owner@rollcall.example", 10)
	require.NoError(t, err)
	connection, err := stack.ConnectEntra(t.Context(), account)
	require.NoError(t, err)
	require.NoError(t, stack.Client(account).Call(t.Context(), http.MethodPost, "/v1/configurations", object{
		"name": "Drill", "connection_id": connection, "schedule": object{"weekday": "monday", "time": "02:00", "time_zone": "UTC"},
	}, nil))
	return drill{T: t, stack: stack, account: account}
}

// until waits for the account's run to be as wanted. Answers that fail are asked for again: what
// was killed is being started.
func (d drill) until(what string, done func(drillRun) bool) drillRun {
	d.Helper()
	ctx, cancel := context.WithTimeout(d.Context(), 90*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var list struct {
			Items []drillRun `json:"items"`
		}
		err := d.stack.Client(d.account).Call(ctx, http.MethodGet, "/v1/runs", nil, &list)
		if err == nil && len(list.Items) > 0 && done(list.Items[0]) {
			return list.Items[0]
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			require.FailNow(d, "waited in vain until "+what, "last answer: %v %v", list.Items, err)
		}
	}
}

// everybodyOnce counts in the database: users, addresses, links and invitations.
func (d drill) everybodyOnce() {
	d.Helper()
	db, err := sql.Open("postgres", d.stack.Describe().Database)
	require.NoError(d, err)
	defer func() { require.NoError(d, db.Close()) }()
	for query, want := range map[string]int{
		`SELECT count(*) FROM users WHERE source = 'directory_sync' AND account_id = $1`:                   workforce,
		`SELECT count(DISTINCT email_key) FROM users WHERE source = 'directory_sync' AND account_id = $1`:  workforce,
		`SELECT count(*) FROM mails WHERE kind = 'invitation' AND account_id = $1`:                         workforce,
		`SELECT count(DISTINCT user_id) FROM mails WHERE account_id = $1`:                                  workforce,
		`SELECT count(*) FROM changes WHERE action = 'create' AND outcome = 'applied' AND account_id = $1`: workforce,
		`SELECT count(*) FROM links JOIN users ON users.id = links.user_id WHERE users.account_id = $1`:    workforce,
		`SELECT count(*) FROM changes WHERE outcome = 'planned' AND account_id = $1`:                       0,
	} {
		var got int
		require.NoError(d, db.QueryRowContext(d.Context(), query, d.account.ID).Scan(&got), query)
		require.Equal(d, want, got, query)
	}
}

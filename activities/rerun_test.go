package activities_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"github.com/rollcall-sync/rollcall/activities"
	"github.com/rollcall-sync/rollcall/internal/devstack/postgrestest"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
	"github.com/rollcall-sync/rollcall/internal/simulate"
	simgraph "github.com/rollcall-sync/rollcall/internal/simulate/graph"
	"github.com/rollcall-sync/rollcall/internal/source"
	"github.com/rollcall-sync/rollcall/internal/source/graph"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// synced is a configuration that syncs the people and groups of a simulated tenant, by its activities.
type synced struct {
	*testing.T
	env           *testsuite.TestActivityEnvironment
	sync          *activities.Sync
	db            *sql.DB
	tenant        string // its control plane
	configuration directory.Configuration
	runs          int
}

func newSynced(t *testing.T, people int) *synced {
	t.Helper()
	url := postgrestest.New(t, store.Migrate)
	opened, err := store.Open(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	ca, err := simulate.NewCA()
	require.NoError(t, err)
	tenant := simgraph.Generate(people)
	server, err := simulate.Serve(t.Context(), simgraph.New(tenant, simgraph.ClientSecret("right")), simulate.ServeOptions{CA: ca})
	require.NoError(t, err)
	opener := graph.New(graph.Options{ClientID: "rollcall", ClientSecret: "right", LoginURL: server.TLSURL, GraphURL: server.TLSURL, RootCAs: ca.Pool()})
	s := &synced{
		T: t, env: new(testsuite.WorkflowTestSuite).NewTestActivityEnvironment(), db: db, tenant: server.URL,
		sync: &activities.Sync{
			Store: opened, Sources: map[directory.Provider]source.Opener{directory.Entra: opener},
			Wake: func(context.Context, string) error { return nil }, Now: time.Now,
		},
	}
	s.env.RegisterActivity(s.sync)
	var organization struct{ ID string }
	require.NoError(t, json.Unmarshal(tenant.Organization, &organization))
	s.configure(organization.ID, people)
	return s
}

func (s *synced) configure(tenantID string, licences int) {
	ctx := s.Context()
	account, _, err := s.sync.Store.CreateAccount(ctx, store.NewAccount{Name: "Example", OwnerEmail: "owner@example.example", Licences: licences})
	require.NoError(s, err)
	connection, err := s.sync.Store.CreateConnection(ctx, account.ID, directory.Entra)
	require.NoError(s, err)
	_, err = s.sync.Store.Connect(ctx, account.ID, connection.ID, directory.Tenant{ID: tenantID}, nil)
	require.NoError(s, err)
	s.configuration, err = s.sync.Store.CreateConfiguration(ctx, account.ID, connection.ID, directory.Settings{
		Name: "Staff", Scope: directory.Scope{Kind: directory.AllUsers}, Groups: directory.GroupSync{Enabled: true},
		OnSourceDelete: directory.DeactivateUser, Guard: directory.DefaultGuard(),
		Mappings: []directory.Mapping{
			{Source: "givenName", Target: directory.FieldFirstName, SyncUpdates: true},
			{Source: "surname", Target: directory.FieldLastName, SyncUpdates: true},
			{Source: "mail", Target: directory.FieldEmail, SyncUpdates: true},
		},
	})
	require.NoError(s, err)
}

// open opens a run; of another one, as its rerun.
func (s *synced) open(of string) (run string, taken activities.TakenOver) {
	s.Helper()
	s.runs++
	in := activities.OpenRunInput{
		RunID: uuid.NewString(), AccountID: s.configuration.AccountID, ConfigurationID: s.configuration.ID, Number: s.runs,
		Kind: directory.KindSync, Trigger: directory.TriggerManual, OfRun: of, WorkflowID: "w", WorkflowRunID: "r",
	}
	if of != "" {
		in.Trigger = directory.TriggerRerun
	}
	require.NoError(s, s.do(s.sync.OpenRun, in, nil))
	if of != "" {
		require.NoError(s, s.do(s.sync.TakeOver, activities.OfRun{RunID: in.RunID}, &taken))
	}
	return in.RunID, taken
}

func (s *synced) do(activity, in, out any) error {
	value, err := s.env.ExecuteActivity(activity, in)
	if err == nil && out != nil && value.HasValue() {
		err = value.Get(out)
	}
	return err
}

// read does the activities that read, as a run does, and returns the first error.
func (s *synced) read(run string) error {
	of := activities.OfRun{RunID: run}
	if err := s.do(s.sync.BeginFetch, of, nil); err != nil {
		return err
	}
	if err := s.do(s.sync.ListGroups, of, nil); err != nil {
		return err
	}
	for _, activity := range []any{s.sync.FetchMembers, s.sync.FetchUsers, s.sync.VerifyMissing} {
		for out := (struct{ Done bool }{}); !out.Done; {
			if err := s.do(activity, of, &out); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *synced) close(run string, status directory.RunStatus) activities.ClosedRun {
	s.Helper()
	var closed activities.ClosedRun
	require.NoError(s, s.do(s.sync.CloseRun, activities.CloseRunInput{RunID: run, Status: status, Reason: "It stopped."}, &closed))
	return closed
}

// applied is the run closed after all that it planned was applied.
func (s *synced) applied(run string) activities.ClosedRun {
	s.Helper()
	for step := reconcile.StepRelease; step <= reconcile.StepGroupsGone; step++ {
		for remaining := 1; remaining > 0; {
			var out activities.Applied
			require.NoError(s, s.do(s.sync.ApplyChanges, activities.ApplyInput{RunID: run, Step: step}, &out))
			remaining = out.Remaining
		}
	}
	return s.close(run, "")
}

func (s *synced) exec(statement string) {
	s.Helper()
	_, err := s.db.ExecContext(s.Context(), statement)
	require.NoError(s, err)
}

// control asks the tenant's control plane for something.
func (s *synced) control(method, path string, in any) []byte {
	s.Helper()
	body, err := json.Marshal(in)
	require.NoError(s, err)
	request, err := http.NewRequestWithContext(s.Context(), method, s.tenant+path, bytes.NewReader(body))
	require.NoError(s, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(s, err)
	defer func() { _ = answer.Body.Close() }()
	require.Less(s, answer.StatusCode, 300)
	text, err := io.ReadAll(answer.Body)
	require.NoError(s, err)
	return text
}

// requests are how often each path was asked for since the last time.
func (s *synced) requests() map[string]int {
	s.Helper()
	out := map[string]int{}
	require.NoError(s, json.Unmarshal(s.control(http.MethodGet, "/_sim/requests", nil), &out))
	s.control(http.MethodDelete, "/_sim/requests", nil)
	return out
}

// E5: once all was read, a rerun asks the source nothing, wherever the run failed after that.
func TestE5_RerunAsksTheSourceNothingOnceAllWasRead(t *testing.T) {
	t.Parallel()
	s := newSynced(t, 60)
	run, _ := s.open("")
	require.NoError(t, s.read(run))
	s.exec(`
		CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'crash'; END $$;
		CREATE TRIGGER crash BEFORE INSERT ON changes FOR EACH STATEMENT EXECUTE FUNCTION crash()`)
	require.Error(t, s.do(s.sync.PlanRun, activities.OfRun{RunID: run}, nil))
	s.close(run, directory.RunFailure)
	s.exec(`DROP TRIGGER crash ON changes`)
	require.NotEmpty(t, s.requests())

	// It fails in the plan, its rerun while it applies, and the rerun of that does the rest.
	second, taken := s.open(run)
	groups := len(simgraph.Generate(60).Groups)
	require.Equal(t, activities.TakenOver{Read: true, Groups: groups, Fetched: 60}, taken)
	var planned activities.Planned
	require.NoError(t, s.do(s.sync.PlanRun, activities.OfRun{RunID: second}, &planned))
	require.Equal(t, 60, planned.Changes)
	s.close(second, directory.RunCancelled)

	third, taken := s.open(second)
	require.Equal(t, activities.TakenOver{Read: true, Groups: groups, Fetched: 60}, taken)
	require.NoError(t, s.do(s.sync.PlanRun, activities.OfRun{RunID: third}, nil))
	closed := s.applied(third)
	require.Equal(t, directory.RunSuccess, closed.Status)
	require.Equal(t, 60, closed.Counts.Created)
	require.Equal(t, groups, closed.Counts.GroupsCreated)
	require.Empty(t, s.requests())
}

// E5: a rerun of a run that failed among its pages asks for those that are left, and for no other.
func TestE5_RerunReadsOnlyWhatWasNotRead(t *testing.T) {
	t.Parallel()
	const pages, people = 11, 10*999 + 5 // ten pages are one activity
	s := newSynced(t, people)
	run, _ := s.open("")
	of := activities.OfRun{RunID: run}
	require.NoError(t, s.do(s.sync.BeginFetch, of, nil))
	require.NoError(t, s.do(s.sync.ListGroups, of, nil))
	require.NoError(t, s.do(s.sync.FetchMembers, of, nil))
	require.NoError(t, s.do(s.sync.FetchUsers, of, nil))
	s.control(http.MethodPost, "/_sim/faults", map[string]any{"path": "/users", "status": http.StatusForbidden})
	require.Error(t, s.do(s.sync.FetchUsers, of, nil))
	s.control(http.MethodDelete, "/_sim/faults", nil)
	s.close(run, directory.RunFailure)
	require.Equal(t, pages, s.requests()["/v1.0/users"])

	second, taken := s.open(run)
	require.False(t, taken.Read)
	require.NoError(t, s.read(second))
	asked := s.requests()
	require.Equal(t, 1, asked["/v1.0/users"])
	require.Zero(t, asked["/v1.0/users/$count"])
	require.Zero(t, asked["/v1.0/groups"])
	for path := range asked {
		require.NotContains(t, path, "transitiveMembers")
	}
	var planned activities.Planned
	require.NoError(t, s.do(s.sync.PlanRun, activities.OfRun{RunID: second}, &planned))
	require.Equal(t, people, planned.Changes)
}

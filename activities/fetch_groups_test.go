package activities_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"github.com/rollcall-sync/rollcall/activities"
	"github.com/rollcall-sync/rollcall/internal/devstack/postgrestest"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/simulate"
	simgraph "github.com/rollcall-sync/rollcall/internal/simulate/graph"
	"github.com/rollcall-sync/rollcall/internal/source"
	"github.com/rollcall-sync/rollcall/internal/source/graph"
	"github.com/rollcall-sync/rollcall/internal/store"
)

const (
	tenantID = "84841066-274d-4ec0-a5c1-276be684bdd3"
	// company is a directory with a group in a group.
	company = `{
		"organization": {"id": "` + tenantID + `", "displayName": "Contoso", "verifiedDomains": [{"name": "contoso.example", "isDefault": true}]},
		"users": [
			{"id": "p-1", "accountEnabled": true, "givenName": "Ana", "surname": "Lopez", "mail": "ana@contoso.example"},
			{"id": "p-2", "accountEnabled": true, "givenName": "Bo", "surname": "Berg", "mail": "bo@contoso.example"},
			{"id": "p-3", "accountEnabled": true, "givenName": "Cy", "surname": "Young", "mail": "cy@contoso.example"}
		],
		"groups": [
			{"id": "g-1", "displayName": "Accounting", "members": ["p-1"]},
			{"id": "g-2", "displayName": "Finance", "members": ["g-1", "p-2"]},
			{"id": "g-3", "displayName": "Choir", "members": ["p-1", "p-3"]}
		]}`
)

// reader is an account that reads the company, without a workflow.
type reader struct {
	*testing.T
	store   *store.Store
	env     *testsuite.TestActivityEnvironment
	sync    *activities.Sync
	account string
	config  directory.Configuration
	runs    int
}

func newReader(t *testing.T, settings directory.Settings) *reader {
	t.Helper()
	ctx := t.Context()
	s, err := store.Open(ctx, postgrestest.New(t, store.Migrate), store.MaxConnections(5))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	a, _, err := s.CreateAccount(ctx, store.NewAccount{Name: "Contoso", OwnerEmail: "owner@contoso.example", Licences: 10})
	require.NoError(t, err)
	connection, err := s.CreateConnection(ctx, a.ID, directory.Entra)
	require.NoError(t, err)
	_, err = s.Connect(ctx, a.ID, connection.ID, directory.Tenant{ID: tenantID}, nil)
	require.NoError(t, err)
	settings.Name, settings.OnSourceDelete, settings.Guard = "Staff", directory.DeactivateUser, directory.DefaultGuard()
	settings.Mappings = []directory.Mapping{
		{Source: "givenName", Target: "first_name", SyncUpdates: true}, {Source: "surname", Target: "last_name", SyncUpdates: true},
		{Source: "mail", Target: "email", SyncUpdates: true},
	}
	config, err := s.CreateConfiguration(ctx, a.ID, connection.ID, settings)
	require.NoError(t, err)
	r := &reader{T: t, store: s, env: new(testsuite.WorkflowTestSuite).NewTestActivityEnvironment(), account: a.ID, config: config}
	r.sync = &activities.Sync{
		Store: s, Sources: map[directory.Provider]source.Opener{directory.Entra: serveCompany(t)},
		Wake: func(context.Context, string) error { return nil }, Now: time.Now,
	}
	r.env.RegisterActivity(r.sync)
	return r
}

func serveCompany(t *testing.T) *graph.Opener {
	t.Helper()
	ca, err := simulate.NewCA()
	require.NoError(t, err)
	tenant, err := simgraph.Parse([]byte(company))
	require.NoError(t, err)
	var handler http.Handler = simgraph.New(tenant, simgraph.ClientSecret("right"))
	server, err := simulate.Serve(t.Context(), handler, simulate.ServeOptions{CA: ca})
	require.NoError(t, err)
	return graph.New(graph.Options{ClientID: "client-1", ClientSecret: "right", LoginURL: server.TLSURL, GraphURL: server.TLSURL, RootCAs: ca.Pool()})
}

// do runs an activity of the run.
func (r *reader) do(activity any, in any, out any) {
	r.Helper()
	value, err := r.env.ExecuteActivity(activity, in)
	require.NoError(r, err)
	if out != nil {
		require.NoError(r, value.Get(out))
	}
}

// run does a whole run, and says how it ended.
func (r *reader) run() (activities.Planned, activities.ClosedRun) {
	r.Helper()
	r.runs++
	of := activities.OfRun{RunID: uuid.NewString()}
	r.do(r.sync.OpenRun, activities.OpenRunInput{
		RunID: of.RunID, AccountID: r.account, ConfigurationID: r.config.ID, Number: r.runs, Kind: directory.KindSync, Trigger: directory.TriggerManual,
	}, nil)
	var begun activities.Begun
	r.do(r.sync.BeginFetch, of, &begun)
	require.True(r, begun.Groups)
	r.do(r.sync.ListGroups, of, nil)
	r.do(r.sync.FetchMembers, of, nil)
	r.do(r.sync.FetchUsers, of, nil)
	r.do(r.sync.VerifyMissing, of, nil)
	var planned activities.Planned
	r.do(r.sync.PlanRun, of, &planned)
	for step := range 11 {
		r.do(r.sync.ApplyChanges, activities.ApplyInput{RunID: of.RunID, Step: step}, nil)
	}
	r.do(r.sync.ParkMembers, of, nil)
	var closed activities.ClosedRun
	r.do(r.sync.CloseRun, activities.CloseRunInput{RunID: of.RunID}, &closed)
	return planned, closed
}

// roles are the roles of the people, by address.
func (r *reader) roles() map[string]string {
	r.Helper()
	page, err := r.store.Users(r.Context(), r.account, store.UserFilter{})
	require.NoError(r, err)
	roles := map[string]string{}
	for _, user := range page.Items {
		roles[user.Email] = user.RoleID
	}
	delete(roles, "owner@contoso.example")
	return roles
}

// The groups of mappings are read whatever else is, and whoever is in a group in one of them is in it too.
func TestC5_GroupsOfMappingsAreRead(t *testing.T) {
	t.Parallel()
	finance := []directory.RoleMapping{{GroupID: "g-2", RoleID: "user_admin"}}
	for name, c := range map[string]struct {
		settings directory.Settings
		want     directory.Counts
		roles    map[string]string
	}{
		"no groups are synced": {
			directory.Settings{Scope: directory.Scope{Kind: directory.AllUsers}, RoleMappings: finance},
			directory.Counts{Fetched: 3, Created: 3, GroupsFetched: 1, MembershipsFetched: 2},
			map[string]string{"ana@contoso.example": "user_admin", "bo@contoso.example": "user_admin", "cy@contoso.example": "member"},
		},
		"all groups are synced": {
			directory.Settings{Scope: directory.Scope{Kind: directory.AllUsers}, Groups: directory.GroupSync{Enabled: true}, RoleMappings: finance},
			directory.Counts{Fetched: 3, Created: 3, GroupsFetched: 3, GroupsCreated: 3, MembershipsFetched: 5, MembershipsAdded: 5},
			map[string]string{"ana@contoso.example": "user_admin", "bo@contoso.example": "user_admin", "cy@contoso.example": "member"},
		},
		"another group is in scope and synced": {
			directory.Settings{
				Scope: directory.Scope{Kind: directory.UsersOfGroups, GroupIDs: []string{"g-3"}}, Groups: directory.GroupSync{Enabled: true, GroupIDs: []string{"g-3"}},
				RoleMappings: finance,
			},
			directory.Counts{Fetched: 2, Created: 2, GroupsFetched: 2, GroupsCreated: 1, MembershipsFetched: 4, MembershipsAdded: 2},
			map[string]string{"ana@contoso.example": "user_admin", "cy@contoso.example": "member"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReader(t, c.settings)
			_, closed := r.run()
			require.Equal(t, directory.RunSuccess, closed.Status)
			require.Equal(t, c.want, closed.Counts)
			require.Equal(t, c.roles, r.roles())
			planned, closed := r.run()
			require.Zero(t, planned.Roles)
			require.Equal(t, closed.Counts.Fetched, closed.Counts.Unchanged, "the second run reads who changed, where it can")
		})
	}
}

// A group of a mapping that is gone is an error of it, also where all groups are listed; whom it could
// decide about keeps what they have.
func TestC5_AGroupOfAMappingIsGone(t *testing.T) {
	t.Parallel()
	for name, groups := range map[string]directory.GroupSync{"no groups are synced": {}, "all groups are synced": {Enabled: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReader(t, directory.Settings{
				Scope: directory.Scope{Kind: directory.AllUsers}, Groups: groups,
				RoleMappings: []directory.RoleMapping{{GroupID: "g-1", RoleID: "user_admin"}, {GroupID: "g-9", RoleID: "super_admin"}, {GroupID: "g-3", RoleID: "user_admin"}},
			})
			_, closed := r.run()
			require.Equal(t, directory.RunPartialSuccess, closed.Status)
			require.Equal(t, 1, closed.Counts.Failed)
			require.Equal(t, map[string]string{"ana@contoso.example": "user_admin", "bo@contoso.example": "member", "cy@contoso.example": "member"}, r.roles())
			page, err := r.store.Changes(t.Context(), r.account, store.ChangeFilter{Subject: directory.SubjectGroup, Outcome: directory.OutcomeFailed})
			require.NoError(t, err)
			require.Len(t, page.Items, 1)
			require.Equal(t, "The group 'g-9' is not in Microsoft Entra ID any more. Until it can be read, people keep the roles and organizations that its mappings could change.",
				page.Items[0].Problems[0].Message)
		})
	}
}

package graph_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/simulate"
	simgraph "github.com/rollcall-sync/rollcall/internal/simulate/graph"
	"github.com/rollcall-sync/rollcall/internal/source"
	"github.com/rollcall-sync/rollcall/internal/source/graph"
	"github.com/rollcall-sync/rollcall/internal/source/sourcetest"
)

func TestSource(t *testing.T) {
	t.Parallel()
	sourcetest.Run(t, sourcetest.Vendor{
		FirstName: "givenName", LastName: "surname", Email: "mail",
		Lists:       `^/v1\.0/users\?`,
		GroupLists:  `^/v1\.0/groups\?`,
		MemberLists: func(id string) string { return `^/v1\.0/groups/` + id + `/transitiveMembers\?` },
		Denied:      map[string]any{"status": 403},
		Unreadable:  map[string]any{"status": 403},
		Start:       start,
		Person:      user,
		Group:       group,
		HasThings:   true,
		Incremental: true,
	})
}

// user is a person as Graph has them.
func user(p sourcetest.Person) any {
	return map[string]any{
		"id": p.ID, "givenName": text(p.FirstName), "surname": text(p.LastName), "mail": text(p.Email), "accountEnabled": !p.Disabled,
	}
}

// group is a group as the simulated tenant takes it.
func group(g sourcetest.Group) any {
	members := []any{}
	for _, m := range g.Members {
		if m.Kind == sourcetest.AThing {
			members = append(members, map[string]string{"@odata.type": "#microsoft.graph.device", "id": m.ID})
			continue
		}
		members = append(members, m.ID)
	}
	return map[string]any{
		"id": g.ID, "displayName": g.Name, "description": text(g.Description), "mail": text(g.Email), "members": members,
	}
}

func start(t *testing.T, tenant directory.Tenant, people []sourcetest.Person) sourcetest.Tenant {
	domains := []map[string]any{}
	for _, name := range tenant.Domains {
		domains = append(domains, map[string]any{"name": name})
	}
	users := []any{}
	for _, p := range people {
		users = append(users, user(p))
	}
	file, err := json.Marshal(map[string]any{
		"organization": map[string]any{"id": tenant.ID, "displayName": tenant.Name, "verifiedDomains": domains},
		"users":        users,
	})
	require.NoError(t, err)
	return serve(t, tenant.ID, file)
}

func text(value string) any {
	if value == "" {
		return nil
	}
	return value
}

// serve runs a simulated tenant with the secret "right" and opens it over HTTPS.
func serve(t testing.TB, tenantID string, file []byte) sourcetest.Tenant {
	parsed, err := simgraph.Parse(file)
	require.NoError(t, err)
	ca, err := simulate.NewCA()
	require.NoError(t, err)
	server, err := simulate.Serve(t.Context(), simgraph.New(parsed, simgraph.ClientSecret("right")), simulate.ServeOptions{CA: ca})
	require.NoError(t, err)
	return sourcetest.Tenant{URL: server.URL, Open: func(t *testing.T) source.Source {
		opener := graph.New(graph.Options{
			ClientID: "rollcall", ClientSecret: "right", LoginURL: server.TLSURL, GraphURL: server.TLSURL, RootCAs: ca.Pool(),
		})
		return open(t, opener, tenantID)
	}}
}

func open(t testing.TB, opener *graph.Opener, tenantID string) source.Source {
	t.Helper()
	opened, err := opener.Open(t.Context(), directory.Connection{Provider: directory.Entra, Tenant: &directory.Tenant{ID: tenantID}})
	require.NoError(t, err)
	return opened
}

package google_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/simulate"
	simgoogle "github.com/rollcall-sync/rollcall/internal/simulate/google"
	"github.com/rollcall-sync/rollcall/internal/source"
	"github.com/rollcall-sync/rollcall/internal/source/google"
	"github.com/rollcall-sync/rollcall/internal/source/sourcetest"
)

func TestSource(t *testing.T) {
	t.Parallel()
	sourcetest.Run(t, sourcetest.Vendor{
		FirstName: "name.givenName", LastName: "name.familyName", Email: "primaryEmail",
		Lists:       `^/admin/directory/v1/users\?`,
		GroupLists:  `^/admin/directory/v1/groups\?`,
		MemberLists: func(groupID string) string { return "^/admin/directory/v1/groups/" + groupID + "/members" },
		Denied:      map[string]any{"status": 403},
		Unreadable:  map[string]any{"status": 403},
		Start:       start,
		Person:      user,
		Group:       group,
		OneDomain:   true, Uncounted: true, HasEveryone: true, HasThings: true,
	})
}

// user is a person as Google has them.
func user(p sourcetest.Person) any {
	name := map[string]any{}
	for part, value := range map[string]string{"givenName": p.FirstName, "familyName": p.LastName} {
		if value != "" { // Google leaves out what is empty
			name[part] = value
		}
	}
	return map[string]any{"id": p.ID, "primaryEmail": p.Email, "name": name, "suspended": p.Disabled}
}

// group is a group as the simulated tenant takes it.
func group(g sourcetest.Group) any {
	members := []map[string]any{}
	for _, m := range g.Members {
		kind := map[sourcetest.MemberKind]string{
			sourcetest.APerson: "USER", sourcetest.Everyone: "CUSTOMER",
			sourcetest.AGroup: "GROUP", sourcetest.AThing: "EXTERNAL", // of another organization
		}[m.Kind]
		id := m.ID
		if m.Kind == sourcetest.Everyone {
			id = "C01abc"
		}
		members = append(members, map[string]any{"kind": "admin#directory#member", "id": id, "type": kind, "role": "MEMBER"})
	}
	return map[string]any{"id": g.ID, "name": g.Name, "description": g.Description, "email": g.Email, "members": members}
}

func start(t *testing.T, tenant directory.Tenant, people []sourcetest.Person) sourcetest.Tenant {
	users := []any{}
	for _, p := range people {
		users = append(users, user(p))
	}
	return serve(t, map[string]any{
		"customer": map[string]any{
			"id": tenant.ID, "customerDomain": tenant.Domains[0], "postalAddress": map[string]any{"organizationName": tenant.Name},
		},
		"users": users,
	}, tenant.ID)
}

// serve runs a simulated tenant with the secret "right" and opens it over HTTPS with the consent of
// an administrator.
func serve(t testing.TB, file map[string]any, tenantID string) sourcetest.Tenant {
	text, err := json.Marshal(file)
	require.NoError(t, err)
	parsed, err := simgoogle.Parse(text)
	require.NoError(t, err)
	ca, err := simulate.NewCA()
	require.NoError(t, err)
	server, err := simulate.Serve(t.Context(), simgoogle.New(parsed, simgoogle.ClientSecret("right")), simulate.ServeOptions{CA: ca})
	require.NoError(t, err)

	options := google.Options{
		ClientID: "rollcall", ClientSecret: "right", LoginURL: server.TLSURL, APIURL: server.TLSURL, RootCAs: ca.Pool(), Unseal: unseal,
	}
	consent := grant(t, server.URL)
	last := google.New(options)
	return sourcetest.Tenant{
		URL: server.URL,
		Open: func(t *testing.T) source.Source {
			last = google.New(options)
			return open(t, last, tenantID, consent)
		},
		Reconnect: func(t *testing.T) source.Source { return open(t, last, tenantID, grant(t, server.URL)) },
	}
}

// grant gives an administrator's consent to the tenant: the refresh token.
func grant(t testing.TB, control string) string {
	t.Helper()
	response, err := http.Post(control+"/_sim/grant-consent", "application/json", strings.NewReader("{}"))
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	var answer struct {
		Token string `json:"refresh_token"`
	}
	require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
	require.NotEmpty(t, answer.Token)
	return answer.Token
}

// unseal opens what seal has sealed for the connection.
func unseal(connectionID string, sealed []byte) ([]byte, error) {
	plain, ok := bytes.CutPrefix(sealed, []byte("sealed for "+connectionID+" "))
	if !ok {
		return nil, &directory.Error{Code: "seal", Message: "not sealed for this connection"}
	}
	return plain, nil
}

func seal(refreshToken string) []byte { return []byte("sealed for connection-1 " + refreshToken) }

func open(t testing.TB, opener *google.Opener, tenantID, refreshToken string) source.Source {
	t.Helper()
	opened, err := opener.Open(t.Context(), directory.Connection{
		ID: "connection-1", Provider: directory.Google, Tenant: &directory.Tenant{ID: tenantID}, Secret: seal(refreshToken),
	})
	require.NoError(t, err)
	return opened
}

// A small company's directory, as others wrote it down.
func TestPlanetExpress(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../../shared/fixtures/google/directory.json")
	if err != nil {
		t.Skipf("the sample directory is not there: %v", err)
	}
	var file map[string]any
	require.NoError(t, json.Unmarshal(text, &file))
	from := serve(t, file, "C0planetx").Open(t)
	found, err := from.Tenant(t.Context())
	require.NoError(t, err)
	require.Equal(t, directory.Tenant{ID: "C0planetx", Name: "Planet Express", Domains: []string{"planetexpress.com"}}, found)

	page, err := from.Users(t.Context(), "", []string{"name.familyName", "primaryEmail", "organizations.title"}, 0)
	require.NoError(t, err)
	require.Len(t, page.Records, 7)
	bender, err := from.User(t.Context(), "103589265965336577069", []string{"organizations.title", "organizations.department"})
	require.NoError(t, err)
	require.Equal(t, source.Record{ID: "103589265965336577069", Enabled: true, Attributes: map[string]json.RawMessage{
		"organizations.title": json.RawMessage(`"Ship's Robot"`), "organizations.department": json.RawMessage(`"Delivering Crew"`),
	}}, bender)

	groups, err := from.Groups(t.Context(), "", "ship", 0)
	require.NoError(t, err)
	require.Equal(t, []source.Group{{ID: "031883469935353", Name: "ship_crew", Email: "ship_crew@planetexpress.com"}}, groups.Groups)
	crew, err := from.Members(t.Context(), "031883469935353", "")
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"103589265965336577069", "108269769507444056938", "108477119248076280843"}, crew.People)
}

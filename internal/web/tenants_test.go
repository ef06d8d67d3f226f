package web_test

import (
	"crypto/tls"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/admin"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/secret"
	"github.com/rollcall-sync/rollcall/internal/simulate"
	simgoogle "github.com/rollcall-sync/rollcall/internal/simulate/google"
	simgraph "github.com/rollcall-sync/rollcall/internal/simulate/graph"
	"github.com/rollcall-sync/rollcall/internal/source"
	"github.com/rollcall-sync/rollcall/internal/source/google"
	"github.com/rollcall-sync/rollcall/internal/source/graph"
)

const (
	tenantID   = "84841066-274d-4ec0-a5c1-276be684bdd3"
	customerID = "C01contos"
)

// contosoInEntra is a directory of three people, of whom one lacks a last name and one a group.
const contosoInEntra = `{
	"organization": {"id": "` + tenantID + `", "displayName": "Contoso", "verifiedDomains": [{"name": "contoso.example", "isDefault": true}]},
	"users": [
		{"id": "p-1", "accountEnabled": true, "givenName": "Ana", "surname": "Lopez", "mail": "ana@contoso.example", "jobTitle": "Engineer", "businessPhones": ["+34 1", "+34 2"]},
		{"id": "p-2", "accountEnabled": true, "givenName": "Bo", "mail": "bo@contoso.example"},
		{"id": "p-3", "accountEnabled": true, "givenName": "Cy", "surname": "Young", "mail": "cy@contoso.example"}
	],
	"groups": [
		{"id": "g-1", "displayName": "Engineering", "description": "Builds", "mail": "eng@contoso.example", "members": ["p-1"]},
		{"id": "g-2", "displayName": "Everybody in Spain", "members": ["g-1", "p-2"]},
		{"id": "g-3", "displayName": "Engine room", "members": []}
	]}`

// contosoInGoogle is a directory of two people.
const contosoInGoogle = `{
	"customer": {"id": "` + customerID + `", "customerDomain": "contoso.example", "postalAddress": {"organizationName": "Contoso"}},
	"users": [
		{"id": "101", "primaryEmail": "ana@contoso.example", "name": {"givenName": "Ana", "familyName": "Lopez"}},
		{"id": "102", "primaryEmail": "bo@contoso.example", "name": {"givenName": "Bo", "familyName": "Berg"}}
	],
	"groups": [{"id": "201", "name": "Engineering", "email": "eng@contoso.example", "description": "Builds", "members": ["101"]}]}`

// tenants are the simulated directories of a bench, reached by HTTPS under a CA of their own.
type tenants struct {
	ca            *simulate.CA
	entra, google string // addresses; google is empty without it
}

func (b *bench) serveTenants(withGoogle bool) *tenants {
	b.Helper()
	ca, err := simulate.NewCA()
	require.NoError(b, err)
	t := &tenants{ca: ca}
	entra, err := simgraph.Parse([]byte(contosoInEntra))
	require.NoError(b, err)
	t.entra = serveTenant(b.T, ca, simgraph.New(entra, simgraph.ClientSecret("right")))
	if withGoogle {
		customer, err := simgoogle.Parse([]byte(contosoInGoogle))
		require.NoError(b, err)
		t.google = serveTenant(b.T, ca, simgoogle.New(customer, simgoogle.ClientSecret("right")))
	}
	return t
}

func serveTenant(t *testing.T, ca *simulate.CA, tenant http.Handler) string {
	t.Helper()
	server, err := simulate.Serve(t.Context(), tenant, simulate.ServeOptions{CA: ca})
	require.NoError(t, err)
	return server.TLSURL
}

// register has Rollcall know the tenants as the real services would.
func (t *tenants) register(o *admin.Options, keyring *secret.Keyring) {
	o.HTTP = t.client()
	o.EntraClientID, o.EntraClientSecret, o.EntraLoginURL, o.GraphURL = "client-1", "right", t.entra, t.entra
	o.Sources = map[directory.Provider]source.Opener{directory.Entra: graph.New(graph.Options{
		ClientID: "client-1", ClientSecret: "right", LoginURL: t.entra, GraphURL: t.entra, RootCAs: t.ca.Pool(),
	})}
	if t.google == "" {
		return
	}
	o.GoogleClientID, o.GoogleClientSecret, o.GoogleLoginURL = "client-2", "right", t.google
	o.Sources[directory.Google] = google.New(google.Options{
		ClientID: "client-2", ClientSecret: "right", LoginURL: t.google, APIURL: t.google, RootCAs: t.ca.Pool(),
		Unseal: func(id string, sealed []byte) ([]byte, error) { return keyring.Open(sealed, []byte("connection/"+id)) },
	})
}

// client is a browser that shows redirects instead of following them.
func (t *tenants) client() *http.Client {
	return &http.Client{
		Timeout:       10 * time.Second,
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: t.ca.Pool(), MinVersion: tls.VersionTLS12}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

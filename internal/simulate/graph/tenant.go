// Package graph simulates a Microsoft Entra tenant: the login service (client
// credentials, sign-in, admin consent) and the part of Microsoft Graph v1.0 that
// reads users, groups, members, directory extensions and the organization, on
// one address.
//
// It serves the objects of its directory as they are and judges none of them. It
// speaks the wire format only and shares no code with the client that it tests.
package graph

import (
	"crypto/sha256"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

// defaultTenantID is the id of a tenant whose file gives it none.
const defaultTenantID = "5f0c2a4e-6d1b-4c3a-9e8f-7a6b5c4d3e2f"

// Tenant is a simulated Entra tenant. It is safe for concurrent use.
type Tenant struct {
	store   *store
	handler http.Handler
	secret  string // "": any client secret is right
	signKey [sha256.Size]byte
	revoked atomic.Bool
	epoch   atomic.Pointer[string] // delta links of another epoch have expired
	codes   *simulate.Codes
	issuer  func() *simulate.Issuer // made when it is needed first
}

// Option changes a tenant that New makes.
type Option func(*Tenant)

// ClientSecret makes the tenant refuse any other client secret. Without it any
// client id and secret get a token.
func ClientSecret(secret string) Option {
	return func(t *Tenant) { t.secret = secret }
}

// New makes a tenant that serves directory. Consent counts as given.
func New(directory Directory, options ...Option) *Tenant {
	t := &Tenant{store: newStore(directory), codes: simulate.NewCodes(), issuer: sync.OnceValue(simulate.NewIssuer)}
	for _, option := range options {
		option(t)
	}
	t.signKey = sha256.Sum256([]byte("rollcall simulated tenant " + t.secret))
	t.expireDelta()
	t.handler = t.control().Around(t.routes())
	return t
}

// ServeHTTP serves the login service, Graph and the control plane.
func (t *Tenant) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.handler.ServeHTTP(w, r) }

// ID is the tenant's id: that of its organization.
func (t *Tenant) ID() string {
	return t.organization().Text("id")
}

// Directory is what the tenant holds now.
func (t *Tenant) Directory() Directory { return t.store.directory() }

// organization is the file's, with an id where the file has none.
func (t *Tenant) organization() (organization simulate.Object) {
	t.store.Read(func() { organization = t.store.organization })
	if organization.Text("id") != "" {
		return organization
	}
	nameless := simulate.Object(`{"displayName":"Simulated tenant","verifiedDomains":[]}`)
	return nameless.Merge(organization).Merge(simulate.Object(`{"id":"` + defaultTenantID + `"}`))
}

func (t *Tenant) expireDelta() {
	epoch := newID()
	t.epoch.Store(&epoch)
}

func (t *Tenant) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{tenant}/v2.0/.well-known/openid-configuration", t.showOpenID)
	mux.HandleFunc("GET /{tenant}/discovery/v2.0/keys", t.showKeys)
	mux.HandleFunc("GET /{tenant}/oauth2/v2.0/authorize", t.showSignIn)
	mux.HandleFunc("GET /{tenant}/oauth2/v2.0/authorize/{outcome}", t.decideSignIn)
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", t.issueToken)
	for _, path := range []string{"/{tenant}/adminconsent", "/{tenant}/v2.0/adminconsent"} {
		mux.HandleFunc("GET "+path, t.showConsent)
		mux.HandleFunc("GET "+path+"/{outcome}", t.decideConsent)
	}

	t.route(mux, "GET /v1.0/organization", t.listOrganizations)
	t.route(mux, "GET /v1.0/organization/{id}", t.showOrganization)
	t.route(mux, "GET /v1.0/users", t.listUsers)
	t.route(mux, "GET /v1.0/users/$count", t.countUsers)
	t.route(mux, "GET /v1.0/users/delta", t.deltaUsers)
	t.route(mux, "GET /v1.0/users/delta()", t.deltaUsers)
	t.route(mux, "GET /v1.0/users/microsoft.graph.delta()", t.deltaUsers)
	t.route(mux, "GET /v1.0/users/{id}", t.showUser)
	t.route(mux, "POST /v1.0/directoryObjects/getAvailableExtensionProperties", t.listExtensions)
	t.route(mux, "GET /v1.0/groups", t.listGroups)
	t.route(mux, "GET /v1.0/groups/{id}", t.showGroup)
	t.route(mux, "GET /v1.0/groups/{id}/{relation}", t.listMembers)
	t.route(mux, "GET /v1.0/groups/{id}/{relation}/{cast}", t.listMembers)
	t.route(mux, "GET /v1.0/groups/{id}/{relation}/{cast}/$count", t.listMembers)
	t.route(mux, "/", func(_ http.ResponseWriter, r *http.Request) error {
		return &odataError{http.StatusBadRequest, "BadRequest",
			"Resource not found for the segment '" + r.URL.Path + "', or the simulated tenant does not serve " + r.Method + " there."}
	})
	return mux
}

// route adds an endpoint of Graph, which wants a token and answers errors in OData.
func (t *Tenant) route(mux *http.ServeMux, pattern string, handle func(http.ResponseWriter, *http.Request) error) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("request-id", newID())
		w.Header().Set("OData-Version", "4.0")
		err := t.authorize(r)
		if err == nil {
			err = handle(w, r)
		}
		if err != nil {
			writeError(w, r, err)
		}
	})
}

// Package google simulates a Google Workspace tenant: the login service (OAuth
// consent, ID tokens, refresh tokens) and the part of the Directory API that
// reads users, groups, members, the customer and custom schemas, on one address.
//
// It serves the objects of its directory as they are and judges none of them. It
// speaks the wire format only and shares no code with the client that it tests.
package google

import (
	"crypto/sha256"
	"net/http"
	"sync"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

// Tenant is a simulated Google Workspace tenant. It is safe for concurrent use.
type Tenant struct {
	store   *store
	other   *store // of the other organization that the consent page offers
	handler http.Handler
	secret  string // "": any client secret is right
	signKey [sha256.Size]byte
	issuer  *simulate.Issuer
	codes   *simulate.Codes

	mu          sync.Mutex
	revoked     map[string]bool // grants, by id
	revokedTill int64           // grants up to this time (Unix, nanoseconds) are revoked too
}

// Option changes a tenant that New makes.
type Option func(*Tenant)

// ClientSecret makes the tenant refuse any other client secret. Without it any
// client secret is right.
func ClientSecret(secret string) Option {
	return func(t *Tenant) { t.secret = secret }
}

// New makes a tenant that serves directory.
func New(directory Directory, options ...Option) *Tenant {
	t := &Tenant{
		store:   newStore(directory),
		other:   newStore(Directory{Customer: otherCustomer()}),
		issuer:  simulate.NewIssuer(),
		codes:   simulate.NewCodes(),
		revoked: map[string]bool{},
	}
	for _, option := range options {
		option(t)
	}
	t.signKey = sha256.Sum256([]byte("rollcall simulated google tenant " + t.secret))
	t.handler = t.control().Around(t.routes())
	return t
}

// ServeHTTP serves the login service, the Directory API and the control plane.
func (t *Tenant) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.handler.ServeHTTP(w, r) }

// ID is the tenant's id: that of its customer.
func (t *Tenant) ID() string { return t.store.customer().Text("id") }

// Directory is what the tenant holds now.
func (t *Tenant) Directory() Directory { return t.store.directory() }

func (t *Tenant) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", t.showOpenID)
	mux.HandleFunc("GET /oauth2/v3/certs", t.issuer.ServeKeys)
	mux.HandleFunc("GET "+consentPath, t.showConsent)
	mux.HandleFunc("GET "+consentPath+"/{outcome}", t.decideConsent)
	mux.HandleFunc("POST /token", t.issueToken)
	mux.HandleFunc("POST /revoke", t.revokeToken)
	for _, m := range methods() {
		mux.HandleFunc("GET /"+m.path, func(w http.ResponseWriter, r *http.Request) { t.serve(w, r, m) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, &apiError{http.StatusNotFound, "notFound", "The simulated tenant does not serve " + r.Method + " " + r.URL.Path + ".", ""})
	})
	return mux
}

// serve answers a request to the Directory API.
func (t *Tenant) serve(w http.ResponseWriter, r *http.Request, m method) {
	body, err := t.call(r, m)
	if err != nil {
		writeError(w, err)
		return
	}
	simulate.WriteBody(w, http.StatusOK, jsonType, body)
}

func (t *Tenant) call(r *http.Request, m method) ([]byte, error) {
	from, err := t.authorize(r, m)
	if err != nil {
		return nil, err
	}
	params := r.URL.Query()
	if err := m.check(params); err != nil {
		return nil, err
	}
	fields, err := parseMask(params.Get("fields"))
	if err != nil {
		return nil, err
	}
	body, err := m.handle(call{store: from, request: r, params: params})
	if err != nil {
		return nil, err
	}
	return fields.append(nil, body), nil
}

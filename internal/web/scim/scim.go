// Package scim is Rollcall's SCIM 2.0 service over HTTP, RFC 7644: who may ask and how often, which
// address does what, how answers and errors look.
//
// It decides nothing about users and groups: what a body means is internal/scim's matter, what becomes
// of a user the store's.
package scim

import (
	"log/slog"
	"net/http"
	"path"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
	"github.com/rollcall-sync/rollcall/internal/store"
	"github.com/rollcall-sync/rollcall/internal/web/problem"
)

// Root is the path below which the service lives.
const Root = "/scim/v2"

// Options are what the service needs.
type Options struct {
	Store     *store.Store
	PublicURL string // where clients reach the starter, without a slash at the end
	// RequestsPerSecond is how many requests a token may make; twice as many at once.
	RequestsPerSecond int
	// Wake is told of changes, which leave events to deliver and perhaps mail. It must not wait.
	Wake func(accountID string)
	Log  *slog.Logger
}

// Service answers SCIM clients.
type Service struct {
	store  *store.Store
	base   string
	report problem.Reporter
	limits *limiter
	types  types
	users  users
	groups groups
}

// Register adds the routes of the service to mux.
func Register(mux *http.ServeMux, o Options) *Service {
	s := &Service{
		store: o.Store, base: o.PublicURL + Root, report: problem.Reporter{Log: o.Log},
		limits: newLimiter(o.RequestsPerSecond), types: types{plain: schema.User(nil), group: schema.Group()},
	}
	s.users = users{store: o.Store, base: s.base, wake: o.Wake}
	s.groups = groups{store: o.Store, base: s.base, wake: o.Wake}
	s.register(mux)
	return s
}

// handler answers a request of a client; its error becomes the answer.
type handler func(w http.ResponseWriter, r *http.Request, c caller) error

func (s *Service) register(mux *http.ServeMux) {
	on := func(method, below string, do handler) {
		mux.HandleFunc(strings.TrimSpace(method+" "+Root+below), s.handle(do))
	}
	on("GET", "/ServiceProviderConfig", s.showConfig)
	on("GET", "/ResourceTypes", s.listResourceTypes)
	on("GET", "/ResourceTypes/{id}", s.showResourceType)
	on("GET", "/Schemas", s.listSchemas)
	on("GET", "/Schemas/{id}", s.showSchema)
	on("GET", "", s.list(s.findAll))
	on("POST", "/.search", s.search(s.findAll))
	on("GET", "/Users", s.list(s.findUsers))
	on("POST", "/Users/.search", s.search(s.findUsers))
	on("GET", "/Groups", s.list(s.findGroups))
	on("POST", "/Groups/.search", s.search(s.findGroups))
	for name, all := range map[string]collection{"/Users": s.users, "/Groups": s.groups} {
		on("POST", name, s.change(all, http.StatusCreated, collection.create))
		on("GET", name+"/{id}", s.read(all))
		on("PUT", name+"/{id}", s.change(all, http.StatusOK, collection.replace))
		on("PATCH", name+"/{id}", s.change(all, http.StatusOK, collection.patch))
		on("DELETE", name+"/{id}", s.remove(all))
	}
	on("POST", "/Bulk", s.bulk)
	on("", "/Me", notMe)
}

// handle lets in who has a token, and answers with the errors of do.
func (s *Service) handle(do handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := s.admit(r)
		if err == nil {
			err = do(w, r, c)
		}
		if err != nil {
			s.WriteError(w, r, err)
		}
	}
}

// Below says whether a path is one of the service's, so that its errors are the service's too.
func Below(urlPath string) bool { return urlPath == Root || strings.HasPrefix(urlPath, Root+"/") }

// Tidy takes doubled slashes and one at the end out of the service's paths: administrators give
// clients the base URL with a slash too many, and a redirection would lose the body.
func Tidy(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if clean := path.Clean(r.URL.Path); Below(r.URL.Path) && clean != r.URL.Path {
			tidied := *r.URL
			tidied.Path = clean
			if tidied.RawPath != "" {
				tidied.RawPath = path.Clean(tidied.RawPath)
			}
			r = r.WithContext(r.Context())
			r.URL = &tidied
		}
		next.ServeHTTP(w, r)
	})
}

// Package web puts the starter's HTTP together: the API, SCIM, the few pages that people reach by link,
// health, metrics and the API's documentation, behind one set of middleware.
//
// It decides nothing about users or runs; that is admin's.
package web

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/rollcall-sync/rollcall/internal/admin"
	"github.com/rollcall-sync/rollcall/internal/web/api"
	"github.com/rollcall-sync/rollcall/internal/web/problem"
	"github.com/rollcall-sync/rollcall/internal/web/scim"
)

// Options are what the handler needs.
type Options struct {
	Admin *admin.Admin
	Log   *slog.Logger
	// SCIMRate is how many requests a second a SCIM token may make.
	SCIMRate int
	// Wake is told that a SCIM client has left something to deliver for an account: events, and perhaps
	// mail. It must not wait.
	Wake func(accountID string)
	// Mounts are further handlers, by pattern as of http.ServeMux. A pattern may hold a secret: no
	// log and no metric shows it.
	Mounts map[string]http.Handler
}

// site holds what the handlers need.
type site struct {
	admin   *admin.Admin
	log     *slog.Logger
	report  problem.Reporter
	scim    *scim.Service
	pages   *pages
	mux     *http.ServeMux
	mounts  map[string]http.Handler
	metrics *metrics
}

// Handler is all of the starter's HTTP.
func Handler(o Options) (http.Handler, error) {
	templates, err := loadPages()
	if err != nil {
		return nil, fmt.Errorf("load pages: %w", err)
	}
	s := &site{
		admin: o.Admin, log: o.Log, report: problem.Reporter{Log: o.Log},
		pages: templates, mux: http.NewServeMux(), mounts: o.Mounts, metrics: newMetrics(),
	}
	description := api.Register(s.mux, o.Admin, o.Log)
	s.scim = scim.Register(s.mux, scim.Options{
		Store: o.Admin.Store, PublicURL: o.Admin.PublicURL, RequestsPerSecond: o.SCIMRate, Wake: o.Wake, Log: o.Log,
	})
	openAPI, err := json.Marshal(description)
	if err != nil {
		return nil, fmt.Errorf("encode OpenAPI: %w", err)
	}
	s.mux.HandleFunc("GET /openapi.json", serve("application/openapi+json", openAPI))
	s.mux.HandleFunc("GET /docs", s.docs(description))
	s.mux.HandleFunc("GET /assets/rollcall.css", serve("text/css; charset=utf-8", templates.style))
	s.mux.HandleFunc("GET /connect/{provider}/callback", s.finishConsent)
	s.mux.HandleFunc("GET /invitations/{token}", s.showInvitation)
	s.mux.HandleFunc("POST /invitations/{token}", s.acceptInvitation)
	s.mux.HandleFunc("GET /healthz", serve("text/plain; charset=utf-8", []byte("ok\n")))
	s.mux.HandleFunc("GET /readyz", s.ready)
	s.mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}))
	for pattern, handler := range o.Mounts {
		s.mux.Handle(pattern, handler)
	}
	return s.identify(scim.Tidy(s.observe(s.recover(s.secure(s.dispatch()))))), nil
}

func serve(contentType string, content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		// The client is gone if this fails: there is nobody to tell.
		_, _ = w.Write(content)
	}
}

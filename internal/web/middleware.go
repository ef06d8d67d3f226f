package web

import (
	"mime"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/web/problem"
	"github.com/rollcall-sync/rollcall/internal/web/scim"
)

// identify gives each request an id, under which the log and the answer speak of it.
func (s *site) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := uuid.NewString()
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(problem.WithRequestID(r.Context(), id)))
	})
}

// observe logs and counts each request by its route, never by its path or query: those can hold
// tokens and people.
func (s *site) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route := s.route(r)
		start, out := time.Now(), &recorder{ResponseWriter: w}
		defer func() {
			took := time.Since(start)
			s.metrics.observe(route, r.Method, out.code(), took)
			s.log.InfoContext(r.Context(), "request", "request_id", problem.RequestID(r.Context()), "method", r.Method,
				"route", route, "status", out.code(), "bytes", out.bytes, "ms", took.Milliseconds())
		}()
		next.ServeHTTP(out, r)
	})
}

// route names the route of a request for log and metrics.
func (s *site) route(r *http.Request) string {
	_, pattern := s.mux.Handler(r)
	switch {
	case pattern == "":
		return "none"
	case s.mounts[pattern] != nil:
		return "mounted"
	default:
		return pattern
	}
}

// recover turns a panic into an error of ours. http.ErrAbortHandler is meant to break an answer off.
func (s *site) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				panic(p)
			}
			s.log.ErrorContext(r.Context(), "panic", "request_id", problem.RequestID(r.Context()), "panic", p, "stack", string(debug.Stack()))
			if out, ok := w.(*recorder); ok && out.status != 0 {
				panic(http.ErrAbortHandler) // half an answer is out: break it off
			}
			s.fail(w, r, problem.Internal(r.Context()))
		}()
		next.ServeHTTP(w, r)
	})
}

// fail answers with an error in the form of whom the path belongs to.
func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	if scim.Below(r.URL.Path) {
		s.scim.WriteError(w, r, err)
		return
	}
	s.report.Write(w, r, err)
}

// secure sets the headers that keep a browser from doing more with an answer than it should.
func (s *site) secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// dispatch finds the route. What no route takes is refused, and so is what no route could read.
func (s *site) dispatch() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler, route := s.mux.Handler(r)
		switch {
		case route == "":
			s.fail(w, r, noRoute(handler, r))
		case !readable(r.URL.Path):
			s.fail(w, r, problem.NoRoute())
		default:
			if err := checkForm(r); err != nil {
				s.fail(w, r, err)
				return
			}
			s.mux.ServeHTTP(w, r)
		}
	})
}

// noRoute tells a path that leads nowhere from one that does not take the method, which the mux
// says in its own answer alone.
func noRoute(handler http.Handler, r *http.Request) *problem.Problem {
	probe := &discarded{header: http.Header{}}
	handler.ServeHTTP(probe, r)
	if probe.status == http.StatusMethodNotAllowed {
		return problem.WrongMethod(r.Method, probe.header.Get("Allow"))
	}
	return problem.NoRoute()
}

// checkForm refuses a query that is no text, and a body of the API that is no JSON.
func checkForm(r *http.Request) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return malformed("The query of the address cannot be read. Check its percent signs.")
	}
	for name, values := range query {
		for _, text := range append(values, name) {
			if !readable(text) {
				return malformed("The query of the address holds characters that are no text. Leave them out.")
			}
		}
	}
	if !strings.HasPrefix(r.URL.Path, "/v1/") || r.ContentLength == 0 {
		return nil
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Header.Get("Content-Type") != "" && (err != nil || kind != "application/json") {
		return malformed("The body must be JSON. Send it as Content-Type: application/json.")
	}
	return nil
}

func malformed(message string) *directory.Error {
	return &directory.Error{Kind: directory.KindMalformed, Code: "malformed", Message: message}
}

// readable says whether a text can be kept in the database.
func readable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

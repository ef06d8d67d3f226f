// Package problem is the one place where an error becomes an HTTP response: application/problem+json
// as in RFC 9457, with a code for programs and a sentence for people.
//
// It lets nothing of an unexpected error out: that goes to the log, under the request's id.
package problem

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// ContentType is the media type of a problem.
const ContentType = "application/problem+json"

// CodeInternal is the code of an error that the caller can do nothing about.
const CodeInternal = "internal"

// Problem is the body of an answer that is not what was asked for.
type Problem struct {
	Type      string                 `json:"type" doc:"Always about:blank: code says what happened." example:"about:blank"`
	Title     string                 `json:"title" doc:"The HTTP status in words."`
	Status    int                    `json:"status" doc:"The HTTP status."`
	Detail    string                 `json:"detail" doc:"What happened and what to do, for a person."`
	Code      string                 `json:"code" doc:"What happened, for a program."`
	Errors    []directory.FieldError `json:"errors,omitempty" doc:"What is wrong, field by field."`
	RequestID string                 `json:"request_id,omitempty" doc:"Under which the log knows more."`

	headers http.Header
}

// New makes a problem with a status.
func New(status int, code, detail string, fields ...directory.FieldError) *Problem {
	return &Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Detail: detail, Code: code, Errors: fields, headers: http.Header{},
	}
}

// NoRoute is the problem of a path that leads nowhere.
func NoRoute() *Problem {
	return New(http.StatusNotFound, "not_found", "There is nothing at this address. /docs lists all routes.")
}

// WrongMethod is the problem of a path that does not take the method.
func WrongMethod(method, allow string) *Problem {
	p := New(http.StatusMethodNotAllowed, "method_not_allowed", "This address does not take "+method+"; it takes "+allow+".")
	p.headers.Set("Allow", allow)
	return p
}

// Error is the problem's sentence.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders are the headers that belong to the problem.
func (p *Problem) GetHeaders() http.Header { return p.headers }

// ContentType replaces the negotiated media type.
func (p *Problem) ContentType(string) string { return ContentType }

// Reporter turns errors into problems and logs those that only the log may know.
type Reporter struct{ Log *slog.Logger }

// Of is the problem of an error. An error that is neither a *directory.Error nor a *Problem is
// logged and becomes an internal one.
func (r Reporter) Of(ctx context.Context, err error) *Problem {
	var known *Problem
	var domain *directory.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &domain):
		if domain.Cause != nil {
			r.Log.WarnContext(ctx, "request refused", "request_id", RequestID(ctx), "code", domain.Code, "cause", domain.Cause)
		}
		return ofDomain(domain)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return New(http.StatusServiceUnavailable, "timeout", "This took too long. Try again in a moment.")
	default:
		r.Log.ErrorContext(ctx, "request failed", "request_id", RequestID(ctx), "error", err)
		return Internal(ctx)
	}
}

// Internal is the problem of an unexpected error that is logged already.
func Internal(ctx context.Context) *Problem {
	p := New(http.StatusInternalServerError, CodeInternal,
		"Something went wrong inside Rollcall. Try again; if it stays, give the operator the request id.")
	p.RequestID = RequestID(ctx)
	return p
}

// Write answers a request with the problem of an error.
func (r Reporter) Write(w http.ResponseWriter, req *http.Request, err error) {
	p := r.Of(req.Context(), err)
	for name, values := range p.headers {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", ContentType)
	w.WriteHeader(p.Status)
	if err := json.NewEncoder(w).Encode(p); err != nil {
		r.Log.DebugContext(req.Context(), "write problem", "request_id", RequestID(req.Context()), "error", err)
	}
}

func ofDomain(e *directory.Error) *Problem {
	p := New(status(e.Kind), e.Code, e.Sentence(), e.Fields...)
	if e.Kind == directory.KindUnauthenticated {
		p.headers.Set("WWW-Authenticate", `Bearer realm="rollcall"`)
	}
	if e.RetryAfter > 0 {
		p.headers.Set("Retry-After", strconv.Itoa(int((e.RetryAfter+999_999_999)/1_000_000_000)))
	}
	return p
}

func status(k directory.Kind) int {
	switch k {
	case directory.KindMalformed:
		return http.StatusBadRequest
	case directory.KindUnauthenticated:
		return http.StatusUnauthorized
	case directory.KindForbidden:
		return http.StatusForbidden
	case directory.KindNotFound:
		return http.StatusNotFound
	case directory.KindConflict:
		return http.StatusConflict
	case directory.KindGone:
		return http.StatusGone
	case directory.KindInvalid:
		return http.StatusUnprocessableEntity
	case directory.KindTooFast:
		return http.StatusTooManyRequests
	case directory.KindUnavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

type requestIDKey struct{}

// WithRequestID carries the id of a request.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID is the id of the request that ctx belongs to, or empty.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

package google

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

const jsonType = "application/json; charset=UTF-8"

// apiError is an error of the Directory API.
// https://developers.google.com/workspace/admin/directory/v1/limits
type apiError struct {
	status   int
	reason   string
	message  string
	location string // the parameter that is wrong, or ""
}

func (e *apiError) Error() string { return e.message }

func badRequest() *apiError {
	return &apiError{http.StatusBadRequest, "badRequest", "Bad Request", ""}
}

func invalidInput(parameter string) *apiError {
	return &apiError{http.StatusBadRequest, "invalid", "Invalid Input: " + parameter, parameter}
}

func invalidParameter(parameter, message string) *apiError {
	return &apiError{http.StatusBadRequest, "invalidParameter", message, parameter}
}

func notFound(what string) *apiError {
	return &apiError{http.StatusNotFound, "notFound", "Resource Not Found: " + what, ""}
}

// forbidden is what somebody gets who is no administrator of the customer.
func forbidden() *apiError {
	return &apiError{http.StatusForbidden, "forbidden", "Not Authorized to access this resource/api", ""}
}

type errorEntry struct {
	Message      string `json:"message"`
	Domain       string `json:"domain"`
	Reason       string `json:"reason"`
	Location     string `json:"location,omitempty"`
	LocationType string `json:"locationType,omitempty"`
}

type errorContent struct {
	Code    int              `json:"code"`
	Message string           `json:"message"`
	Errors  []errorEntry     `json:"errors"`
	Status  string           `json:"status,omitempty"`
	Details []map[string]any `json:"details,omitempty"`
}

func (e *apiError) body() []byte {
	entry := errorEntry{Message: e.message, Domain: "global", Reason: e.reason, Location: e.location}
	content := errorContent{Code: e.status, Message: e.message, Status: statusName(e.status)}
	switch e.reason {
	case "required", "authError":
		entry.LocationType = "header"
	case "insufficientPermissions":
		entry.Message = "Insufficient Permission"
		content.Details = []map[string]any{{
			"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
			"domain": "googleapis.com", "metadata": map[string]string{"service": "admin.googleapis.com"},
		}}
	case "rateLimitExceeded":
		entry.Domain = "usageLimits"
	default:
		if e.location != "" {
			entry.LocationType = "parameter"
		}
	}
	content.Errors = []errorEntry{entry}
	return simulate.Encode(map[string]errorContent{"error": content})
}

// statusName is the canonical name of a status.
// https://cloud.google.com/apis/design/errors
func statusName(status int) string {
	return map[int]string{
		http.StatusBadRequest:          "INVALID_ARGUMENT",
		http.StatusUnauthorized:        "UNAUTHENTICATED",
		http.StatusForbidden:           "PERMISSION_DENIED",
		http.StatusNotFound:            "NOT_FOUND",
		http.StatusPreconditionFailed:  "FAILED_PRECONDITION",
		http.StatusTooManyRequests:     "RESOURCE_EXHAUSTED",
		http.StatusInternalServerError: "INTERNAL",
		http.StatusServiceUnavailable:  "UNAVAILABLE",
	}[status]
}

func writeError(w http.ResponseWriter, err error) {
	var known *apiError
	if !errors.As(err, &known) {
		slog.Error("simulated Directory API", "error", err)
		known = &apiError{http.StatusInternalServerError, "backendError", "Internal error encountered.", ""}
	}
	if known.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="https://accounts.google.com/"`)
	}
	simulate.WriteBody(w, known.status, jsonType, known.body())
}

// explain is the body that the Directory API or the login service gives to a status.
func explain(r *http.Request, status int) []byte {
	if !strings.HasPrefix(r.URL.Path, "/"+apiPath) {
		return (&loginError{status, "internal_failure", "Backend Error"}).body()
	}
	known := map[int]apiError{
		http.StatusBadRequest:         *badRequest(),
		http.StatusUnauthorized:       *unauthorized(),
		http.StatusForbidden:          *forbidden(),
		http.StatusNotFound:           *notFound("userKey"),
		http.StatusPreconditionFailed: *deleted(),
		http.StatusTooManyRequests:    {reason: "rateLimitExceeded", message: "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user' of service 'admin.googleapis.com'."},
		http.StatusServiceUnavailable: {reason: "backendError", message: "Service unavailable. Please try again"},
	}
	e, ok := known[status]
	if !ok {
		e = apiError{reason: "backendError", message: http.StatusText(status)}
	}
	e.status = status
	return e.body()
}

// loginError is an error of the token endpoint (RFC 6749, section 5.2).
type loginError struct {
	status      int
	code        string
	description string
}

func (e *loginError) Error() string { return e.code + ": " + e.description }

func (e *loginError) body() []byte {
	return simulate.Encode(map[string]string{"error": e.code, "error_description": e.description})
}

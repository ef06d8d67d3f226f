package graph

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

// odataError is an error of Graph.
// https://learn.microsoft.com/graph/errors
type odataError struct {
	status  int
	code    string
	message string
}

func (e *odataError) Error() string { return e.message }

func badRequest(format string, args ...any) *odataError {
	return &odataError{http.StatusBadRequest, "Request_BadRequest", fmt.Sprintf(format, args...)}
}

func resourceNotFound(id string) *odataError {
	return &odataError{http.StatusNotFound, "Request_ResourceNotFound",
		fmt.Sprintf("Resource '%s' does not exist or one of its queried reference-property objects are not present.", id)}
}

func (e *odataError) body(r *http.Request) []byte {
	type innerError struct {
		Date            string `json:"date"`
		RequestID       string `json:"request-id"`
		ClientRequestID string `json:"client-request-id"`
	}
	type content struct {
		Code       string     `json:"code"`
		Message    string     `json:"message"`
		InnerError innerError `json:"innerError"`
	}
	id := newID()
	clientID := r.Header.Get("client-request-id")
	if clientID == "" {
		clientID = id
	}
	return simulate.Encode(map[string]content{"error": {e.code, e.message, innerError{
		Date: time.Now().UTC().Format("2006-01-02T15:04:05"), RequestID: id, ClientRequestID: clientID,
	}}})
}

// explain is the body that Graph or the login service gives to a status.
func explain(r *http.Request, status int) []byte {
	if strings.Contains(r.URL.Path, "/oauth2/") {
		return (&loginError{status, "temporarily_unavailable", 90033, "A transient error has occurred. Please try again."}).body()
	}
	known := map[int]odataError{
		http.StatusUnauthorized:        {code: "InvalidAuthenticationToken", message: "Access token has expired or is not yet valid."},
		http.StatusForbidden:           {code: "Authorization_RequestDenied", message: "Insufficient privileges to complete the operation."},
		http.StatusNotFound:            {code: "Request_ResourceNotFound", message: "Resource not found."},
		http.StatusGone:                {code: "syncStateNotFound", message: "The sync state generation is not found."},
		http.StatusTooManyRequests:     {code: "TooManyRequests", message: "Too many requests."},
		http.StatusInternalServerError: {code: "Service_InternalServerError", message: "Encountered an internal server error."},
		http.StatusBadGateway:          {code: "UnknownError", message: "Bad gateway."},
		http.StatusServiceUnavailable:  {code: "serviceNotAvailable", message: "The service is temporarily unavailable."},
		http.StatusGatewayTimeout:      {code: "UnknownError", message: "The request timed out."},
	}
	e, ok := known[status]
	if !ok {
		e = odataError{code: "UnknownError", message: http.StatusText(status)}
	}
	return e.body(r)
}

// loginError is an error of the login service.
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
type loginError struct {
	status      int
	code        string
	number      int // of the AADSTS error
	description string
}

func (e *loginError) Error() string { return e.text() }

func (e *loginError) text() string { return fmt.Sprintf("AADSTS%d: %s", e.number, e.description) }

func (e *loginError) body() []byte {
	id := newID()
	now := time.Now().UTC().Format("2006-01-02 15:04:05Z")
	return simulate.Encode(map[string]any{
		"error":             e.code,
		"error_description": fmt.Sprintf("%s Trace ID: %s Correlation ID: %s Timestamp: %s", e.text(), id, id, now),
		"error_codes":       []int{e.number},
		"timestamp":         now,
		"trace_id":          id,
		"correlation_id":    id,
		"error_uri":         fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", e.number),
	})
}

// newID makes a random UUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its contract
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return formatUUID(b)
}

func formatUUID(b [16]byte) string {
	digits := hex.EncodeToString(b[:])
	return digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:20] + "-" + digits[20:]
}

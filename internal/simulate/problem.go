package simulate

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
)

// Problem is an error of the control plane, answered as RFC 9457 problem JSON.
type Problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"` // a sentence that says what to do
}

func (p *Problem) Error() string { return p.Detail }

// Malformed is a request that the control plane cannot read.
func Malformed(format string, args ...any) *Problem {
	return problem(http.StatusBadRequest, "malformed", format, args...)
}

// NotFound is a request about something that is not there.
func NotFound(format string, args ...any) *Problem {
	return problem(http.StatusNotFound, "not_found", format, args...)
}

// Conflict is a request that contradicts what is there.
func Conflict(format string, args ...any) *Problem {
	return problem(http.StatusConflict, "conflict", format, args...)
}

func problem(status int, code, format string, args ...any) *Problem {
	return &Problem{Title: http.StatusText(status), Status: status, Code: code, Detail: fmt.Sprintf(format, args...)}
}

func writeProblem(w http.ResponseWriter, err error) {
	var known *Problem
	if !errors.As(err, &known) {
		slog.Error("control of a simulated tenant", "error", err)
		known = problem(http.StatusInternalServerError, "internal", "The simulated tenant hit an error of its own; see its log.")
	}
	writeJSON(w, known.Status, "application/problem+json", known)
}

// WriteJSON answers with a JSON body.
func WriteJSON(w http.ResponseWriter, status int, body any) {
	writeJSON(w, status, "application/json", body)
}

func writeJSON(w http.ResponseWriter, status int, contentType string, body any) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		slog.Debug("answer of a simulated tenant cut", "error", err)
	}
}

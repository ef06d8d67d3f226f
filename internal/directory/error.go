package directory

import (
	"errors"
	"time"
)

// Kind is the class of an error: what the caller can do about it.
type Kind string

// The kinds of error.
const (
	KindMalformed       Kind = "malformed"       // the request cannot be read
	KindUnauthenticated Kind = "unauthenticated" // not signed in
	KindForbidden       Kind = "forbidden"       // signed in, wrong role
	KindNotFound        Kind = "not_found"       // not there, or another account's
	KindConflict        Kind = "conflict"        // at odds with the present state
	KindGone            Kind = "gone"            // was there, is used up or expired
	KindInvalid         Kind = "invalid"         // understood, but not acceptable
	KindTooFast         Kind = "too_fast"        // ask again later
	KindUnavailable     Kind = "unavailable"     // something Rollcall needs does not answer
)

// FieldError is what is wrong with one field of a request.
type FieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Error is an error for a person and for a program: a sentence that says what happened and what
// to do, and a code. Its cause is for the log only.
type Error struct {
	Kind    Kind
	Code    string
	Message string
	Remedy  string // what to do, where the message does not say it
	Fields  []FieldError
	// RetryAfter is how long to wait before the next try, where the other side said so.
	RetryAfter time.Duration
	// Permanent says that trying again cannot help.
	Permanent bool
	Cause     error
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Code + ": " + e.Cause.Error()
	}
	return e.Code + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.Cause }

// Sentence is the message with its remedy.
func (e *Error) Sentence() string {
	if e.Remedy == "" {
		return e.Message
	}
	return e.Message + " " + e.Remedy
}

// Invalid is an error about a request that is understood but not acceptable.
func Invalid(code, message string, fields ...FieldError) *Error {
	return &Error{Kind: KindInvalid, Code: code, Message: message, Fields: fields}
}

// NotFound is an error about something that is not there; another account's things are not there.
func NotFound(what string) *Error {
	return &Error{Kind: KindNotFound, Code: "not_found", Message: "There is no such " + what + " in this account."}
}

// Conflict is an error about a request that the present state does not allow.
func Conflict(code, message string) *Error {
	return &Error{Kind: KindConflict, Code: code, Message: message}
}

// HasCode says whether err is, or wraps, an Error with the code.
func HasCode(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

package scim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/rollcall-sync/rollcall/internal/scim/filter"
)

// ErrorURN is the schema of an error's body.
const ErrorURN = "urn:ietf:params:scim:api:messages:2.0:Error"

// The kinds of error 400 and 409, RFC 7644, section 3.12.
const (
	InvalidFilter = "invalidFilter"
	InvalidPath   = "invalidPath"
	InvalidSyntax = "invalidSyntax"
	InvalidValue  = "invalidValue"
	NoTarget      = "noTarget"
	NotMutable    = "mutability"
	NotUnique     = "uniqueness"
	TooMany       = "tooMany"
)

// Error is an answer that refuses a request, RFC 7644, section 3.12.
type Error struct {
	Status int
	Type   string // scimType; empty where the RFC has none
	Detail string // a sentence for a person
}

func (e *Error) Error() string { return e.Detail }

// MarshalJSON writes the body of the answer.
func (e *Error) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Schemas []string `json:"schemas"`
		Status  string   `json:"status"`
		Type    string   `json:"scimType,omitempty"`
		Detail  string   `json:"detail,omitempty"`
	}{[]string{ErrorURN}, strconv.Itoa(e.Status), e.Type, e.Detail})
}

// AsError is an error of the filter package as an answer; others stay as they are.
func AsError(err error) error {
	var e *filter.Error
	if errors.As(err, &e) {
		return &Error{Status: http.StatusBadRequest, Type: e.Type, Detail: e.Detail}
	}
	return err
}

func refuse(scimType, format string, args ...any) error {
	return &Error{Status: http.StatusBadRequest, Type: scimType, Detail: fmt.Sprintf(format, args...)}
}

func tooLarge(format string, args ...any) error {
	return &Error{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf(format, args...)}
}

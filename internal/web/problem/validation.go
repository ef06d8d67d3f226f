package problem

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// OfValidation is the problem of a request that huma's validation refused.
func OfValidation(m *huma.ErrorModel) *Problem {
	switch m.Status {
	case http.StatusBadRequest:
		return New(m.Status, "malformed", "The request cannot be read: "+firstMessage(m)+".")
	case http.StatusUnprocessableEntity:
		fields := fieldErrors(m.Errors)
		return New(m.Status, "invalid", Summary("The request was not accepted.", fields), fields...)
	case http.StatusRequestEntityTooLarge:
		return New(m.Status, "too_large", "The request body is larger than 1 MiB.")
	case http.StatusRequestTimeout:
		return New(m.Status, "timeout", "The request body did not arrive in time.")
	default:
		return New(m.Status, CodeInternal, "The request could not be handled.")
	}
}

// Summary is a sentence with the first of the mistakes, and how many more there are.
func Summary(sentence string, fields []directory.FieldError) string {
	if len(fields) == 0 {
		return sentence
	}
	s := fmt.Sprintf("%s %s: %s", sentence, fields[0].Field, fields[0].Message)
	if len(fields) > 1 {
		s += fmt.Sprintf(" And %d more: see errors.", len(fields)-1)
	}
	return s
}

func firstMessage(m *huma.ErrorModel) string {
	if len(m.Errors) > 0 {
		return m.Errors[0].Message
	}
	return m.Detail
}

func fieldErrors(details []*huma.ErrorDetail) []directory.FieldError {
	fields := make([]directory.FieldError, 0, len(details))
	for _, d := range details {
		fields = append(fields, fieldError(d))
	}
	return fields
}

// fieldError names the field as the caller wrote it, where huma names the place in its input.
func fieldError(d *huma.ErrorDetail) directory.FieldError {
	field := d.Location
	for _, place := range []string{"body", "query", "header"} {
		field = strings.TrimPrefix(field, place+".")
	}
	before, after, _ := strings.Cut(validation.MsgExpectedRequiredProperty, "%s")
	if missing, ok := strings.CutPrefix(d.Message, before); ok && strings.HasSuffix(missing, after) {
		name := strings.TrimSuffix(missing, after)
		if field != "body" {
			name = field + "." + name
		}
		return directory.FieldError{Field: name, Message: "This is required."}
	}
	if d.Message == validation.MsgUnexpectedProperty {
		return directory.FieldError{Field: field, Message: "There is no such property here."}
	}
	if strings.HasPrefix(d.Message, "expected ") {
		return directory.FieldError{Field: field, Message: "E" + d.Message[1:] + "."}
	}
	return directory.FieldError{Field: field, Message: d.Message + "."}
}

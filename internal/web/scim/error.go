package scim

import (
	"context"
	"errors"
	"net/http"

	"github.com/rollcall-sync/rollcall/internal/directory"
	protocol "github.com/rollcall-sync/rollcall/internal/scim"
	"github.com/rollcall-sync/rollcall/internal/web/problem"
)

// The scimTypes of RFC 9865, section 2.1.
const (
	invalidCursor = "invalidCursor"
	invalidCount  = "invalidCount"
)

// meanings are errors of the domain whose status or scimType their kind does not tell.
var meanings = map[string]protocol.Error{
	"user_name_taken":  {Status: http.StatusConflict, Type: protocol.NotUnique},
	"address_taken":    {Status: http.StatusConflict, Type: protocol.NotUnique},
	"last_admin":       {Status: http.StatusForbidden},
	"cursor_invalid":   {Status: http.StatusBadRequest, Type: invalidCursor},
	"query_too_costly": {Status: http.StatusBadRequest, Type: protocol.TooMany},
}

// refusal is the one place where an error becomes a SCIM error, with the headers that belong to it.
// What a client can do nothing about goes to the log alone.
func (s *Service) refusal(ctx context.Context, err error) (*protocol.Error, http.Header) {
	var refused *protocol.Error
	var lost *problem.Problem
	var domain *directory.Error
	switch {
	case errors.As(protocol.AsError(err), &refused):
		return refused, nil
	case errors.As(err, &lost) && lost.Status == http.StatusNotFound:
		return &protocol.Error{Status: http.StatusNotFound, Detail: "There is nothing at this address. /ResourceTypes lists the kinds of resources and their addresses."}, nil
	}
	p := s.report.Of(ctx, err)
	e := protocol.Error{Status: p.Status, Detail: p.Detail}
	if p.RequestID != "" {
		e.Detail += " Request id: " + p.RequestID
	}
	if errors.As(err, &domain) {
		e = inSCIM(e, domain)
	}
	return &e, p.GetHeaders()
}

// inSCIM corrects what HTTP says of an error of the domain by what SCIM says of it.
func inSCIM(e protocol.Error, of *directory.Error) protocol.Error {
	switch of.Kind {
	case directory.KindUnauthenticated:
		e.Detail = "This needs a SCIM token that is in force. Send it as Authorization: Bearer."
	case directory.KindMalformed:
		e.Type = protocol.InvalidSyntax
	case directory.KindInvalid:
		e.Status, e.Type = http.StatusBadRequest, protocol.InvalidValue
	default:
	}
	if known, ok := meanings[of.Code]; ok {
		e.Status, e.Type = known.Status, known.Type
	}
	return e
}

// WriteError answers a request with an error.
func (s *Service) WriteError(w http.ResponseWriter, r *http.Request, err error) {
	refused, headers := s.refusal(r.Context(), err)
	for name, values := range headers {
		w.Header()[name] = values
	}
	s.write(w, r, refused.Status, refused)
}

func invalid(scimType, detail string) *protocol.Error {
	return &protocol.Error{Status: http.StatusBadRequest, Type: scimType, Detail: detail}
}

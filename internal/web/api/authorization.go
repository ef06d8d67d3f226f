package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// bearer is the name of the security scheme of tokens.
const bearer = "token"

// open is the option of a route that needs no sign-in.
func open(op *huma.Operation) { op.Security = []map[string][]string{} }

// forEveryRole is the option of a route that takes a token of any role.
func forEveryRole(op *huma.Operation) { op.Metadata = map[string]any{everyRole: true} }

const everyRole = "every role"

type principalKey struct{}

func principal(ctx context.Context) directory.Principal {
	who, _ := ctx.Value(principalKey{}).(directory.Principal)
	return who
}

// authorize lets those through who may use the route, and only to ids that can be one.
func (s *api) authorize(ctx huma.Context, next func(huma.Context)) {
	op := ctx.Operation()
	if len(op.Security) > 0 {
		who, err := s.signedIn(ctx)
		if err == nil && op.Metadata[everyRole] == nil && !directory.MayAdminister(who.RoleID) {
			err = forbidden()
		}
		if err != nil {
			s.refuse(ctx, err)
			return
		}
		ctx = huma.WithValue(ctx, principalKey{}, who)
	}
	if err := checkPathID(ctx); err != nil {
		s.refuse(ctx, err)
		return
	}
	_, w := humago.Unwrap(ctx)
	next(huma.WithValue(ctx, connectionKey{}, http.NewResponseController(w)))
}

type connectionKey struct{}

// endOfReading lifts the time limit that huma sets for reading a body. It would go on to cut off
// the work that follows, for the server watches the connection meanwhile.
func endOfReading(ctx context.Context) {
	if c, ok := ctx.Value(connectionKey{}).(*http.ResponseController); ok {
		// A connection without deadlines has none to lift.
		_ = c.SetReadDeadline(time.Time{})
	}
}

func (s *api) refuse(ctx huma.Context, err error) {
	r, w := humago.Unwrap(ctx)
	s.report.Write(w, r, err)
}

func (s *api) signedIn(ctx huma.Context) (directory.Principal, error) {
	scheme, token, _ := strings.Cut(strings.TrimSpace(ctx.Header("Authorization")), " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "bearer") || token == "" {
		return directory.Principal{}, &directory.Error{
			Kind: directory.KindUnauthenticated, Code: "unauthenticated", Message: "You are not signed in.",
			Remedy: "Send an API token: Authorization: Bearer <token>.",
		}
	}
	who, err := s.store.Authenticate(ctx.Context(), token)
	var e *directory.Error
	if errors.As(err, &e) && e.Kind == directory.KindUnauthenticated {
		return who, &directory.Error{
			Kind: directory.KindUnauthenticated, Code: "token_invalid", Message: "This token is unknown or revoked.",
			Remedy: "Use a token that is in force.",
		}
	}
	return who, err
}

func forbidden() *directory.Error {
	return &directory.Error{
		Kind: directory.KindForbidden, Code: "role_forbidden", Message: "Your role may not do this.",
		Remedy: "It takes an account owner, a super admin or a user admin.",
	}
}

// checkPathID answers an id that cannot be one like an id that is not there.
func checkPathID(ctx huma.Context) error {
	for _, p := range ctx.Operation().Parameters {
		if p.In != "path" || p.Schema.Format != "uuid" {
			continue
		}
		if id := ctx.Param(p.Name); len(id) != len(uuid.Nil.String()) || uuid.Validate(id) != nil {
			before, _, _ := strings.Cut(ctx.Operation().Path, "/{"+p.Name+"}")
			return directory.NotFound(strings.TrimSuffix(before[strings.LastIndex(before, "/")+1:], "s"))
		}
	}
	return nil
}

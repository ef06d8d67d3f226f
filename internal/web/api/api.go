// Package api is the JSON API: routes, what goes in, what comes out. One file per noun.
//
// It decides nothing: it checks the form of a request, asks admin or the store, and shows the
// answer. How errors look is decided in problem.
package api

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/rollcall-sync/rollcall/internal/admin"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
	"github.com/rollcall-sync/rollcall/internal/web/problem"
)

// api holds what the routes need.
type api struct {
	huma   huma.API
	admin  *admin.Admin
	store  *store.Store
	report problem.Reporter
}

// Register adds the routes of the API to mux and returns their description.
func Register(mux *http.ServeMux, a *admin.Admin, log *slog.Logger) *huma.OpenAPI {
	s := &api{admin: a, store: a.Store, report: problem.Reporter{Log: log}}
	s.huma = humago.New(mux, s.config())
	s.huma.UseMiddleware(s.authorize)
	s.routes()
	description := s.huma.OpenAPI()
	delete(description.Components.Schemas.Map(), "ErrorModel") // problems take its place
	return description
}

func (s *api) routes() {
	s.accountRoutes()
	s.fieldRoutes()
	s.roleRoutes()
	s.organizationRoutes()
	s.connectionRoutes()
	s.mappingRoutes()
	s.configurationRoutes()
	s.personRoutes()
	s.runRoutes()
	s.changeRoutes()
	s.eventRoutes()
	s.webhookRoutes()
	s.userRoutes()
	s.groupRoutes()
	s.notificationRoutes()
	s.invitationRoutes()
	s.tokenRoutes()
	s.scimRoutes()
	s.scimMappingRoutes()
}

func (s *api) config() huma.Config {
	format := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Rollcall API", Version: "1",
				Description: "Keeps an account's users in step with the company's directory. A token belongs to one account and has a role.",
			},
			Components: &huma.Components{
				Schemas:         huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{bearer: {Type: "http", Scheme: "bearer"}},
			},
		},
		Formats:       map[string]huma.Format{"application/json": format, "json": format},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{asProblem},
	}
}

// asProblem gives huma's own errors the shape of all others.
func asProblem(_ huma.Context, _ string, v any) (any, error) {
	if m, ok := v.(*huma.ErrorModel); ok {
		return problem.OfValidation(m), nil
	}
	return v, nil
}

// handler does the work of a route for the one who asks.
type handler[I, O any] func(ctx context.Context, who directory.Principal, in *I) (*O, error)

// body is an answer with a JSON body.
type body[T any] struct{ Body T }

// list is a stretch of a list.
type list[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next" doc:"Cursor of the next stretch; empty at the end."`
}

// byID is the input of a route that is about one thing.
type byID struct {
	ID string `path:"id" format:"uuid"`
}

// bySlug is the input of a route that is about one thing with a readable id.
type bySlug struct {
	ID string `path:"id"`
}

// none is the input of a route that needs nothing.
type none struct{}

// Paging is the part of a list's input that says which stretch.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"How many items at most."`
	Cursor string `query:"cursor" maxLength:"1000" doc:"The next of the previous stretch."`
}

// shown makes an answer of a value or an error.
func shown[T, O any](v T, err error, show func(T) O) (*body[O], error) {
	if err != nil {
		return nil, err
	}
	return &body[O]{show(v)}, nil
}

// listed makes an answer of a whole list.
func listed[T, O any](items []T, err error, show func(T) O) (*body[list[O]], error) {
	return paged(store.Page[T]{Items: items}, err, show)
}

// paged makes an answer of a stretch of a list.
func paged[T, O any](page store.Page[T], err error, show func(T) O) (*body[list[O]], error) {
	if err != nil {
		return nil, err
	}
	out := list[O]{Items: make([]O, 0, len(page.Items)), Next: page.Next}
	for _, item := range page.Items {
		out.Items = append(out.Items, show(item))
	}
	return &body[list[O]]{out}, nil
}

// route registers a route that is described by "METHOD /path" and a summary.
func route[I, O any](s *api, pattern, summary string, h handler[I, O], options ...func(*huma.Operation)) {
	method, path, _ := strings.Cut(pattern, " ")
	op := huma.Operation{
		Method: method, Path: path, Summary: summary, OperationID: huma.GenerateOperationID(method, path, new(O)),
		Tags: []string{strings.Split(path, "/")[2]}, Security: []map[string][]string{{bearer: {}}},
		Responses: map[string]*huma.Response{"default": {
			Description: "What went wrong, as in RFC 9457.",
			Content:     map[string]*huma.MediaType{problem.ContentType: {Schema: s.schema(reflect.TypeFor[problem.Problem]())}},
		}},
	}
	for _, option := range options {
		option(&op)
	}
	huma.Register(s.huma, op, func(ctx context.Context, in *I) (*O, error) {
		endOfReading(ctx)
		if err := refuseNUL(in); err != nil {
			return nil, s.report.Of(ctx, err)
		}
		out, err := h(ctx, principal(ctx), in)
		if err != nil {
			return nil, s.report.Of(ctx, err)
		}
		return out, nil
	})
}

func (s *api) schema(t reflect.Type) *huma.Schema {
	return s.huma.OpenAPI().Components.Schemas.Schema(t, true, "")
}

// status is the option of a route whose success has another status than 200.
func status(code int) func(*huma.Operation) {
	return func(op *huma.Operation) { op.DefaultStatus = code }
}

// described is the option of a route of which there is more to say than its summary.
func described(text string) func(*huma.Operation) {
	return func(op *huma.Operation) { op.Description = strings.TrimSpace(text) }
}

// refuseNUL refuses a text with a NUL character, which no database column can hold.
func refuseNUL(in any) error {
	field := reflect.ValueOf(in).Elem().FieldByName("Body")
	if !field.IsValid() {
		return nil
	}
	encoded, err := json.Marshal(field.Interface())
	if err != nil {
		return fmt.Errorf("look for NUL: %w", err)
	}
	var plain any
	if err := json.Unmarshal(encoded, &plain); err != nil {
		return fmt.Errorf("look for NUL: %w", err)
	}
	if fields := fieldsWithNUL(nil, "", plain); len(fields) > 0 {
		return directory.Invalid("invalid", problem.Summary("The request was not accepted.", fields), fields...)
	}
	return nil
}

func fieldsWithNUL(found []directory.FieldError, path string, v any) []directory.FieldError {
	switch v := v.(type) {
	case string:
		if strings.ContainsRune(v, 0) {
			found = append(found, directory.FieldError{Field: path, Message: "The text has a NUL character. Leave it out."})
		}
	case []any:
		for i, item := range v {
			found = fieldsWithNUL(found, fmt.Sprintf("%s[%d]", path, i), item)
		}
	case map[string]any:
		for name, item := range v {
			found = fieldsWithNUL(found, strings.TrimPrefix(path+"."+name, "."), item)
		}
	}
	return found
}

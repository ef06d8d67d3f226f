package scim

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rollcall-sync/rollcall/internal/directory"
	protocol "github.com/rollcall-sync/rollcall/internal/scim"
	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// request is what a client asks of one resource, by itself or as part of a bulk request.
type request struct {
	caller
	id    string // empty: of one that is to be created
	body  []byte
	when  condition
	shown protocol.Selection
}

// resource is a resource as it is answered.
type resource struct {
	id       string
	location string
	version  int64
	document map[string]any // nil: it is too large to be shown unasked
	// borrowed says that the document has names of other resources, or says to which it belongs: these
	// change without the version.
	borrowed bool
}

// collection is the resources of one type.
type collection interface {
	kind(c caller) *schema.ResourceType
	create(ctx context.Context, r request) (resource, error)
	read(ctx context.Context, r request) (resource, error)
	replace(ctx context.Context, r request) (resource, error)
	patch(ctx context.Context, r request) (resource, error)
	remove(ctx context.Context, r request) error
}

// requestOf is what an HTTP request asks of a resource of the collection.
func requestOf(r *http.Request, c caller, all collection) (request, error) {
	asked, err := about(c, all, r.PathValue("id"))
	if err != nil {
		return request{}, err
	}
	asked.when = conditionOf(r.Header)
	values := r.URL.Query()
	asked.shown, err = protocol.ParseSelection(all.kind(c), values["attributes"], values["excludedAttributes"])
	return asked, err
}

// about is a request about the resource that has the id. Ids are case-exact, RFC 7643, section 3.1:
// nothing has one in another spelling than ours.
func about(c caller, all collection, id string) (request, error) {
	if parsed, err := uuid.Parse(id); id != "" && (err != nil || parsed.String() != id) {
		return request{}, directory.NotFound(strings.ToLower(all.kind(c).Name))
	}
	return request{caller: c, id: id}, nil
}

// change lets a client create or change a resource and shows it what that came to.
func (s *Service) change(all collection, status int, do func(collection, context.Context, request) (resource, error)) handler {
	return func(w http.ResponseWriter, r *http.Request, c caller) error {
		asked, err := requestOf(r, c, all)
		if err != nil {
			return err
		}
		if asked.body, err = readBody(w, r); err != nil {
			return err
		}
		changed, err := do(all, r.Context(), asked)
		if err != nil {
			return err
		}
		s.show(w, r, status, changed)
		return nil
	}
}

func (s *Service) read(all collection) handler {
	return func(w http.ResponseWriter, r *http.Request, c caller) error {
		asked, err := requestOf(r, c, all)
		if err != nil {
			return err
		}
		found, err := all.read(r.Context(), asked)
		if err != nil {
			return err
		}
		if !found.borrowed && asked.when.unchanged(found.version) {
			w.Header().Set("ETag", tagOf(found.version))
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
		s.show(w, r, http.StatusOK, found)
		return nil
	}
}

func (s *Service) remove(all collection) handler {
	return func(w http.ResponseWriter, r *http.Request, c caller) error {
		asked, err := requestOf(r, c, all)
		if err != nil {
			return err
		}
		if err := all.remove(r.Context(), asked); err != nil {
			return err
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
}

// show answers with a resource, its address and its version.
func (s *Service) show(w http.ResponseWriter, r *http.Request, status int, shown resource) {
	w.Header().Set("Location", shown.location)
	w.Header().Set("ETag", tagOf(shown.version))
	if shown.document == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	s.write(w, r, status, shown.document)
}

// meta is RFC 7643, section 3.1.
func meta(name, location string, version int64, created, modified time.Time) map[string]any {
	return map[string]any{
		"resourceType": name, "location": location, "version": tagOf(version),
		"created": created.UTC().Format(time.RFC3339Nano), "lastModified": modified.UTC().Format(time.RFC3339Nano),
	}
}

package scim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	protocol "github.com/rollcall-sync/rollcall/internal/scim"
)

const (
	bulkResponseURN = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
	patchOpURN      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// maxOperations is how many operations a bulk request may have.
const maxOperations = 1000

// bulkRequest is RFC 7644, section 3.7.
type bulkRequest struct {
	FailOnErrors int // 0: goes on after any number
	Operations   []operation
}

// operation is one of a bulk request.
type operation struct {
	Method  string
	BulkID  string
	Version string
	Path    string
	Data    json.RawMessage
}

// outcome is what a client is told of an operation.
type outcome struct {
	Method   string          `json:"method"`
	BulkID   string          `json:"bulkId,omitempty"`
	Version  string          `json:"version,omitempty"`
	Location string          `json:"location,omitempty"`
	Status   string          `json:"status"`
	Response *protocol.Error `json:"response,omitempty"`
}

// bulk runs the operations of a bulk request, each by itself: what is done stays done when a later
// one fails.
func (s *Service) bulk(w http.ResponseWriter, r *http.Request, c caller) error {
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	var in bulkRequest
	if err := json.Unmarshal(body, &in); err != nil {
		return invalid(protocol.InvalidSyntax, "The body is no BulkRequest. Check its JSON, and that method, path, bulkId and version are texts.")
	}
	if len(in.Operations) > maxOperations {
		return &protocol.Error{
			Status: http.StatusRequestEntityTooLarge,
			Detail: fmt.Sprintf("The request has more than %d operations (maxOperations). Send fewer at once.", maxOperations),
		}
	}
	j, err := newJob(in, func(ctx context.Context, o operation) (resource, error) { return s.perform(ctx, c.token, o) })
	if err != nil {
		return err
	}
	if err := s.charge(c, max(len(in.Operations)-1, 0)); err != nil { // the request itself has paid for one
		return err
	}
	outcomes := []outcome{}
	for i, result := range j.do(r.Context()) {
		if result != nil {
			outcomes = append(outcomes, s.outcomeOf(r.Context(), in.Operations[i], *result))
		}
	}
	s.write(w, r, http.StatusOK, map[string]any{"schemas": []string{bulkResponseURN}, "Operations": outcomes})
	return nil
}

// methods are what the operations of a bulk request can do, and their status when it is done.
var methods = map[string]struct {
	do     func(all collection, ctx context.Context, r request) (resource, error)
	status int
}{
	http.MethodPost:   {collection.create, http.StatusCreated},
	http.MethodPut:    {collection.replace, http.StatusOK},
	http.MethodPatch:  {collection.patch, http.StatusOK},
	http.MethodDelete: {removed, http.StatusNoContent},
}

func removed(all collection, ctx context.Context, r request) (resource, error) {
	return resource{}, all.remove(ctx, r)
}

// perform does one operation as a request by itself would, and only if the token is still in force.
// The resource has a location even when the operation fails, if it is about one that can be there.
func (s *Service) perform(ctx context.Context, token string, o operation) (resource, error) {
	c, err := s.callerOf(ctx, token)
	if err != nil {
		return resource{}, err
	}
	method, known := methods[o.Method]
	if !known {
		return resource{}, invalid(protocol.InvalidSyntax, "An operation's method is POST, PUT, PATCH or DELETE.")
	}
	name, id, _ := strings.Cut(strings.Trim(o.Path, "/"), "/")
	all := map[string]collection{"Users": s.users, "Groups": s.groups}[name]
	if all == nil || (id == "") != (o.Method == http.MethodPost) || strings.Contains(id, "/") {
		return resource{}, invalid(protocol.InvalidPath, "An operation's path is /Users or /Groups, with an id unless its method is POST.")
	}
	if id == "" && o.BulkID == "" {
		return resource{}, invalid(protocol.InvalidSyntax, "An operation whose method is POST needs a bulkId.")
	}
	asked, err := about(c, all, id)
	if err != nil {
		return resource{}, err
	}
	if asked.shown, err = protocol.ParseSelection(all.kind(c), []string{"id"}, nil); err != nil {
		return resource{}, err
	}
	asked.body, asked.when = o.body(), condition{match: o.Version}
	changed, err := method.do(all, ctx, asked)
	if id != "" {
		changed.id, changed.location = id, s.base+all.kind(c).Endpoint+"/"+id
	}
	return changed, err
}

// body is the data as the body of a request by itself. The example of RFC 7644, section 3.7.3, has a
// PATCH whose data is the list of operations alone.
func (o operation) body() []byte {
	if o.Method != http.MethodPatch || !bytes.HasPrefix(o.Data, []byte("[")) {
		return o.Data
	}
	return fmt.Appendf(nil, `{"schemas":[%q],"Operations":%s}`, patchOpURN, o.Data)
}

// outcomeOf tells a client of a result.
func (s *Service) outcomeOf(ctx context.Context, o operation, done result) outcome {
	told := outcome{Method: o.Method, BulkID: o.BulkID, Location: done.resource.location}
	if done.err != nil {
		told.Response, _ = s.refusal(ctx, done.err)
		told.Status = strconv.Itoa(told.Response.Status)
		return told
	}
	told.Status = strconv.Itoa(methods[o.Method].status)
	if o.Method != http.MethodDelete {
		told.Version = tagOf(done.resource.version)
	}
	return told
}

package scim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	protocol "github.com/rollcall-sync/rollcall/internal/scim"
)

// referencePrefix begins a text that stands for the id of what another operation makes, RFC 7644,
// section 3.7.2.
const referencePrefix = "bulkId:"

// job runs the operations of a bulk request: in their order, but those that others refer to before
// these.
type job struct {
	bulkRequest
	perform  func(ctx context.Context, o operation) (resource, error)
	byBulkID map[string]int
	begun    []bool
	results  []*result // by operation; nil: not done
	failed   int
}

// result is what became of an operation.
type result struct {
	resource resource
	err      error
}

func newJob(in bulkRequest, perform func(ctx context.Context, o operation) (resource, error)) (*job, error) {
	n := len(in.Operations)
	j := &job{bulkRequest: in, perform: perform, byBulkID: map[string]int{}, begun: make([]bool, n), results: make([]*result, n)}
	for i := range in.Operations {
		o := &in.Operations[i]
		o.Method = strings.ToUpper(o.Method)
		if _, twice := j.byBulkID[o.BulkID]; twice {
			return nil, invalid(protocol.InvalidValue, fmt.Sprintf("Two operations have the bulkId %q. Give each its own.", o.BulkID))
		}
		if o.BulkID != "" {
			j.byBulkID[o.BulkID] = i
		}
	}
	return j, nil
}

// do runs the operations until as many have failed as the client puts up with.
func (j *job) do(ctx context.Context) []*result {
	for i := range j.Operations {
		if !j.begun[i] {
			j.run(ctx, i)
		}
	}
	return j.results
}

func (j *job) stopped(ctx context.Context) bool {
	return ctx.Err() != nil || j.FailOnErrors > 0 && j.failed >= j.FailOnErrors
}

func (j *job) run(ctx context.Context, i int) {
	j.begun[i] = true
	o, err := j.resolve(ctx, j.Operations[i])
	if j.stopped(ctx) {
		return
	}
	done := &result{err: err}
	if err == nil {
		done.resource, done.err = j.perform(ctx, o)
	}
	if done.err != nil {
		j.failed++
	}
	j.results[i] = done
}

// resolve puts ids in the place of an operation's references.
func (j *job) resolve(ctx context.Context, o operation) (operation, error) {
	var unresolved error
	id := func(bulkID string) string {
		id, err := j.idOf(ctx, bulkID)
		if err != nil && unresolved == nil {
			unresolved = err
		}
		return id
	}
	steps := strings.Split(o.Path, "/")
	for i, step := range steps {
		if bulkID, ok := strings.CutPrefix(step, referencePrefix); ok {
			steps[i] = id(bulkID)
		}
	}
	o.Path = strings.Join(steps, "/")
	if !bytes.Contains(o.Data, []byte(referencePrefix)) {
		return o, unresolved
	}
	decoder := json.NewDecoder(bytes.NewReader(o.Data))
	decoder.UseNumber()
	var data any
	if err := decoder.Decode(&data); err != nil {
		return o, fmt.Errorf("decode data of operation: %w", err)
	}
	resolved, err := json.Marshal(replaceReferences(data, id))
	if err != nil {
		return o, fmt.Errorf("encode data of operation: %w", err)
	}
	o.Data = resolved
	return o, unresolved
}

// idOf is the id of what the operation makes that has the bulkId; it is done now if it has not been.
func (j *job) idOf(ctx context.Context, bulkID string) (string, error) {
	i, known := j.byBulkID[bulkID]
	if !known {
		return "", invalid(protocol.InvalidValue, fmt.Sprintf("No operation has the bulkId %q.", bulkID))
	}
	if !j.begun[i] {
		j.run(ctx, i)
	} else if j.results[i] == nil {
		return "", &protocol.Error{Status: http.StatusConflict, Detail: fmt.Sprintf("The reference to bulkId %q leads back to this operation. Set it by a later request.", bulkID)}
	}
	if j.results[i] == nil || j.results[i].err != nil {
		return "", &protocol.Error{Status: http.StatusConflict, Detail: fmt.Sprintf("The operation with bulkId %q, to which this one refers, failed.", bulkID)}
	}
	return j.results[i].resource.id, nil
}

// replaceReferences is a JSON value with every reference in it replaced.
func replaceReferences(value any, id func(bulkID string) string) any {
	switch value := value.(type) {
	case string:
		if bulkID, ok := strings.CutPrefix(value, referencePrefix); ok {
			return id(bulkID)
		}
	case []any:
		for i := range value {
			value[i] = replaceReferences(value[i], id)
		}
	case map[string]any:
		for name := range value {
			value[name] = replaceReferences(value[name], id)
		}
	}
	return value
}

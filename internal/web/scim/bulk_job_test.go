package scim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	protocol "github.com/rollcall-sync/rollcall/internal/scim"
)

// run runs operations; who makes something gets the id of its bulkId in capitals brackets. It is the
// operations in the order in which they were performed, and the statuses of those that were not, by
// place; 0 where there is no result.
func run(t require.TestingT, failOnErrors int, operations ...operation) (performed []operation, failures []int) {
	j, err := newJob(bulkRequest{FailOnErrors: failOnErrors, Operations: operations}, func(_ context.Context, o operation) (resource, error) {
		if o.Path == "/fails" {
			return resource{}, errors.New("it fails")
		}
		performed = append(performed, o)
		return resource{id: "<" + o.BulkID + ">"}, nil
	})
	require.NoError(t, err)
	for _, done := range j.do(context.Background()) {
		var refused *protocol.Error
		switch {
		case done == nil:
			failures = append(failures, 0)
		case done.err == nil:
			failures = append(failures, 200)
		case errors.As(done.err, &refused):
			failures = append(failures, refused.Status)
		default:
			failures = append(failures, 500)
		}
	}
	return performed, failures
}

func post(bulkID, data string) operation {
	return operation{Method: "post", BulkID: bulkID, Path: "/Users", Data: json.RawMessage(data)}
}

// RFC 7644, section 3.7.2.
func TestD8_BulkReferences(t *testing.T) {
	t.Parallel()
	performed, statuses := run(t, 0,
		post("group", `{"members":[{"value":"bulkId:user"},{"value":"known"}]}`), // refers forward
		post("user", `{"userName":"Ana"}`),
		operation{Method: "PATCH", Path: "/Groups/bulkId:group", Data: json.RawMessage(`{"n":1.50}`)},
		post("", `{"manager":{"value":"bulkId:nobody"}}`),
	)
	require.Equal(t, []int{200, 200, 200, 400}, statuses)
	require.Equal(t, []string{"user", "group", ""}, []string{performed[0].BulkID, performed[1].BulkID, performed[2].BulkID})
	require.JSONEq(t, `{"members":[{"value":"<user>"},{"value":"known"}]}`, string(performed[1].Data))
	require.Equal(t, "/Groups/<group>", performed[2].Path)
	require.Equal(t, `{"n":1.50}`, string(performed[2].Data), "what refers to nothing stays as it was written")
}

// RFC 7644, section 3.7.1: what cannot be resolved is answered with 409.
func TestD8_BulkCircle(t *testing.T) {
	t.Parallel()
	performed, statuses := run(t, 0,
		post("a", `{"members":[{"value":"bulkId:b"}]}`), post("b", `{"members":[{"value":"bulkId:a"}]}`),
		post("self", `{"members":[{"value":"bulkId:self"}]}`), post("c", `{}`), post("d", `{"value":"bulkId:a"}`),
	)
	require.Equal(t, []int{409, 409, 409, 200, 409}, statuses)
	require.Len(t, performed, 1)
}

func TestD8_BulkFailOnErrors(t *testing.T) {
	t.Parallel()
	fails := operation{Method: "DELETE", Path: "/fails"}
	for limit, want := range map[int][]int{
		0: {500, 200, 500, 200}, 1: {500, 0, 0, 0}, 2: {500, 200, 500, 0}, 3: {500, 200, 500, 200},
	} {
		_, statuses := run(t, limit, fails, post("a", `{}`), fails, post("b", `{}`))
		require.Equal(t, want, statuses, limit)
	}
	_, statuses := run(t, 1, post("a", `{"value":"bulkId:x"}`), operation{Method: "PUT", BulkID: "x", Path: "/fails"})
	require.Equal(t, []int{0, 500}, statuses, "what waits for the operation that ends the request is not done either")
}

func TestD8_BulkIDsAreUnique(t *testing.T) {
	t.Parallel()
	_, err := newJob(bulkRequest{Operations: []operation{post("a", `{}`), post("a", `{}`)}}, nil)
	var refused *protocol.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, 400, refused.Status)
}

// Whatever refers to whatever: each operation is done once at most, after all that it refers to, and
// fails only when it is in a circle or refers to one that is.
func TestD8_BulkOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "operations")
		refers := make([][]int, n)
		var operations []operation
		for i := range n {
			refers[i] = rapid.SliceOfN(rapid.IntRange(0, n-1), 0, 2).Draw(t, "refers")
			values := []string{}
			for _, to := range refers[i] {
				values = append(values, fmt.Sprint("bulkId:", to))
			}
			data, err := json.Marshal(values)
			require.NoError(t, err)
			operations = append(operations, post(fmt.Sprint(i), string(data)))
		}
		performed, statuses := run(t, 0, operations...)
		var order []string
		for _, o := range performed {
			order = append(order, o.BulkID)
		}
		for i := range n {
			if endless(refers, i, nil) {
				require.Equal(t, 409, statuses[i])
				continue
			}
			require.Equal(t, 200, statuses[i])
			for _, to := range refers[i] {
				require.Less(t, slices.Index(order, fmt.Sprint(to)), slices.Index(order, fmt.Sprint(i)))
			}
		}
	})
}

// endless says whether following references from i comes to a circle.
func endless(refers [][]int, i int, way []int) bool {
	if slices.Contains(way, i) {
		return true
	}
	return slices.ContainsFunc(refers[i], func(to int) bool { return endless(refers, to, append(slices.Clone(way), i)) })
}

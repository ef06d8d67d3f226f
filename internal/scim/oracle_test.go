package scim

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/scim/filter"
)

// oracleCase is random operations and what scim-patch made of them: for each, the resource after it,
// or the error that ended the case. internal/cmd/scimoracle/patch records them.
type oracleCase struct {
	Resource   json.RawMessage
	Operations []json.RawMessage
	Results    []struct {
		Resource json.RawMessage
		Error    string
	}
}

// step is one operation of a case, and both answers to it.
type step struct {
	op       string
	path     filter.Path // zero: none
	value    any
	before   map[string]any
	ours     map[string]any // nil: refused
	theirs   map[string]any // nil: refused
	scimType string         // of our refusal
}

func TestD8_PatchAgreesWithScimPatch(t *testing.T) {
	t.Parallel()
	used := map[string]int{}
	cases, steps := 0, 0
	for c := range oracleCases(t) {
		cases++
		agreed := true
		before := c.Resource
		for i := range c.Results {
			s := takeStep(t, before, c.Operations[i], c.Results[i].Resource)
			steps++
			if !reflect.DeepEqual(s.ours, s.theirs) {
				agreed = false
				used[explanation(t, s.read(t, c.Operations[i]), c.Operations[i])]++
				break // from here on the two have different resources
			}
			before = c.Results[i].Resource
		}
		if agreed && len(c.Results) > 1 {
			requireWhole(t, c)
		}
	}
	require.Equal(t, 10_000, cases)
	for _, d := range differences() {
		require.NotZero(t, used[d.name], "the difference %q is not needed", d.name)
	}
	t.Logf("%d operations; differences: %v", steps, used)
}

func oracleCases(t *testing.T) func(yield func(oracleCase) bool) {
	t.Helper()
	file, err := os.Open("testdata/scim-patch.jsonl.gz")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, file.Close()) })
	unpacked, err := gzip.NewReader(file)
	require.NoError(t, err)
	lines := bufio.NewScanner(unpacked)
	lines.Buffer(nil, 1<<20)
	return func(yield func(oracleCase) bool) {
		for lines.Scan() {
			var c oracleCase
			require.NoError(t, json.Unmarshal(lines.Bytes(), &c))
			if !yield(c) {
				return
			}
		}
		require.NoError(t, lines.Err())
	}
}

// takeStep applies an operation to the resource that the oracle had before it.
func takeStep(t *testing.T, before, operation, after json.RawMessage) step {
	t.Helper()
	r, active := decoded(t, string(before))
	s := step{before: withActive(r, active), theirs: stored(t, after)}
	changed, nowActive, err := patched(t, string(before), "["+string(operation)+"]")
	if err == nil {
		s.ours = withActive(changed, nowActive)
		return s
	}
	var e *Error
	require.ErrorAs(t, err, &e)
	s.scimType = e.Type
	return s
}

// read is the step with what its operation says.
func (s step) read(t *testing.T, operation json.RawMessage) step {
	t.Helper()
	members, err := parseObject(operation)
	require.NoError(t, err)
	op, _ := members["op"].(string)
	s.op, s.value = strings.ToLower(op), members["value"]
	if path, ok := members["path"].(string); ok {
		s.path, err = filter.ParsePath(userType(), path)
		require.NoError(t, err)
	}
	return s
}

func withActive(r Resource, active bool) map[string]any {
	all := clone(map[string]any(r)).(map[string]any)
	all["active"] = active
	return all
}

// stored is the oracle's resource without what is unassigned (RFC 7643, section 2.5), which it keeps
// as empty lists and objects.
func stored(t *testing.T, raw json.RawMessage) map[string]any {
	t.Helper()
	if raw == nil {
		return nil
	}
	resource, err := parseObject(raw)
	require.NoError(t, err)
	compact(resource)
	return resource
}

func compact(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			if value[name] = compact(member); value[name] == nil {
				delete(value, name)
			}
		}
		if len(value) > 0 {
			return value
		}
	case []any:
		for i := range value {
			value[i] = compact(value[i])
		}
		if value = slices.DeleteFunc(value, func(v any) bool { return v == nil }); len(value) > 0 {
			return value
		}
	default:
		return value
	}
	return nil
}

// requireWhole sees to it that operations do together what they do one by one.
func requireWhole(t *testing.T, c oracleCase) {
	t.Helper()
	last := len(c.Results) - 1
	r, active, err := patched(t, string(c.Resource), toJSON(t, c.Operations[:last+1]))
	if c.Results[last].Resource == nil {
		require.Error(t, err)
		return
	}
	require.NoError(t, err)
	require.JSONEq(t, toJSON(t, stored(t, c.Results[last].Resource)), toJSON(t, withActive(r, active)))
}

// explanation is the name of the difference that covers a step, which is exactly the first whose input
// it is; our answer must be what its rule says.
func explanation(t *testing.T, s step, operation json.RawMessage) string {
	t.Helper()
	for _, d := range differences() {
		if d.when(s) {
			require.True(t, d.holds(s), "%s: %s\nrule: %s\nbefore %s\nours   %s (%s)\ntheirs %s",
				d.name, operation, d.rule, toJSON(t, s.before), toJSON(t, s.ours), s.scimType, toJSON(t, s.theirs))
			return d.name
		}
	}
	require.Fail(t, "a difference without a rule", "%s\nbefore %s\nours   %s (%s)\ntheirs %s",
		operation, toJSON(t, s.before), toJSON(t, s.ours), s.scimType, toJSON(t, s.theirs))
	return ""
}

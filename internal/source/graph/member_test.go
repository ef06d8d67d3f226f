package graph

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzMembers compares the walk with encoding/json on every text that is valid JSON.
func FuzzMembers(f *testing.F) {
	for _, text := range []string{
		`{}`, ` { } `, `{"id":"1"}`, `{ "a" : 1 , "b":[{"c":"}"}, "]" ] ,"d":"\"\\" }`, `{"a":null,"a":-1.5e+3}`,
		"{\n\"m\\u0061il\"\t:\r{\"x\":{}}}", `{"":""}`, `[{"id":"1"}]`, `"{"`, `7`, `null`, ``,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(text)) {
			return
		}
		var want map[string]json.RawMessage
		_ = json.Unmarshal([]byte(text), &want) // stays empty where text is no object
		got := map[string]json.RawMessage{}
		for name, value := range members(json.RawMessage(text)) {
			got[string(name)] = value
		}
		require.Len(t, got, len(want))
		for name, value := range want {
			require.Equal(t, string(value), string(got[name]), name)
		}
	})
}

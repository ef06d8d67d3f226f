package scim

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func requireTooLarge(t *testing.T, err error) {
	t.Helper()
	var e *Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, http.StatusRequestEntityTooLarge, e.Status)
	require.Empty(t, e.Type)
}

func TestLimits(t *testing.T) {
	t.Parallel()
	photo := strings.Repeat("x", 900_000)
	_, _, err := Decode(userType(), []byte(`{"userName":"a","photos":[{"value":"`+photo+`"},{"value":"y`+photo+`"}]}`))
	requireTooLarge(t, err)
	_, _, err = patched(t, `{"userName":"a","photos":[{"value":"`+photo+`"}]}`, `[{"op":"add","path":"photos","value":{"value":"y`+photo+`"}}]`)
	requireTooLarge(t, err)
	_, _, err = patched(t, `{"userName":"a"}`, `[{"op":"add","path":"photos","value":[{"value":"`+photo+`"},{"value":"y`+photo+`"}]}]`)
	requireTooLarge(t, err)

	_, _, err = patched(t, `{"userName":"a"}`, `[`+strings.Repeat(`{"op":"add","path":"title","value":"T"},`, maxOperations)+`{"op":"remove","path":"title"}]`)
	requireTooLarge(t, err)
	var names strings.Builder
	for i := range maxOperations {
		fmt.Fprintf(&names, `"x%d":1,`, i)
	}
	_, _, err = patched(t, `{"userName":"a"}`, `[{"op":"add","value":{`+names.String()+`"title":"T"}}]`)
	requireTooLarge(t, err)

	var people strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&people, `{"value":"u%d"},`, i)
	}
	_, changes, err := patchedGroup(`[{"op":"add","path":"members","value":[` + people.String() + `"last"]}]`)
	require.NoError(t, err)
	require.Len(t, changes[0].Members, 50_001)
}

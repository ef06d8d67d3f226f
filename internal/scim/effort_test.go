package scim

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// roles are n of them, as JSON, without brackets.
func roles(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(`{"value":"role %d","type":"%d"}`, i, i)
	}
	return strings.Join(all, ",")
}

func TestAtMostAThousandValues(t *testing.T) {
	t.Parallel()
	most := `{"userName":"a","roles":[` + roles(1000) + `]}`
	r, _ := decoded(t, most)
	require.Len(t, r["roles"], 1000)
	_, _, err := Decode(userType(), []byte(`{"userName":"a","roles":[`+roles(1001)+`]}`))
	requireRefused(t, err, InvalidValue)
	require.ErrorContains(t, err, `"roles"`)
	for _, operation := range []string{
		`{"op":"add","path":"roles","value":{"value":"one more"}}`,
		`{"op":"add","path":"roles[type eq \"new\"].value","value":"one more"}`,
		`{"op":"replace","path":"roles","value":[` + roles(1001) + `]}`,
		`{"op":"remove","path":"roles","value":[` + roles(1001) + `]}`,
	} {
		_, _, err := patched(t, most, `[`+operation+`]`)
		requireRefused(t, err, InvalidValue)
		require.ErrorContains(t, err, `"roles`)
	}
	r, _, err = patched(t, most, `[{"op":"add","path":"roles","value":[`+roles(1000)+`]}]`)
	require.NoError(t, err)
	require.Len(t, r["roles"], 1000, "those that are there already do not count twice")
	r, _, err = patched(t, most, `[{"op":"remove","path":"roles","value":[`+roles(1000)+`]}]`)
	require.NoError(t, err)
	require.Empty(t, r["roles"])
}

// Whatever a PATCH of a megabyte asks for, it is refused before it has taken long.
func TestEffortOfAPatchIsLimited(t *testing.T) {
	t.Parallel()
	most := `{"userName":"a","roles":[` + roles(1000) + `]}`
	long := `{"userName":"a","photos":[{"value":"` + strings.Repeat("x", 900_000) + `"}]}`
	terms := strings.Repeat(`value co \"y\" or `, 60) + `value co \"z\"`
	for name, c := range map[string]struct{ body, operation string }{
		"many are compared with each other": {most, `{"op":"replace","path":"roles[type eq \"1\"].display","value":"D"}`},
		"many are filtered":                 {most, `{"op":"remove","path":"roles[` + terms + `]"}`},
		"many are changed":                  {most, `{"op":"replace","path":"roles.display","value":"D"}`},
		"many are compared with many":       {most, `{"op":"remove","path":"roles","value":[` + strings.Repeat(`"x",`, 300) + `"x"]}`},
		"a long one is looked at":           {long, `{"op":"add","path":"photos","value":"y"}`},
		"a long one is filtered":            {long, `{"op":"remove","path":"photos[` + terms + `]"}`},
	} {
		t.Run(name, func(t *testing.T) {
			n := min(maxOperations, maxUserSize/(len(c.operation)+1)-1)
			operations := "[" + strings.TrimSuffix(strings.Repeat(c.operation+",", n), ",") + "]"
			begun := time.Now()
			_, _, err := patched(t, c.body, operations)
			t.Logf("%d operations: %v", n, time.Since(begun))
			var e *Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, http.StatusRequestEntityTooLarge, e.Status, e.Detail)
			require.Contains(t, e.Detail, "many values")
			_, _, err = patched(t, c.body, "["+c.operation+","+c.operation+"]")
			require.NoError(t, err)
		})
	}
}

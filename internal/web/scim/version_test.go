package scim

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	protocol "github.com/rollcall-sync/rollcall/internal/scim"
)

// RFC 7644, section 3.14; RFC 9110, sections 8.8.3 and 13.1.
func TestD8_EntityTags(t *testing.T) {
	t.Parallel()
	require.Equal(t, `W/"7"`, tagOf(7))
	for tags, same := range map[string]bool{
		`W/"7"`: true, `"7"`: true, `*`: true, `W/"6", W/"7"`: true, `"6","7"`: true, `w/"7"`: true, `7`: true, `W/7`: true,
		`W/"6"`: false, `W/"77"`: false, `"W/7`: false, `W/`: false, `,`: false, `W\/"7"`: false,
	} {
		require.Equal(t, same, hasTag(tags, 7), tags)
	}
}

func TestD8_Preconditions(t *testing.T) {
	t.Parallel()
	header := func(pairs ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			h.Add(pairs[i], pairs[i+1])
		}
		return h
	}
	for name, c := range map[string]struct {
		header    http.Header
		refused   bool
		unchanged bool
	}{
		"none":                      {header: header()},
		"match":                     {header: header("If-Match", `W/"7"`)},
		"match of another version":  {header: header("If-Match", `W/"6"`), refused: true},
		"match in the second line":  {header: header("If-Match", `W/"6"`, "If-Match", `W/"7"`)},
		"none-match":                {header: header("If-None-Match", `W/"7"`), refused: true, unchanged: true},
		"none-match of an old one":  {header: header("If-None-Match", `W/"6"`)},
		"none-match of whatever is": {header: header("If-None-Match", `*`), refused: true, unchanged: true},
	} {
		when := conditionOf(c.header)
		require.Equal(t, c.unchanged, when.unchanged(7), name)
		if !c.refused {
			require.NoError(t, when.check(7), name)
			continue
		}
		var refused *protocol.Error
		require.ErrorAs(t, when.check(7), &refused, name)
		require.Equal(t, http.StatusPreconditionFailed, refused.Status, name)
	}
}

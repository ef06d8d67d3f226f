package scim

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	protocol "github.com/rollcall-sync/rollcall/internal/scim"
)

// RFC 7644, table 9; RFC 9865, section 2.1.
func TestD8_MeaningsOfErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err      *directory.Error
		status   int
		scimType string
	}{
		{directory.Invalid("query_too_costly", "x"), http.StatusBadRequest, "tooMany"},
		{directory.Invalid("invalid_value", "x"), http.StatusBadRequest, "invalidValue"},
		{directory.Invalid("cursor_invalid", "x"), http.StatusBadRequest, "invalidCursor"},
		{directory.Conflict("user_name_taken", "x"), http.StatusConflict, "uniqueness"},
		{directory.Conflict("address_taken", "x"), http.StatusConflict, "uniqueness"},
		{directory.Conflict("last_admin", "x"), http.StatusForbidden, ""},
	} {
		e := inSCIM(protocol.Error{Status: http.StatusConflict, Detail: "x"}, c.err)
		require.Equal(t, protocol.Error{Status: c.status, Type: c.scimType, Detail: "x"}, e, c.err.Code)
	}
}

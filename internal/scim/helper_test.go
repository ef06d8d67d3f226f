package scim

import (
	"encoding/json"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

const accountURN = "urn:rollcall:scim:schemas:extension:acme:2:User"

// userType is users of an account that has a custom field of each type.
var userType = sync.OnceValue(func() *schema.ResourceType {
	fields := directory.SystemFields()
	for _, kind := range directory.FieldTypes() {
		fields = append(fields, directory.Field{ID: "my_" + string(kind), Name: "My " + string(kind), Type: kind})
	}
	return schema.User(schema.AccountExtension("acme", fields))
})

// decoded is the resource and active of a body, which leaves no active unsaid.
func decoded(t *testing.T, body string) (Resource, bool) {
	t.Helper()
	r, active, err := Decode(userType(), []byte(body))
	require.NoError(t, err)
	return r, active == nil || *active
}

func toJSON(t *testing.T, value any) string {
	t.Helper()
	b, err := json.Marshal(value)
	require.NoError(t, err)
	return string(b)
}

// patched applies operations, written as the list's JSON, to the resource of a body.
func patched(t *testing.T, body, operations string) (Resource, bool, error) {
	t.Helper()
	r, active := decoded(t, body)
	before := toJSON(t, r)
	p, err := ParsePatch(userType(), []byte(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":`+operations+`}`))
	if err != nil {
		return nil, false, err
	}
	changed, nowActive, err := p.ApplyUser(r, active, "u1")
	require.JSONEq(t, before, toJSON(t, r), "PATCH must not change what it got")
	return changed, nowActive, err
}

// requirePatched compares the resource after operations with a JSON object that leaves userName out.
func requirePatched(t *testing.T, body, operations, want string) {
	t.Helper()
	changed, _, err := patched(t, body, operations)
	require.NoError(t, err)
	delete(changed, "userName")
	require.JSONEq(t, want, toJSON(t, changed))
}

func requireRefused(t *testing.T, err error, scimType string) {
	t.Helper()
	var e *Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, 400, e.Status, e.Detail)
	require.Equal(t, scimType, e.Type, e.Detail)
	require.NotEmpty(t, e.Detail)
}

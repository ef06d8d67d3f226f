package scim_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// RFC 7643, section 5; RFC 7644, section 4; RFC 9865.
func TestD8_ServiceProviderConfig(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := b.get("/ServiceProviderConfig")
	require.Equal(t, http.StatusOK, a.status)
	require.Equal(t, media, a.header.Get("Content-Type"))
	supported := map[string]any{"supported": true}
	require.Equal(t, []any{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"}, a.body["schemas"])
	require.Equal(t, supported, a.body["patch"])
	require.Equal(t, supported, a.body["sort"])
	require.Equal(t, supported, a.body["etag"])
	require.Equal(t, map[string]any{"supported": false}, a.body["changePassword"])
	require.Equal(t, map[string]any{"supported": true, "maxResults": json.Number("500")}, a.body["filter"])
	require.Equal(t, map[string]any{"supported": true, "maxOperations": json.Number("1000"), "maxPayloadSize": json.Number("10485760")}, a.body["bulk"])
	require.Equal(t, true, a.body["pagination"].(map[string]any)["cursor"])
	require.Equal(t, true, a.body["pagination"].(map[string]any)["index"])
	require.Equal(t, "index", a.body["pagination"].(map[string]any)["defaultPaginationMethod"])
	schemes := a.body["authenticationSchemes"].([]any)
	require.Len(t, schemes, 1)
	require.Equal(t, "oauthbearertoken", schemes[0].(map[string]any)["type"])
	require.Equal(t, map[string]any{"resourceType": "ServiceProviderConfig", "location": base + "/ServiceProviderConfig"}, a.body["meta"])
}

func TestD8_ResourceTypesAndSchemas(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for path, ids := range map[string][]string{
		"/ResourceTypes": {"User", "Group"},
		"/Schemas":       {schema.UserURN, schema.EnterpriseURN, b.extension(), schema.GroupURN, schema.ServiceProviderConfigURN, schema.ResourceTypeURN, schema.SchemaURN},
	} {
		list := b.get(path)
		require.Equal(t, http.StatusOK, list.status, list.text)
		found := []string{}
		for _, r := range list.body["Resources"].([]any) {
			document := r.(map[string]any)
			id := document["id"].(string)
			found = append(found, id)
			require.Equal(t, document, b.get(path+"/"+id).body)
			require.Equal(t, base+path+"/"+id, document["meta"].(map[string]any)["location"])
		}
		require.ElementsMatch(t, ids, found)
		require.Equal(t, json.Number(itoa(len(ids))), list.body["totalResults"])
		b.requireError(b.get(path+"/Nothing"), http.StatusNotFound, "")
		b.requireError(b.get(path+`?filter=id+eq+"User"`), http.StatusForbidden, "")
	}
	user := b.get("/ResourceTypes/User").body
	require.Equal(t, "/Users", user["endpoint"])
	require.Contains(t, user["schemaExtensions"], map[string]any{"schema": b.extension(), "required": false})
}

// RFC 7644, section 3.11.
func TestD8_Me(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, method := range []string{"GET", "PATCH", "DELETE"} {
		b.requireError(b.send(method, "/Me", nil), http.StatusNotImplemented, "")
	}
}

func TestD7_OwnFieldsFollowTheAccount(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	types := map[string]any{}
	for _, a := range b.get("/Schemas/" + b.extension()).body["attributes"].([]any) {
		types[a.(map[string]any)["name"].(string)] = a.(map[string]any)["type"]
	}
	require.Equal(t, map[string]any{"a_text": "string", "a_number": "decimal", "a_integer": "integer", "a_boolean": "boolean", "a_date": "string", "a_datetime": "dateTime"}, types)
	require.NoError(t, b.store.DeleteField(t.Context(), b.account.ID, "a_text"))
	require.NotContains(t, b.get("/Schemas/"+b.extension()).text, "a_text")
	_, b.token = b.newAccount("Fabrikam", 5)
	b.requireError(b.get("/Schemas/"+b.extension()), http.StatusNotFound, "")
	require.NotContains(t, b.get("/Schemas").text, "urn:rollcall")
}

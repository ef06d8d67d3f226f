package schema

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// rfcDocument is a document that the RFC prints.
func rfcDocument(t *testing.T, name string) map[string]any {
	t.Helper()
	b, err := os.ReadFile("../../../../shared/fixtures/scim-rfc/" + name + ".json")
	if err != nil {
		t.Skip("the shared samples are not there: no ../shared/fixtures/scim-rfc beside the project")
	}
	return parse(t, b)
}

func parse(t *testing.T, b []byte) map[string]any {
	t.Helper()
	var document map[string]any
	require.NoError(t, json.Unmarshal(b, &document))
	return document
}

func ours(t *testing.T, document map[string]any) map[string]any {
	t.Helper()
	b, err := json.Marshal(document)
	require.NoError(t, err)
	return parse(t, b)
}

// attributesOf are the attributes of a schema's document by their paths, without descriptions.
func attributesOf(list any, prefix string) map[string]map[string]any {
	found := map[string]map[string]any{}
	attributes, _ := list.([]any)
	for _, element := range attributes {
		a := element.(map[string]any)
		path := prefix + a["name"].(string)
		for sub, document := range attributesOf(a["subAttributes"], path+".") {
			found[sub] = document
		}
		delete(a, "subAttributes")
		delete(a, "description")
		found[path] = a
	}
	return found
}

// Where we stray from the schemas that RFC 7643, section 8.7.1 prints, and why.
var strayed = map[string]map[string]any{
	"active":        {"required": true},                                               // it always has a value, and cannot be removed
	"profileUrl":    {"caseExact": true},                                              // a URI, RFC 7643, section 2.3.7
	"groups.value":  {"caseExact": true},                                              // an id, RFC 7643, section 3.1
	"groups.$ref":   {"caseExact": true},                                              // a URI
	"groups.type":   {"canonicalValues": []any{"direct"}},                             // no group is in another
	"members.value": {"caseExact": true},                                              // an id
	"members.$ref":  {"caseExact": true, "referenceTypes": []any{"User"}},             // a URI; no group is in another
	"members.type":  {"canonicalValues": []any{"User"}},                               // no group is in another
	"manager.value": {"required": false},                                              // RECOMMENDED, RFC 7643, section 4.3
	"manager.$ref":  {"required": false, "caseExact": true, "mutability": "readOnly"}, // made of the value
}

func TestD8_SchemasAreThoseOfTheRFC(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*Schema{"user": &User(nil).Core, "group": &Group().Core, "enterprise_user": User(nil).Extension(EnterpriseURN)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rfc, document := rfcDocument(t, "rfc7643-8.7.1-schema-"+name), ours(t, s.Document("https://rollcall.example/scim/v2"))
			want, got := attributesOf(rfc["attributes"], ""), attributesOf(document["attributes"], "")
			delete(want, "password") // accepted and dropped
			for path, a := range want {
				require.Contains(t, got, path)
				for characteristic, value := range a {
					if instead, strays := strayed[path][characteristic]; strays {
						value = instead
					}
					require.Equal(t, value, got[path][characteristic], "%s of %s", characteristic, path)
				}
				delete(got, path)
			}
			require.Empty(t, got)
			delete(rfc, "attributes")
			delete(document, "attributes")
			require.Equal(t, "https://rollcall.example/scim/v2/Schemas/"+s.ID, document["meta"].(map[string]any)["location"])
			delete(rfc, "meta")
			require.Equal(t, "Schema", document["meta"].(map[string]any)["resourceType"])
			delete(document, "meta")
			require.Equal(t, rfc, document)
		})
	}
}

func TestD8_ServiceSchemasAreThoseOfTheRFC(t *testing.T) {
	t.Parallel()
	for i, name := range []string{"service_provider_configuration", "resource_type", "schema"} {
		s := ServiceSchemas()[i]
		rfc, document := rfcDocument(t, "rfc7643-8.7.2-schema-"+name), ours(t, s.Document("https://rollcall.example/scim/v2"))
		require.Equal(t, rfc["id"], document["id"])
		require.Equal(t, strings.Replace(rfc["name"].(string), "Service Provider Configuration", "ServiceProviderConfig", 1), document["name"], "clients look for the name of section 5")
		want, got := attributesOf(rfc["attributes"], ""), attributesOf(document["attributes"], "")
		for path, a := range want {
			for characteristic, value := range a {
				require.Equal(t, value, got[path][characteristic], "%s of %s", characteristic, path)
			}
			delete(got, path)
		}
		for path := range got {
			require.Regexp(t, `^pagination`, path, "of RFC 9865")
		}
	}
}

func TestD8_ResourceTypesAreThoseOfTheRFC(t *testing.T) {
	t.Parallel()
	user := rfcDocument(t, "rfc7643-8.6-resource_type-user")
	user["schemaExtensions"].([]any)[0].(map[string]any)["required"] = false // nobody must use it
	require.Equal(t, user, ours(t, User(nil).Document("https://example.com/v2")))
	group := rfcDocument(t, "rfc7643-8.6-resource_type-group")
	require.Equal(t, group, ours(t, Group().Document("https://example.com/v2")))
}

func TestD7_CustomFields(t *testing.T) {
	t.Parallel()
	require.Nil(t, AccountExtension("a1", directory.SystemFields()))

	fields := directory.SystemFields()
	for _, kind := range directory.FieldTypes() {
		fields = append(fields, directory.Field{ID: "f_" + string(kind), Name: "Field", Type: kind})
	}
	s := AccountExtension("a1", fields)
	require.Equal(t, "urn:rollcall:scim:schemas:extension:a1:2:User", s.ID)
	require.Len(t, s.Attributes, len(directory.FieldTypes()))
	for name, kind := range map[string]Type{
		"f_text": String, "f_email": String, "f_date": String, "f_person": String, "f_number": Decimal,
		"f_integer": Integer, "f_boolean": Boolean, "f_datetime": DateTime,
	} {
		require.Equal(t, kind, s.Attribute(name).Type, name)
	}
	require.Contains(t, s.Attribute("F_Date").Description, "YYYY-MM-DD")

	document := ours(t, User(s).Document("https://example.com/v2"))
	require.Equal(t, []any{
		map[string]any{"schema": EnterpriseURN, "required": false},
		map[string]any{"schema": s.ID, "required": false},
	}, document["schemaExtensions"])
}

func TestFind(t *testing.T) {
	t.Parallel()
	user := User(nil)
	require.Equal(t, "userName", user.Attribute("USERNAME").Name)
	require.Equal(t, "externalId", user.Attribute("externalid").Name)
	require.Equal(t, "lastModified", user.Attribute("meta").SubAttribute("LASTMODIFIED").Name)
	require.Nil(t, user.Attribute("shoeSize"))
	require.Nil(t, user.Attribute("password"))
	require.Nil(t, user.Extension("urn:example"))
}

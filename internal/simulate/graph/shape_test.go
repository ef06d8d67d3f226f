package graph_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

// edmType is one type of Graph's metadata.
type edmType struct {
	Base       string
	Open       bool
	Properties map[string]string
	Enum       []string
}

type metadata map[string]edmType

func fixture(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "..", "shared", "fixtures", "graph", name)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the sample %s is not there; it lies beside the project in shared/fixtures", name)
	}
	return path
}

func loadMetadata(t *testing.T) metadata {
	t.Helper()
	data, err := os.ReadFile(fixture(t, "types.json"))
	require.NoError(t, err)
	var types metadata
	require.NoError(t, json.Unmarshal(data, &types))
	return types
}

// property finds the EDM type of a property, inherited ones included.
func (m metadata) property(typeName, property string) string {
	for typeName != "" {
		if edm, ok := m[typeName].Properties[property]; ok {
			return edm
		}
		typeName = m[typeName].Base
	}
	return ""
}

// requireFits checks a value against an EDM type, property by property.
func (m metadata) requireFits(t *testing.T, edm string, value any, where string) {
	t.Helper()
	if inner, ok := strings.CutPrefix(edm, "Collection("); ok {
		list, isList := value.([]any)
		require.True(t, isList, "%s is no list", where)
		for _, item := range list {
			m.requireFits(t, strings.TrimSuffix(inner, ")"), item, where)
		}
		return
	}
	if value == nil {
		return
	}
	switch edm {
	case "Edm.Boolean":
		require.IsType(t, true, value, where)
	case "Edm.Int32":
		require.IsType(t, 1.0, value, where)
	case "Edm.String":
		require.IsType(t, "", value, where)
	case "Edm.Guid":
		require.Regexp(t, uuidForm(), value, where)
	case "Edm.DateTimeOffset":
		require.IsType(t, "", value, where)
		_, err := time.Parse(time.RFC3339, value.(string))
		require.NoError(t, err, where)
	default:
		m.requireTyped(t, edm, value, where)
	}
}

func (m metadata) requireTyped(t *testing.T, typeName string, value any, where string) {
	t.Helper()
	require.Contains(t, m, typeName, where)
	if enum := m[typeName].Enum; enum != nil {
		require.Contains(t, enum, value, where)
		return
	}
	object, ok := value.(map[string]any)
	require.True(t, ok, "%s is no object", where)
	for name, inner := range object {
		directoryExtension := m[typeName].Open && strings.HasPrefix(name, "extension_")
		manager := typeName == "user" && name == "manager" // a relation, which the metadata's properties do not list
		if strings.Contains(name, "@odata.") || directoryExtension || manager {
			continue
		}
		edm := m.property(typeName, name)
		require.NotEmpty(t, edm, "%s.%s is no property of %s", where, name, typeName)
		m.requireFits(t, edm, inner, where+"."+name)
	}
}

func uuidForm() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
}

func TestBodiesFitGraphsMetadata(t *testing.T) {
	t.Parallel()
	types := loadMetadata(t)
	c := start(t, graph.Demo())
	selectAll := "accountEnabled,businessPhones,city,companyName,department,displayName,employeeHireDate,employeeId,employeeOrgData,givenName,id,jobTitle," +
		"mail,officeLocation,onPremisesExtensionAttributes,mobilePhone,otherMails,preferredLanguage,proxyAddresses,surname,usageLocation,userPrincipalName,userType"
	for target, typeName := range map[string]string{
		"/v1.0/users?$top=999":                      "user",
		"/v1.0/users?$top=999&$select=" + selectAll: "user",
		"/v1.0/users/delta?$top=999":                "user",
		"/v1.0/groups":                              "group",
		"/v1.0/organization":                        "organization",
	} {
		values := mustAll(c, target)
		require.NotEmpty(t, values, target)
		for _, raw := range values {
			var value any
			require.NoError(t, json.Unmarshal(raw, &value))
			types.requireTyped(t, typeName, value, target)
		}
	}
	for _, user := range c.tenant.Directory().Users {
		var value any
		require.NoError(t, json.Unmarshal(user, &value))
		types.requireTyped(t, "user", value, "generated user")
	}
}

// TestAnswersHaveTheShapeOfMicrosoftsSamples compares the properties of a
// group with those that Microsoft's own sample answer lists.
func TestAnswersHaveTheShapeOfMicrosoftsSamples(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(fixture(t, "responses.json"))
	require.NoError(t, err)
	var samples []struct {
		Request  struct{ Path string }
		Response struct{ Body json.RawMessage }
	}
	require.NoError(t, json.Unmarshal(data, &samples))
	c := start(t, graph.Demo())
	ours := map[string][]json.RawMessage{"/v1.0/groups": c.page("/v1.0/groups").Value, "/v1.0/users/delta": c.page("/v1.0/users/delta").Value}
	compared := 0
	for _, sample := range samples {
		values, ok := ours[sample.Request.Path]
		if !ok {
			continue
		}
		var theirs page
		require.NoError(t, json.Unmarshal(sample.Response.Body, &theirs))
		var their, our map[string]any
		require.NoError(t, json.Unmarshal(theirs.Value[0], &their))
		require.NoError(t, json.Unmarshal(values[0], &our))
		for name := range their {
			require.Contains(t, our, name, sample.Request.Path)
		}
		compared++
	}
	require.Equal(t, len(ours), compared)
}

func TestSampleDirectoriesAreServedUnchanged(t *testing.T) {
	t.Parallel()
	for name, users := range map[string]int{"directory.json": 64, "company-500.json": 500} {
		directory, err := graph.Load(fixture(t, name))
		require.NoError(t, err)
		require.Len(t, directory.Users, users)
		c := start(t, directory)
		var file struct{ Users []map[string]any }
		data, err := os.ReadFile(fixture(t, name))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, &file))
		served := mustAll(c, "/v1.0/users?$top=999&$select=id,displayName,givenName,surname,mail,employeeId,department")
		require.Len(t, served, users)
		for i, raw := range served {
			var got map[string]any
			require.NoError(t, json.Unmarshal(raw, &got))
			for property, value := range got {
				require.Equal(t, file.Users[i][property], value)
			}
		}
	}
}

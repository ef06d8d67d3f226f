package google

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// schema is a type of the discovery document.
type schema struct {
	Type       string            `json:"type"`
	Ref        string            `json:"$ref"`
	Properties map[string]schema `json:"properties"`
	Items      *schema           `json:"items"`
	Values     *schema           `json:"additionalProperties"`
}

type parameter struct {
	Enum []string `json:"enum"`
}

type discovery struct {
	Schemas    map[string]schema    `json:"schemas"`
	Parameters map[string]parameter `json:"parameters"`
	Resources  map[string]struct {
		Methods map[string]struct {
			ID         string               `json:"id"`
			Path       string               `json:"path"`
			HTTPMethod string               `json:"httpMethod"`
			Scopes     []string             `json:"scopes"`
			Parameters map[string]parameter `json:"parameters"`
			Response   schema               `json:"response"`
		} `json:"methods"`
	} `json:"resources"`
}

func loadDiscovery(t *testing.T) discovery {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "google.golang.org/api").Output()
	require.NoError(t, err)
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "admin", "directory", "v1", "admin-api.json"))
	require.NoError(t, err)
	var d discovery
	require.NoError(t, json.Unmarshal(data, &d))
	return d
}

// requireFits checks a value against a type, property by property.
func (d discovery) requireFits(t *testing.T, s schema, value any, where string) {
	t.Helper()
	if s.Ref != "" {
		s = d.Schemas[s.Ref]
	}
	switch s.Type {
	case "object":
		object, ok := value.(map[string]any)
		require.True(t, ok, "%s is no object: %v", where, value)
		for name, inside := range object {
			property, known := s.Properties[name]
			if !known && s.Values != nil {
				property, known = *s.Values, true
			}
			require.True(t, known, "%s has no property %s in the discovery document", where, name)
			d.requireFits(t, property, inside, where+"."+name)
		}
	case "array":
		list, ok := value.([]any)
		require.True(t, ok, "%s is no list: %v", where, value)
		require.NotEmpty(t, list, "%s: an empty list has no key", where)
		for _, item := range list {
			d.requireFits(t, *s.Items, item, where+"[]")
		}
	case "boolean":
		require.IsType(t, true, value, where)
	case "integer", "number":
		require.IsType(t, 1.0, value, where)
	case "string":
		require.IsType(t, "", value, where)
	case "any":
		require.NotNil(t, value, where)
	default:
		t.Fatalf("%s: unknown type %q", where, s.Type)
	}
}

func TestMethodsAreThoseOfTheDiscoveryDocument(t *testing.T) {
	t.Parallel()
	d := loadDiscovery(t)
	for _, m := range methods() {
		parts := strings.Split(m.id, ".")
		documented := d.Resources[parts[1]].Methods[parts[2]]
		require.Equal(t, m.id, documented.ID)
		require.Equal(t, m.path, documented.Path)
		require.Equal(t, http.MethodGet, documented.HTTPMethod)
		for _, scope := range m.scopes {
			require.Contains(t, documented.Scopes, scope, m.id)
		}
		for _, name := range m.params {
			require.Contains(t, documented.Parameters, name, m.id)
			for _, value := range enums()[name] {
				require.Contains(t, documented.Parameters[name].Enum, value, m.id)
			}
		}
	}
	for _, name := range commonParams() {
		require.Contains(t, d.Parameters, name)
	}
}

func TestDemoFitsTheDiscoveryDocument(t *testing.T) {
	t.Parallel()
	d := loadDiscovery(t)
	tenant := New(Demo())
	token := tenant.sign(tenant.newGrant("", accountAdmin, readScopes()), kindAccess, time.Now())
	group := groupID("new-recipes")
	for id, targets := range map[string][]string{
		"directory.users.list": {"users?customer=my_customer&maxResults=500&projection=full",
			"users?customer=my_customer&maxResults=3&projection=basic"},
		"directory.users.get":     {"users/" + numericID("user", 0) + "?projection=full"},
		"directory.groups.list":   {"groups?customer=my_customer", "groups?customer=my_customer&maxResults=3"},
		"directory.groups.get":    {"groups/" + group},
		"directory.members.list":  {"groups/" + group + "/members?includeDerivedMembership=true", "groups/" + groupID("everyone") + "/members", "groups/" + groupID("starters-2027") + "/members"},
		"directory.customers.get": {"customers/my_customer"},
		"directory.schemas.list":  {"customer/my_customer/schemas"},
		"directory.schemas.get":   {"customer/my_customer/schemas/HR"},
	} {
		parts := strings.Split(id, ".")
		for _, target := range targets {
			request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/"+apiPath+target, nil)
			request.Header.Set("Authorization", "Bearer "+token)
			recorder := httptest.NewRecorder()
			tenant.ServeHTTP(recorder, request)
			require.Equal(t, http.StatusOK, recorder.Code, "%s: %s", target, recorder.Body)
			var body any
			require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &body))
			d.requireFits(t, d.Resources[parts[1]].Methods[parts[2]].Response, body, id)
		}
	}
}

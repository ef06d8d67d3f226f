package graph_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/simulate"
	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

func TestGeneratedPeopleAreDistinctAndHaveWhatIsMandatory(t *testing.T) {
	t.Parallel()
	const n = 20_000
	directory := graph.Generate(n)
	require.Len(t, directory.Users, n)
	seen := map[string]map[string]bool{"id": {}, "mail": {}, "userPrincipalName": {}, "employeeId": {}}
	for _, user := range directory.Users {
		var u map[string]any
		require.NoError(t, json.Unmarshal(user, &u))
		require.Equal(t, true, u["accountEnabled"])
		for _, property := range []string{"givenName", "surname", "displayName", "mail"} {
			require.NotEmpty(t, strings.TrimSpace(u[property].(string)), property)
		}
		require.Regexp(t, `^[a-z0-9.]+@alderney\.example$`, u["mail"])
		for property, values := range seen {
			value, there := u[property].(string)
			require.False(t, values[value], "%s %s is used twice", property, value)
			values[value] = there
		}
	}
}

// A real directory has gaps, several values, dates and numbers with leading zeros.
func TestGeneratedPeopleHaveGapsAndAllTypes(t *testing.T) {
	t.Parallel()
	const n = 300
	have := map[string]int{}
	for _, user := range graph.Generate(n).Users {
		var u map[string]any
		require.NoError(t, json.Unmarshal(user, &u))
		for name := range u {
			have[name]++
		}
		for _, date := range []string{"employeeHireDate", "extension_2f8c1d6ab94e4c7d8e5fa0b1c2d3e4f5_probationEnds"} {
			if text, ok := u[date].(string); ok {
				_, err := time.Parse(time.RFC3339, text)
				require.NoError(t, err)
			}
		}
		if id, ok := u["employeeId"].(string); ok {
			require.Regexp(t, `^0\d{5}$`, id)
		}
		require.IsType(t, []any{}, u["businessPhones"])
	}
	for name, count := range have {
		require.Greater(t, count, n/4, name)
	}
	for _, name := range []string{"mobilePhone", "department", "jobTitle", "officeLocation", "employeeId", "employeeHireDate", "city", "manager"} {
		require.Less(t, have[name], n, name)
	}
}

func TestGeneratedNamesAreInManyScripts(t *testing.T) {
	t.Parallel()
	all := string(simulate.Encode(graph.Demo().Users))
	for _, script := range []*unicode.RangeTable{unicode.Latin, unicode.Han, unicode.Hiragana, unicode.Arabic, unicode.Greek, unicode.Cyrillic, unicode.Devanagari} {
		require.True(t, strings.ContainsFunc(all, func(r rune) bool { return unicode.Is(script, r) }))
	}
	require.Contains(t, all, "ü")
	require.Contains(t, all, "O'Neill")
}

func TestGeneratedDirectoryIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	var one, two bytes.Buffer
	_, err := graph.Generate(200).WriteTo(&one)
	require.NoError(t, err)
	_, err = graph.Generate(200).WriteTo(&two)
	require.NoError(t, err)
	require.Equal(t, one.String(), two.String())

	path := filepath.Join(t.TempDir(), "directory.json")
	require.NoError(t, os.WriteFile(path, one.Bytes(), 0o600))
	loaded, err := graph.Load(path)
	require.NoError(t, err)
	require.Equal(t, graph.Generate(200), loaded)
}

func TestDemoIsACompanyWithNestedGroups(t *testing.T) {
	t.Parallel()
	c := start(t, graph.Demo())
	require.Len(t, mustAll(c, "/v1.0/users"), 300)
	groups := mustAll(c, "/v1.0/groups?$select=id,displayName")
	names, ids := texts(t, groups, "displayName"), texts(t, groups, "id")
	require.Len(t, unique(ids), len(ids))
	inside := func(name, relation string) []json.RawMessage {
		t.Helper()
		require.Contains(t, names, name)
		return mustAll(c, "/v1.0/groups/"+ids[slices.Index(names, name)]+"/"+relation)
	}
	require.Equal(t, "All staff", names[len(names)-1])
	require.Len(t, inside("All staff", "members/microsoft.graph.user"), 0)
	require.Len(t, inside("All staff", "members"), 8)
	require.Len(t, inside("All staff", "transitiveMembers/microsoft.graph.user"), 300)
	require.ElementsMatch(t, []string{"Backend", "Frontend", "Platform"}, texts(t, inside("Engineering", "members/microsoft.graph.group"), "displayName"))
	require.NotEmpty(t, inside("Backend", "members"))
	require.Empty(t, inside("Alumni", "members"))
	require.Len(t, names, len(unique(names))+1, "two groups have the same name")

	council := texts(t, inside("Operations Council", "transitiveMembers/microsoft.graph.user"), "id")
	require.Len(t, unique(council), len(council), "who is in by two ways is listed once")
	require.ElementsMatch(t, texts(t, inside("Engineering", "transitiveMembers/microsoft.graph.user"), "id"), council)
	var types []string
	for _, name := range []string{"Meeting room booking", "Site Hamburg"} {
		types = append(types, texts(t, inside(name, "members"), "@odata.type")...)
	}
	require.Subset(t, types, []string{"#microsoft.graph.user", "#microsoft.graph.device", "#microsoft.graph.servicePrincipal", "#microsoft.graph.orgContact"})
}

func TestLoadNamesTheFileAndThePlace(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bad.json")
	require.NoError(t, os.WriteFile(path, []byte("{\"users\": [\n{\"id\": }]}"), 0o600))
	_, err := graph.Load(path)
	require.ErrorContains(t, err, path)
	require.ErrorContains(t, err, "line 2")
	_, err = graph.Load(filepath.Join(t.TempDir(), "missing.json"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func BenchmarkPageOf999(b *testing.B) {
	tenant := graph.New(graph.Generate(10_000))
	server := httptest.NewServer(tenant)
	b.Cleanup(server.Close)
	form := strings.NewReader("grant_type=client_credentials&client_id=a&client_secret=b&scope=x/.default")
	response, err := http.Post(server.URL+"/"+tenant.ID()+"/oauth2/v2.0/token", "application/x-www-form-urlencoded", form)
	require.NoError(b, err)
	defer response.Body.Close()
	var token struct {
		Access string `json:"access_token"`
	}
	require.NoError(b, json.NewDecoder(response.Body).Decode(&token))
	request := httptest.NewRequest(http.MethodGet, "/v1.0/users?$top=999&$select=id,displayName,givenName,surname,mail,userPrincipalName,accountEnabled,jobTitle,department,employeeId,employeeHireDate,mobilePhone", nil)
	request.Header.Set("Authorization", "Bearer "+token.Access)
	for b.Loop() {
		recorder := httptest.NewRecorder()
		tenant.ServeHTTP(recorder, request)
		require.Equal(b, http.StatusOK, recorder.Code)
	}
}

package graph_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

func TestGeneratedPeopleAreCompleteAndDistinct(t *testing.T) {
	t.Parallel()
	const n = 20_000
	directory := graph.Generate(n)
	require.Len(t, directory.Users, n)
	seen := map[string]map[string]bool{"id": {}, "mail": {}, "userPrincipalName": {}, "employeeId": {}}
	for _, user := range directory.Users {
		var u map[string]any
		require.NoError(t, json.Unmarshal(user, &u))
		require.Equal(t, true, u["accountEnabled"])
		for _, property := range []string{"givenName", "surname", "displayName", "jobTitle", "department", "mail"} {
			require.NotEmpty(t, strings.TrimSpace(u[property].(string)), property)
		}
		require.Regexp(t, `^[a-z0-9.]+@alderney\.example$`, u["mail"])
		require.Len(t, u["employeeId"], 6)
		_, err := time.Parse(time.RFC3339, u["employeeHireDate"].(string))
		require.NoError(t, err)
		for property, values := range seen {
			value := u[property].(string)
			require.False(t, values[value], "%s %s is used twice", property, value)
			values[value] = true
		}
	}
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
	require.Len(t, mustAll(c, "/v1.0/users"), 120)
	groups := mustAll(c, "/v1.0/groups?$select=id,displayName")
	names, ids := texts(t, groups, "displayName"), texts(t, groups, "id")
	require.Equal(t, "All staff", names[len(names)-1])
	all := ids[len(ids)-1]
	require.Len(t, mustAll(c, "/v1.0/groups/"+all+"/members"), len(groups)-1)
	require.Len(t, mustAll(c, "/v1.0/groups/"+all+"/transitiveMembers/microsoft.graph.user"), 120)
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

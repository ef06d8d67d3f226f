package e2e

import (
	"errors"
	"io/fs"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

// fixture is a tenant file of the shared samples, which lie beside the project.
func fixture(t *testing.T, name string) graph.Directory {
	t.Helper()
	tenant, err := graph.Load("../../../shared/fixtures/graph/" + name)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the shared samples are not there: no ../shared/fixtures/graph/" + name + " beside the project")
	}
	require.NoError(t, err)
	return tenant
}

// ofFixture is a company whose Entra tenant is of the shared samples.
func ofFixture(t *testing.T, name string) *company {
	t.Helper()
	tenant := fixture(t, name)
	c := entra().unconnected(t, 1000)
	c.simulate(http.MethodPut, "directory", tenant)
	c.connect()
	return c
}

func TestFixture_CompanyOf500(t *testing.T) {
	t.Parallel()
	c := ofFixture(t, "company-500.json")
	run := c.configure()
	require.Equal(t, directory.RunPartialSuccess, run.Status, run.Reason)
	require.Equal(t, directory.Counts{Fetched: 500, Created: 496, Failed: 4}, run.Counts)
	require.Len(t, c.users(""), 496)
	shared := map[string]string{
		"3f947e0b-8db2-5594-ba35-193db7f47da0": "CarlislP@contoso.example", "e260e2f5-c85f-59b5-97e8-ecaa416598a4": "CarlislP@contoso.example",
		"c3c86424-7064-5e98-82f0-4cdaf0a61ccd": "KhalafH@contoso.example", "e33b979d-07d2-57cb-99ed-df48e9cf62b6": "KhalafH@contoso.example",
	}
	for id, one := range c.changes(run) {
		if one.Outcome != directory.OutcomeFailed {
			continue
		}
		require.Contains(t, shared, id)
		require.Equal(t, directory.ActionError, one.Action)
		require.Len(t, one.Problems, 1)
		require.Contains(t, one.Problems[0].Message, shared[id])
		require.NotEmpty(t, one.Problems[0].Remedy)
		delete(shared, id)
	}
	require.Empty(t, shared)
	require.Equal(t, directory.Counts{Fetched: 500, Unchanged: 496, Failed: 4}, c.syncNow().Counts)
}

func TestFixture_PeopleOfTheVendorsDocumentation(t *testing.T) {
	t.Parallel()
	c := ofFixture(t, "directory.json")
	run := c.configure()
	require.Equal(t, directory.RunPartialSuccess, run.Status, run.Reason)
	require.Equal(t, directory.Counts{Fetched: 64, Created: 4, Failed: 60}, run.Counts)
	failed := 0
	for id, one := range c.changes(run) {
		if one.Outcome != directory.OutcomeFailed {
			continue
		}
		failed++
		require.NotEmpty(t, one.Problems, id)
		for _, problem := range one.Problems {
			require.NotEmpty(t, problem.Message, id)
			require.NotEmpty(t, problem.Remedy, id)
		}
	}
	require.Equal(t, 60, failed)
	users := c.users("")
	require.Len(t, users, 4)
	for _, address := range []string{"admin@contoso.com", "AdeleV@contoso.com", "sampleuser@contoso.com", "DiegoS@contoso.com"} {
		require.Contains(t, users, address)
	}
}

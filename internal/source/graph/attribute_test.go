package graph

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// The catalogue is checked against Graph's own metadata, in both directions.
func TestAttributesAgainstMetadata(t *testing.T) {
	t.Parallel()
	metadata := readMetadata(t)
	meant := map[string]directory.FieldType{ // where the property's purpose says more than its type
		"mail": directory.Email, "userPrincipalName": directory.Email, "employeeHireDate": directory.Date,
	}
	listed := map[string]bool{}
	for _, a := range attributes() {
		listed[a.Path] = true
		if a.Path == manager { // a relation, which the metadata's properties do not list
			require.Equal(t, directory.Person, a.Type)
			continue
		}
		edm := metadata.typeOf("user", a.Path)
		require.Equal(t, strings.HasPrefix(edm, "Collection("), a.MultiValued, a.Path)
		want := fieldType(edm)
		if special, ok := meant[a.Path]; ok {
			want = special
		}
		require.Equal(t, want, a.Type, a.Path)
	}
	apart := []string{
		"aboutMe", "birthday", "hireDate", "mySite", "preferredName", // returned for one user at a time only
		"interests", "pastProjects", "responsibilities", "schools", "skills", // the same
		"employeeLeaveDateTime", "deviceEnrollmentLimit", // need further permissions
		"identityParentId", // of agents, not of people
	}
	for _, name := range apart {
		require.NotEmpty(t, metadata["user"].Properties[name], name)
		listed[name] = true
	}
	for name, edm := range metadata["user"].Properties {
		if fieldType(edm) != "" {
			require.Contains(t, listed, name)
		}
	}
	for name := range metadata["onPremisesExtensionAttributes"].Properties {
		require.Contains(t, listed, "onPremisesExtensionAttributes/"+name)
	}
}

type metadata map[string]struct {
	Base       string            `json:"base"`
	Properties map[string]string `json:"properties"`
}

func readMetadata(t *testing.T) metadata {
	data, err := os.ReadFile("../../../../shared/fixtures/graph/types.json")
	if err != nil {
		t.Skipf("Graph's metadata is not there: %v", err)
	}
	var m metadata
	require.NoError(t, json.Unmarshal(data, &m))
	return m
}

// typeOf follows a path through complex types, and to base types.
func (m metadata) typeOf(entity, path string) string {
	name, rest, nested := strings.Cut(path, "/")
	for entity != "" {
		found, ok := m[entity].Properties[name]
		if ok && nested {
			return m.typeOf(found, rest)
		}
		if ok {
			return found
		}
		entity = m[entity].Base
	}
	return ""
}

func fieldType(edm string) directory.FieldType {
	return map[string]directory.FieldType{
		"Edm.String": directory.Text, "Collection(Edm.String)": directory.Text, "Edm.Boolean": directory.Boolean,
		"Edm.Int32": directory.Integer, "Edm.DateTimeOffset": directory.DateTime,
	}[edm]
}

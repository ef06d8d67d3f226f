package mapping

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
)

func managed(t *testing.T, mappings ...directory.Mapping) (*Rules, error) {
	t.Helper()
	attributes := append(entraAttributes(), directory.Attribute{Path: "manager", Name: "Manager", Type: directory.Person})
	fields := append(accountFields(), directory.Field{ID: "boss", Name: "Boss", Type: directory.Person})
	return Compile(mappings, attributes, fields, directory.Entra, "DD/MM/YYYY")
}

func TestF10AFieldNamesAPerson(t *testing.T) {
	t.Parallel()
	rules, err := managed(t, to("manager", "boss"))
	require.NoError(t, err)
	fingerprints := map[string]string{}
	for _, test := range []struct {
		raw     string
		people  map[string]string
		problem string
	}{
		{`"e-2"`, map[string]string{"boss": "e-2"}, ""},
		{`" Bo@corp.example "`, map[string]string{"boss": "Bo@corp.example"}, ""},
		{`null`, map[string]string{"boss": ""}, ""},
		{`"  "`, map[string]string{"boss": ""}, ""},
		{``, map[string]string{"boss": ""}, ""},
		{`7`, nil, "Boss: 'manager' is a number, but the field takes a person."},
		{`{"id":"e-2"}`, nil, "Boss: 'manager' is an object, but the field takes a person."},
		{`["e-2"]`, nil, "Boss: 'manager' is a list, but the field takes a person."},
	} {
		rec := record(t, ana)
		if test.raw != "" {
			rec.Attributes["manager"] = json.RawMessage(test.raw)
		}
		got := rules.Map(rec)
		require.Equal(t, test.people, got.People, test.raw)
		require.NotContains(t, got.Values, "boss", test.raw)
		if test.problem == "" {
			require.Empty(t, got.Problems, test.raw)
			fingerprints[got.People["boss"]] = string(rules.Fingerprint(got))
			continue
		}
		require.Len(t, got.Problems, 1, test.raw)
		require.Equal(t, CodeTypeMismatch, got.Problems[0].Code)
		require.Equal(t, test.problem, got.Problems[0].Message)
	}
	require.Len(t, fingerprints, 3)
	seen := map[string]bool{}
	for _, fingerprint := range fingerprints {
		seen[fingerprint] = true
	}
	require.Len(t, seen, 3, "who is named counts")
	require.Nil(t, entraRules(t).Map(source.Record{ID: "e-1"}).People, "where no field names anybody")
}

func TestA9APersonIsNoText(t *testing.T) {
	t.Parallel()
	_, err := managed(t, to("manager", "title"))
	require.ErrorContains(t, err, "'Manager' is a person, but 'Title' is a text.")
	_, err = managed(t, to("jobTitle", "boss"))
	require.ErrorContains(t, err, "is a text, but 'Boss' is a person.")
}

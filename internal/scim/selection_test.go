package scim

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

func TestSelection(t *testing.T) {
	t.Parallel()
	const document = `{"schemas":["s"],"id":"u1","userName":"kim","meta":{"version":"1","location":"l"},"name":{"givenName":"K","familyName":"L"},
		"emails":[{"value":"a","type":"work"},{"value":"b"}],"` + schema.EnterpriseURN + `":{"department":"QA","manager":{"value":"u7","displayName":"Eve"}}}`
	const always = `"schemas":["s"],"id":"u1"`
	for name, c := range map[string]struct {
		attributes, excluded []string
		want                 string
	}{
		"all":                        {nil, nil, document},
		"empty names":                {[]string{""}, []string{" "}, document},
		"one":                        {[]string{"userName"}, nil, `{` + always + `,"userName":"kim"}`},
		"in any case, with commas":   {[]string{"USERNAME, name.givenname"}, nil, `{` + always + `,"userName":"kim","name":{"givenName":"K"}}`},
		"a part of several":          {[]string{"emails.type"}, nil, `{` + always + `,"emails":[{"type":"work"}]}`},
		"a part that nobody has":     {[]string{"emails.display"}, nil, `{` + always + `}`},
		"whole and part":             {[]string{"emails", "emails.type"}, nil, `{` + always + `,"emails":[{"value":"a","type":"work"},{"value":"b"}]}`},
		"an extension":               {[]string{schema.EnterpriseURN}, nil, `{` + always + `,"` + schema.EnterpriseURN + `":{"department":"QA","manager":{"value":"u7","displayName":"Eve"}}}`},
		"of an extension":            {[]string{schema.EnterpriseURN + ":manager.displayName"}, nil, `{` + always + `,"` + schema.EnterpriseURN + `":{"manager":{"displayName":"Eve"}}}`},
		"with the core's URN":        {[]string{schema.UserURN + ":userName"}, nil, `{` + always + `,"userName":"kim"}`},
		"unknown":                    {[]string{"shoeSize"}, nil, `{` + always + `}`},
		"but meta, emails and names": {nil, []string{"meta,emails,name", schema.EnterpriseURN}, `{` + always + `,"userName":"kim"}`},
		"but parts": {nil, []string{"name.familyName", "emails.value", "meta", schema.EnterpriseURN + ":manager"},
			`{` + always + `,"userName":"kim","name":{"givenName":"K"},"emails":[{"type":"work"}],"` + schema.EnterpriseURN + `":{"department":"QA"}}`},
		"but what is always returned": {nil, []string{"id", "schemas", "unknown", "name", "emails", "meta", schema.EnterpriseURN}, `{` + always + `,"userName":"kim"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := ParseSelection(userType(), c.attributes, c.excluded)
			require.NoError(t, err)
			doc, err := parseObject([]byte(document))
			require.NoError(t, err)
			require.JSONEq(t, c.want, toJSON(t, s.Apply(doc)))
			require.JSONEq(t, document, toJSON(t, doc))
		})
	}
	_, err := ParseSelection(userType(), []string{"userName"}, []string{"name"})
	requireRefused(t, err, InvalidValue)
	most := strings.TrimSuffix(strings.Repeat("title,", 200), ",")
	for _, names := range [][2][]string{{{most}, nil}, {nil, {most}}} {
		_, err = ParseSelection(userType(), names[0], names[1])
		require.NoError(t, err)
	}
	_, err = ParseSelection(userType(), []string{most, "x"}, nil)
	requireRefused(t, err, InvalidValue)
	_, err = ParseSelection(userType(), nil, []string{most, "x"})
	requireRefused(t, err, InvalidValue)
}

func TestSelectionWants(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		attributes, excluded []string
		want                 bool
	}{
		"by default":     {nil, nil, true},
		"it alone":       {[]string{"members"}, nil, true},
		"a part":         {[]string{"members.value"}, nil, true},
		"another":        {[]string{"displayName"}, nil, false},
		"but it":         {nil, []string{"members"}, false},
		"but a part":     {nil, []string{"members.display"}, true},
		"but another":    {nil, []string{"displayName"}, true},
		"in Entra's way": {nil, []string{"Members"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := ParseSelection(schema.Group(), c.attributes, c.excluded)
			require.NoError(t, err)
			require.Equal(t, c.want, s.Wants("members"))
		})
	}
	require.True(t, Selection{}.Wants("members"))
}

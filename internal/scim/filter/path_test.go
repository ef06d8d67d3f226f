package filter_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/scim/filter"
	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// The paths of RFC 7644, section 3.5.2 and section 3.10.
func TestD8_Paths(t *testing.T) {
	t.Parallel()
	const enterprise = schema.EnterpriseURN
	for text, want := range map[string]struct{ path, urn, attribute, sub string }{
		`members`:         {},
		`userName`:        {"userName", "", "userName", ""},
		`USERNAME`:        {"userName", "", "userName", ""},
		`name.FamilyName`: {"name.familyName", "", "name", "familyName"},
		`externalid`:      {"externalId", "", "externalId", ""},
		`urn:ietf:params:scim:schemas:core:2.0:User:name.familyName`: {"name.familyName", "", "name", "familyName"},
		enterprise + `:manager.value`:                                {enterprise + ":manager.value", enterprise, "manager", "value"},
		`URN:ietf:params:scim:schemas:extension:enterprise:2.0:user`: {enterprise, enterprise, "", ""},
		custom + `:Cost_Code`:                                        {custom + ":cost_code", custom, "cost_code", ""},
		custom:                                                       {custom, custom, "", ""},
		`emails.value`:                                               {"emails.value", "", "emails", "value"},
		`emails[type eq "work"]`:                                     {"emails", "", "emails", ""},
		`Emails[Type eq "work"].Value`:                               {"emails.value", "", "emails", "value"},
		` addresses[type eq "work" and primary eq true and not (region eq "]")].streetAddress `: {"addresses.streetAddress", "", "addresses", "streetAddress"},
		`urn:ietf:params:scim:schemas:core:2.0:User:emails[type eq "work"].value`:               {"emails.value", "", "emails", "value"},
	} {
		path, err := filter.ParsePath(user(), text)
		if want.path == "" {
			var refused *filter.Error
			require.ErrorAs(t, err, &refused)
			require.Equal(t, &filter.Error{Type: filter.InvalidPath, Detail: "A User does not have the attribute members."}, refused)
			continue
		}
		require.NoError(t, err, text)
		require.Equal(t, want.path, path.String())
		require.Equal(t, want.urn, path.URN)
		require.Equal(t, want.attribute, nameOf(path.Attribute))
		require.Equal(t, want.sub, nameOf(path.Sub))
	}
}

func nameOf(a *schema.Attribute) string {
	if a == nil {
		return ""
	}
	return a.Name
}

func TestD8_FilterOfAPath(t *testing.T) {
	t.Parallel()
	path, err := filter.ParsePath(user(), `emails[type eq "work" and value ew "\u0040example.com"].value`)
	require.NoError(t, err)
	require.True(t, filter.MatchValue(path.Filter, map[string]any{"type": "Work", "value": "kim@example.com"}))
	require.False(t, filter.MatchValue(path.Filter, map[string]any{"type": "home", "value": "kim@example.com"}))
	require.False(t, filter.MatchValue(path.Filter, map[string]any{"value": "kim@example.com"}))
	require.False(t, filter.MatchValue(path.Filter, nil))
	require.Equal(t, 2, path.Comparisons)
	path, err = filter.ParsePath(user(), `emails`)
	require.NoError(t, err)
	require.Nil(t, path.Filter)
}

func TestD8_RefusedPaths(t *testing.T) {
	t.Parallel()
	const enterprise = schema.EnterpriseURN
	for text, want := range map[string]string{
		``: filter.InvalidPath, `nothing`: filter.InvalidPath, `name.nothing`: filter.InvalidPath, `a b`: filter.InvalidPath,
		`userName eq "x"`: filter.InvalidPath, `name.givenName.x`: filter.InvalidPath, `emails[type eq "work"].nothing`: filter.InvalidPath,
		`name[familyName eq "x"].givenName`: filter.InvalidPath, `title[value eq "x"]`: filter.InvalidPath, enterprise + `:manager[value eq "x"]`: filter.InvalidPath,
		`emails.value[type eq "work"]`: filter.InvalidPath, `emails[type eq "work"]value`: filter.InvalidPath, `urn:x:User`: filter.InvalidPath,
		`emails[type eq "work"`: filter.InvalidFilter, `emails[nothing eq "work"]`: filter.InvalidFilter, `emails[primary gt true]`: filter.InvalidFilter,
		`emails[]`: filter.InvalidFilter, `emails[0]`: filter.InvalidFilter,
	} {
		_, err := filter.ParsePath(user(), text)
		var refused *filter.Error
		require.ErrorAs(t, err, &refused, text)
		require.Equal(t, want, refused.Type, text)
	}
}

func TestCaseG3_Equalities(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]map[string]any{
		`emails[type eq "work"]`:                         {"type": "work"},
		`emails[TYPE eq "work" and (Primary eq "True")]`: {"type": "work", "primary": true},
		`emails[type eq "work" and type eq "home"]`:      nil,
		`emails[type eq "work" or primary eq true]`:      nil,
		`emails[not (type eq "work")]`:                   nil,
		`emails[type ne "work"]`:                         nil,
		`emails[type eq null]`:                           nil,
		`emails[type pr]`:                                nil,
	} {
		path, err := filter.ParsePath(user(), text)
		require.NoError(t, err, text)
		values, ok := filter.Equalities(path.Filter)
		require.Equal(t, want != nil, ok, text)
		if ok {
			require.Equal(t, want, values)
		}
	}
}

func TestCaseG2_ValuesOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		`members[value eq "u2"]`:                                  {"u2"},
		`members[Value Eq "a" or (value eq "b" or value eq "a")]`: {"a", "b", "a"},
		`members[value eq "a" and value eq "b"]`:                  nil,
		`members[value sw "a"]`:                                   nil,
		`members[value pr]`:                                       nil,
		`members[type eq "User"]`:                                 nil,
		`members[value eq "a" or type eq "User"]`:                 nil,
		`members[not (value eq "a")]`:                             nil,
	} {
		path, err := filter.ParsePath(schema.Group(), text)
		require.NoError(t, err, text)
		values, ok := filter.ValuesOf(path.Filter)
		require.Equal(t, want != nil, ok, text)
		if ok {
			require.Equal(t, want, values)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`userName eq "bjensen"`, `emails[type eq "work" and value co "@example.com"].value sw "\u00e9"`, `not (title pr) or (active eq true)`,
		`emails[v eq 0]`, `"0"`, `emails[v eq 0] and emails[type pr]`, `members[value eq "]"]`, `a[b]c[d].e pr`, `$ref eq -1.5E+10`, "\xff eq \"\xff\"",
	} {
		f.Add(text)
	}
	t, resource := user(), decoded(f, barbara)
	f.Fuzz(func(_ *testing.T, text string) {
		if e, err := filter.Parse(t, text); err == nil {
			filter.Match(e, resource)
		}
		if e, err := filter.ParseAcross(schema.Group(), text); err == nil {
			filter.Match(e, resource)
		}
		if path, err := filter.ParsePath(t, text); err == nil && path.Filter != nil {
			filter.MatchValue(path.Filter, resource)
			filter.Equalities(path.Filter)
			filter.ValuesOf(path.Filter)
		}
	})
}

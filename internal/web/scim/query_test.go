package scim

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	protocol "github.com/rollcall-sync/rollcall/internal/scim"
)

func TestCaseH2_Numbers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct{ start, count int }{
		"":                              {1, 100},
		"startIndex=21&count=10":        {21, 10},
		"startIndex=0":                  {1, 100},
		"startIndex=-3&count=-1":        {1, 0},
		"count=0":                       {1, 0},
		"count=501":                     {1, 500},
		"count=":                        {1, 100},
		"count=99999999999999999999999": {1, 500},
		"cursor":                        {1, 100},
		"aadOptscim062020&count=1":      {1, 1},
	} {
		values, err := url.ParseQuery(text)
		require.NoError(t, err)
		q, err := queryOf(values)
		require.NoError(t, err, text)
		require.Equal(t, want.start, *q.StartIndex, text)
		require.Equal(t, want.count, *q.Count, text)
	}
}

func TestD8_QueryMistakes(t *testing.T) {
	t.Parallel()
	for text, scimType := range map[string]string{
		"count=abc":             protocol.InvalidValue,
		"count=1.5":             protocol.InvalidValue,
		"startIndex=first":      protocol.InvalidValue,
		"sortOrder=up":          protocol.InvalidValue,
		"cursor=&count=abc":     invalidCount,
		"cursor=x&startIndex=1": protocol.InvalidValue,
	} {
		values, err := url.ParseQuery(text)
		require.NoError(t, err)
		_, err = queryOf(values)
		var refused *protocol.Error
		require.ErrorAs(t, err, &refused, text)
		require.Equal(t, 400, refused.Status, text)
		require.Equal(t, scimType, refused.Type, text)
	}
}

func TestD8_Query(t *testing.T) {
	t.Parallel()
	values, err := url.ParseQuery("filter=userName+eq+%22a%2Bb%40corp.example%22&sortBy=name.familyName&sortOrder=Descending&cursor&attributes=userName,+emails&attributes=id&excludedAttributes=")
	require.NoError(t, err)
	q, err := queryOf(values)
	require.NoError(t, err)
	require.Equal(t, `userName eq "a+b@corp.example"`, q.Filter)
	require.Equal(t, "name.familyName", q.SortBy)
	require.True(t, q.descending())
	require.Empty(t, *q.Cursor)
	require.Equal(t, []string{"userName, emails", "id"}, q.Attributes)
	require.Equal(t, []string{""}, q.ExcludedAttributes)

	searched, err := searchOf([]byte(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"filter":"userName eq \"a+b@corp.example\"",
		"sortBy":"name.familyName","sortOrder":"Descending","cursor":"","attributes":["userName","emails","id"]}`))
	require.NoError(t, err)
	require.Equal(t, []string{"userName", "emails", "id"}, searched.Attributes)
	searched.Attributes, searched.ExcludedAttributes = q.Attributes, q.ExcludedAttributes
	require.Equal(t, q, searched)
}

func TestD8_SearchMistakes(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]protocol.Error{
		``: {Type: protocol.InvalidSyntax}, `{"filter":`: {Type: protocol.InvalidSyntax}, `[]`: {Type: protocol.InvalidSyntax},
		`{"count":"ten"}`:              {Type: protocol.InvalidValue, Detail: "In the search, count cannot be of the type string."},
		`{"attributes":"userName"}`:    {Type: protocol.InvalidValue, Detail: "In the search, attributes cannot be of the type string."},
		`{"excludedAttributes":[5]}`:   {Type: protocol.InvalidValue, Detail: "In the search, excludedAttributes cannot be of the type number."},
		`{"SORTORDER":"up"}`:           {Type: protocol.InvalidValue},
		`{"cursor":{},"startIndex":1}`: {Type: protocol.InvalidValue, Detail: "In the search, cursor cannot be of the type object."},
	} {
		_, err := searchOf([]byte(body))
		var refused *protocol.Error
		require.ErrorAs(t, err, &refused, body)
		require.Equal(t, want.Type, refused.Type, body)
		require.Contains(t, refused.Detail, want.Detail, body)
	}
}

package e2e

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sampleOf reads a JSON file of the shared samples, which lie beside the project.
func sampleOf(t *testing.T, name string, into any) {
	t.Helper()
	content, err := os.ReadFile("../../../shared/fixtures/" + name)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the shared samples are not there: no ../shared/fixtures/" + name + " beside the project")
	}
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, into), name)
}

// exchanged is a request of an identity provider and the answer that it was given.
type exchanged struct {
	Method     string `json:"method"`
	Path       string `json:"path"`
	StatusCode int    `json:"statusCode"`
	Request    object `json:"request"`
	Response   object `json:"response"`
}

// echoed checks that each value of the sample is in our answer, ids, meta and empty values aside, and
// what is under a name in skip.
func echoed(t *testing.T, want, got any, at string, skip ...string) {
	t.Helper()
	switch want := want.(type) {
	case nil:
	case map[string]any:
		for name, value := range want {
			if name != "id" && name != "meta" && name != "itemsPerPage" && name != "$ref" && !slices.Contains(skip, name) {
				echoed(t, value, dig(got, name), at+"."+name, skip...)
			}
		}
	case []any:
		for i, element := range want {
			echoed(t, element, dig(got, i), at+"[]", skip...)
		}
	default:
		require.Equal(t, want, got, at)
	}
}

// replay sends the exchange of a sample, with our ids for those of the sample, and checks status and values.
func (p *idp) replay(x exchanged, ids map[string]string, skip ...string) reply {
	p.Helper()
	substitute := func(text string) string {
		for theirs, ours := range ids {
			text = strings.ReplaceAll(text, theirs, ours)
		}
		return text
	}
	var body any
	if x.Request != nil {
		encoded, err := json.Marshal(x.Request)
		require.NoError(p, err)
		body = substitute(string(encoded))
	}
	r := p.must(x.StatusCode, x.Method, substitute(x.Path), body)
	echoed(p.T, x.Response, r.body, x.Method+" "+x.Path, append(skip, "schemas")...)
	if schemas, ok := x.Response["schemas"].([]any); ok {
		require.Contains(p, r.body["schemas"], schemas[0])
	}
	if theirs, ok := x.Response["id"].(string); ok {
		ids[theirs] = r.body["id"].(string)
	}
	return r
}

func TestD8_ExchangesOfOkta(t *testing.T) {
	t.Parallel()
	p, ids := newIDP(t, 10), map[string]string{}
	const unknown = "89bb1940-b905-4575-9e7f-6f887cfb368e"
	for _, step := range []struct {
		name string
		skip []string // what the recorded server answers of its own accord
	}{
		{"user_exists", nil}, {"create_user", nil}, {"retrieve_user", []string{"display"}}, {"update_user", nil}, {"update_user_patch", nil},
		{"create_group", nil}, {"retrieve_group", []string{"members"}}, {"update_group_name", []string{"displayName"}}, {"update_group_membership", nil},
	} {
		var x exchanged
		sampleOf(t, "scim-idp/okta/"+step.name+".json", &x)
		p.replay(x, ids, step.skip...)
	}
	user, group := ids["23a35c27-23d3-4c03-b4c5-6443c09e7173"], ids["abf4dd94-a4c0-4f67-89c9-76b03340cb9b"]
	require.Equal(t, false, p.read(user)["active"])
	require.NotContains(t, p.read(user), "locale", "the PUT left it out")
	require.Equal(t, "Test SCIMv2", p.must(http.StatusOK, http.MethodGet, "/Groups/"+group, nil).body["displayName"])
	require.Equal(t, []string{user}, p.members(group), "and "+unknown+" when they arrive")
	require.Equal(t, 1, p.group(group).Parked)
}

func TestD8_ExchangesOfEntra(t *testing.T) {
	t.Parallel()
	first := newIDP(t, 10)
	// What must be there before the exchange: the resource that its answer shows, as it was before.
	before := map[string]object{
		"create_user": nil, "get_user_resp": {}, "get_user_query_0": nil, "get_user_query_resp": {}, "create_group": nil, "get_group": {}, "get_group_dn": {}, "update_group": {"displayName": "displayName"},
		"update_user": {"userName": "before@testuser.com", "name": object{"formatted": "givenName updatedFamilyName", "familyName": "familyName", "givenName": "givenName"}, "active": true,
			"emails": []object{{"value": "before@testuser.com", "type": "work", "primary": true}}},
	}
	for name, change := range before {
		p := first.neighbour(t, name)
		var x exchanged
		sampleOf(t, "scim-idp/azuread/"+name+".json", &x)
		ids := map[string]string{}
		if change != nil {
			resource := x.Response
			if found, ok := resource["Resources"].([]any); ok {
				resource = found[0].(object)
			}
			seed := maps.Clone(resource)
			maps.Copy(seed, change)
			endpoint := "/" + dig(resource, "meta", "resourceType").(string) + "s"
			ids[resource["id"].(string)] = p.made(endpoint, seed)
		}
		p.replay(x, ids)
		if name == "update_user" {
			require.Equal(t, []string{"updatedEmail@microsoft.com"}, valuesOf(dig(p.list("/Users").resources[0], "emails")))
		}
	}
}

package google_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// nested has a circle (a, b), two ways to the same person (u2), a group that is a
// member of itself, an outsider, the customer and somebody named by id alone.
const nested = `{"customer":{"id":"C0test","customerDomain":"corp.example"},
"users":[{"id":"u1","primaryEmail":"u1@corp.example"},{"id":"u2","primaryEmail":"u2@corp.example"},{"id":"u3","primaryEmail":"u3@corp.example"}],
"groups":[
{"id":"ga","email":"a@corp.example","name":"A team","members":[{"id":"u1","email":"u1@corp.example","type":"USER","role":"OWNER","status":"ACTIVE"},{"id":"gb","type":"GROUP","role":"MEMBER"}]},
{"id":"gb","email":"b@corp.example","name":"B team","aliases":["bee@corp.example"],"members":[{"id":"u2","type":"USER","role":"MEMBER"},{"id":"ga","type":"GROUP","role":"MEMBER"},"gc"]},
{"id":"gc","email":"c@corp.example","name":"B team","members":["u2","u3@corp.example","gc",{"id":"C0test","type":"CUSTOMER","role":"MEMBER"},{"id":"77","email":"pat@partner.example","type":"USER","role":"MEMBER"}]},
{"id":"gd","email":"d@corp.example","name":"Empty"}]}`

func TestGroupsAreListed(t *testing.T) {
	t.Parallel()
	c := start(t, parse(t, nested))
	for query, want := range map[string]string{
		"":                                  "ga gb gc gd",
		"query=name:b*":                     "gb gc",
		"query=name:'B+te*'":                "gb gc",
		"query=name='A+team'":               "ga",
		"query=email:d@*":                   "gd",
		"orderBy=email&sortOrder=ASCENDING": "ga gb gc gd",
		"fields=groups/id,nextPageToken":    "ga gb gc gd",
	} {
		for _, size := range []string{"", "&maxResults=1", "&maxResults=1000"} {
			ids, _ := c.all("groups?customer=my_customer&"+query+size, "groups", "id")
			require.Equal(t, want, strings.Join(ids, " "), query+size)
		}
	}
	for _, key := range []string{"gb", "b@corp.example", "bee@corp.example"} {
		group := c.show("groups/" + key)
		require.Equal(t, "gb", group["id"])
		require.Equal(t, "3", group["directMembersCount"])
		require.Equal(t, "admin#directory#group", group["kind"])
		require.NotContains(t, group, "members")
	}
	require.Equal(t, "0", c.show("groups/gd")["directMembersCount"])
	c.requireError(c.get(api+"groups/none"), http.StatusNotFound, "notFound")
	c.requireError(c.get(api+"groups"), http.StatusBadRequest, "badRequest")
}

func TestMembersOfAnyNesting(t *testing.T) {
	t.Parallel()
	c := start(t, parse(t, nested))
	for target, want := range map[string]string{
		"groups/ga/members?":                               "gb u1",
		"groups/gb/members?":                               "ga gc u2",
		"groups/gc/members?":                               "77 C0test u2 u3",
		"groups/gd/members?":                               "",
		"groups/ga/members?roles=OWNER":                    "u1",
		"groups/ga/members?includeDerivedMembership=false": "gb u1",
		"groups/ga/members?includeDerivedMembership=true":  "77 C0test gb gc u1 u2 u3",
		"groups/gc/members?includeDerivedMembership=true":  "77 C0test u2 u3",
	} {
		for _, size := range []string{"", "&maxResults=1", "&maxResults=201"} {
			ids, _ := c.all(target+size, "members", "id")
			require.Equal(t, want, strings.Join(ids, " "), target+size)
		}
	}
	require.NotContains(t, c.show("groups/gd/members"), "members", "an empty list has no key")
	c.requireError(c.get(api+"groups/none/members"), http.StatusNotFound, "notFound")
	c.requireError(c.get(api+"groups/ga/members?maxResults=0"), http.StatusBadRequest, "invalidParameter")
	c.requireError(c.get(api+"groups/ga/members?includeDerivedMembership=some"), http.StatusBadRequest, "invalidParameter")
	c.requireError(c.get(api+"groups/ga/members?pageToken=%21"), http.StatusBadRequest, "invalid")

	first := c.show("groups/gc/members?maxResults=3")["members"].([]any)
	require.Equal(t, map[string]any{"kind": "admin#directory#member", "id": "77", "email": "pat@partner.example", "type": "USER", "role": "MEMBER"},
		without(first[0], "etag"))
	require.Equal(t, map[string]any{"kind": "admin#directory#member", "id": "C0test", "type": "CUSTOMER", "role": "MEMBER"}, without(first[1], "etag"))
	require.Equal(t, map[string]any{"kind": "admin#directory#member", "id": "u2", "email": "u2@corp.example", "type": "USER", "role": "MEMBER", "status": "ACTIVE"},
		without(first[2], "etag"), "a plain id is completed")
}

func without(object any, name string) map[string]any {
	copied := map[string]any{}
	for key, value := range object.(map[string]any) {
		if key != name {
			copied[key] = value
		}
	}
	return copied
}

// TestCaseA1 reads the 263 members of the case: 200 and 63.
func TestCaseA1MembersComeInPagesOfTwoHundred(t *testing.T) {
	t.Parallel()
	var members []string
	for i := range 263 {
		members = append(members, fmt.Sprintf(`{"id":"m%03d","type":"USER","role":"MEMBER"}`, i+1))
	}
	c := start(t, parse(t, `{"groups":[{"id":"grp-eng","email":"eng@corp.example","members":[`+strings.Join(members, ",")+`]}]}`))
	ids, pages := c.all("groups/grp-eng/members?maxResults=1000", "members", "id")
	require.Len(t, ids, 263)
	require.Equal(t, 2, pages)
	require.Equal(t, "263", c.show("groups/grp-eng")["directMembersCount"])
	truncated, pages := c.all("groups/grp-eng/members?fields=members/id", "members", "id")
	require.Len(t, truncated, 200)
	require.Equal(t, 1, pages)
}

func TestWhoIsDeletedLeavesAllGroups(t *testing.T) {
	t.Parallel()
	c := start(t, parse(t, nested))
	c.control(http.MethodDelete, "users/u2", "", http.StatusNoContent)
	c.control(http.MethodDelete, "groups/gc", "", http.StatusNoContent)
	ids, _ := c.all("groups/ga/members?includeDerivedMembership=true", "members", "id")
	require.Equal(t, []string{"gb", "u1"}, ids)
	require.Equal(t, "1", c.show("groups/gb")["directMembersCount"])
}

func TestSchemasAndCustomer(t *testing.T) {
	t.Parallel()
	c := start(t, parse(t, `{"customer":{"id":"C0test","customerDomain":"corp.example"},"schemas":[{"schemaId":"s1","schemaName":"HR","fields":[{"fieldName":"badge"}]}]}`))
	require.Equal(t, "C0test", c.tenant.ID())
	for _, key := range []string{"my_customer", "C0test"} {
		require.Equal(t, "corp.example", c.show("customers/" + key)["customerDomain"])
		schemas := c.show("customer/" + key + "/schemas")
		require.Equal(t, "admin#directory#schemas", schemas["kind"])
		require.Len(t, schemas["schemas"], 1)
	}
	for _, key := range []string{"HR", "s1"} {
		require.Equal(t, "s1", c.show("customer/my_customer/schemas/" + key)["schemaId"])
	}
	c.requireError(c.get(api+"customer/my_customer/schemas/IT"), http.StatusNotFound, "notFound")
	c.requireError(c.get(api+"customers/C0else"), http.StatusForbidden, "forbidden")
	c.requireError(c.get(api+"customer/C0else/schemas"), http.StatusForbidden, "forbidden")

	bare := start(t, parse(t, `{}`))
	customer := bare.show("customers/my_customer")
	require.Regexp(t, "^C0", customer["id"])
	require.NotEmpty(t, customer["customerDomain"])
	require.NotContains(t, bare.show("customer/my_customer/schemas"), "schemas")
}

package graph_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
)

func TestGroupRequests(t *testing.T) {
	t.Parallel()
	w := newWire(t, nil)
	next := w.URL + "/v1.0/groups?$skiptoken=a%2Bb%24%2f~"
	w.answer = body(`{"value":[{"id":"g-1","displayName":"Design","description":null,"mail":"design@contoso.example","extra":[]},
		{"id":"g-2","displayName":"Design"}],"@odata.nextLink":"` + next + `"}`)
	from := open(t, w.opener(), tenantID)
	page, err := from.Groups(t.Context(), "", "O'Neill & $ons%", 5000)
	require.NoError(t, err)
	require.Equal(t, source.GroupPage{Next: next, Groups: []source.Group{
		{ID: "g-1", Name: "Design", Email: "design@contoso.example"}, {ID: "g-2", Name: "Design"},
	}}, page)
	_, err = from.Groups(t.Context(), page.Next, "O'Neill", 5)
	require.NoError(t, err)
	_, err = from.Groups(t.Context(), "", "", 5)
	require.NoError(t, err)
	_, _ = from.Group(t.Context(), "a/b?c")
	_, _ = from.Members(t.Context(), "a/b?c", "")

	require.Len(t, w.requests, 5)
	query := w.requests[0].URL.Query()
	require.Equal(t, "startswith(displayName,'O''Neill & $ons%')", query.Get("$filter"))
	require.Equal(t, "999", query.Get("$top"))
	require.Equal(t, strings.TrimPrefix(next, w.URL), w.requests[1].RequestURI)
	require.Equal(t, "/v1.0/groups?$select=id,displayName,description,mail&$top=5", w.requests[2].RequestURI)
	require.Equal(t, "/v1.0/groups/a%2Fb%3Fc?$select=id,displayName,description,mail", w.requests[3].RequestURI)
	require.Equal(t, "/v1.0/groups/a%2Fb%3Fc/transitiveMembers?$select=id&$top=999", w.requests[4].RequestURI)
}

// Case E1, the twin of Entra: people in groups in a group are members, and no group is looked up as a user.
func TestCaseE1_NestedGroups(t *testing.T) {
	t.Parallel()
	tenant := serve(t, tenantID, []byte(`{"organization":{"id":"`+tenantID+`"},"users":[{"id":"u1"},{"id":"u2"}],"groups":[
		{"id":"A","members":["B"]},{"id":"B","members":["u1","C"]},{"id":"C","members":["u2"]}]}`))
	page, err := tenant.Open(t).Members(t.Context(), "A", "")
	require.NoError(t, err)
	require.Equal(t, source.MemberPage{People: []string{"u1", "u2"}, Groups: []string{"B", "C"}}, page)
}

// Case E2, the part of Graph: devices and applications are no people; one who is gone is said to be
// a member, and is not found.
func TestCaseE2_MembersThatAreNotOurUsers(t *testing.T) {
	t.Parallel()
	tenant := serve(t, tenantID, []byte(`{"organization":{"id":"`+tenantID+`"},"users":[{"id":"e1"}],"groups":[{"id":"A","members":[
		{"@odata.type":"#microsoft.graph.device","id":"d1"},{"@odata.type":"#microsoft.graph.servicePrincipal","id":"s1"},"e1",
		{"@odata.type":"#microsoft.graph.user","id":"gone"},{"@odata.type":"#microsoft.graph.somethingNew","id":"n1","members":[1]}]}]}`))
	from := tenant.Open(t)
	page, err := from.Members(t.Context(), "A", "")
	require.NoError(t, err)
	require.Equal(t, source.MemberPage{People: []string{"e1", "gone"}, Others: []string{"d1", "s1", "n1"}}, page)
	_, err = from.User(t.Context(), "gone", nil)
	require.Equal(t, directory.KindNotFound, failure(t, err).Kind)
}

func TestMembersThatMayNotBeRead(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"Authorization_RequestDenied": directory.CodeGroupUnreadable, "": directory.CodeGroupUnreadable,
		"Authorization_IdentityNotFound": directory.CodeConsentRevoked,
	} {
		w := newWire(t, func(out http.ResponseWriter, _ *http.Request) {
			out.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprintf(out, `{"error":{"code":%q}}`, code)
		})
		from := open(t, w.opener(), tenantID)
		for _, cursor := range []string{"", w.URL + "/v1.0/groups/A/transitiveMembers?$skiptoken=x"} {
			_, err := from.Members(t.Context(), "A", cursor)
			got := failure(t, err)
			require.Equal(t, want, got.Code, code)
			require.True(t, got.Permanent)
		}
		_, err := from.Group(t.Context(), "A")
		require.Equal(t, want, failure(t, err).Code, code)
		_, err = from.CountMembers(t.Context(), "A")
		require.Equal(t, want, failure(t, err).Code, code)
	}
}

func TestMalformedGroupsAndMembers(t *testing.T) {
	t.Parallel()
	malformed := func(err error) {
		t.Helper()
		require.Equal(t, directory.CodeSourceRefused, failure(t, err).Code)
		require.Contains(t, failure(t, err).Message, "malformed answer")
	}
	for _, text := range []string{
		`{}`, `null`, `[]`, `{"value":null}`, `{"value":{}}`, `{"value":[{}]}`, `{"value":[null]}`, `{"value":[{"id":7}]}`, `{"value":[],"@odata.nextLink":1}`,
	} {
		from := open(t, newWire(t, body(text)).opener(), tenantID)
		_, err := from.Groups(t.Context(), "", "", 0)
		malformed(err)
		_, err = from.Members(t.Context(), "A", "")
		malformed(err)
	}
	for _, text := range []string{`{}`, `null`, `[]`, `{"id":""}`, `{"id":"g","displayName":[]}`} {
		_, err := open(t, newWire(t, body(text)).opener(), tenantID).Group(t.Context(), "A")
		malformed(err)
	}
	_, err := open(t, newWire(t, body(`{"value":[{"id":"u1"}]}`)).opener(), tenantID).Members(t.Context(), "A", "")
	malformed(err) // nobody knows whether u1 is a person
}

// An answer that breaks off says nothing for certain, whatever its status.
func TestRefusalThatBreaksOffIsWorthAnotherTry(t *testing.T) {
	t.Parallel()
	w := newWire(t, func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("Content-Length", "500")
		out.WriteHeader(http.StatusNotFound)
		_, _ = out.Write([]byte(`{"error":{"code":"Request_Resou`))
	})
	_, err := open(t, w.opener(), tenantID).Group(t.Context(), "A")
	require.Equal(t, directory.CodeSourceUnavailable, failure(t, err).Code)
	require.False(t, failure(t, err).Permanent)
}

package scim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// figures are the numbers of a list. Numbers of JSON, not texts.
type figures struct{ total, items, start json.Number }

func figuresOf(list map[string]any) figures {
	f := figures{}
	f.total, _ = list["totalResults"].(json.Number)
	f.items, _ = list["itemsPerPage"].(json.Number)
	f.start, _ = list["startIndex"].(json.Number)
	return f
}

func (b *bench) newUsers(n int) {
	b.Helper()
	operations := []any{}
	for i := range n {
		operations = append(operations, map[string]any{"method": "POST", "path": "/Users", "bulkId": fmt.Sprint(i), "data": person(fmt.Sprintf("user%03d@corp.example", i))})
	}
	a := b.send("POST", "/Bulk", map[string]any{"schemas": []string{messages + "BulkRequest"}, "Operations": operations})
	require.Equal(b, http.StatusOK, a.status, a.text)
	for _, o := range a.body["Operations"].([]any) {
		require.Equal(b, "201", o.(map[string]any)["status"])
	}
}

func TestCaseH2_ListNumbers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.newUsers(25)
	for query, want := range map[string]figures{
		"?startIndex=1&count=10":    {"25", "10", "1"},
		"?startIndex=21&count=10":   {"25", "5", "21"},
		"?startIndex=101&count=100": {"25", "0", "101"},
		"?count=0":                  {"25", "0", "1"},
		"?startIndex=0":             {"25", "25", "1"},
		"?startIndex=-3":            {"25", "25", "1"},
		"?filter=" + url.QueryEscape(`userName eq "nobody@corp.example"`): {"0", "0", "1"},
		"?filter=userName+eq+%22user003%40corp.example%22":                {"1", "1", "1"},
	} {
		a := b.get("/Users" + query)
		require.Equal(t, http.StatusOK, a.status, a.text)
		require.Equal(t, []any{messages + "ListResponse"}, a.body["schemas"])
		require.Equal(t, want, figuresOf(a.body), query)
		require.IsType(t, []any{}, a.body["Resources"], query)
		require.Equal(t, string(want.items), fmt.Sprint(len(a.body["Resources"].([]any))), query)
	}
	b.requireError(b.get("/Users?count=abc"), http.StatusBadRequest, "invalidValue")

	seen := map[string]int{}
	for start := 1; start <= 25; start += 4 {
		for _, r := range b.get(fmt.Sprintf("/Users?startIndex=%d&count=4", start)).body["Resources"].([]any) {
			seen[r.(map[string]any)["id"].(string)]++
		}
	}
	require.Len(t, seen, 25)
	for id, times := range seen {
		require.Equal(t, 1, times, id)
	}
}

func TestCaseH2_TotalBeyondThePage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.newUsers(250)
	require.Equal(t, figures{"250", "100", "1"}, figuresOf(b.get("/Users").body))
	require.Equal(t, figures{"250", "250", "1"}, figuresOf(b.get("/Users?count=100000").body))
}

// RFC 9865.
func TestD8_Cursors(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.newUsers(10)
	var names []any
	path, last := "/Users?sortBy=userName&sortOrder=descending&count=4&cursor", ""
	for next := ""; ; {
		a := b.get(path + "=" + url.QueryEscape(next))
		require.Equal(t, http.StatusOK, a.status, a.text)
		require.Equal(t, json.Number("10"), a.body["totalResults"])
		require.NotContains(t, a.body, "startIndex")
		for _, r := range a.body["Resources"].([]any) {
			names = append(names, r.(map[string]any)["userName"])
		}
		if last = next; a.body["nextCursor"] == nil {
			break
		}
		next = a.body["nextCursor"].(string)
	}
	require.Len(t, names, 10)
	for i := range names {
		require.Equal(t, fmt.Sprintf("user%03d@corp.example", 9-i), names[i])
	}
	previous := b.get(path + "=" + url.QueryEscape(last)).body["previousCursor"]
	require.NotNil(t, previous)
	require.Len(t, b.get(path + "=" + url.QueryEscape(previous.(string))).body["Resources"], 4)

	b.requireError(b.get("/Users?cursor=nonsense"), http.StatusBadRequest, "invalidCursor")
	b.requireError(b.get("/Users?cursor=&count=abc"), http.StatusBadRequest, "invalidCount")
	b.requireError(b.get("/Users?cursor=&startIndex=1"), http.StatusBadRequest, "invalidValue")
	_, b.token = b.newAccount("Fabrikam", 5)
	require.Empty(t, b.get(path + "=" + url.QueryEscape(last)).body["Resources"], "a cursor opens no other account")
}

// A page of groups ends early when their members are many. RFC 7644, section 3.4.2.4: clients go on by
// itemsPerPage.
func TestD8_PagesOfLargeGroups(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ana := b.newUser("ana@corp.example")
	var paths []string
	for range 3 {
		paths = append(paths, "/Groups/"+b.newGroup("Everyone", ana))
	}
	b.addHidden(ana, 25_000, paths...)
	groups := func(list map[string]any) (found []string) {
		require.Equal(t, json.Number("3"), list["totalResults"])
		for _, r := range list["Resources"].([]any) {
			found = append(found, "/Groups/"+r.(map[string]any)["id"].(string))
		}
		require.Equal(t, json.Number(itoa(len(found))), list["itemsPerPage"])
		return found
	}
	var byIndex, byCursor []string
	for len(byIndex) < 3 {
		page := groups(b.get("/Groups?startIndex=" + itoa(len(byIndex)+1)).body)
		require.Len(t, page, 1)
		byIndex = append(byIndex, page...)
	}
	require.ElementsMatch(t, paths, byIndex)
	for next := any(""); next != nil; {
		list := b.get("/Groups?cursor=" + url.QueryEscape(next.(string))).body
		byCursor, next = append(byCursor, groups(list)...), list["nextCursor"]
	}
	require.Equal(t, byIndex, byCursor)
	require.Len(t, groups(b.get("/Groups?excludedAttributes=members").body), 3)
}

// RFC 7644, sections 3.4.2.1 and 3.4.3.
func TestD8_SearchesByPost(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.newUser("ana@corp.example")
	b.newUser("bob@corp.example")
	group := b.newGroup("Ana's", id)
	search := func(filter string, more ...any) map[string]any {
		s := map[string]any{"schemas": []string{messages + "SearchRequest"}, "filter": filter}
		for i := 0; i < len(more); i += 2 {
			s[more[i].(string)] = more[i+1]
		}
		return s
	}
	ids := func(a answer) []string {
		require.Equal(t, http.StatusOK, a.status, a.text)
		all := []string{}
		for _, r := range a.body["Resources"].([]any) {
			all = append(all, r.(map[string]any)["id"].(string))
		}
		return all
	}
	require.Equal(t, []string{id}, ids(b.send("POST", "/Users/.search", search(`userName sw "ANA"`))))
	require.Equal(t, []string{group}, ids(b.send("POST", "/Groups/.search", search(`members.value eq "`+id+`"`))))
	require.Len(t, ids(b.send("POST", "/Users/.search", search(`userName pr`, "count", 1, "startIndex", 2))), 1)
	both := search(`userName eq "ana@corp.example" or displayName co "ana"`)
	require.Equal(t, []string{id, group}, ids(b.send("POST", "/.search", both)), "who lacks an attribute does not match by it")
	require.Equal(t, []string{id, group}, ids(b.get("?filter="+url.QueryEscape(both["filter"].(string)))))
	require.Len(t, ids(b.get("/?excludedAttributes=members")), 3)

	found := b.send("POST", "/.search", search(`id eq "`+group+`"`, "attributes", []string{"displayName"}))
	require.Equal(t, []any{map[string]any{"schemas": []any{schema.GroupURN}, "id": group, "displayName": "Ana's"}}, found.body["Resources"])
	b.requireError(b.send("POST", "/Users/.search", search(`userName`)), http.StatusBadRequest, "invalidFilter")
	b.requireError(b.send("POST", "/Users/.search", "{"), http.StatusBadRequest, "invalidSyntax")
}

func TestD8_FilterMistakes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, filter := range []string{`userName`, `userName eq`, `nothing eq "x"`, `userName eq "x" and`, `(userName pr`, `active gt`, `userName xx "y"`} {
		b.requireError(b.get("/Users?filter="+url.QueryEscape(filter)), http.StatusBadRequest, "invalidFilter")
	}
	b.requireError(b.get("/Users?sortBy=nothing"), http.StatusBadRequest, "invalidPath")
	b.requireError(b.get("/Users?sortBy=userName&sortOrder=up"), http.StatusBadRequest, "invalidValue")
}

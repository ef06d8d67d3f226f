package e2e

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCaseH2_TheNumbersOfAList(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 100)
	p.pushedMany(25)
	for _, step := range []struct {
		query        string
		start, found int
	}{
		{"?startIndex=1&count=10", 1, 10}, {"?startIndex=21&count=10", 21, 5}, {"?startIndex=101&count=100", 101, 0}, {"?count=0", 1, 0}, {"?count=-5", 1, 0},
		{"?startIndex=0&count=3", 1, 3}, {"?startIndex=-3&count=3", 1, 3}, {"?count=100", 1, 25}, {"", 1, 25}, {"?count=100000", 1, 25},
	} {
		page := p.list("/Users" + step.query)
		require.Equal(t, 25, page.total, step.query)
		require.Equal(t, step.found, page.perPage, step.query)
		require.Equal(t, step.start, page.start, step.query)
	}
	none := p.list("/Users" + where(`userName eq "nobody@corp.example"`))
	require.Zero(t, none.total)
	require.Empty(t, none.resources)
	for _, query := range []string{"?count=abc", "?startIndex=abc", "?count=1.5"} {
		p.denied(http.StatusBadRequest, "invalidValue", http.MethodGet, "/Users"+query, nil)
	}
	var walked []string
	for start := 1; start <= 25; start += 7 {
		walked = append(walked, p.list("/Users"+where("", "startIndex", number(start), "count", "7")).texts("id")...)
	}
	all := p.list("/Users").texts("id")
	require.Equal(t, all, walked, "each user exactly once")
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(walked))), 25)
}

func TestCaseH2_ATotalAboveThePage(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 1000)
	p.pushedMany(250)
	page := p.list("/Users")
	require.Equal(t, 250, page.total)
	require.Equal(t, 1, page.start)
	require.Len(t, p.list("/Users?count=250").resources, 250)
	require.Equal(t, 10, p.list("/Users"+where(`userName sw "p00"`)).total)
}

// cursors walks a list by cursor and returns the ids that it came to; after each page it lets between work.
func (p *idp) cursors(path string, between func(seen []string)) []string {
	p.Helper()
	var seen []string
	for cursor := ""; ; {
		page := p.list(path + "&cursor=" + cursor)
		seen = append(seen, page.texts("id")...)
		require.NotContains(p, page.body, "startIndex", "a page by cursor has no index")
		next, _ := page.body["nextCursor"].(string)
		if next == "" {
			return seen
		}
		cursor = next
		between(seen)
	}
}

// Cursors of RFC 9865: who stays is come to exactly once, whoever else is deleted or added meanwhile.
func TestD8_CursorsLoseNobody(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]string{"unsorted": "", "sorted": "&sortBy=userName", "descending": "&sortBy=title&sortOrder=descending", "filtered": "&filter=userName+sw+%22p%22"} {
		t.Run(name, func(t *testing.T) {
			p := newIDP(t, 1000)
			p.call(http.MethodPatch, "/v1/scim/guard", object{"max_removals": 1000, "max_removal_percent": 100}, nil)
			ids := p.pushedMany(40)
			gone := map[string]bool{}
			leave := func(id string) {
				if !gone[id] {
					gone[id] = true
					p.must(http.StatusNoContent, http.MethodDelete, "/Users/"+id, nil)
				}
			}
			seen := p.cursors("/Users?count=6"+query, func(seen []string) {
				leave(seen[0])
				leave(seen[len(seen)-1])
				for _, id := range slices.Backward(ids) {
					if !gone[id] && !slices.Contains(seen, id) {
						leave(id)
						break
					}
				}
			})
			require.Len(t, slices.Compact(slices.Sorted(slices.Values(seen))), len(seen), "nobody twice")
			for _, id := range ids {
				if !gone[id] {
					require.Contains(t, seen, id)
				}
			}
		})
	}
}

func TestD8_Cursors(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 100)
	p.pushedMany(9)
	first := p.list("/Users?cursor&count=4")
	require.Equal(t, 9, first.total)
	require.Len(t, first.resources, 4)
	require.NotContains(t, first.body, "previousCursor")
	next := first.body["nextCursor"].(string)
	second := p.list("/Users?count=4&cursor=" + next)
	require.Equal(t, second.resources, p.list("/Users?count=4&cursor="+next).resources, "a cursor can be used again")
	third := p.list("/Users?count=4&cursor=" + second.body["nextCursor"].(string))
	require.Len(t, third.resources, 1)
	require.NotContains(t, third.body, "nextCursor")
	if back, ok := second.body["previousCursor"].(string); ok {
		require.Equal(t, first.resources, p.list("/Users?count=4&cursor="+back).resources)
	}
	require.Empty(t, p.list("/Users?cursor=&count=0").resources)
	p.denied(http.StatusBadRequest, "invalidCursor", http.MethodGet, "/Users?cursor=nonsense", nil)
	p.denied(http.StatusBadRequest, "invalidCursor", http.MethodGet, "/Groups?cursor="+next, nil)
	p.denied(http.StatusBadRequest, "invalidCursor", http.MethodGet, "/Users?sortBy=title&cursor="+next, nil)
	other := p.neighbour(t, "other")
	other.denied(http.StatusBadRequest, "invalidCursor", http.MethodGet, "/Users?cursor="+next, nil)
	searched := p.page(p.must(http.StatusOK, http.MethodPost, "/Users/.search", object{"schemas": []string{messages + "SearchRequest"}, "cursor": "", "count": 4}))
	require.Equal(t, first.texts("id"), searched.texts("id"))
	require.NotEmpty(t, searched.body["nextCursor"])
}

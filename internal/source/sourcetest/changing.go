package sourcetest

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
)

func (s suite) changing() tests {
	return tests{
		"nothing has changed since a new link":        s.unchanged,
		"who came, changed and went is told":          s.changed,
		"a link tells the same again, in any process": s.changedAgain,
		"many changes come in pages":                  s.manyChanges,
		"a link that the source forgot is gone":       s.expired,
		"a link that is not the source's is refused":  s.foreignLink,
	}
}

func incremental(t *testing.T, from source.Source) source.Incremental {
	t.Helper()
	changing, ok := from.(source.Incremental)
	require.True(t, ok, "the source does not tell changes")
	return changing
}

func (s suite) link(t *testing.T, from source.Source) string {
	t.Helper()
	link, err := incremental(t, from).ChangesLink(t.Context(), s.paths())
	require.NoError(t, err)
	require.NotEmpty(t, link)
	return link
}

// readChanges reads from a link to the end: who changed, in order, and the next link.
func readChanges(t *testing.T, from source.Source, link string) (ids []string, next string) {
	t.Helper()
	cursors := []string{}
	for cursor := link; ; {
		require.NotContains(t, cursors, cursor)
		cursors = append(cursors, cursor)
		page, err := incremental(t, from).Changes(t.Context(), cursor)
		require.NoError(t, err)
		ids = append(ids, page.IDs...)
		if page.Next == "" {
			require.NotEmpty(t, page.Link)
			slices.Sort(ids)
			return slices.Compact(ids), page.Link
		}
		require.Empty(t, page.Link, "a page leads on or ends the list")
		cursor = page.Next
	}
}

func (s suite) unchanged(t *testing.T) {
	from := s.start(t, 3).Open(t)
	for link, i := s.link(t, from), 0; i < 3; i++ {
		var changed []string
		changed, link = readChanges(t, from, link)
		require.Empty(t, changed)
	}
}

func (s suite) changed(t *testing.T) {
	tenant := s.start(t, 6)
	from := tenant.Open(t)
	link := s.link(t, from)

	renamed, disabled, newcomer := person(1), person(4), person(7)
	renamed.LastName, disabled.Disabled = "Byron", true
	tenant.control(t, http.MethodPatch, "users/"+renamed.ID, s.Person(renamed))
	tenant.control(t, http.MethodPatch, "users/"+disabled.ID, s.Person(disabled))
	tenant.control(t, http.MethodDelete, "users/"+person(2).ID, nil)
	tenant.control(t, http.MethodPost, "users", s.Person(newcomer))

	changed, link := readChanges(t, from, link)
	require.Equal(t, ids(1, 2, 4, 7), changed)
	for _, want := range []Person{renamed, disabled, newcomer} {
		got, err := from.User(t.Context(), want.ID, s.paths())
		require.NoError(t, err)
		require.Equal(t, s.wanted(t, want, s.paths()...), normal([]source.Record{got})[0])
	}
	_, err := from.User(t.Context(), person(2).ID, s.paths())
	require.Equal(t, directory.KindNotFound, coded(t, err).Kind)

	changed, link = readChanges(t, from, link)
	require.Empty(t, changed)
	tenant.control(t, http.MethodDelete, "users/"+newcomer.ID, nil)
	changed, _ = readChanges(t, from, link)
	require.Equal(t, ids(7), changed)
}

func (s suite) changedAgain(t *testing.T) {
	tenant := s.start(t, 3)
	link := s.link(t, tenant.Open(t))
	tenant.control(t, http.MethodDelete, "users/"+person(2).ID, nil)
	for range 2 {
		changed, _ := readChanges(t, tenant.Open(t), link)
		require.Equal(t, ids(2), changed)
	}
}

func (s suite) manyChanges(t *testing.T) {
	const many = 450
	tenant := s.start(t, 1)
	from := tenant.Open(t)
	link := s.link(t, from)
	var all []int
	for n := 2; n <= many; n++ {
		tenant.control(t, http.MethodPost, "users", s.Person(person(n)))
		all = append(all, n)
	}
	changed, _ := readChanges(t, from, link)
	require.Equal(t, ids(all...), changed)
}

func (s suite) expired(t *testing.T) {
	tenant := s.start(t, 2)
	from := tenant.Open(t)
	link := s.link(t, from)
	tenant.control(t, http.MethodPost, "expire-delta", nil)
	_, err := incremental(t, from).Changes(t.Context(), link)
	require.Equal(t, directory.KindGone, coded(t, err).Kind)
	changed, _ := readChanges(t, from, s.link(t, from))
	require.Empty(t, changed, "a new link works")
}

func (s suite) foreignLink(t *testing.T) {
	from := s.start(t, 2).Open(t)
	for _, link := range []string{"nonsense", "https://collector.example/v1.0/users/delta?$deltatoken=x"} {
		_, err := incremental(t, from).Changes(t.Context(), link)
		require.Equal(t, directory.KindGone, coded(t, err).Kind, "everybody is read again, and the token goes nowhere else")
	}
}

package sourcetest

import (
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
)

func (s suite) reading() tests {
	return tests{
		"the tenant says who it is":                     s.tenant,
		"attributes have unique paths, names and types": s.attributes,
		"every page size reads everyone once":           s.pages,
		"records hold what was asked for and no more":   s.records,
		"a cursor reads its page again, in any process": s.cursor,
		"a tenant without people is an empty page":      s.empty,
		"people are counted":                            s.count,
		"one person is read by id":                      s.person,
		"sources are used concurrently":                 s.concurrent,
	}
}

func (s suite) tenant(t *testing.T) {
	got, err := s.start(t, 0).Open(t).Tenant(t.Context())
	require.NoError(t, err)
	want := organization()
	if s.OneDomain {
		want.Domains = want.Domains[:1]
	}
	require.Equal(t, want, got)
}

func (s suite) attributes(t *testing.T) {
	list, err := s.start(t, 0).Open(t).Attributes(t.Context())
	require.NoError(t, err)
	types := map[string]directory.FieldType{}
	for _, a := range list {
		require.NotContains(t, types, a.Path)
		require.NotEmpty(t, a.Name, a.Path)
		require.Contains(t, directory.FieldTypes(), a.Type, a.Path)
		require.True(t, a.Type == directory.Text || !a.MultiValued, a.Path)
		types[a.Path] = a.Type
	}
	require.Equal(t, directory.Text, types[s.FirstName])
	require.Equal(t, directory.Text, types[s.LastName])
	require.Equal(t, directory.Email, types[s.Email])
}

func (s suite) pages(t *testing.T) {
	tenant := s.start(t, 7)
	for _, size := range []int{1, 3, 7, 0} {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			records, cursors := s.readAll(t, tenant.Open(t), size)
			require.ElementsMatch(t, s.wantedAll(t, people(7)), records)
			if size > 0 {
				require.Len(t, cursors, (7+size-1)/size)
			}
		})
	}
}

// readAll reads to the end; the cursors are those with which it read.
func (s suite) readAll(t *testing.T, from source.Source, size int) (records []source.Record, cursors []string) {
	cursor := ""
	for {
		require.NotContains(t, cursors, cursor)
		cursors = append(cursors, cursor)
		page, err := from.Users(t.Context(), cursor, s.paths(), size)
		require.NoError(t, err)
		if size > 0 {
			require.LessOrEqual(t, len(page.Records), size)
		}
		records = append(records, normal(page.Records)...)
		if cursor = page.Next; cursor == "" {
			return records, cursors
		}
	}
}

func (s suite) records(t *testing.T) {
	from := s.start(t, 5).Open(t)
	for _, paths := range [][]string{{}, {s.Email}, {s.LastName, s.FirstName}} {
		page, err := from.Users(t.Context(), "", paths, 0)
		require.NoError(t, err)
		var wanted []source.Record
		for _, p := range people(5) {
			wanted = append(wanted, s.wanted(t, p, paths...))
		}
		require.ElementsMatch(t, wanted, normal(page.Records))
	}
}

func (s suite) cursor(t *testing.T) {
	tenant := s.start(t, 6)
	first, err := tenant.Open(t).Users(t.Context(), "", s.paths(), 2)
	require.NoError(t, err)
	for _, from := range []source.Source{tenant.Open(t), tenant.Open(t)} {
		second, err := from.Users(t.Context(), first.Next, s.paths(), 2)
		require.NoError(t, err)
		third, err := from.Users(t.Context(), second.Next, s.paths(), 2)
		require.NoError(t, err)
		require.Empty(t, third.Next)
		all := slices.Concat(first.Records, second.Records, third.Records)
		require.ElementsMatch(t, s.wantedAll(t, people(6)), normal(all))
	}
}

func (s suite) empty(t *testing.T) {
	page, err := s.start(t, 0).Open(t).Users(t.Context(), "", s.paths(), 0)
	require.NoError(t, err)
	require.Empty(t, page.Records)
	require.Empty(t, page.Next)
}

func (s suite) count(t *testing.T) {
	for _, n := range []int{0, 7} {
		count, err := s.start(t, n).Open(t).CountUsers(t.Context())
		require.NoError(t, err)
		if s.Uncounted {
			n = 0
		}
		require.Equal(t, n, count)
	}
}

func (s suite) person(t *testing.T) {
	from := s.start(t, 5).Open(t)
	for _, p := range []Person{person(3), person(5)} {
		got, err := from.User(t.Context(), p.ID, s.paths())
		require.NoError(t, err)
		require.Equal(t, s.wanted(t, p, s.paths()...), normal([]source.Record{got})[0])
	}
	for _, id := range []string{"00000000-0000-4000-8000-999999999999", "a/b?c", ""} {
		_, err := from.User(t.Context(), id, s.paths())
		require.Equal(t, directory.KindNotFound, coded(t, err).Kind, id)
	}
}

func (s suite) concurrent(t *testing.T) {
	from := s.start(t, 9).Open(t)
	var group errgroup.Group
	pages := make([]source.Page, 8)
	for i := range pages {
		group.Go(func() (err error) {
			pages[i], err = from.Users(t.Context(), "", s.paths(), 0)
			return err
		})
	}
	require.NoError(t, group.Wait())
	for _, page := range pages {
		require.ElementsMatch(t, s.wantedAll(t, people(9)), normal(page.Records))
	}
}

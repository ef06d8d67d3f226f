package sourcetest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
)

func (s suite) grouping() tests {
	all := tests{
		"every page size reads every group once":                  s.groups,
		"groups are found by the beginning of their names":        s.search,
		"one group is read by id":                                 s.group,
		"members come through groups in any shape of nesting":     s.nested,
		"a large group is read to the end":                        s.largeGroup,
		"a group without members is an empty page":                s.emptyGroup,
		"a group that is not there is not an empty one":           s.missingGroup,
		"a group that may not be read is a matter of this group":  s.unreadableGroup,
		"lists of groups and members fail as lists of people do":  s.groupsFail,
		"a cursor of members that is not the source's is no list": s.foreignMembers,
	}
	if s.HasEveryone {
		all["a group can have everyone"] = s.everyone
	}
	if s.HasThings {
		all["members that are no people are told apart"] = s.things
	}
	return all
}

func groupID(n int) string { return fmt.Sprintf("10000000-0000-4000-8000-%012d", n) }

// newGroup is a group with persons by their numbers.
func newGroup(number int, name string, persons ...int) Group {
	group := Group{ID: groupID(number), Name: name, Description: "About " + name, Email: fmt.Sprintf("group%d@contoso.example", number)}
	for _, n := range persons {
		group.Members = append(group.Members, Member{APerson, person(n).ID})
	}
	return group
}

// with adds groups to the members.
func (g Group) with(groups ...int) Group {
	for _, n := range groups {
		g.Members = append(g.Members, Member{AGroup, groupID(n)})
	}
	return g
}

// startGroups serves a tenant with n persons and the groups.
func (s suite) startGroups(t *testing.T, n int, groups ...Group) Tenant {
	tenant := s.start(t, n)
	for _, group := range groups {
		tenant.control(t, http.MethodPost, "groups", s.Group(group))
	}
	return tenant
}

func (s suite) groups(t *testing.T) {
	written := []Group{newGroup(1, "Design", 1, 2), newGroup(2, "Sales", 3), newGroup(3, "Sales"), newGroup(4, "Wāhine 営業"), newGroup(5, "Ops", 1)}
	tenant := s.startGroups(t, 3, written...)
	for _, size := range []int{1, 2, 5, 0} {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			read := readGroups(t, tenant.Open(t), "", size)
			require.Len(t, read, len(written))
			for _, group := range read {
				i := slices.IndexFunc(written, func(g Group) bool { return g.ID == group.ID })
				require.GreaterOrEqual(t, i, 0, group.ID)
				requireGroup(t, written[i], group)
			}
		})
	}
	require.Empty(t, readGroups(t, s.start(t, 1).Open(t), "", 0))
}

func requireGroup(t *testing.T, written Group, read source.Group) {
	t.Helper()
	require.Equal(t, source.Group{ID: written.ID, Name: written.Name, Description: written.Description, Email: written.Email}, read)
}

func readGroups(t *testing.T, from source.Source, search string, size int) []source.Group {
	t.Helper()
	var groups []source.Group
	cursors := []string{}
	for cursor := ""; ; {
		require.NotContains(t, cursors, cursor)
		cursors = append(cursors, cursor)
		page, err := from.Groups(t.Context(), cursor, search, size)
		require.NoError(t, err)
		if size > 0 {
			require.LessOrEqual(t, len(page.Groups), size)
		}
		groups = append(groups, page.Groups...)
		if cursor = page.Next; cursor == "" {
			return groups
		}
	}
}

func (s suite) search(t *testing.T) {
	from := s.startGroups(t, 0, newGroup(1, "Design"), newGroup(2, "Design & Research"), newGroup(3, "Graphic design"),
		newGroup(4, `O'Brien "and" Söhne`), newGroup(5, `C:\shared* (50% off)`)).Open(t)
	for search, want := range map[string][]int{
		"Des": {1, 2}, "design": {1, 2}, "Design &": {2}, "Graphic d": {3}, "O'Br": {4}, `O'Brien "and" Sö`: {4},
		`C:\sh`: {5}, `C:\shared*`: {5}, "nothing": nil, "*": nil, `"`: nil, "'": nil, `\`: nil,
	} {
		for _, size := range []int{1, 0} {
			var found []string
			for _, group := range readGroups(t, from, search, size) {
				found = append(found, group.ID)
			}
			var ids []string
			for _, n := range want {
				ids = append(ids, groupID(n))
			}
			require.ElementsMatch(t, ids, found, search)
		}
	}
}

func (s suite) group(t *testing.T) {
	design := newGroup(1, "Design", 1, 2)
	from := s.startGroups(t, 2, design, newGroup(2, "Sales")).Open(t)
	read, err := from.Group(t.Context(), design.ID)
	require.NoError(t, err)
	requireGroup(t, design, read)
	for _, id := range []string{groupID(99), "a/b?c", ""} {
		_, err := from.Group(t.Context(), id)
		require.Equal(t, directory.KindNotFound, coded(t, err).Kind, id)
	}
}

// members are all that the source says is in a group, in order and without repetition.
type members struct {
	people, groups, others []string
	everyone               bool
}

func readMembers(t *testing.T, from source.Source, group int) members {
	t.Helper()
	var read members
	cursors := []string{}
	for cursor := ""; ; {
		require.NotContains(t, cursors, cursor)
		cursors = append(cursors, cursor)
		page, err := from.Members(t.Context(), groupID(group), cursor)
		require.NoError(t, err)
		read.people = append(read.people, page.People...)
		read.groups = append(read.groups, page.Groups...)
		read.others = append(read.others, page.Others...)
		read.everyone = read.everyone || page.Everyone
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	slices.Sort(read.people)
	read.people = slices.Compact(read.people)
	return read
}

// ids are those of people by their numbers, in order.
func ids(persons ...int) []string {
	var list []string
	for _, n := range persons {
		list = append(list, person(n).ID)
	}
	return list
}

// Case E1: groups in groups: a chain, a diamond and a cycle; the fifth person is disabled.
func (s suite) nested(t *testing.T) {
	tenant := s.startGroups(t, 6,
		newGroup(1, "A").with(2), newGroup(2, "B", 1).with(3), newGroup(3, "C", 2),
		newGroup(4, "Top", 3).with(5, 6), newGroup(5, "Left").with(7), newGroup(6, "Right", 4).with(7), newGroup(7, "Bottom", 4, 5),
		newGroup(8, "Egg", 1).with(9), newGroup(9, "Hen", 2).with(8))
	from := tenant.Open(t)
	tenant.control(t, http.MethodDelete, "requests", nil)
	for group, want := range map[int][]string{
		1: ids(1, 2), 2: ids(1, 2), 3: ids(2), 4: ids(3, 4, 5), 5: ids(4, 5), 6: ids(4, 5), 7: ids(4, 5), 8: ids(1, 2), 9: ids(1, 2),
	} {
		read := readMembers(t, from, group)
		require.Equal(t, want, read.people, group)
		require.False(t, read.everyone)
		require.Empty(t, read.others)
		count, err := from.CountMembers(t.Context(), groupID(group))
		require.NoError(t, err)
		require.Positive(t, count)
		require.LessOrEqual(t, count, len(read.people)+len(read.groups), "no more than are listed")
		for _, nested := range read.groups {
			require.Contains(t, nested, groupID(0)[:30])
		}
	}
	for path := range tenant.requestsByPath(t) {
		require.NotContains(t, path, "/users/", "no member is looked up as a user")
	}
}

// Case A1: a group of 263 members, the page size of one vendor being 200.
func (s suite) largeGroup(t *testing.T) {
	var all []int
	for n := range 263 {
		all = append(all, n+1)
	}
	from := s.startGroups(t, len(all), newGroup(1, "Engineering", all...)).Open(t)
	require.Equal(t, ids(all...), readMembers(t, from, 1).people)
	count, err := from.CountMembers(t.Context(), groupID(1))
	require.NoError(t, err)
	require.Equal(t, len(all), count)
}

func (s suite) emptyGroup(t *testing.T) {
	from := s.startGroups(t, 1, newGroup(1, "Nobody")).Open(t)
	page, err := from.Members(t.Context(), groupID(1), "")
	require.NoError(t, err)
	require.Empty(t, page.People)
	require.Empty(t, page.Groups)
	require.Empty(t, page.Others)
	require.False(t, page.Everyone)
	require.Empty(t, page.Next)
}

func (s suite) missingGroup(t *testing.T) {
	tenant := s.startGroups(t, 1, newGroup(1, "Design", 1))
	from := tenant.Open(t)
	require.Equal(t, ids(1), readMembers(t, from, 1).people)
	tenant.control(t, http.MethodDelete, "groups/"+groupID(1), nil)
	for _, id := range []string{groupID(1), "a/b?c", ""} {
		_, err := from.Members(t.Context(), id, "")
		require.Equal(t, directory.KindNotFound, coded(t, err).Kind, id)
		_, err = from.CountMembers(t.Context(), id)
		require.Equal(t, directory.KindNotFound, coded(t, err).Kind, id)
	}
	_, err := from.Group(t.Context(), groupID(1))
	require.Equal(t, directory.KindNotFound, coded(t, err).Kind)
}

// Case D1: one of the chosen groups cannot be read.
func (s suite) unreadableGroup(t *testing.T) {
	tenant := s.startGroups(t, 2, newGroup(1, "Design", 1), newGroup(2, "Hidden", 2))
	from := s.opened(t, tenant)
	fault := maps.Clone(s.Unreadable)
	fault["path"] = s.MemberLists(groupID(2))
	tenant.fault(t, fault)
	_, err := from.Members(t.Context(), groupID(2), "")
	requirePermanent(t, err, directory.CodeGroupUnreadable)
	require.Equal(t, ids(1), readMembers(t, from, 1).people)
}

func (s suite) groupsFail(t *testing.T) {
	tenant := s.startGroups(t, 1, newGroup(1, "Design", 1))
	from := s.opened(t, tenant)
	for path, read := range map[string]func() error{
		s.GroupLists: func() error {
			_, err := from.Groups(t.Context(), "", "", 0)
			return err
		},
		s.MemberLists(groupID(1)): func() error {
			_, err := from.Members(t.Context(), groupID(1), "")
			return err
		},
	} {
		tenant.fault(t, map[string]any{"path": path, "status": 429, "headers": map[string]string{"Retry-After": "120"}, "times": 1})
		failure := coded(t, read())
		require.Equal(t, directory.CodeSourceThrottled, failure.Code)
		require.Equal(t, 120*time.Second, failure.RetryAfter)
		for _, fault := range []map[string]any{
			{"status": 502, "body": "<html>"}, {"status": 200, "body": "<html>"}, {"truncate_after": 60}, {"drop": true},
		} {
			fault["path"], fault["times"] = path, 1
			tenant.fault(t, fault)
			failure := coded(t, read())
			require.Equal(t, directory.CodeSourceUnavailable, failure.Code)
			require.False(t, failure.Permanent)
		}
		require.NoError(t, read())
	}
	fault := maps.Clone(s.Denied)
	fault["path"] = s.GroupLists
	tenant.fault(t, fault)
	_, err := from.Groups(t.Context(), "", "", 0)
	requirePermanent(t, err, directory.CodeSourceRefused)
}

func (s suite) foreignMembers(t *testing.T) {
	from := s.startGroups(t, 1, newGroup(1, "Design", 1)).Open(t)
	for _, cursor := range []string{"nonsense", "https://collector.example/v1.0/groups?$skiptoken=x"} {
		_, err := from.Members(t.Context(), groupID(1), cursor)
		requirePermanent(t, err, directory.CodeSourceRefused)
		_, err = from.Groups(t.Context(), cursor, "", 0)
		requirePermanent(t, err, directory.CodeSourceRefused)
	}
}

// Case E2: all people of the tenant as one member, beside one who is named.
func (s suite) everyone(t *testing.T) {
	all := newGroup(1, "All", 2)
	all.Members = append(all.Members, Member{Kind: Everyone})
	from := s.startGroups(t, 3, all, newGroup(2, "Outer", 1).with(1)).Open(t)
	read := readMembers(t, from, 1)
	require.True(t, read.everyone)
	require.Contains(t, read.people, ids(2)[0])
	require.True(t, readMembers(t, from, 2).everyone)
}

// Case E2: devices and applications.
func (s suite) things(t *testing.T) {
	mixed := newGroup(1, "Mixed", 1)
	mixed.Members = append(mixed.Members, Member{AThing, "20000000-0000-4000-8000-000000000001"}, Member{AThing, "20000000-0000-4000-8000-000000000002"})
	read := readMembers(t, s.startGroups(t, 2, mixed).Open(t), 1)
	require.Equal(t, ids(1), read.people)
	require.ElementsMatch(t, []string{mixed.Members[1].ID, mixed.Members[2].ID}, read.others)
}

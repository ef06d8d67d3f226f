package google

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

const mostMembers = 200

// member is one line of a members list. Its key holds whoever joins or leaves.
type member struct {
	key    string
	object simulate.Object
}

func listMembers(c call) ([]byte, error) {
	size, err := c.maxResults(mostMembers, mostMembers, false)
	if err != nil {
		return nil, err
	}
	after, err := c.after()
	if err != nil {
		return nil, err
	}
	derived := false
	if raw := c.params.Get("includeDerivedMembership"); raw != "" {
		if derived, err = strconv.ParseBool(raw); err != nil {
			return nil, invalidParameter("includeDerivedMembership", "Invalid boolean value: '"+raw+"'.")
		}
	}
	var all []member
	var found bool
	c.store.Read(func() {
		var group simulate.Record
		if group, found = c.store.find(c.store.groups, c.request.PathValue("groupKey")); found {
			all = c.store.members(group, derived)
		}
	})
	if !found {
		return nil, notFound("groupKey")
	}
	return memberPage(withRole(all, c.params.Get("roles")), after.Key, size), nil
}

func memberPage(all []member, after string, size int) []byte {
	if after != "" {
		all = all[sort.Search(len(all), func(i int) bool { return all[i].key > after }):]
	}
	var next *place
	if len(all) > size {
		all = all[:size]
		next = &place{Key: all[size-1].key}
	}
	items := make([]simulate.Object, len(all))
	for i, m := range all {
		items[i] = resource("member", m.object)
	}
	return collection("members", "members", items, next)
}

func withRole(all []member, roles string) []member {
	if roles == "" {
		return all
	}
	wanted := strings.Split(roles, ",")
	var found []member
	for _, m := range all {
		if slices.Contains(wanted, m.object.Text("role")) {
			found = append(found, m)
		}
	}
	return found
}

type membershipKey struct {
	group   uint64
	derived bool
}

// members lists who is in a group, sorted. The caller holds the read lock.
func (s *store) members(group simulate.Record, derived bool) []member {
	return s.derived().members.get(membershipKey{group.Seq, derived}, func() []member { return s.resolve(group, derived) })
}

// resolve lists the entries of a group and, when derived ones are asked for, of
// the groups inside it, in any shape of nesting: each once, the groups too.
func (s *store) resolve(start simulate.Record, derived bool) []member {
	var found []member
	listed := map[string]bool{start.ID: true}
	queue := []simulate.Record{start}
	visited := map[uint64]bool{start.Seq: true}
	for len(queue) > 0 {
		group := queue[0]
		queue = queue[1:]
		for entry := range simulate.Elements(group.Object.Get("members")) {
			m, nested, ok := s.entry(entry)
			if !ok || listed[m.key] {
				continue
			}
			listed[m.key] = true
			found = append(found, m)
			if derived && nested.Seq > 0 && !visited[nested.Seq] {
				visited[nested.Seq] = true
				queue = append(queue, nested)
			}
		}
	}
	slices.SortFunc(found, func(a, b member) int { return cmp.Compare(a.key, b.key) })
	return found
}

// entry is what an entry of a group stands for; group is set when it is a group
// of this tenant. Who was deleted has left all groups.
func (s *store) entry(raw []byte) (m member, group simulate.Record, ok bool) {
	object := simulate.Object(raw)
	if raw[0] == '"' {
		object, ok = s.reference(simulate.Object(`{"x":` + string(raw) + `}`).Text("x"))
		if !ok {
			return m, group, false
		}
	}
	id, email := object.Text("id"), object.Text("email")
	if s.gone(s.users, id) || s.gone(s.groups, id) {
		return m, group, false
	}
	if kind := object.Text("type"); kind == "GROUP" || kind == "" {
		if group, ok = s.find(s.groups, id); !ok {
			group, _ = s.find(s.groups, email)
		}
	}
	return member{cmp.Or(id, strings.ToLower(email)), object}, group, true
}

// reference is the member that an id or an address stands for.
func (s *store) reference(key string) (simulate.Object, bool) {
	for _, kind := range []struct {
		name, email string
		table       *simulate.Table
	}{{"USER", "primaryEmail", s.users}, {"GROUP", "email", s.groups}} {
		if r, ok := s.find(kind.table, key); ok {
			return simulate.Object(simulate.Encode(map[string]string{
				"id": r.ID, "email": r.Object.Text(kind.email), "role": "MEMBER", "type": kind.name, "status": "ACTIVE",
			})), true
		}
	}
	return nil, false
}

func (s *store) gone(table *simulate.Table, id string) bool {
	_, removed := table.Removed(id)
	return removed
}

// checkMembers looks at the members of a group, if it has any.
func checkMembers(group simulate.Object) error {
	raw := group.Get("members")
	if raw == nil {
		return nil
	}
	if raw[0] != '[' {
		return errors.New("members are not a list")
	}
	i := 0
	for entry := range simulate.Elements(raw) {
		object := simulate.Object(entry)
		switch {
		case entry[0] != '"' && entry[0] != '{':
			return fmt.Errorf("members[%d] is neither a member nor an id", i)
		case entry[0] == '{' && object.Text("id") == "" && object.Text("email") == "":
			return fmt.Errorf("members[%d] has neither id nor email", i)
		}
		i++
	}
	return nil
}

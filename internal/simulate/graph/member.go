package graph

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

// Kinds of members, in the order in which members are listed.
const (
	kindUser = iota
	kindGroup
	kindOther
)

// member is one line of a members list. Its place is its kind and seq, which
// hold whoever joins or leaves.
type member struct {
	kind   int
	seq    uint64
	object simulate.Object
}

func compareMembers(a, b member) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.seq, b.seq))
}

// membershipCache holds resolved lists for one state of the directory.
type membershipCache struct {
	change uint64
	lists  map[membershipKey][]member
}

type membershipKey struct {
	group      string
	transitive bool
}

// members lists who is in a group, sorted. The caller holds the read lock.
func (s *store) members(group simulate.Record, transitive bool) []member {
	key := membershipKey{group.ID, transitive}
	s.cacheMu.Lock()
	defer s.cacheMu.Unlock()
	if s.cache.lists == nil || s.cache.change != s.Change() {
		s.cache = membershipCache{change: s.Change(), lists: map[membershipKey][]member{}}
	}
	if list, ok := s.cache.lists[key]; ok {
		return list
	}
	list := s.resolve(group, transitive)
	s.cache.lists[key] = list
	return list
}

func (s *store) resolve(start simulate.Record, transitive bool) []member {
	type place struct {
		kind int
		seq  uint64
	}
	var found []member
	seen := map[place]bool{{kindGroup, start.Seq}: true}
	others := uint64(0)
	queue := []simulate.Record{start}
	for len(queue) > 0 {
		group := queue[0]
		queue = queue[1:]
		references, _ := parseMembers(group.Object) // checked when it came in
		for _, reference := range references {
			m, nested, ok := s.lookup(reference, others+1)
			if !ok || seen[place{m.kind, m.seq}] {
				continue
			}
			seen[place{m.kind, m.seq}] = true
			found = append(found, m)
			switch {
			case m.kind == kindOther:
				others++
			case m.kind == kindGroup && transitive:
				queue = append(queue, nested)
			}
		}
	}
	slices.SortFunc(found, compareMembers)
	return found
}

// lookup finds what a reference stands for. An id that is nobody's is left out,
// as a deleted object leaves the members lists of a real tenant.
func (s *store) lookup(r reference, nextOther uint64) (m member, group simulate.Record, ok bool) {
	if r.object != nil {
		return member{kind: kindOther, seq: nextOther, object: r.object}, simulate.Record{}, true
	}
	if user, ok := s.users.Get(r.id); ok {
		return member{kind: kindUser, seq: user.Seq, object: user.Object}, simulate.Record{}, true
	}
	if group, ok := s.groups.Get(r.id); ok {
		return member{kind: kindGroup, seq: group.Seq, object: group.Object}, group, true
	}
	return member{}, simulate.Record{}, false
}

// reference is one entry of a group's members: an id, or an object.
type reference struct {
	id     string
	object simulate.Object
}

func parseMembers(group simulate.Object) ([]reference, error) {
	raw := group.Get("members")
	if raw == nil {
		return nil, nil
	}
	var entries []json.RawMessage
	if err := json.Unmarshal(raw, &entries); err != nil {
		return nil, errors.New("members is not a list")
	}
	references := make([]reference, len(entries))
	for i, entry := range entries {
		switch entry[0] {
		case '"':
			if err := json.Unmarshal(entry, &references[i].id); err != nil {
				return nil, fmt.Errorf("members[%d]: %w", i, err)
			}
		case '{':
			references[i].object = simulate.Object(entry)
		default:
			return nil, fmt.Errorf("members[%d] is neither an id nor an object", i)
		}
	}
	return references, nil
}

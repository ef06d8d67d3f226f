package google

import (
	"strings"
	"sync"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

// derived is what was worked out from one state of the directory.
type derived struct {
	change    uint64
	members   memo[membershipKey, []member]
	orders    memo[orderKey, []ordered]
	addresses memo[*simulate.Table, map[string]simulate.Record]
}

// memo remembers results by key. It is safe for concurrent use.
type memo[K comparable, V any] struct {
	mu    sync.Mutex
	known map[K]V
}

// get returns what is known, or else works it out; two who ask at once may both do.
func (m *memo[K, V]) get(key K, work func() V) V {
	m.mu.Lock()
	value, ok := m.known[key]
	m.mu.Unlock()
	if ok {
		return value
	}
	value = work()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil {
		m.known = map[K]V{}
	}
	m.known[key] = value
	return value
}

// derived belongs to the directory as it is now. The caller holds the read lock.
func (s *store) derived() *derived {
	s.latestMu.Lock()
	defer s.latestMu.Unlock()
	if s.latest == nil || s.latest.change != s.Change() {
		s.latest = &derived{change: s.Change()}
	}
	return s.latest
}

// find looks a user or a group up by id, address or alias. The caller holds the read lock.
func (s *store) find(table *simulate.Table, key string) (found simulate.Record, ok bool) {
	if found, ok = table.Get(key); ok || !strings.Contains(key, "@") {
		return found, ok
	}
	index := s.derived().addresses.get(table, func() map[string]simulate.Record { return byAddress(table) })
	found, ok = index[strings.ToLower(key)]
	return found, ok
}

// byAddress indexes a table; of an address used twice the first one counts.
func byAddress(table *simulate.Table) map[string]simulate.Record {
	index := map[string]simulate.Record{}
	for _, r := range table.After(0, table.Count(nil), nil) {
		for _, address := range addresses(r.Object) {
			address = strings.ToLower(address)
			if _, taken := index[address]; !taken {
				index[address] = r
			}
		}
	}
	return index
}

// addresses are those by which the Directory API finds a user or a group.
func addresses(o simulate.Object) []string {
	var all []string
	for _, name := range []string{"primaryEmail", "email"} {
		if address := o.Text(name); address != "" {
			all = append(all, address)
		}
	}
	for _, name := range []string{"aliases", "nonEditableAliases"} {
		all = append(all, texts(o.Get(name))...)
	}
	return all
}

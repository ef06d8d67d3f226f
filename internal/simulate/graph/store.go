package graph

import (
	"sync"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

// store is the directory as it is now. Objects are immutable, so readers keep
// what they took under the lock.
type store struct {
	mu           sync.RWMutex
	organization simulate.Object
	users        *table
	groups       *table
	change       uint64 // number of the latest change

	cacheMu sync.Mutex
	cache   membershipCache
}

func newStore(directory Directory) *store {
	s := &store{
		organization: directory.Organization,
		users:        newTable(len(directory.Users)),
		groups:       newTable(len(directory.Groups)),
	}
	for _, user := range directory.Users {
		s.users.add(user, 0)
	}
	for _, group := range directory.Groups {
		s.groups.add(group, 0)
	}
	return s
}

func (s *store) directory() Directory {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return Directory{Organization: s.organization, Users: s.users.objects(), Groups: s.groups.objects()}
}

func (s *store) replace(directory Directory) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.organization = directory.Organization
	s.users.replace(directory.Users, s.nextChange)
	s.groups.replace(directory.Groups, s.nextChange)
	s.nextChange()
}

// read runs f while nothing changes.
func (s *store) read(f func()) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	f()
}

// write runs f, which may change the directory, alone.
func (s *store) write(f func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f()
}

func (s *store) nextChange() uint64 {
	s.change++
	return s.change
}

package graph

import (
	"sync"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

// store is the directory as it is now.
type store struct {
	simulate.Store
	organization simulate.Object
	users        *simulate.Table
	groups       *simulate.Table

	cacheMu sync.Mutex
	cache   membershipCache
}

func newStore(directory Directory) *store {
	return &store{
		organization: directory.Organization,
		users:        simulate.NewTable(directory.Users),
		groups:       simulate.NewTable(directory.Groups),
	}
}

func (s *store) directory() (d Directory) {
	s.Read(func() {
		d = Directory{Organization: s.organization, Users: s.users.Objects(), Groups: s.groups.Objects()}
	})
	return d
}

func (s *store) replace(directory Directory) {
	_ = s.Write(func() error {
		s.organization = directory.Organization
		s.users.Replace(directory.Users, s.NextChange)
		s.groups.Replace(directory.Groups, s.NextChange)
		s.NextChange()
		return nil
	})
}

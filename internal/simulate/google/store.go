package google

import (
	"sync"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

// store is the directory as it is now.
type store struct {
	simulate.Store
	given   simulate.Object // the customer of the file
	schemas []simulate.Object
	users   *simulate.Table
	groups  *simulate.Table

	latestMu sync.Mutex
	latest   *derived
}

func newStore(d Directory) *store {
	return &store{given: d.Customer, schemas: d.Schemas, users: simulate.NewTable(d.Users), groups: simulate.NewTable(d.Groups)}
}

func (s *store) directory() (d Directory) {
	s.Read(func() {
		d = Directory{Customer: s.given, Users: s.users.Objects(), Groups: s.groups.Objects(), Schemas: s.schemas}
	})
	return d
}

func (s *store) replace(d Directory) error {
	return s.Write(func() error {
		s.given, s.schemas = d.Customer, d.Schemas
		s.users.Replace(d.Users, s.NextChange)
		s.groups.Replace(d.Groups, s.NextChange)
		s.NextChange()
		return nil
	})
}

// customer is the file's, with an id and a domain where the file has none.
func (s *store) customer() (customer simulate.Object) {
	s.Read(func() { customer = s.given })
	if customer.Text("id") != "" && customer.Text("customerDomain") != "" {
		return customer
	}
	return defaultCustomer().Merge(customer)
}

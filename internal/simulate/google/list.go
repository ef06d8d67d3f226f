package google

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

// collectionOf is what lists of users and of groups differ in.
type collectionOf struct {
	table  *simulate.Table
	usual  int                                     // size of a page that is not asked for
	most   int                                     // size of the largest page
	refuse bool                                    // a larger one is refused, not cut
	orders map[string]func(simulate.Object) string // values of orderBy
	terms  map[string]term                         // fields of query
}

// listing is what a request asks for.
type listing struct {
	size    int
	after   place
	order   string                     // "": the directory's own
	reverse bool                       // of an order
	match   func(simulate.Object) bool // nil: everything
}

// page answers one page of a list: its objects, and the place where the next one
// goes on, nil behind the last one. The caller holds the read lock.
func (s *store) page(of collectionOf, l listing) ([]simulate.Record, *place) {
	var found []ordered
	if l.order == "" {
		for _, r := range of.table.After(l.after.Seq, l.size+1, l.match) {
			found = append(found, ordered{place{Seq: r.Seq}, r})
		}
	} else {
		found = s.inOrder(of, l)
	}
	var next *place
	if len(found) > l.size {
		found = found[:l.size]
		next = &found[l.size-1].place
	}
	records := make([]simulate.Record, len(found))
	for i, o := range found {
		records[i] = o.record
	}
	return records, next
}

// ordered is a record with its place in an order.
type ordered struct {
	place  place
	record simulate.Record
}

func comparePlaces(a, b place) int {
	return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Seq, b.Seq))
}

// inOrder is one page, and one more record, of a list with orderBy.
func (s *store) inOrder(of collectionOf, l listing) []ordered {
	all := s.sorted(of, l.order)
	from, known := slices.BinarySearchFunc(all, l.after, func(o ordered, p place) int { return comparePlaces(o.place, p) })
	step := 1
	switch {
	case l.reverse && l.after == (place{}):
		from, step = len(all)-1, -1
	case l.reverse:
		from, step = from-1, -1
	case known:
		from++
	}
	var found []ordered
	for ; from >= 0 && from < len(all) && len(found) <= l.size; from += step {
		if l.match == nil || l.match(all[from].record.Object) {
			found = append(found, all[from])
		}
	}
	return found
}

type orderKey struct {
	table *simulate.Table
	order string
}

// sorted is a whole table in an order.
func (s *store) sorted(of collectionOf, order string) []ordered {
	return s.derived().orders.get(orderKey{of.table, order}, func() []ordered {
		var list []ordered
		for _, r := range of.table.After(0, of.table.Count(nil), nil) {
			list = append(list, ordered{place{strings.ToLower(of.orders[order](r.Object)), r.Seq}, r})
		}
		slices.SortFunc(list, func(a, b ordered) int { return comparePlaces(a.place, b.place) })
		return list
	})
}

// list reads the parameters that users and groups share.
func (c call) list(of collectionOf) (l listing, err error) {
	if l.size, err = c.maxResults(of.usual, of.most, of.refuse); err != nil {
		return l, err
	}
	if l.after, err = c.after(); err != nil {
		return l, err
	}
	if l.order = c.params.Get("orderBy"); l.order != "" && of.orders[l.order] == nil {
		return l, invalidParameter("orderBy", "Invalid string value: '"+l.order+"'.")
	}
	l.reverse = c.params.Get("sortOrder") == "DESCENDING"
	query, err := parseQuery(c.params.Get("query"), of.terms)
	if err != nil {
		return l, err
	}
	tenant, err := c.inTenant()
	if err != nil {
		return l, err
	}
	l.match = both(tenant, query)
	return l, nil
}

// inTenant reads customer and domain, of which a list needs one.
func (c call) inTenant() (func(simulate.Object) bool, error) {
	customer, domain := c.params.Get("customer"), c.params.Get("domain")
	switch {
	case customer != "":
		return nil, c.checkCustomer(customer)
	case domain == "":
		return nil, badRequest()
	}
	suffix := "@" + strings.ToLower(domain)
	return func(o simulate.Object) bool {
		return strings.HasSuffix(strings.ToLower(cmp.Or(o.Text("primaryEmail"), o.Text("email"))), suffix)
	}, nil
}

func both(a, b func(simulate.Object) bool) func(simulate.Object) bool {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	return func(o simulate.Object) bool { return a(o) && b(o) }
}

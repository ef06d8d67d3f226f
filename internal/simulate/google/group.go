package google

import (
	"strconv"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

const mostGroups = 200

func listGroups(c call) ([]byte, error) {
	of := collectionOf{
		table: c.store.groups, usual: mostGroups, most: mostGroups, terms: groupTerms(),
		orders: map[string]func(simulate.Object) string{
			"email": func(o simulate.Object) string { return o.Text("email") },
		},
	}
	l, err := c.list(of)
	if err != nil {
		return nil, err
	}
	var items []simulate.Object
	var next *place
	c.store.Read(func() {
		var page []simulate.Record
		page, next = c.store.page(of, l)
		for _, r := range page {
			items = append(items, c.store.group(r))
		}
	})
	return collection("groups", "groups", items, next), nil
}

func getGroup(c call) (body []byte, err error) {
	c.store.Read(func() {
		group, ok := c.store.find(c.store.groups, c.request.PathValue("groupKey"))
		if !ok {
			err = notFound("groupKey")
			return
		}
		body = c.store.group(group)
	})
	return body, err
}

// group is a group as it is answered: without its members, whose number it says.
// The caller holds the read lock.
func (s *store) group(r simulate.Record) simulate.Object {
	group := r.Object.Without("members")
	if group.Get("directMembersCount") == nil {
		count := len(s.members(r, false))
		group = group.Merge(simulate.Object(`{"directMembersCount":"` + strconv.Itoa(count) + `"}`))
	}
	return resource("group", group)
}

package google

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

const (
	usualUsers = 100
	mostUsers  = 500

	// restorable is how long an administrator can bring a deleted user back.
	restorable = 20 * 24 * time.Hour
)

func listUsers(c call) ([]byte, error) {
	of := collectionOf{
		table: c.store.users, usual: usualUsers, most: mostUsers, refuse: true, terms: userTerms(),
		orders: map[string]func(simulate.Object) string{
			"email":      func(o simulate.Object) string { return o.Text("primaryEmail") },
			"givenName":  func(o simulate.Object) string { return nameOf(o, "givenName") },
			"familyName": func(o simulate.Object) string { return nameOf(o, "familyName") },
		},
	}
	l, err := c.list(of)
	if err != nil {
		return nil, err
	}
	view, err := c.projection()
	if err != nil {
		return nil, err
	}
	var page []simulate.Record
	var next *place
	c.store.Read(func() { page, next = c.store.page(of, l) })
	items := make([]simulate.Object, len(page))
	for i, r := range page {
		items[i] = resource("user", view(r.Object))
	}
	return collection("users", "users", items, next), nil
}

func getUser(c call) ([]byte, error) {
	view, err := c.projection()
	if err != nil {
		return nil, err
	}
	key := c.request.PathValue("userKey")
	var user simulate.Record
	var removal simulate.Removal
	var found, removed bool
	c.store.Read(func() {
		user, found = c.store.find(c.store.users, key)
		removal, removed = c.store.users.Removed(key)
	})
	switch {
	case found:
		return resource("user", view(user.Object)), nil
	case removed && !removal.ForGood && time.Since(removal.At) < restorable:
		return nil, deleted()
	}
	return nil, notFound("userKey")
}

// deleted is the answer for a user who was deleted and can be brought back.
func deleted() *apiError {
	return &apiError{http.StatusPreconditionFailed, "conditionNotMet", "User is deleted.", ""}
}

// projection leaves out the custom fields that are not asked for.
func (c call) projection() (func(simulate.Object) simulate.Object, error) {
	named := c.params.Get("customFieldMask")
	switch projection := c.params.Get("projection"); {
	case projection != "custom" && named != "", projection == "custom" && named == "":
		return nil, invalidInput("customFieldMask")
	case projection == "full":
		return func(user simulate.Object) simulate.Object { return user }, nil
	case projection == "custom":
		names := strings.Split(named, ",")
		return func(user simulate.Object) simulate.Object { return withSchemas(user, names) }, nil
	}
	return func(user simulate.Object) simulate.Object { return user.Without("customSchemas") }, nil
}

// withSchemas keeps the custom fields of some schemas.
func withSchemas(user simulate.Object, names []string) simulate.Object {
	raw := user.Get("customSchemas")
	if len(raw) == 0 || raw[0] != '{' {
		return user
	}
	var others []string
	for name := range simulate.Object(raw).Properties() {
		if !slices.Contains(names, string(name)) {
			others = append(others, string(name))
		}
	}
	left := simulate.Object(raw).Without(others...)
	if len(left) == len("{}") {
		return user.Without("customSchemas")
	}
	return user.Merge(simulate.Object(`{"customSchemas":` + string(left) + `}`))
}

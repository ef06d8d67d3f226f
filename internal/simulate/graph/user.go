package graph

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

func (t *Tenant) listUsers(w http.ResponseWriter, r *http.Request) error {
	q, err := parseList(r, "$select", "$top", "$skiptoken", "$count", "$filter", "$search", "$expand")
	if err != nil {
		return err
	}
	manager, err := parseManager(q.params.Get("$expand"))
	if err != nil {
		return err
	}
	p := newProjection(q.selects, userDefaults())
	return t.listTable(w, r, t.store.users, q, collection{context: contextOf("users", q.selects)},
		func(dst []byte, user simulate.Object) []byte { return p.append(dst, user, t.expand(manager, user)) })
}

// listTable answers one page of users or groups.
func (t *Tenant) listTable(w http.ResponseWriter, r *http.Request, from *simulate.Table, q listQuery, c collection,
	write func(dst []byte, object simulate.Object) []byte) error {
	var last place
	if err := decodeToken(q.params.Get("$skiptoken"), &last); err != nil {
		return err
	}
	var records []simulate.Record
	c.count = -1
	t.store.Read(func() {
		records = from.After(last.Seq, q.top+1, q.match)
		if q.count {
			c.count = from.Count(q.match)
		}
	})
	if len(records) > q.top {
		records = records[:q.top]
		c.next = nextLink(r, simulate.EncodeToken(place{Seq: records[q.top-1].Seq}))
	}
	c.size = len(records)
	c.item = func(dst []byte, i int) []byte { return write(dst, records[i].Object) }
	writeCollection(w, r, c)
	return nil
}

func (t *Tenant) countUsers(w http.ResponseWriter, r *http.Request) error {
	if !eventual(r) {
		return badRequest("$count is not currently supported without the request header 'ConsistencyLevel: eventual'.")
	}
	q, err := parseList(r, "$filter", "$search")
	if err != nil {
		return err
	}
	var count int
	t.store.Read(func() { count = t.store.users.Count(q.match) })
	writeCount(w, count)
	return nil
}

func (t *Tenant) showUser(w http.ResponseWriter, r *http.Request) error {
	q, err := parseList(r, "$select", "$expand")
	if err != nil {
		return err
	}
	manager, err := parseManager(q.params.Get("$expand"))
	if err != nil {
		return err
	}
	user, ok := t.findUser(r.PathValue("id"))
	if !ok {
		return resourceNotFound(r.PathValue("id"))
	}
	writeEntity(w, r, contextOf("users", q.selects), newProjection(q.selects, userDefaults()), user, t.expand(manager, user))
	return nil
}

// findUser looks a user up by id or by userPrincipalName.
func (t *Tenant) findUser(key string) (user simulate.Object, ok bool) {
	t.store.Read(func() {
		var found simulate.Record
		if found, ok = t.store.users.Get(key); ok || !strings.Contains(key, "@") {
			user = found.Object
			return
		}
		named := t.store.users.After(0, 1, func(o simulate.Object) bool {
			return strings.EqualFold(o.Text("userPrincipalName"), key)
		})
		if ok = len(named) == 1; ok {
			user = named[0].Object
		}
	})
	return user, ok
}

// parseManager reads $expand=manager or $expand=manager($select=…); nil means
// that the manager is not asked for.
func parseManager(expand string) (*projection, error) {
	if expand == "" {
		return nil, nil
	}
	m := regexp.MustCompile(`^manager(?:\(\$select=([\w,]+)\))?$`).FindStringSubmatch(expand)
	if m == nil {
		return nil, badRequest("The simulated tenant supports $expand=manager and $expand=manager($select=…) only.")
	}
	p := newProjection(m[1], userDefaults())
	return &p, nil
}

// expand is the manager of a user: the user whom the file's manager names, while
// there is one, or else what the file says. Nobody is no property.
func (t *Tenant) expand(manager *projection, user simulate.Object) string {
	if manager == nil {
		return ""
	}
	raw := user.Get("manager")
	if raw == nil || string(raw) == "null" {
		return ""
	}
	if raw[0] != '{' {
		return `"manager":` + string(raw) + ","
	}
	var found simulate.Record
	var ok bool
	t.store.Read(func() { found, ok = t.store.users.Get(simulate.Object(raw).Text("id")) })
	if !ok {
		return ""
	}
	return `"manager":` + string(manager.append(nil, found.Object, `"@odata.type":"#microsoft.graph.user",`)) + ","
}

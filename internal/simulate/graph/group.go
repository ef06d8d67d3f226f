package graph

import (
	"net/http"
	"slices"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

func (t *Tenant) listGroups(w http.ResponseWriter, r *http.Request) error {
	q, err := parseList(r, "$select", "$top", "$skiptoken", "$count", "$filter", "$search")
	if err != nil {
		return err
	}
	p := newProjection(q.selects, groupDefaults())
	return t.listTable(w, r, t.store.groups, q, collection{context: contextOf("groups", q.selects)},
		func(dst []byte, group simulate.Object) []byte { return p.append(dst, group, "") })
}

func (t *Tenant) showGroup(w http.ResponseWriter, r *http.Request) error {
	q, err := parseList(r, "$select")
	if err != nil {
		return err
	}
	group, ok := t.findGroup(r.PathValue("id"))
	if !ok {
		return resourceNotFound(r.PathValue("id"))
	}
	writeEntity(w, r, contextOf("groups", q.selects), newProjection(q.selects, groupDefaults()), group.Object, "")
	return nil
}

func (t *Tenant) findGroup(id string) (group simulate.Record, ok bool) {
	t.store.Read(func() { group, ok = t.store.groups.Get(id) })
	return group, ok
}

// memberRequest is what the path of a members request says.
type memberRequest struct {
	transitive bool
	count      bool
	cast       string // "user", "group" or ""
}

func parseMemberRequest(r *http.Request) (memberRequest, error) {
	m := memberRequest{count: strings.HasSuffix(r.URL.Path, "/$count")}
	switch r.PathValue("relation") {
	case "members":
	case "transitiveMembers":
		m.transitive = true
	default:
		return m, &odataError{http.StatusBadRequest, "BadRequest", "Resource not found for the segment '" + r.PathValue("relation") + "'."}
	}
	switch r.PathValue("cast") {
	case "", "$count":
	case "microsoft.graph.user", "graph.user":
		m.cast = "user"
	case "microsoft.graph.group", "graph.group":
		m.cast = "group"
	default:
		return m, &odataError{http.StatusBadRequest, "BadRequest", "Resource not found for the segment '" + r.PathValue("cast") + "'."}
	}
	return m, nil
}

func (t *Tenant) listMembers(w http.ResponseWriter, r *http.Request) error {
	request, err := parseMemberRequest(r)
	if err != nil {
		return err
	}
	q, err := parseList(r, "$select", "$top", "$skiptoken", "$count", "$filter", "$search")
	if err != nil {
		return err
	}
	if request.count && !eventual(r) {
		return badRequest("$count is not currently supported without the request header 'ConsistencyLevel: eventual'.")
	}
	group, ok := t.findGroup(r.PathValue("id"))
	if !ok {
		return resourceNotFound(r.PathValue("id"))
	}
	members := t.membersOf(group, request, q)
	if request.count {
		writeCount(w, len(members))
		return nil
	}
	return t.writeMembers(w, r, request, q, members)
}

func (t *Tenant) membersOf(group simulate.Record, request memberRequest, q listQuery) []member {
	var members []member
	t.store.Read(func() { members = t.store.members(group, request.transitive) })
	if request.cast == "" && q.match == nil {
		return members
	}
	var kept []member
	for _, m := range members {
		if (request.cast == "" || m.typeName() == "#microsoft.graph."+request.cast) && (q.match == nil || q.match(m.object)) {
			kept = append(kept, m)
		}
	}
	return kept
}

func (t *Tenant) writeMembers(w http.ResponseWriter, r *http.Request, request memberRequest, q listQuery, members []member) error {
	last := place{Kind: -1}
	if err := decodeToken(q.params.Get("$skiptoken"), &last); err != nil {
		return err
	}
	c := collection{context: contextOf("directoryObjects", q.selects), count: -1}
	if request.cast != "" {
		c.context = contextOf(request.cast+"s", q.selects)
	}
	if q.count {
		c.count = len(members)
	}
	start, found := slices.BinarySearchFunc(members, member{kind: last.Kind, seq: last.Seq}, compareMembers)
	if found {
		start++
	}
	members = members[start:]
	if len(members) > q.top {
		members = members[:q.top]
		c.next = nextLink(r, simulate.EncodeToken(place{Kind: members[q.top-1].kind, Seq: members[q.top-1].seq}))
	}
	c.size = len(members)
	write := memberWriter(request.cast, q.selects)
	c.item = func(dst []byte, i int) []byte { return write(dst, members[i]) }
	writeCollection(w, r, c)
	return nil
}

func memberWriter(cast, selects string) func([]byte, member) []byte {
	users, groups := newProjection(selects, userDefaults()), newProjection(selects, groupDefaults())
	return func(dst []byte, m member) []byte {
		extra := ""
		if cast == "" {
			extra = `"@odata.type":"` + m.typeName() + `",`
		}
		switch m.typeName() {
		case "#microsoft.graph.user":
			return users.append(dst, m.object, extra)
		case "#microsoft.graph.group":
			return groups.append(dst, m.object, extra)
		}
		return append(dst, m.object...)
	}
}

func (m member) typeName() string {
	switch m.kind {
	case kindUser:
		return "#microsoft.graph.user"
	case kindGroup:
		return "#microsoft.graph.group"
	}
	return m.object.Text("@odata.type")
}

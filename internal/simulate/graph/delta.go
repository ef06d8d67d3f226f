package graph

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strconv"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

// deltaPage is how many users a page of delta has unless the client asks for
// another size: less than a page of /users, as with Graph.
const deltaPage = 200

// deltaState is what the tokens of delta hold. A first round goes through all
// users in their order and remembers the change at which it began; later rounds
// go through the changes in their order. So nothing is missed, whatever happens
// between two pages; what changes meanwhile may be told twice.
type deltaState struct {
	Epoch  string `json:"e"`
	Select string `json:"f,omitempty"`
	Top    int    `json:"t"`
	All    bool   `json:"a,omitempty"` // first round
	Seq    uint64 `json:"s,omitempty"` // first round: last user served
	Since  uint64 `json:"c"`
}

// deltaUsers serves all users, then what changed since.
// https://learn.microsoft.com/graph/delta-query-users
func (t *Tenant) deltaUsers(w http.ResponseWriter, r *http.Request) error {
	state, err := t.parseDelta(r)
	if err != nil {
		return err
	}
	if state.Epoch != *t.epoch.Load() {
		w.Header().Set("Location", simulate.BaseURL(r)+r.URL.EscapedPath()+"?$deltatoken=")
		return &odataError{http.StatusGone, "syncStateNotFound", "The sync state generation is not found; all users must be read again."}
	}
	c := collection{context: contextOf("users", state.Select), count: -1}
	p := newProjection(state.Select, userDefaults()).with("id")
	next, done := state, false
	if state.All {
		done = t.firstRound(&c, &next, p)
	} else {
		done = t.laterRound(&c, &next, p)
	}
	link := simulate.BaseURL(r) + r.URL.EscapedPath()
	if done {
		next.All, next.Seq = false, 0
		c.delta = link + "?$deltatoken=" + simulate.EncodeToken(next)
	} else {
		c.next = link + "?$skiptoken=" + simulate.EncodeToken(next)
	}
	writeCollection(w, r, c)
	return nil
}

func (t *Tenant) parseDelta(r *http.Request) (deltaState, error) {
	q, err := parseList(r, "$select", "$top", "$skiptoken", "$deltatoken")
	if err != nil {
		return deltaState{}, err
	}
	state := deltaState{Epoch: *t.epoch.Load(), Select: q.selects, Top: deltaPageSize(r, q)}
	token := cmp.Or(q.params.Get("$skiptoken"), q.params.Get("$deltatoken"))
	if token != "" && token != "latest" {
		err = decodeToken(token, &state)
		state.Top = min(max(state.Top, 1), maxPage)
		return state, err
	}
	state.All = token == ""
	t.store.Read(func() { state.Since = t.store.Change() })
	return state, nil
}

func deltaPageSize(r *http.Request, q listQuery) int {
	if q.params.Get("$top") != "" {
		return q.top
	}
	m := regexp.MustCompile(`odata\.maxpagesize=(\d+)`).FindStringSubmatch(r.Header.Get("Prefer"))
	if m == nil {
		return deltaPage
	}
	size, err := strconv.Atoi(m[1])
	if err != nil {
		return maxPage
	}
	return min(max(size, 1), maxPage)
}

func (t *Tenant) firstRound(c *collection, state *deltaState, p projection) (done bool) {
	var records []simulate.Record
	t.store.Read(func() { records = t.store.users.After(state.Seq, state.Top+1, nil) })
	if done = len(records) <= state.Top; !done {
		records = records[:state.Top]
		state.Seq = records[state.Top-1].Seq
	}
	c.size = len(records)
	c.item = func(dst []byte, i int) []byte { return p.append(dst, records[i].Object, "") }
	return done
}

func (t *Tenant) laterRound(c *collection, state *deltaState, p projection) (done bool) {
	type news struct {
		change uint64
		object simulate.Object
		gone   simulate.Removal
	}
	var all []news
	var now uint64
	t.store.Read(func() {
		changed, removed := t.store.users.ChangedAfter(state.Since)
		now = t.store.Change()
		for _, r := range changed {
			all = append(all, news{change: r.Change, object: r.Object})
		}
		for _, r := range removed {
			all = append(all, news{change: r.Change, gone: r})
		}
	})
	slices.SortFunc(all, func(a, b news) int { return cmp.Compare(a.change, b.change) })
	state.Since = now
	if done = len(all) <= state.Top; !done {
		all = all[:state.Top]
		state.Since = all[state.Top-1].change
	}
	c.size = len(all)
	c.item = func(dst []byte, i int) []byte {
		if all[i].object != nil {
			return p.append(dst, all[i].object, "")
		}
		return appendRemoval(dst, all[i].gone)
	}
	return done
}

// appendRemoval says of a user that they were deleted: "changed" as long as they can be restored.
func appendRemoval(dst []byte, r simulate.Removal) []byte {
	reason := "changed"
	if r.ForGood {
		reason = "deleted"
	}
	dst = simulate.AppendString(append(dst, `{"id":`...), r.ID)
	dst = simulate.AppendString(append(dst, `,"@removed":{"reason":`...), reason)
	return append(dst, "}}"...)
}

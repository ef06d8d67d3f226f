package graph

import (
	"slices"
	"sort"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

// record is an object with its place in the order of pages. seq never changes
// and is never given twice, so a page token that holds one stays right whatever
// is added or removed meanwhile.
type record struct {
	seq     uint64
	change  uint64 // number of the change that made it as it is
	id      string // "" when the object has no id
	object  simulate.Object
	removed bool
}

// removal remembers a removed object for delta.
type removal struct {
	id     string
	change uint64
	reason string // "changed": can be restored; "deleted": gone for good
}

// table holds the users or the groups, ordered by seq.
type table struct {
	records  []record
	index    map[string]uint64 // id → seq; of a doubled id, the first
	removals map[string]removal
	lastSeq  uint64
	live     int
}

func newTable(size int) *table {
	return &table{
		records:  make([]record, 0, size),
		index:    make(map[string]uint64, size),
		removals: map[string]removal{},
	}
}

// after returns up to limit records behind seq that match; nil matches all.
func (t *table) after(seq uint64, limit int, match func(simulate.Object) bool) []record {
	var found []record
	for _, r := range t.records[t.position(seq+1):] {
		if len(found) == limit {
			break
		}
		if !r.removed && (match == nil || match(r.object)) {
			found = append(found, r)
		}
	}
	return found
}

func (t *table) count(match func(simulate.Object) bool) int {
	if match == nil {
		return t.live
	}
	n := 0
	for _, r := range t.records {
		if !r.removed && match(r.object) {
			n++
		}
	}
	return n
}

func (t *table) get(id string) (record, bool) {
	seq, ok := t.index[id]
	if !ok {
		return record{}, false
	}
	return t.records[t.position(seq)], true
}

// add appends an object under an id that is not there yet, or without one.
func (t *table) add(object simulate.Object, change uint64) {
	t.lastSeq++
	id := object.Text("id")
	if _, doubled := t.index[id]; id != "" && !doubled {
		t.index[id] = t.lastSeq
		delete(t.removals, id)
	}
	t.records = append(t.records, record{seq: t.lastSeq, change: change, id: id, object: object})
	t.live++
}

// update puts object in the place of the one with that id, which must be there.
func (t *table) update(id string, object simulate.Object, change uint64) {
	r := &t.records[t.position(t.index[id])]
	r.object, r.change = object, change
}

func (t *table) remove(id, reason string, change uint64) bool {
	seq, ok := t.index[id]
	if !ok {
		return false
	}
	t.drop(t.position(seq))
	t.removals[id] = removal{id: id, change: change, reason: reason}
	delete(t.index, id)
	if len(t.records) > 64 && t.live < len(t.records)/2 {
		t.records = slices.DeleteFunc(t.records, func(r record) bool { return r.removed })
	}
	return true
}

// replace makes the table hold objects: those with a known id keep their place,
// new ones follow, the others are removed.
func (t *table) replace(objects []simulate.Object, change func() uint64) {
	wanted := make(map[string]bool, len(objects))
	var added []simulate.Object
	for _, object := range objects {
		id := object.Text("id")
		old, known := t.get(id)
		if !known || wanted[id] {
			added = append(added, object)
			continue
		}
		wanted[id] = true
		if string(old.object) != string(object) {
			t.update(id, object, change())
		}
	}
	for i, r := range t.records {
		if !r.removed && t.index[r.id] != r.seq {
			t.drop(i)
		}
	}
	for _, r := range slices.Clone(t.records) {
		if !r.removed && !wanted[r.id] {
			t.remove(r.id, "deleted", change())
		}
	}
	for _, object := range added {
		t.add(object, change())
	}
}

// changesAfter returns what changed after a change, in no order.
func (t *table) changesAfter(change uint64) ([]record, []removal) {
	var changed []record
	for _, r := range t.records {
		if !r.removed && r.change > change {
			changed = append(changed, r)
		}
	}
	var removed []removal
	for _, r := range t.removals {
		if r.change > change {
			removed = append(removed, r)
		}
	}
	return changed, removed
}

func (t *table) objects() []simulate.Object {
	objects := make([]simulate.Object, 0, t.live)
	for _, r := range t.records {
		if !r.removed {
			objects = append(objects, r.object)
		}
	}
	return objects
}

func (t *table) drop(position int) {
	r := &t.records[position]
	r.removed, r.object = true, nil
	t.live--
}

func (t *table) position(seq uint64) int {
	return sort.Search(len(t.records), func(i int) bool { return t.records[i].seq >= seq })
}

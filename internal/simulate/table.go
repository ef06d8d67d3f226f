package simulate

import (
	"slices"
	"sort"
	"sync"
	"time"
)

// Store guards the tables of a simulated directory and numbers their changes.
// Objects are immutable, so readers keep what they took under the lock.
type Store struct {
	mu     sync.RWMutex
	change uint64
}

// Read runs f while nothing changes.
func (s *Store) Read(f func()) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	f()
}

// Write runs f, which may change the directory, alone.
func (s *Store) Write(f func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f()
}

// Change is the number of the latest change, to be read under the lock.
func (s *Store) Change() uint64 { return s.change }

// NextChange numbers a change that is about to be made by Write.
func (s *Store) NextChange() uint64 {
	s.change++
	return s.change
}

// Record is an object with its place in the order of pages. Seq never changes
// and is never given twice, so a page token that holds one stays right whatever
// is added or removed meanwhile.
type Record struct {
	Seq     uint64
	Change  uint64 // number of the change that made it as it is
	ID      string // "" when the object has no id
	Object  Object
	removed bool
}

// Removal remembers a removed object.
type Removal struct {
	ID      string
	Change  uint64
	At      time.Time
	ForGood bool // it cannot be restored
}

// Table holds the users or the groups, ordered by Seq. Its Store guards it.
type Table struct {
	records  []Record
	index    map[string]uint64 // id → seq; of a doubled id, the first
	removals map[string]Removal
	lastSeq  uint64
	live     int
}

// NewTable makes a table that holds objects.
func NewTable(objects []Object) *Table {
	t := &Table{
		records:  make([]Record, 0, len(objects)),
		index:    make(map[string]uint64, len(objects)),
		removals: map[string]Removal{},
	}
	for _, object := range objects {
		t.Add(object, 0)
	}
	return t
}

// After returns up to limit records behind seq that match; nil matches all.
func (t *Table) After(seq uint64, limit int, match func(Object) bool) []Record {
	var found []Record
	for _, r := range t.records[t.position(seq+1):] {
		if len(found) == limit {
			break
		}
		if !r.removed && (match == nil || match(r.Object)) {
			found = append(found, r)
		}
	}
	return found
}

// Count is the number of records that match; nil matches all.
func (t *Table) Count(match func(Object) bool) int {
	if match == nil {
		return t.live
	}
	n := 0
	for _, r := range t.records {
		if !r.removed && match(r.Object) {
			n++
		}
	}
	return n
}

// Get finds an object by its id.
func (t *Table) Get(id string) (Record, bool) {
	seq, ok := t.index[id]
	if !ok {
		return Record{}, false
	}
	return t.records[t.position(seq)], true
}

// Removed tells about an id that was removed and has not come back.
func (t *Table) Removed(id string) (Removal, bool) {
	r, ok := t.removals[id]
	return r, ok
}

// Add appends an object under an id that is not there yet, or without one.
func (t *Table) Add(object Object, change uint64) {
	t.lastSeq++
	id := object.Text("id")
	if _, doubled := t.index[id]; id != "" && !doubled {
		t.index[id] = t.lastSeq
		delete(t.removals, id)
	}
	t.records = append(t.records, Record{Seq: t.lastSeq, Change: change, ID: id, Object: object})
	t.live++
}

// Update puts object in the place of the one with that id, which must be there.
func (t *Table) Update(id string, object Object, change uint64) {
	r := &t.records[t.position(t.index[id])]
	r.Object, r.Change = object, change
}

// Remove takes an object out; it reports whether there was one.
func (t *Table) Remove(id string, forGood bool, change uint64) bool {
	seq, ok := t.index[id]
	if !ok {
		return false
	}
	t.drop(t.position(seq))
	t.removals[id] = Removal{ID: id, Change: change, At: time.Now(), ForGood: forGood}
	delete(t.index, id)
	if len(t.records) > 64 && t.live < len(t.records)/2 {
		t.records = slices.DeleteFunc(t.records, func(r Record) bool { return r.removed })
	}
	return true
}

// Replace makes the table hold objects: those with a known id keep their place,
// new ones follow, the others are removed for good.
func (t *Table) Replace(objects []Object, change func() uint64) {
	wanted := make(map[string]bool, len(objects))
	var added []Object
	for _, object := range objects {
		id := object.Text("id")
		old, known := t.Get(id)
		if !known || wanted[id] {
			added = append(added, object)
			continue
		}
		wanted[id] = true
		if string(old.Object) != string(object) {
			t.Update(id, object, change())
		}
	}
	for i, r := range t.records {
		if !r.removed && t.index[r.ID] != r.Seq {
			t.drop(i)
		}
	}
	for _, r := range slices.Clone(t.records) {
		if !r.removed && !wanted[r.ID] {
			t.Remove(r.ID, true, change())
		}
	}
	for _, object := range added {
		t.Add(object, change())
	}
}

// ChangedAfter returns what changed after a change, in no order.
func (t *Table) ChangedAfter(change uint64) ([]Record, []Removal) {
	var changed []Record
	for _, r := range t.records {
		if !r.removed && r.Change > change {
			changed = append(changed, r)
		}
	}
	var removed []Removal
	for _, r := range t.removals {
		if r.Change > change {
			removed = append(removed, r)
		}
	}
	return changed, removed
}

// Objects are all objects in order.
func (t *Table) Objects() []Object {
	objects := make([]Object, 0, t.live)
	for _, r := range t.records {
		if !r.removed {
			objects = append(objects, r.Object)
		}
	}
	return objects
}

func (t *Table) drop(position int) {
	r := &t.records[position]
	r.removed, r.Object = true, nil
	t.live--
}

func (t *Table) position(seq uint64) int {
	return sort.Search(len(t.records), func(i int) bool { return t.records[i].Seq >= seq })
}

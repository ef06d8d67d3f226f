package graph

import (
	"net/http"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

func (t *Tenant) control() *simulate.Control {
	c := simulate.NewControl(explain)
	c.Handle("GET /_sim/directory", t.getDirectory)
	c.Handle("PUT /_sim/directory", t.putDirectory)
	for name, objects := range map[string]*table{"users": t.store.users, "groups": t.store.groups} {
		edit := editor{store: t.store, name: name, table: objects}
		c.Handle("POST /_sim/"+name, edit.add)
		c.Handle("PATCH /_sim/"+name+"/{id}", edit.patch)
		c.Handle("DELETE /_sim/"+name+"/{id}", edit.remove)
	}
	groups := editor{store: t.store, name: "groups", table: t.store.groups}
	c.Handle("PUT /_sim/groups/{id}/members", groups.putMembers)
	c.Handle("POST /_sim/expire-delta", noContent(t.expireDelta))
	c.Handle("POST /_sim/revoke-consent", noContent(func() { t.revoked.Store(true) }))
	c.Handle("POST /_sim/grant-consent", noContent(func() { t.revoked.Store(false) }))
	return c
}

func noContent(act func()) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, _ *http.Request) error {
		act()
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
}

func (t *Tenant) getDirectory(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/json")
	_, err := t.Directory().WriteTo(w)
	return err
}

func (t *Tenant) putDirectory(w http.ResponseWriter, r *http.Request) error {
	body, err := simulate.Body(r)
	if err != nil {
		return err
	}
	directory, err := Parse(body)
	if err != nil {
		return simulate.Malformed("The directory was not taken: %v. Correct it and send it again; nothing has changed.", err)
	}
	t.store.replace(directory)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// editor changes single users or groups.
type editor struct {
	store *store
	name  string
	table *table
}

func (e editor) add(w http.ResponseWriter, r *http.Request) error {
	object, err := e.body(r)
	if err != nil {
		return err
	}
	if object.Get("id") == nil {
		object = simulate.Object(`{"id":"` + newID() + `"}`).Merge(object)
	}
	id := object.Text("id")
	err = e.store.write(func() error {
		if _, taken := e.table.get(id); taken {
			return simulate.Conflict("There is already one of the %s with the id %q. Use PATCH to change it, or another id.", e.name, id)
		}
		e.table.add(object, e.store.nextChange())
		return nil
	})
	if err != nil {
		return err
	}
	simulate.WriteJSON(w, http.StatusCreated, object)
	return nil
}

func (e editor) patch(w http.ResponseWriter, r *http.Request) error {
	patch, err := e.body(r)
	if err != nil {
		return err
	}
	return e.merge(w, r.PathValue("id"), patch)
}

func (e editor) putMembers(w http.ResponseWriter, r *http.Request) error {
	body, err := simulate.Body(r)
	if err != nil {
		return err
	}
	patch, err := simulate.ParseObject([]byte(`{"members":` + string(body) + `}`))
	if err == nil {
		_, err = parseMembers(patch)
	}
	if err != nil {
		return simulate.Malformed("The members were not taken: %v. Send a JSON list of ids of users or groups.", err)
	}
	return e.merge(w, r.PathValue("id"), patch)
}

func (e editor) merge(w http.ResponseWriter, id string, patch simulate.Object) error {
	if named := patch.Get("id"); named != nil && patch.Text("id") != id {
		return simulate.Malformed("An id cannot be changed. Leave it out of the body.")
	}
	var merged simulate.Object
	err := e.store.write(func() error {
		old, ok := e.table.get(id)
		if !ok {
			return e.notFound(id)
		}
		merged = old.object.Merge(patch)
		e.table.update(id, merged, e.store.nextChange())
		return nil
	})
	if err != nil {
		return err
	}
	simulate.WriteJSON(w, http.StatusOK, merged)
	return nil
}

// remove deletes as an admin does: delta says "changed", for it can be restored;
// with ?permanent=true it says "deleted".
func (e editor) remove(w http.ResponseWriter, r *http.Request) error {
	reason := "changed"
	if r.URL.Query().Get("permanent") == "true" {
		reason = "deleted"
	}
	id := r.PathValue("id")
	err := e.store.write(func() error {
		if !e.table.remove(id, reason, e.store.nextChange()) {
			return e.notFound(id)
		}
		return nil
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (e editor) notFound(id string) error {
	return simulate.NotFound("There is none of the %s with the id %q. GET /_sim/directory shows what there is.", e.name, id)
}

// body is the object of a request; only a group's members are looked at.
func (e editor) body(r *http.Request) (simulate.Object, error) {
	body, err := simulate.Body(r)
	if err != nil {
		return nil, err
	}
	object, err := simulate.ParseObject(body)
	if err != nil {
		return nil, simulate.Malformed("The body %v. Send one JSON object.", err)
	}
	if e.name != "groups" {
		return object, nil
	}
	if _, err := parseMembers(object); err != nil {
		return nil, simulate.Malformed("The %v. Send a list of ids of users or groups.", err)
	}
	return object, nil
}

package simulate

import "net/http"

// Editor changes single objects of a table over the control plane.
type Editor struct {
	Name  string // of the table in paths and sentences: "users"
	Store *Store
	Table *Table
	NewID func() string // for an object that is added without an id
	// Check refuses an object; its error completes "The …". Nil: anything goes.
	Check func(Object) error
	// Settle completes a merge of a patch into an object. Nil: nothing to do.
	Settle func(patch, merged Object) Object
}

// Edit adds the routes that add, change and remove objects of a table.
func (c *Control) Edit(e Editor) {
	c.Handle("POST "+controlPrefix+e.Name, e.add)
	c.Handle("PATCH "+controlPrefix+e.Name+"/{id}", e.patch)
	c.Handle("DELETE "+controlPrefix+e.Name+"/{id}", e.remove)
}

// EditMembers adds the route that puts a list in place of the members of a
// group; entries says what the list holds: "ids of users or groups".
func (c *Control) EditMembers(e Editor, entries string) {
	c.Handle("PUT "+controlPrefix+e.Name+"/{id}/members", func(w http.ResponseWriter, r *http.Request) error {
		body, err := Body(r)
		if err != nil {
			return err
		}
		patch, err := ParseObject([]byte(`{"members":` + string(body) + `}`))
		if err == nil {
			err = e.check(patch)
		}
		if err != nil {
			return Malformed("The members were not taken: %v. Send a JSON list of %s.", err, entries)
		}
		return e.merge(w, r.PathValue("id"), patch)
	})
}

// Act adds a route that does something and answers nothing.
func (c *Control) Act(pattern string, act func()) {
	c.Handle(pattern, func(w http.ResponseWriter, _ *http.Request) error {
		act()
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
}

func (e Editor) add(w http.ResponseWriter, r *http.Request) error {
	object, err := e.body(r)
	if err != nil {
		return err
	}
	if object.Get("id") == nil {
		object = Object(`{"id":"` + e.NewID() + `"}`).Merge(object)
	}
	id := object.Text("id")
	err = e.Store.Write(func() error {
		if _, taken := e.Table.Get(id); taken {
			return Conflict("There is already one of the %s with the id %q. Use PATCH to change it, or another id.", e.Name, id)
		}
		e.Table.Add(object, e.Store.NextChange())
		return nil
	})
	if err != nil {
		return err
	}
	WriteJSON(w, http.StatusCreated, object)
	return nil
}

func (e Editor) patch(w http.ResponseWriter, r *http.Request) error {
	patch, err := e.body(r)
	if err != nil {
		return err
	}
	return e.merge(w, r.PathValue("id"), patch)
}

func (e Editor) merge(w http.ResponseWriter, id string, patch Object) error {
	if named := patch.Get("id"); named != nil && patch.Text("id") != id {
		return Malformed("An id cannot be changed. Leave it out of the body.")
	}
	var merged Object
	err := e.Store.Write(func() error {
		old, ok := e.Table.Get(id)
		if !ok {
			return e.notFound(id)
		}
		merged = old.Object.Merge(patch)
		if e.Settle != nil {
			merged = e.Settle(patch, merged)
		}
		e.Table.Update(id, merged, e.Store.NextChange())
		return nil
	})
	if err != nil {
		return err
	}
	WriteJSON(w, http.StatusOK, merged)
	return nil
}

// remove deletes as an admin does, who can restore what was deleted; with
// ?permanent=true it is gone for good.
func (e Editor) remove(w http.ResponseWriter, r *http.Request) error {
	forGood := r.URL.Query().Get("permanent") == "true"
	id := r.PathValue("id")
	err := e.Store.Write(func() error {
		if !e.Table.Remove(id, forGood, e.Store.NextChange()) {
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

func (e Editor) notFound(id string) error {
	return NotFound("There is none of the %s with the id %q. GET /_sim/directory shows what there is.", e.Name, id)
}

func (e Editor) body(r *http.Request) (Object, error) {
	body, err := Body(r)
	if err != nil {
		return nil, err
	}
	object, err := ParseObject(body)
	if err != nil {
		return nil, Malformed("The body %v. Send one JSON object.", err)
	}
	if err := e.check(object); err != nil {
		return nil, Malformed("The %v. Correct it and send it again.", err)
	}
	return object, nil
}

func (e Editor) check(object Object) error {
	if e.Check == nil {
		return nil
	}
	return e.Check(object)
}

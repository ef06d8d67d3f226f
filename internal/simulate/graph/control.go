package graph

import (
	"net/http"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

func (t *Tenant) control() *simulate.Control {
	c := simulate.NewControl(explain)
	c.Handle("GET /_sim/directory", t.getDirectory)
	c.Handle("PUT /_sim/directory", t.putDirectory)
	store := &t.store.Store
	groups := simulate.Editor{Name: "groups", Store: store, Table: t.store.groups, NewID: newID, Check: checkMembers}
	c.Edit(simulate.Editor{Name: "users", Store: store, Table: t.store.users, NewID: newID})
	c.Edit(groups)
	c.EditMembers(groups, "ids of users or groups")
	c.Act("POST /_sim/expire-delta", t.expireDelta)
	c.Act("POST /_sim/revoke-consent", func() { t.revoked.Store(true) })
	c.Act("POST /_sim/grant-consent", func() { t.revoked.Store(false) })
	return c
}

func checkMembers(group simulate.Object) error {
	_, err := parseMembers(group)
	return err
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

package google

import (
	"net/http"
	"time"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

func (t *Tenant) control() *simulate.Control {
	c := simulate.NewControl(explain)
	c.Handle("GET /_sim/directory", t.getDirectory)
	c.Handle("PUT /_sim/directory", t.putDirectory)
	users := simulate.Editor{Name: "users", Store: &t.store.Store, Table: t.store.users, NewID: newID, Settle: settleUser}
	groups := simulate.Editor{Name: "groups", Store: &t.store.Store, Table: t.store.groups, NewID: newID, Check: checkMembers, Settle: settleGroup}
	c.Edit(users)
	c.Edit(groups)
	c.EditMembers(groups, "members of the Directory API, or of ids of users or groups")
	c.Act("POST /_sim/expire-delta", func() {}) // the Directory API has no delta links
	c.Act("POST /_sim/revoke-consent", t.revokeAll)
	c.Handle("POST /_sim/grant-consent", t.grantConsent)
	return c
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
	if err := t.store.replace(directory); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// grantConsent gives a refresh token as if an administrator had accepted all
// that Rollcall may ask for. Any client may use it.
func (t *Tenant) grantConsent(w http.ResponseWriter, _ *http.Request) error {
	simulate.WriteJSON(w, http.StatusOK, map[string]string{
		"refresh_token": t.sign(t.newGrant("", accountAdmin, readScopes()), kindRefresh, time.Now()),
	})
	return nil
}

// settleUser removes what a patch sets to null: the Directory API answers no nulls.
func settleUser(patch, merged simulate.Object) simulate.Object {
	var emptied []string
	for name, value := range patch.Properties() {
		if string(value) == "null" {
			emptied = append(emptied, string(name))
		}
	}
	if emptied == nil {
		return merged
	}
	return merged.Without(emptied...)
}

// settleGroup lets the number of members be counted anew when they change.
func settleGroup(patch, merged simulate.Object) simulate.Object {
	merged = settleUser(patch, merged)
	if patch.Get("members") != nil && patch.Get("directMembersCount") == nil {
		merged = merged.Without("directMembersCount")
	}
	return merged
}

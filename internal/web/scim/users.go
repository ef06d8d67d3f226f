package scim

import (
	"context"
	"maps"

	"github.com/rollcall-sync/rollcall/internal/directory"
	protocol "github.com/rollcall-sync/rollcall/internal/scim"
	"github.com/rollcall-sync/rollcall/internal/scim/schema"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// users are the users that SCIM clients see.
type users struct {
	store *store.Store
	base  string
	wake  func(accountID string)
}

func (users) kind(c caller) *schema.ResourceType { return c.user }

// create makes a user, who is active unless the client says otherwise. It goes on when the client
// hangs up: the store does, and the user's mail must be sent then too.
func (u users) create(ctx context.Context, r request) (resource, error) {
	written, active, err := protocol.Decode(r.user, r.body)
	if err != nil {
		return resource{}, err
	}
	in, err := protocol.ProjectUser(r.user, written, active == nil || *active)
	if err != nil {
		return resource{}, err
	}
	made, err := u.store.CreateSCIMUser(context.WithoutCancel(ctx), r.SCIMClient, in)
	return u.changed(r, made, err)
}

func (u users) read(ctx context.Context, r request) (resource, error) {
	found, err := u.store.SCIMUser(ctx, r.SCIMClient, r.id, r.shown.Wants("groups"))
	if err != nil {
		return resource{}, err
	}
	return u.show(r.caller, found, r.shown), nil
}

// replace is PUT, RFC 7644, section 3.5.1: what the body leaves out is cleared, but for active.
func (u users) replace(ctx context.Context, r request) (resource, error) {
	written, active, err := protocol.Decode(r.user, r.body)
	if err != nil {
		return resource{}, err
	}
	return u.change(ctx, r, func(before store.SCIMUser) (protocol.Resource, bool, error) {
		if active == nil {
			return written, before.Active, nil
		}
		return written, *active, nil
	})
}

func (u users) patch(ctx context.Context, r request) (resource, error) {
	patch, err := protocol.ParsePatch(r.user, r.body)
	if err != nil {
		return resource{}, err
	}
	return u.change(ctx, r, func(before store.SCIMUser) (protocol.Resource, bool, error) {
		return patch.ApplyUser(before.Resource, before.Active, before.ID)
	})
}

func (u users) change(ctx context.Context, r request, next func(before store.SCIMUser) (protocol.Resource, bool, error)) (resource, error) {
	changed, err := u.store.ChangeSCIMUser(ctx, r.SCIMClient, r.id, func(before store.SCIMUser) (protocol.User, error) {
		if err := r.when.check(before.Version); err != nil {
			return protocol.User{}, err
		}
		after, active, err := next(before)
		if err != nil {
			return protocol.User{}, err
		}
		return protocol.ProjectUser(r.user, after, active)
	})
	return u.changed(r, changed, err)
}

func (u users) remove(ctx context.Context, r request) error {
	err := u.store.DeleteSCIMUser(ctx, r.SCIMClient, r.id, func(before store.SCIMUser) error { return r.when.check(before.Version) })
	u.deliver(r, err)
	return err
}

// changed is a user after a change, or the change's error.
func (u users) changed(r request, user store.SCIMUser, err error) (resource, error) {
	u.deliver(r, err)
	if err != nil {
		return resource{}, err
	}
	return u.show(r.caller, user, r.shown), nil
}

// deliver has events and mail sent after a change: to the user, to admins who are told of somebody who
// left, or of the guard, which tells them of what it refuses.
func (u users) deliver(r request, err error) {
	if err == nil || directory.HasCode(err, "removals_held") {
		u.wake(r.AccountID)
	}
}

// show is a user as the client asked for them.
func (u users) show(c caller, user store.SCIMUser, shown protocol.Selection) resource {
	location := u.base + c.user.Endpoint + "/" + user.ID
	document := make(map[string]any, len(user.Resource)+5)
	maps.Copy(document, user.Resource)
	schemas := []any{c.user.Core.ID}
	for i := range c.user.Extensions {
		if id := c.user.Extensions[i].ID; document[id] != nil {
			schemas = append(schemas, id)
		}
	}
	document["schemas"], document["id"], document["active"] = schemas, user.ID, user.Active
	document["meta"] = meta(c.user.Name, location, user.Version, user.CreatedAt, user.UpdatedAt)
	if len(user.Groups) > 0 {
		of := make([]any, len(user.Groups))
		for i, group := range user.Groups {
			of[i] = map[string]any{"value": group.ID, "display": group.Display, "$ref": u.base + c.group.Endpoint + "/" + group.ID, "type": "direct"}
		}
		document["groups"] = of
	}
	document = shown.Apply(document)
	return resource{id: user.ID, location: location, version: user.Version, document: document, borrowed: document["groups"] != nil}
}

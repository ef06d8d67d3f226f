package scim

import (
	"context"

	protocol "github.com/rollcall-sync/rollcall/internal/scim"
	"github.com/rollcall-sync/rollcall/internal/scim/schema"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// shownMembers is how many members a group may have for the answer to a PATCH to show them unasked.
const shownMembers = 1000

// groups are the groups that SCIM clients pushed.
type groups struct {
	store *store.Store
	base  string
	wake  func(accountID string)
}

func (groups) kind(c caller) *schema.ResourceType { return c.group }

func (g groups) create(ctx context.Context, r request) (resource, error) {
	in, members, err := protocol.DecodeGroup(r.body)
	if err != nil {
		return resource{}, err
	}
	var first []protocol.Member
	if members != nil {
		first = *members
	}
	made, err := g.store.CreateSCIMGroup(ctx, r.SCIMClient, in, first, r.shown.Wants("members"))
	return g.changed(r, made, err)
}

func (g groups) read(ctx context.Context, r request) (resource, error) {
	found, err := g.store.SCIMGroup(ctx, r.SCIMClient, r.id, r.shown.Wants("members"))
	return g.answer(r, found, err)
}

// replace is PUT, RFC 7644, section 3.5.1, but that a body without members leaves them: clients that
// rename a group send no members.
func (g groups) replace(ctx context.Context, r request) (resource, error) {
	in, members, err := protocol.DecodeGroup(r.body)
	if err != nil {
		return resource{}, err
	}
	return g.change(ctx, r, r.shown.Wants("members"), func(store.SCIMGroup) (protocol.Group, []protocol.MemberChange, error) {
		if members == nil {
			return in, nil, nil
		}
		return in, []protocol.MemberChange{{Action: protocol.ReplaceMembers, Members: *members}}, nil
	})
}

// patch is PATCH, RFC 7644, section 3.5.2. A client that named no attributes is shown no document of a
// large group: whoever adds a member to it does not want to read all others.
func (g groups) patch(ctx context.Context, r request) (resource, error) {
	patch, err := protocol.ParsePatch(r.group, r.body)
	if err != nil {
		return resource{}, err
	}
	unasked := r.shown.All()
	changed, err := g.change(ctx, r, !unasked && r.shown.Wants("members"), func(before store.SCIMGroup) (protocol.Group, []protocol.MemberChange, error) {
		return patch.ApplyGroup(protocol.Group{DisplayName: before.DisplayName, ExternalID: before.ExternalID}, before.ID)
	})
	if err != nil || !unasked {
		return changed, err
	}
	size, err := g.store.SCIMGroupSize(ctx, r.SCIMClient, r.id, shownMembers+1)
	if err != nil {
		return resource{}, err
	}
	if size > shownMembers {
		changed.document = nil
		return changed, nil
	}
	return g.read(ctx, r)
}

func (g groups) change(ctx context.Context, r request, members bool, next func(before store.SCIMGroup) (protocol.Group, []protocol.MemberChange, error)) (resource, error) {
	changed, err := g.store.ChangeSCIMGroup(ctx, r.SCIMClient, r.id, members,
		func(before store.SCIMGroup) (protocol.Group, []protocol.MemberChange, error) {
			if err := r.when.check(before.Version); err != nil {
				return protocol.Group{}, nil, err
			}
			return next(before)
		})
	return g.changed(r, changed, err)
}

func (g groups) remove(ctx context.Context, r request) error {
	err := g.store.DeleteSCIMGroup(ctx, r.SCIMClient, r.id, func(before store.SCIMGroup) error { return r.when.check(before.Version) })
	if err == nil {
		g.wake(r.AccountID)
	}
	return err
}

// changed is a group after a change, whose events are delivered, or the change's error.
func (g groups) changed(r request, group store.SCIMGroup, err error) (resource, error) {
	if err == nil {
		g.wake(r.AccountID)
	}
	return g.answer(r, group, err)
}

// answer is a group as the client asked for it, or the error of what it asked.
func (g groups) answer(r request, group store.SCIMGroup, err error) (resource, error) {
	if err != nil {
		return resource{}, err
	}
	return g.show(r.caller, group, r.shown), nil
}

// show is a group as the client asked for it.
func (g groups) show(c caller, group store.SCIMGroup, shown protocol.Selection) resource {
	location := g.base + c.group.Endpoint + "/" + group.ID
	document := map[string]any{
		"schemas": []any{c.group.Core.ID}, "id": group.ID, "displayName": group.DisplayName,
		"meta": meta(c.group.Name, location, group.Version, group.CreatedAt, group.UpdatedAt),
	}
	if group.ExternalID != "" {
		document["externalId"] = group.ExternalID
	}
	if len(group.Members) > 0 {
		members := make([]any, len(group.Members))
		for i, member := range group.Members {
			entry := map[string]any{"value": member.ID, "$ref": g.base + c.user.Endpoint + "/" + member.ID, "type": c.user.Name}
			if member.Display != "" {
				entry["display"] = member.Display
			}
			members[i] = entry
		}
		document["members"] = members
	}
	document = shown.Apply(document)
	return resource{id: group.ID, location: location, version: group.Version, document: document, borrowed: document["members"] != nil}
}

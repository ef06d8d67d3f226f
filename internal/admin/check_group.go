package admin

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
)

const (
	maxGroups = 10_000
	// Up to so many groups are looked up one by one; more are looked for in the list of all.
	maxGroupLookups = 200
	lookupsAtOnce   = 8
)

// groupsToSync are the groups that are to be synced themselves: those of the scope, unless the
// settings name some. None, with all users in scope, means all groups.
func groupsToSync(s directory.Settings) []string {
	if s.Groups.Enabled && len(s.Groups.GroupIDs) == 0 && s.Scope.Kind == directory.UsersOfGroups {
		return slices.Clone(s.Scope.GroupIDs)
	}
	return s.Groups.GroupIDs
}

func checkScope(s directory.Scope) []directory.FieldError {
	switch {
	case s.Kind != directory.AllUsers && s.Kind != directory.UsersOfGroups:
		return fieldErrors("scope.kind", fmt.Sprintf("%q is not a scope; use all_users or groups.", s.Kind))
	case s.Kind == directory.AllUsers && len(s.GroupIDs) > 0:
		return fieldErrors("scope.group_ids", "Groups go with the kind groups only. Leave them out.")
	case s.Kind == directory.UsersOfGroups && len(s.GroupIDs) == 0:
		return fieldErrors("scope.group_ids", "Choose at least one group.")
	default:
		return checkGroupIDs("scope.group_ids", s.GroupIDs)
	}
}

// checkGroupSync does not repeat what is wrong with groups that come from the scope.
func checkGroupSync(s directory.Settings) []directory.FieldError {
	ids := s.Groups.GroupIDs
	switch {
	case !s.Groups.Enabled && len(ids) > 0:
		return fieldErrors("groups.group_ids", "Groups to sync go with enabled only. Leave them out.")
	case slices.Equal(ids, s.Scope.GroupIDs):
		return nil
	default:
		return checkGroupIDs("groups.group_ids", ids)
	}
}

func checkGroupIDs(field string, ids []string) []directory.FieldError {
	if len(ids) > maxGroups {
		return fieldErrors(field, fmt.Sprintf("There are %d groups; at most %d can be chosen.", len(ids), maxGroups))
	}
	return checkEachGroupID(field+"[%d]", ids)
}

// checkEachGroupID checks ids of groups, whose fields are called by their index as field says.
func checkEachGroupID(field string, ids []string) []directory.FieldError {
	var errs []directory.FieldError
	seen := make(map[string]bool, len(ids))
	for i, id := range ids {
		at := fmt.Sprintf(field, i)
		switch {
		case id == "":
			errs = append(errs, directory.FieldError{Field: at, Message: "This is no id of a group."})
		case seen[id]:
			errs = append(errs, directory.FieldError{Field: at, Message: "This group is listed twice."})
		}
		seen[id] = true
	}
	return errs
}

// checkGroupsExist looks for the groups of the settings at the source, but for those that were in them before.
func checkGroupsExist(ctx context.Context, src source.Source, s, before directory.Settings) ([]directory.FieldError, error) {
	named := slices.Concat(s.Scope.GroupIDs, s.Groups.GroupIDs, s.MappedGroups())
	known := slices.Concat(before.Scope.GroupIDs, before.Groups.GroupIDs, before.MappedGroups())
	missing, aliases, err := missingGroups(ctx, src, without(named, known))
	if err != nil {
		return nil, err
	}
	roles, organizations := groupsOf(roleRules(s.RoleMappings)), groupsOf(organizationRules(s.OrganizationMappings))
	errs := slices.Concat(
		notThere("scope.group_ids[%d]", s.Scope.GroupIDs, missing),
		notThere("role_mappings[%d].group_id", roles, missing),
		notItsID("role_mappings[%d].group_id", roles, aliases),
		notThere("organization_mappings[%d].group_id", organizations, missing),
		notItsID("organization_mappings[%d].group_id", organizations, aliases),
	)
	if slices.Equal(s.Scope.GroupIDs, s.Groups.GroupIDs) {
		return errs, nil
	}
	return append(errs, notThere("groups.group_ids[%d]", s.Groups.GroupIDs, missing)...), nil
}

func notThere(field string, ids []string, missing map[string]bool) []directory.FieldError {
	var errs []directory.FieldError
	for i, id := range ids {
		if missing[id] {
			errs = append(errs, directory.FieldError{Field: fmt.Sprintf(field, i), Message: fmt.Sprintf("The directory has no group with the id %q.", id)})
		}
	}
	return errs
}

// notItsID refuses what finds a group, such as its address, but is not its id: lists name groups by their ids,
// so a mapping of it would never hold there.
func notItsID(field string, ids []string, aliases map[string]string) []directory.FieldError {
	var errs []directory.FieldError
	for i, id := range ids {
		if canonical, found := aliases[id]; found {
			errs = append(errs, directory.FieldError{Field: fmt.Sprintf(field, i), Message: fmt.Sprintf("The id of this group is %q. Use that.", canonical)})
		}
	}
	return errs
}

// without are the ids that can be one, each once, less those that are known.
func without(ids, known []string) []string {
	seen := map[string]bool{"": true}
	for _, id := range known {
		seen[id] = true
	}
	var rest []string
	for _, id := range ids {
		if !seen[id] {
			rest = append(rest, id)
		}
		seen[id] = true
	}
	return rest
}

// missingGroups are those of ids that no group has and, of those that are other names of one, its id. Where
// there are many, other names are missing too.
func missingGroups(ctx context.Context, src source.Source, ids []string) (missing map[string]bool, aliases map[string]string, err error) {
	switch {
	case len(ids) > 2*(maxGroups+maxRules): // too many to be accepted in any case
		return nil, nil, nil
	case len(ids) > maxGroupLookups:
		missing, err = missingInList(ctx, src, ids)
		return missing, nil, err
	default:
		return missingByID(ctx, src, ids)
	}
}

func missingByID(ctx context.Context, src source.Source, ids []string) (missing map[string]bool, aliases map[string]string, err error) {
	var mu sync.Mutex
	missing, aliases = map[string]bool{}, map[string]string{}
	lookups, ctx := errgroup.WithContext(ctx)
	lookups.SetLimit(lookupsAtOnce)
	for _, id := range ids {
		lookups.Go(func() error {
			group, err := src.Group(ctx, id)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case isNotFound(err):
				missing[id] = true
			case err != nil:
				return err
			case group.ID != id:
				aliases[id] = group.ID
			}
			return nil
		})
	}
	return missing, aliases, lookups.Wait()
}

func missingInList(ctx context.Context, src source.Source, ids []string) (map[string]bool, error) {
	missing := make(map[string]bool, len(ids))
	for _, id := range ids {
		missing[id] = true
	}
	for cursor := ""; ; {
		page, err := src.Groups(ctx, cursor, "", 0)
		if err != nil {
			return nil, err
		}
		for _, g := range page.Groups {
			delete(missing, g.ID)
		}
		if page.Next == "" || page.Next == cursor || len(missing) == 0 {
			return missing, nil
		}
		cursor = page.Next
	}
}

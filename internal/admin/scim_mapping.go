package admin

import (
	"context"
	"fmt"
	"slices"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// SaveSCIMMappings checks all mappings of pushed groups, reports every mistake at once, and replaces those
// that there were. What follows from them is done at once. A group that was mapped before is not looked
// for again: that it was deleted must not keep an admin from saving.
func (a *Admin) SaveSCIMMappings(ctx context.Context, who directory.Principal, mappings directory.SCIMMappings) (directory.SCIMMappings, error) {
	before, err := a.Store.SCIMMappings(ctx, who.AccountID)
	if err != nil {
		return mappings, err
	}
	if err := mayMapRoles(who.RoleID, before.Roles, mappings.Roles); err != nil {
		return mappings, err
	}
	known, err := a.mappable(ctx, who.AccountID)
	if err != nil {
		return mappings, err
	}
	errs := append(known.checkRoles(mappings.Roles), known.checkOrganizations(mappings.Organizations)...)
	if len(mappings.Roles) <= maxGroupMappings && len(mappings.Organizations) <= maxGroupMappings {
		missing, err := a.missingPushedGroups(ctx, who.AccountID, mappings, before)
		if err != nil {
			return mappings, err
		}
		errs = append(errs, missing...)
	}
	if len(errs) > 0 {
		return mappings, invalid("The mappings were not saved.", errs)
	}
	defer a.WakeMail(ctx, who.AccountID)
	return mappings, a.Store.SaveSCIMMappings(ctx, who.AccountID, mappings)
}

func (a *Admin) missingPushedGroups(ctx context.Context, accountID string, mappings, before directory.SCIMMappings) ([]directory.FieldError, error) {
	roles, organizations := mappedGroups(mappings)
	wereForRoles, wereForOrganizations := mappedGroups(before)
	there, err := a.Store.SCIMGroupsWithin(ctx, accountID, slices.Concat(roles, organizations))
	if err != nil {
		return nil, err
	}
	there = slices.Concat(there, wereForRoles, wereForOrganizations)
	return append(notPushed("role_mappings", roles, there), notPushed("organization_mappings", organizations, there)...), nil
}

// mappedGroups are the groups of each list of mappings.
func mappedGroups(m directory.SCIMMappings) (roles, organizations []string) {
	for _, mapping := range m.Roles {
		roles = append(roles, mapping.GroupID)
	}
	for _, mapping := range m.Organizations {
		organizations = append(organizations, mapping.GroupID)
	}
	return roles, organizations
}

func notPushed(list string, groups, there []string) []directory.FieldError {
	known := make(map[string]bool, len(there))
	for _, id := range there {
		known[id] = true
	}
	var errs []directory.FieldError
	for i, id := range groups {
		if !known[id] {
			errs = append(errs, directory.FieldError{
				Field: fmt.Sprintf("%s[%d].group_id", list, i), Message: "No SCIM client has pushed a group with this id to the account.",
			})
		}
	}
	return errs
}

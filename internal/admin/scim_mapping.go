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
	roles, errs, err := a.checkRoleMappings(ctx, who.AccountID, mappings.Roles, before.Roles)
	if err != nil {
		return mappings, err
	}
	organizations, more, err := a.checkOrganizationMappings(ctx, who.AccountID, mappings.Organizations, before.Organizations)
	if err != nil {
		return mappings, err
	}
	mappings = directory.SCIMMappings{Roles: roles, Organizations: organizations}
	errs = append(errs, more...)
	if len(roles) <= maxRules && len(organizations) <= maxRules {
		missing, err := a.missingPushedGroups(ctx, who.AccountID, mappings, before)
		if err != nil {
			return mappings, err
		}
		errs = append(errs, missing...)
	}
	if len(errs) > 0 {
		return mappings, invalid("The mappings were not saved.", errs)
	}
	if err := mayMapRoles(who.RoleID, roles, before.Roles); err != nil {
		return mappings, err
	}
	defer a.Wake(ctx, who.AccountID)
	return mappings, a.Store.SaveSCIMMappings(ctx, who.AccountID, mappings)
}

func (a *Admin) missingPushedGroups(ctx context.Context, accountID string, mappings, before directory.SCIMMappings) ([]directory.FieldError, error) {
	roles, organizations := groupsOf(roleRules(mappings.Roles)), groupsOf(organizationRules(mappings.Organizations))
	there, err := a.Store.SCIMGroupsWithin(ctx, accountID, slices.Concat(roles, organizations))
	if err != nil {
		return nil, err
	}
	there = slices.Concat(there, groupsOf(roleRules(before.Roles)), groupsOf(organizationRules(before.Organizations)))
	return append(notPushed("role_mappings", roles, there), notPushed("organization_mappings", organizations, there)...), nil
}

func notPushed(list string, groups, there []string) []directory.FieldError {
	known := make(map[string]bool, len(there))
	for _, id := range there {
		known[id] = true
	}
	var errs []directory.FieldError
	for i, id := range groups {
		if id != "" && !known[id] {
			errs = append(errs, directory.FieldError{
				Field: fmt.Sprintf("%s[%d].group_id", list, i), Message: "No SCIM client has pushed a group with this id to the account.",
			})
		}
	}
	return errs
}

package admin

import (
	"context"
	"fmt"
	"slices"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const maxRules = 1000 // in each list of mappings

// mappingRule is what the mappings of both kinds are. name is what is filled in.
type mappingRule struct {
	group, target string
	name          *string
}

func roleRules(mappings []directory.RoleMapping) []mappingRule {
	rules := make([]mappingRule, len(mappings))
	for i := range mappings {
		rules[i] = mappingRule{mappings[i].GroupID, mappings[i].RoleID, &mappings[i].RoleName}
	}
	return rules
}

func organizationRules(mappings []directory.OrganizationMapping) []mappingRule {
	rules := make([]mappingRule, len(mappings))
	for i := range mappings {
		rules[i] = mappingRule{mappings[i].GroupID, mappings[i].OrganizationID, &mappings[i].OrganizationName}
	}
	return rules
}

func groupsOf(rules []mappingRule) []string {
	groups := make([]string, len(rules))
	for i, rule := range rules {
		groups[i] = rule.group
	}
	return groups
}

// checkMappedRules checks the mappings of the settings to roles and to organizations and fills in the names.
func (a *Admin) checkMappedRules(ctx context.Context, accountID string, s *directory.Settings, before directory.Settings) ([]directory.FieldError, error) {
	roles, errs, err := a.checkRoleMappings(ctx, accountID, s.RoleMappings, before.RoleMappings)
	if err != nil {
		return nil, err
	}
	organizations, more, err := a.checkOrganizationMappings(ctx, accountID, s.OrganizationMappings, before.OrganizationMappings)
	s.RoleMappings, s.OrganizationMappings = roles, organizations
	return append(errs, more...), err
}

// checkRoleMappings checks mappings of groups to roles, whose groups it does not look for, and returns them
// with the names of their roles.
func (a *Admin) checkRoleMappings(ctx context.Context, accountID string, mappings, before []directory.RoleMapping) ([]directory.RoleMapping, []directory.FieldError, error) {
	roles, err := a.Store.Roles(ctx, accountID)
	if err != nil {
		return nil, nil, err
	}
	names := make(map[string]string, len(roles))
	for _, role := range roles {
		names[role.ID] = role.Name
	}
	mappings = slices.Clone(mappings)
	errs := checkRules("role", names, roleRules(mappings), roleRules(before))
	for i, m := range mappings {
		if m.RoleID == directory.RoleAccountOwner {
			errs = append(errs, directory.FieldError{Field: fmt.Sprintf("role_mappings[%d].role_id", i), Message: "Nobody becomes an account owner by a mapping. Choose another role."})
		}
	}
	return mappings, errs, nil
}

// checkOrganizationMappings checks mappings of groups to organizations, or to all of them, as
// checkRoleMappings does.
func (a *Admin) checkOrganizationMappings(ctx context.Context, accountID string, mappings, before []directory.OrganizationMapping) ([]directory.OrganizationMapping, []directory.FieldError, error) {
	organizations, err := a.Store.Organizations(ctx, accountID)
	if err != nil {
		return nil, nil, err
	}
	names := map[string]string{directory.AllOrganizations: "All organizations"}
	for _, organization := range organizations {
		names[organization.ID] = organization.Name
	}
	mappings = slices.Clone(mappings)
	return mappings, checkRules("organization", names, organizationRules(mappings), organizationRules(before)), nil
}

// mayMapRoles says whether somebody of a role may save mappings: nobody has a mapping give what they may not
// give by hand. Those that were there before are not theirs, as long as none of the groups that came before
// them is gone: they would hold for its people too.
func mayMapRoles(own string, mappings, before []directory.RoleMapping) error {
	for i, m := range mappings {
		at := slices.IndexFunc(before, func(b directory.RoleMapping) bool { return b.GroupID == m.GroupID && b.RoleID == m.RoleID })
		if at >= 0 && len(without(groupsOf(roleRules(before[:at])), groupsOf(roleRules(mappings[:i])))) == 0 {
			continue
		}
		if err := mayMove(own, directory.RoleMember, m.RoleID); err != nil {
			return err
		}
	}
	return nil
}

// checkRules checks the rules of a list and fills in the names, by id, of what they give. What a rule gave
// before and is gone since keeps its name, by which the next one of that name is found.
func checkRules(noun string, names map[string]string, rules, before []mappingRule) []directory.FieldError {
	list := noun + "_mappings"
	if len(rules) > maxRules {
		return fieldErrors(list, fmt.Sprintf("There are %d mappings; at most %d are possible.", len(rules), maxRules))
	}
	errs := checkEachGroupID(list+"[%d].group_id", groupsOf(rules))
	for i, rule := range rules {
		name, there := names[rule.target]
		if !there {
			at := slices.IndexFunc(before, func(b mappingRule) bool { return b.group == rule.group && b.target == rule.target })
			if at < 0 {
				errs = append(errs, directory.FieldError{Field: fmt.Sprintf("%s[%d].%s_id", list, i, noun), Message: fmt.Sprintf("There is no such %s in this account.", noun)})
				continue
			}
			name = *before[at].name
		}
		*rule.name = name
	}
	return errs
}

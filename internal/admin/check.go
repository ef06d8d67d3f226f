package admin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
)

const (
	maxRecipients = 100
	maxRemovals   = 100_000_000
)

// check looks at all settings of a configuration and reports every mistake at once, by field. It
// returns the settings as they are to be saved.
func (a *Admin) check(ctx context.Context, accountID, connectionID string, s directory.Settings) (directory.Settings, error) {
	s.Name = strings.TrimSpace(s.Name)
	errs := checkPlain(s)
	recipients, err := a.checkRecipients(ctx, accountID, s.NotifyUserIDs)
	if err != nil {
		return s, err
	}
	errs = append(errs, recipients...)
	mappings, mapErrs, err := a.checkMappings(ctx, accountID, connectionID, s.Mappings)
	if err != nil && len(errs) == 0 {
		return s, err
	}
	if errs = append(errs, mapErrs...); len(errs) > 0 {
		return s, invalid("The configuration was not saved.", errs)
	}
	s.Mappings = mappings
	return s, nil
}

// checkPlain checks what needs nothing but the settings.
func checkPlain(s directory.Settings) []directory.FieldError {
	errs := checkName("name", s.Name)
	errs = append(errs, checkScope(s.Scope)...)
	refuse := func(field, message string) { errs = append(errs, directory.FieldError{Field: field, Message: message}) }
	if s.Groups.Enabled || len(s.Groups.GroupIDs) > 0 {
		refuse("groups.enabled", "Syncing groups is not available yet. Leave groups out.")
	}
	if len(s.RoleMappings) > 0 {
		refuse("role_mappings", "Role mappings are not available yet. Leave them out.")
	}
	if len(s.OrganizationMappings) > 0 {
		refuse("organization_mappings", "Organization mappings are not available yet. Leave them out.")
	}
	errs = append(errs, s.Schedule.Validate()...)
	if s.OnSourceDelete != directory.DeactivateUser && s.OnSourceDelete != directory.DeleteUser {
		refuse("on_source_delete", fmt.Sprintf("%q is not known; use deactivate or delete.", s.OnSourceDelete))
	}
	if g := s.Guard.MaxRemovals; g < 0 || g > maxRemovals {
		refuse("guard.max_removals", fmt.Sprintf("%d is out of range; use 0 to %d.", g, maxRemovals))
	}
	if g := s.Guard.MaxRemovalPercent; g < 0 || g > 100 {
		refuse("guard.max_removal_percent", fmt.Sprintf("%d is no share; use 0 to 100.", g))
	}
	return errs
}

func checkScope(s directory.Scope) []directory.FieldError {
	switch {
	case s.Kind == directory.UsersOfGroups:
		return []directory.FieldError{{Field: "scope.kind", Message: "Syncing the users of chosen groups is not available yet. Use all_users."}}
	case s.Kind != directory.AllUsers:
		return []directory.FieldError{{Field: "scope.kind", Message: fmt.Sprintf("%q is not a scope; use all_users.", s.Kind)}}
	case len(s.GroupIDs) > 0:
		return []directory.FieldError{{Field: "scope.group_ids", Message: "Groups go with the kind groups only. Leave them out."}}
	default:
		return nil
	}
}

// checkRecipients sees that the recipients of notices are people of the account.
func (a *Admin) checkRecipients(ctx context.Context, accountID string, ids []string) ([]directory.FieldError, error) {
	if len(ids) > maxRecipients {
		return []directory.FieldError{{Field: "notify_user_ids", Message: fmt.Sprintf("At most %d people can be notified.", maxRecipients)}}, nil
	}
	var errs []directory.FieldError
	seen := map[string]bool{}
	for i, id := range ids {
		message, err := a.checkRecipient(ctx, accountID, id)
		if err != nil {
			return nil, err
		}
		if seen[id] {
			message = "This user is listed twice."
		}
		seen[id] = true
		if message != "" {
			errs = append(errs, directory.FieldError{Field: fmt.Sprintf("notify_user_ids[%d]", i), Message: message})
		}
	}
	return errs, nil
}

func (a *Admin) checkRecipient(ctx context.Context, accountID, id string) (mistake string, err error) {
	const unknown = "There is no such user in this account."
	if len(id) != 36 || uuid.Validate(id) != nil {
		return unknown, nil
	}
	user, err := a.Store.User(ctx, accountID, id)
	if isNotFound(err) || err == nil && user.Status == directory.Deleted {
		return unknown, nil
	}
	return "", err
}

// checkMappings compiles the mappings against what the connected directory has and what the
// account's users have.
func (a *Admin) checkMappings(ctx context.Context, accountID, connectionID string, m []directory.Mapping) ([]directory.Mapping, []directory.FieldError, error) {
	connection, message, err := a.usableConnection(ctx, accountID, connectionID)
	if err != nil || message != "" {
		return nil, fieldErrors("connection_id", message), err
	}
	rules, _, err := a.compile(ctx, connection, m)
	var e *directory.Error
	if errors.As(err, &e) && e.Kind == directory.KindInvalid && len(e.Fields) > 0 {
		return nil, e.Fields, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return rules.Mappings(), nil, nil
}

// usableConnection is the connection that a request names; the message says why it cannot be used.
func (a *Admin) usableConnection(ctx context.Context, accountID, id string) (directory.Connection, string, error) {
	const unknown = "There is no such connection in this account."
	if len(id) != 36 || uuid.Validate(id) != nil {
		return directory.Connection{}, unknown, nil
	}
	c, err := a.Store.Connection(ctx, accountID, id)
	switch {
	case isNotFound(err):
		return c, unknown, nil
	case err == nil && c.State != directory.ConnectionConnected:
		return c, notConnected(c.State), nil
	default:
		return c, "", err
	}
}

func (a *Admin) compile(ctx context.Context, c directory.Connection, m []directory.Mapping) (*mapping.Rules, []directory.Attribute, error) {
	src, err := a.openConnected(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	attributes, err := src.Attributes(ctx)
	if err != nil {
		return nil, nil, err
	}
	fields, err := a.Store.Fields(ctx, c.AccountID)
	if err != nil {
		return nil, nil, err
	}
	account, err := a.Store.Account(ctx, c.AccountID)
	if err != nil {
		return nil, nil, err
	}
	rules, err := mapping.Compile(m, attributes, fields, c.Provider, account.DateFormat)
	return rules, attributes, err
}

func fieldErrors(field, message string) []directory.FieldError {
	if message == "" {
		return nil
	}
	return []directory.FieldError{{Field: field, Message: message}}
}

func isNotFound(err error) bool {
	var e *directory.Error
	return errors.As(err, &e) && e.Kind == directory.KindNotFound
}

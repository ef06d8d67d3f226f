package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/mapping"
	"github.com/rollcall-sync/rollcall/internal/source"
)

const (
	maxRecipients = 100
	maxRemovals   = 100_000_000
	maxWindowDays = 90
)

// check looks at all settings of a configuration and reports every mistake at once, by field. It
// returns the settings as they are to be saved. Groups that the settings had before are not looked
// for again: one that the directory has lost must not keep an admin from saving.
func (a *Admin) check(ctx context.Context, accountID, connectionID string, s, before directory.Settings) (directory.Settings, error) {
	s.Name = strings.TrimSpace(s.Name)
	s.Guard.WindowDays = s.Guard.Window()
	s.Groups.GroupIDs = groupsToSync(s)
	errs := checkPlain(s)
	recipients, err := a.checkRecipients(ctx, accountID, s.NotifyUserIDs)
	if err != nil {
		return s, err
	}
	errs = append(errs, recipients...)
	rules, err := a.checkMappedRules(ctx, accountID, &s, before)
	if err != nil {
		return s, err
	}
	errs = append(errs, rules...)
	mappings, found, err := a.checkAtSource(ctx, accountID, connectionID, s, before)
	if err != nil && len(errs) == 0 {
		return s, err
	}
	if errs = append(errs, found...); len(errs) > 0 {
		return s, invalid("The configuration was not saved.", errs)
	}
	s.Mappings = mappings
	return s, nil
}

// checkPlain checks what needs nothing but the settings.
func checkPlain(s directory.Settings) []directory.FieldError {
	errs := checkName("name", s.Name)
	errs = append(errs, checkScope(s.Scope)...)
	errs = append(errs, checkGroupSync(s)...)
	errs = append(errs, s.Schedule.Validate()...)
	if s.OnSourceDelete != directory.DeactivateUser && s.OnSourceDelete != directory.DeleteUser {
		errs = append(errs, directory.FieldError{Field: "on_source_delete", Message: fmt.Sprintf("%q is not known; use deactivate or delete.", s.OnSourceDelete)})
	}
	return append(errs, checkGuard(s.Guard)...)
}

func checkGuard(g directory.Guard) []directory.FieldError {
	return slices.Concat(
		checkRange("guard.max_removals", g.MaxRemovals, 0, maxRemovals),
		checkRange("guard.max_removal_percent", g.MaxRemovalPercent, 0, 100),
		checkRange("guard.window_days", g.WindowDays, 1, maxWindowDays),
	)
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
	if !isUUID(id) {
		return unknown, nil
	}
	user, err := a.Store.User(ctx, accountID, id)
	if isNotFound(err) || err == nil && user.Status == directory.Deleted {
		return unknown, nil
	}
	return "", err
}

// checkAtSource compiles the mappings against what the connected directory has and what the
// account's users have, and looks for the groups that are new.
func (a *Admin) checkAtSource(ctx context.Context, accountID, connectionID string, s, before directory.Settings) ([]directory.Mapping, []directory.FieldError, error) {
	connection, message, err := a.usableConnection(ctx, accountID, connectionID)
	if err != nil || message != "" {
		return nil, fieldErrors("connection_id", message), err
	}
	src, err := a.open(ctx, connection)
	if err != nil {
		return nil, nil, err
	}
	errs, err := checkGroupsExist(ctx, src, s, before)
	if err != nil {
		return nil, nil, err
	}
	rules, err := a.compile(ctx, src, connection, s.Mappings)
	var e *directory.Error
	if errors.As(err, &e) && e.Kind == directory.KindInvalid && len(e.Fields) > 0 {
		return nil, append(errs, e.Fields...), nil
	}
	if err != nil {
		return nil, errs, err
	}
	return rules.Mappings(), errs, nil
}

// usableConnection is the connection that a request names; the message says why it cannot be used.
func (a *Admin) usableConnection(ctx context.Context, accountID, id string) (directory.Connection, string, error) {
	const unknown = "There is no such connection in this account."
	if !isUUID(id) {
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

func (a *Admin) compile(ctx context.Context, src source.Source, c directory.Connection, m []directory.Mapping) (*mapping.Rules, error) {
	attributes, err := src.Attributes(ctx)
	if err != nil {
		return nil, err
	}
	fields, err := a.Store.Fields(ctx, c.AccountID)
	if err != nil {
		return nil, err
	}
	account, err := a.Store.Account(ctx, c.AccountID)
	if err != nil {
		return nil, err
	}
	return mapping.Compile(m, attributes, fields, c.Provider, account.DateFormat)
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

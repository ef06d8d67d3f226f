package admin

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
	"github.com/rollcall-sync/rollcall/workflows"
)

const (
	maxName           = 200
	maxLicences       = 10_000_000
	maxRecycleBinDays = 365
	minLogDays        = 30
	maxLogDays        = 3650
	lastHour          = 23
)

// UpdateAccount changes settings of the account. The number of licences is for account owners and
// super admins alone.
func (a *Admin) UpdateAccount(ctx context.Context, who directory.Principal, patch store.AccountPatch) (directory.Account, error) {
	if patch.Licences != nil && rank(who.RoleID) < rank(directory.RoleSuperAdmin) {
		return directory.Account{}, &directory.Error{
			Kind: directory.KindForbidden, Code: "role_forbidden", Message: "Your role may not change the number of licences.",
			Remedy: "It takes an account owner or a super admin.",
		}
	}
	if patch.Name != nil {
		name := strings.TrimSpace(*patch.Name)
		patch.Name = &name
	}
	if errs := checkAccount(patch); len(errs) > 0 {
		return directory.Account{}, invalid("The account was not changed.", errs)
	}
	account, err := a.Store.UpdateAccount(ctx, who.AccountID, patch)
	if err != nil {
		return account, err
	}
	if patch.Licences != nil {
		a.Wake(ctx, who.AccountID)
	}
	if patch.ReportFrequency != nil || patch.ReportHour != nil || patch.TimeZone != nil {
		return account, a.signalReport(ctx, workflows.SignalSettingsChanged, who)
	}
	return account, nil
}

func checkAccount(patch store.AccountPatch) []directory.FieldError {
	var errs []directory.FieldError
	if patch.Name != nil {
		errs = append(errs, checkName("name", *patch.Name)...)
	}
	if n := patch.Licences; n != nil {
		errs = append(errs, checkRange("licences.total", *n, 1, maxLicences)...)
	}
	if n := patch.RecycleBinDays; n != nil {
		errs = append(errs, checkRange("recycle_bin_days", *n, 1, maxRecycleBinDays)...)
	}
	if n := patch.LogDays; n != nil {
		errs = append(errs, checkRange("log_days", *n, minLogDays, maxLogDays)...)
	}
	if n := patch.ReportHour; n != nil {
		errs = append(errs, checkRange("report_hour", *n, 0, lastHour)...)
	}
	if f := patch.DateFormat; f != nil && directory.DateFormats()[*f] == "" {
		known := slices.Sorted(maps.Keys(directory.DateFormats()))
		errs = append(errs, directory.FieldError{Field: "date_format", Message: fmt.Sprintf("%q is not a date format; use one of %s.", *f, strings.Join(known, ", "))})
	}
	if z := patch.TimeZone; z != nil && !directory.ValidTimeZone(*z) {
		errs = append(errs, directory.FieldError{Field: "time_zone", Message: fmt.Sprintf("%q is not a time zone; use an IANA name, for example Europe/Berlin.", *z)})
	}
	return errs
}

func checkRange(field string, n, least, most int) []directory.FieldError {
	if n >= least && n <= most {
		return nil
	}
	return []directory.FieldError{{Field: field, Message: fmt.Sprintf("%d is out of range; use %d to %d.", n, least, most)}}
}

// checkName says what is wrong with a name that is trimmed already.
func checkName(field, name string) []directory.FieldError {
	switch n := len([]rune(name)); {
	case n == 0:
		return []directory.FieldError{{Field: field, Message: "A name is needed."}}
	case n > maxName:
		return []directory.FieldError{{Field: field, Message: fmt.Sprintf("The name has %d characters; %d are possible.", n, maxName)}}
	default:
		return nil
	}
}

// named runs a creation with a checked name.
func named[T any](name string, create func(name string) (T, error)) (T, error) {
	name = strings.TrimSpace(name)
	if errs := checkName("name", name); errs != nil {
		var none T
		return none, invalid("Nothing was created.", errs)
	}
	return create(name)
}

// invalid is the error of a request with mistakes in its fields.
func invalid(sentence string, errs []directory.FieldError) *directory.Error {
	message := fmt.Sprintf("%s %s: %s", sentence, errs[0].Field, errs[0].Message)
	if len(errs) > 1 {
		message += fmt.Sprintf(" And %d more: see errors.", len(errs)-1)
	}
	return directory.Invalid("invalid", message, errs...)
}

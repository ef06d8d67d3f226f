package admin

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/store"
)

const maxName = 200

// UpdateAccount changes settings of the account.
func (a *Admin) UpdateAccount(ctx context.Context, accountID string, patch store.AccountPatch) (directory.Account, error) {
	var errs []directory.FieldError
	if patch.Name != nil {
		name := strings.TrimSpace(*patch.Name)
		patch.Name = &name
		errs = append(errs, checkName("name", name)...)
	}
	if f := patch.DateFormat; f != nil && directory.DateFormats()[*f] == "" {
		known := slices.Sorted(maps.Keys(directory.DateFormats()))
		errs = append(errs, directory.FieldError{Field: "date_format", Message: fmt.Sprintf("%q is not a date format; use one of %s.", *f, strings.Join(known, ", "))})
	}
	if z := patch.TimeZone; z != nil && !directory.ValidTimeZone(*z) {
		errs = append(errs, directory.FieldError{Field: "time_zone", Message: fmt.Sprintf("%q is not a time zone; use an IANA name, for example Europe/Berlin.", *z)})
	}
	if len(errs) > 0 {
		return directory.Account{}, invalid("The account was not changed.", errs)
	}
	return a.Store.UpdateAccount(ctx, accountID, patch)
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

package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// databaseError is an error of PostgreSQL without what it quotes from rows and statements.
type databaseError struct {
	code       pqerror.Code
	constraint string
}

func (e *databaseError) Error() string {
	if e.constraint == "" {
		return "database error " + string(e.code)
	}
	return fmt.Sprintf("database error %s, constraint %s", e.code, e.constraint)
}

// wrap translates an error of the database for the outside: a broken constraint into what it
// means to a person, a lost connection into KindUnavailable, all else into a code.
func wrap(task string, err error) error {
	var coded *directory.Error
	var refused *pq.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &coded):
		return err
	case errors.As(err, &refused):
		bare := fmt.Errorf("%s: %w", task, &databaseError{refused.Code, refused.Constraint})
		if meaning := meaningOf(refused); meaning != nil {
			meaning.Cause = bare
			return meaning
		}
		return bare
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", task, err)
	case disconnected(err):
		return unavailable(fmt.Errorf("%s: %w", task, err))
	default:
		return fmt.Errorf("%s: %w", task, err)
	}
}

func unavailable(cause error) *directory.Error {
	return &directory.Error{Kind: directory.KindUnavailable, Code: "database_unavailable", Message: "The database does not answer.", Remedy: "Try again in a moment.", Cause: cause}
}

func disconnected(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// meaningOf is what a refusal of the database means to a person; nil when it means nothing.
func meaningOf(err *pq.Error) *directory.Error {
	switch err.Constraint {
	case "users_email":
		return addressTaken()
	case "scim_users_user_name":
		return userNameTaken()
	case "users_last_admin":
		return directory.Conflict("last_admin", "This is the last account owner or super admin. Make somebody else one first.")
	case "accounts_licences":
		return licencesExhausted()
	case "roles_name", "roles_pkey":
		return directory.Conflict("role_exists", "There is a role of this name already.")
	case "users_role":
		return unknownRole()
	case "api_tokens_role":
		return directory.Conflict("role_in_use", "API tokens have the role. Revoke them first.")
	case "organizations_name", "organizations_pkey":
		return directory.Conflict("organization_exists", "There is an organization of this name already.")
	case "users_organization":
		return unknownOrganization()
	case "fields_name", "fields_pkey":
		return directory.Conflict("field_exists", "There is a field of this name already.")
	case "runs_one_at_once":
		return directory.Conflict("run_in_progress", "A run of this configuration is in progress.")
	}
	switch {
	case err.Code == "22021", err.Code == "22P05":
		return directory.Invalid("invalid_value", "The text has a character that cannot be stored. Remove it.")
	case err.Code.Class() == "08", err.Code == "57P01", err.Code == "57P02", err.Code == "57P03", err.Code == "53300":
		return unavailable(nil)
	}
	return nil
}

// refusedRow says whether a statement failed because of what is in a row, so that the same
// statement without that row can succeed.
func refusedRow(err error) (*pq.Error, bool) {
	var refused *pq.Error
	if !errors.As(err, &refused) {
		return nil, false
	}
	switch refused.Code.Class() {
	case "22", "23", "54": // data, integrity, limits of a row or an index
		return refused, true
	default:
		return nil, false
	}
}

// found turns the absence of a row, or an id that is none, into a not-found error about noun.
func found(noun string, err error) error {
	var refused *pq.Error
	if errors.Is(err, sql.ErrNoRows) || errors.As(err, &refused) && refused.Code == "22P02" {
		return directory.NotFound(noun)
	}
	return err
}

func gone(code, message string) *directory.Error {
	return &directory.Error{Kind: directory.KindGone, Code: code, Message: message}
}

func unknownRole() *directory.Error {
	const message = "There is no such role in this account."
	return directory.Invalid("role_unknown", message, directory.FieldError{Field: "role", Message: message})
}

func unknownOrganization() *directory.Error {
	const message = "There is no such organization in this account."
	return directory.Invalid("organization_unknown", message, directory.FieldError{Field: "organization", Message: message})
}

func addressTaken() *directory.Error {
	return directory.Conflict("address_taken", "Another user of the account has this email address.")
}

func userNameTaken() *directory.Error {
	return directory.Conflict("user_name_taken", "Another user of the account has this userName.")
}

func licencesExhausted() *directory.Error {
	return directory.Conflict("licences_exhausted", "All licences are in use. Deactivate a user, or raise the number of licences, then try again.")
}

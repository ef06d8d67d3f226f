package store

import (
	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/reconcile"
)

// Codes of problems that show only when a change is applied. They reach the sync log and the API:
// do not rename.
const (
	CodeAddressTaken     = "address_taken"
	CodeLastAdmin        = "last_admin"
	CodeChangedMeanwhile = "changed_meanwhile"
	CodeInvalidValue     = "invalid_value"
	CodeRefused          = "refused"
)

// problemRefused is why the database refused the change of one user. again is what to do once its cause
// is gone: "sync again" or "undo again".
func problemRefused(label string, refused *pq.Error, again string) directory.Problem {
	switch refused.Constraint {
	case "users_email":
		return problemTaken(label, again)
	case "users_last_admin":
		return directory.Problem{Code: CodeLastAdmin,
			Message: label + " is the last account owner or super admin and was kept.",
			Remedy:  "Make somebody else account owner or super admin, then " + again + "."}
	case "users_role", "users_organization":
		return directory.Problem{Code: CodeRefused,
			Message: label + " was not changed: the role or the organization that they should have is not there any more.",
			Remedy:  "Give them another one by hand."}
	case "users_pkey", "links_pkey", "links_user":
		return problemChanged(label)
	}
	if refused.Code.Class() == "23" {
		return directory.Problem{Code: CodeRefused,
			Message: label + " was not changed: a rule of the database (" + refused.Constraint + ") does not allow it.",
			Remedy:  "Check the person's values in the directory, then " + again + "."}
	}
	return problemUnstorable(label)
}

func problemTaken(label, again string) directory.Problem {
	return directory.Problem{Code: CodeAddressTaken, Field: directory.FieldEmail,
		Message: "The email address of " + label + " belongs to another user of the account.",
		Remedy:  "Give one of the two another address in the directory, then " + again + "."}
}

func problemChanged(label string) directory.Problem {
	return directory.Problem{Code: CodeChangedMeanwhile,
		Message: label + " was changed by somebody else while the sync was running.",
		Remedy:  "Nothing; the next sync takes it up."}
}

func problemChangedSince(label string) directory.Problem {
	return directory.Problem{Code: reconcile.CodeChangedSince,
		Message: label + " was not put back: they were changed while the undo waited or was running.",
		Remedy:  "Change them by hand if the run's values are still wrong."}
}

func problemUnstorable(label string) directory.Problem {
	return directory.Problem{Code: CodeInvalidValue,
		Message: label + " has a value with a character that cannot be stored, or one that is too long.",
		Remedy:  "Correct the value in the directory, then sync again."}
}

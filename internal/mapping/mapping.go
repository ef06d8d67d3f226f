// Package mapping turns a directory's record into the values of a user: typed, checked, and with
// a reason for each value that does not fit.
//
// It is pure. It knows no vendor, no database and no user who exists already.
package mapping

import "github.com/rollcall-sync/rollcall/internal/directory"

// Codes of what can be wrong with a value. They reach the sync log and the API: do not rename.
const (
	CodeMissing      = "mandatory_missing"
	CodeTypeMismatch = "type_mismatch"
	CodeEmail        = "email_invalid"
	CodeDate         = "date_format"
	CodeDateTime     = "datetime_format"
	CodeNumber       = "number_format"
	CodeTooLong      = "too_long"
	CodeRemoved      = "characters_removed" // the only problem whose value is kept
)

// CodeInvalid is the code of the error about mappings that cannot be used.
const CodeInvalid = "mapping_invalid"

// Record is one person as an account would have them. It is staged as JSON, which is the same
// for the same record.
type Record struct {
	SourceID string `json:"source_id"`
	Enabled  bool   `json:"enabled"`
	// Values holds the values by target field id. Nil is a value cleared at the source; a target
	// whose value has a problem is absent. A mandatory field is never nil.
	Values directory.Values `json:"values"`
	// People holds, by target, whom a field of type person names: the id, or the address, that the
	// source knows them by; empty where nobody is named. They are not among the values.
	People   map[string]string   `json:"people,omitempty"`
	Problems []directory.Problem `json:"problems,omitempty"` // in the order of the mappings
}

// Email is the record's address, empty where it has none that is valid.
func (r Record) Email() string {
	address, _ := r.Values[directory.FieldEmail].(string)
	return address
}

// Defaults are the mappings of the mandatory fields where an admin states none.
func Defaults(p directory.Provider) []directory.Mapping {
	first, last, email := "givenName", "surname", "mail"
	if p == directory.Google {
		first, last, email = "name.givenName", "name.familyName", "primaryEmail"
	}
	return []directory.Mapping{
		{Source: first, Target: directory.FieldFirstName, SyncUpdates: true},
		{Source: last, Target: directory.FieldLastName, SyncUpdates: true},
		{Source: email, Target: directory.FieldEmail, SyncUpdates: true},
	}
}

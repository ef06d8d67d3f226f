package directory

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
)

// FieldType is the data type of a field or of a source attribute.
type FieldType string

// The data types. An email is a text with a format; a date is a calendar day without a zone; a
// person is a user of the account, of whom the value is the id.
const (
	Text     FieldType = "text"
	Number   FieldType = "number"
	Integer  FieldType = "integer"
	Boolean  FieldType = "boolean"
	Date     FieldType = "date"
	DateTime FieldType = "datetime"
	Email    FieldType = "email"
	Person   FieldType = "person"
)

// FieldTypes lists all data types.
func FieldTypes() []FieldType {
	return []FieldType{Text, Number, Integer, Boolean, Date, DateTime, Email, Person}
}

// Accepts says whether a source attribute of type source may be mapped to a field of type t.
// The types must be the same; an email address is a text, so the two go either way and the
// format is checked value by value.
func (t FieldType) Accepts(source FieldType) bool {
	textual := func(x FieldType) bool { return x == Text || x == Email }
	return t == source || textual(t) && textual(source)
}

// The ids of the mandatory fields of every account.
const (
	FieldFirstName = "first_name"
	FieldLastName  = "last_name"
	FieldEmail     = "email"
)

// Mandatory says whether a user cannot be without a value of the field.
func Mandatory(fieldID string) bool {
	return fieldID == FieldFirstName || fieldID == FieldLastName || fieldID == FieldEmail
}

// Field is an attribute of an account's users.
type Field struct {
	ID        string    `db:"id"`
	AccountID string    `db:"account_id"`
	Name      string    `db:"name"`
	Type      FieldType `db:"type"`
	System    bool      `db:"system"`
}

// SystemFields are the fields that every account has.
func SystemFields() []Field {
	return []Field{
		{ID: FieldFirstName, Name: "First name", Type: Text, System: true},
		{ID: FieldLastName, Name: "Last name", Type: Text, System: true},
		{ID: FieldEmail, Name: "Email ID", Type: Email, System: true},
	}
}

// Attribute is something that a source record has: its path in the record, its name for an
// admin, and its data type. One with several values is a text: the values, in the directory's
// order, joined by ", ".
type Attribute struct {
	Path        string    `json:"path"`
	Name        string    `json:"name"`
	Type        FieldType `json:"type"`
	MultiValued bool      `json:"multi_valued" doc:"Maps to a text field: the values in the directory's order, joined by a comma and a space."`
}

// Values holds field values by field id. A value is a string (text, email; date as
// YYYY-MM-DD; datetime as RFC 3339 in UTC; person: the id of a user), a json.Number (number, integer), a bool or nil.
type Values map[string]any

// Value encodes v as a JSON object for the database.
func (v Values) Value() (driver.Value, error) {
	if v == nil {
		return "{}", nil
	}
	b, err := json.Marshal(v)
	return string(b), err
}

// Scan decodes a JSON object; numbers keep their digits as json.Number.
func (v *Values) Scan(src any) error { return scanJSON(src, v) }

func scanJSON(src any, into any) error {
	switch b := src.(type) {
	case nil:
		return nil
	case []byte:
		return unmarshalKeepingNumbers(b, into)
	case string:
		return unmarshalKeepingNumbers([]byte(b), into)
	default:
		return fmt.Errorf("scan %T as JSON", src)
	}
}

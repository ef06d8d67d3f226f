package schema

import (
	"github.com/rollcall-sync/rollcall/internal/directory"
)

// AccountExtensionURN is the URN of the schema of an account's custom fields.
func AccountExtensionURN(accountID string) string {
	return "urn:rollcall:scim:schemas:extension:" + accountID + ":2:User"
}

// AccountExtension is the schema of an account's custom fields: an attribute each, named by the
// field's id. It is nil when fields holds no custom field.
func AccountExtension(accountID string, fields []directory.Field) *Schema {
	s := &Schema{
		ID:          AccountExtensionURN(accountID),
		Name:        "CustomFields",
		Description: "The account's custom fields",
	}
	for _, f := range fields {
		if !f.System {
			s.Attributes = append(s.Attributes, customField(f))
		}
	}
	if s.Attributes == nil {
		return nil
	}
	return s
}

func customField(f directory.Field) Attribute {
	a := text(f.ID, f.Name)
	a.Field = f.Type
	switch f.Type {
	case directory.Number:
		a.Type = Decimal
	case directory.Integer:
		a.Type = Integer
	case directory.Boolean:
		a.Type = Boolean
	case directory.Date:
		a.Description += ": a day, as YYYY-MM-DD"
	case directory.DateTime:
		a.Type = DateTime
	case directory.Email:
		a.Description += ": an email address"
	case directory.Person:
		a.Description += ": the id of a user"
		a.CaseExact, a.MaxLength = true, longName
	case directory.Text:
	}
	return a
}

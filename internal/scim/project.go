package scim

import (
	"strings"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// ProjectUser is what the resource means for a user of ours. Errors are *Error of type InvalidValue.
func ProjectUser(t *schema.ResourceType, r Resource, active bool) (User, error) {
	if err := requireAll(t, r); err != nil {
		return User{}, err
	}
	name, _ := r["name"].(map[string]any)
	u := User{
		Resource:   r,
		UserName:   textOf(r, "userName"),
		ExternalID: textOf(r, "externalId"),
		Active:     active,
		Email:      emailOf(r),
		FirstName:  textOf(name, "givenName"),
		LastName:   textOf(name, "familyName"),
		Fields:     directory.Values{},
	}
	for _, extension := range t.Extensions {
		values, _ := r[extension.ID].(map[string]any)
		for _, a := range extension.Attributes {
			if a.Field != "" {
				u.Fields[a.Name] = values[a.Name]
			}
		}
	}
	return u, nil
}

// emailOf is the primary address, else the first of type work, else the first, else the user name.
func emailOf(r Resource) string {
	var work, first string
	entries, _ := r["emails"].([]any)
	for _, value := range entries {
		entry, _ := value.(map[string]any)
		address := textOf(entry, "value")
		switch {
		case address == "":
			continue
		case isPrimary(entry):
			return address
		case work == "" && strings.EqualFold(textOf(entry, "type"), "work"):
			work = address
		}
		if first == "" {
			first = address
		}
	}
	switch {
	case work != "":
		return work
	case first != "":
		return first
	default:
		return textOf(r, "userName")
	}
}

func textOf(holder map[string]any, name string) string {
	text, _ := holder[name].(string)
	return strings.TrimSpace(text)
}

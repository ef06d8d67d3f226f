package api

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// wording puts what a change changed into words.
type wording struct{ fields map[string]string }

func newWording(fields []directory.Field) wording {
	w := wording{fields: map[string]string{}}
	for _, f := range fields {
		w.fields[f.ID] = f.Name
	}
	return w
}

// difference names each field that differs with what was and what is: "City: Bern → Basel; Phone: → 1".
func (w wording) difference(before, after *directory.Snapshot) string {
	was, is := w.values(before), w.values(after)
	titles := slices.Collect(maps.Keys(is))
	for title := range was {
		if _, both := is[title]; !both {
			titles = append(titles, title)
		}
	}
	slices.SortFunc(titles, func(a, b title) int { return cmp.Or(cmp.Compare(a.place, b.place), strings.Compare(a.name, b.name)) })
	parts := make([]string, 0, len(titles))
	for _, t := range titles {
		part := t.name + ":"
		if was[t] != "" {
			part += " " + was[t]
		}
		if part += " →"; is[t] != "" {
			part += " " + is[t]
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ")
}

// title is the name of a field with its place among others: what every user has comes before custom fields.
type title struct {
	place int
	name  string
}

func (w wording) values(s *directory.Snapshot) map[title]string {
	if s == nil {
		return nil
	}
	values := map[title]string{}
	for place, v := range []struct {
		name  string
		value *string
	}{
		{"Name", s.Name}, {"Description", s.Description}, {w.field(directory.FieldEmail), s.Email},
		{w.field(directory.FieldFirstName), s.FirstName}, {w.field(directory.FieldLastName), s.LastName}, {"Status", (*string)(s.Status)},
		{"Role", s.Role}, {"Organization", s.Organization},
	} {
		if v.value != nil {
			values[title{place, v.name}] = *v.value
		}
	}
	const custom, attribute = 10, 11
	for id, value := range s.Fields {
		values[title{custom, w.field(id)}] = say(value)
	}
	for name, value := range s.Attributes {
		values[title{attribute, name}] = say(value)
	}
	return values
}

// field is the name of a field, or the id of one that is gone.
func (w wording) field(id string) string { return cmp.Or(w.fields[id], id) }

// say is a value as text; what is no plain value is JSON.
func say(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		encoded, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return string(encoded)
	}
}

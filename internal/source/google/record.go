package google

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
	"github.com/rollcall-sync/rollcall/internal/source/wire"
)

// customSchemas is the property of a user that has the fields of the customer's own schemas.
const customSchemas = "customSchemas"

// manager is the path of the person whom a user reports to, of whom it has the address.
const manager = "relations.manager"

// neverLoggedIn is the lastLoginTime of a user who has not logged in.
const neverLoggedIn = `"1970-01-01T00:00:00.000Z"`

// path leads to a value: a property of a user, of an object in it, or of the main entry of a list.
type path struct {
	name  string
	parts []string
	kind  directory.FieldType // of a field of a custom schema; empty for others
}

// parsePaths splits paths at each dot. A path that begins with no name of a property has no value, and
// is left out. The types of custom fields are the customer's to say, who is asked where there are any.
func (t *tenant) parsePaths(ctx context.Context, names []string) ([]path, error) {
	paths := make([]path, 0, len(names))
	for _, name := range names {
		p := path{name: name, parts: strings.Split(name, ".")}
		if p.parts[0] == "" || strings.ContainsFunc(p.parts[0], special) {
			continue
		}
		if p.parts[0] == customSchemas {
			types, err := t.schemaTypes(ctx)
			if err != nil {
				return nil, err
			}
			p.kind = types[name]
		}
		paths = append(paths, p)
	}
	return paths, nil
}

// special says whether a character is neither a letter nor a digit.
func special(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// selection names the properties that the paths are in, and those that every record needs.
func selection(paths []path) string {
	names := []string{"archived", "id", "suspended"}
	for _, p := range paths {
		names = append(names, p.parts[0])
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ",")
}

// projection asks for custom fields where there are any to read. It names no schemas: one that the
// customer has deleted would fail the request.
func projection(paths []path) string {
	if slices.ContainsFunc(paths, func(p path) bool { return p.parts[0] == customSchemas }) {
		return "full"
	}
	return "basic"
}

// in is the value in a user; nil where there is none.
func (p path) in(user map[string]json.RawMessage) json.RawMessage {
	if p.name == manager {
		return managerIn(user)
	}
	value := user[p.parts[0]]
	for _, part := range p.parts[1:] {
		value = mainObject(value)[part]
	}
	switch {
	case value == nil, string(value) == "null", p.name == "lastLoginTime" && string(value) == neverLoggedIn:
		return nil
	case p.kind == directory.Integer, p.kind == directory.Number:
		return unquoted(value)
	default:
		return value
	}
}

// managerIn is the first relation of a user that is a manager.
func managerIn(user map[string]json.RawMessage) json.RawMessage {
	var relations []map[string]json.RawMessage
	if json.Unmarshal(user["relations"], &relations) != nil {
		return nil
	}
	for _, one := range relations {
		if string(one["type"]) == `"manager"` && one["value"] != nil && string(one["value"]) != "null" {
			return one["value"]
		}
	}
	return nil
}

// mainObject is an object, or of a list of objects the one that is marked as the primary or preferred
// one, or else the first. Anything else has no members.
func mainObject(value json.RawMessage) map[string]json.RawMessage {
	var one map[string]json.RawMessage
	if json.Unmarshal(value, &one) == nil {
		return one
	}
	var list []map[string]json.RawMessage
	if json.Unmarshal(value, &list) != nil || len(list) == 0 {
		return nil
	}
	main := slices.IndexFunc(list, func(entry map[string]json.RawMessage) bool {
		return string(entry["primary"]) == "true" || string(entry["preference"]) == `"preferred"`
	})
	return list[max(main, 0)]
}

// unquoted is the number that a JSON string is, digit by digit: 64-bit numbers come as strings. Any
// other value stays as it is.
// https://developers.google.com/discovery/v1/type-format
func unquoted(value json.RawMessage) json.RawMessage {
	digits := bytes.TrimSuffix(bytes.TrimPrefix(value, []byte(`"`)), []byte(`"`))
	var number json.Number
	if json.Valid(digits) && json.Unmarshal(digits, &number) == nil && len(digits) == len(number) {
		return digits
	}
	return value
}

func decodeUsers(body []byte, paths []path) (source.Page, error) {
	var page struct {
		list
		Users []map[string]json.RawMessage `json:"users"`
	}
	if err := decodeList(body, &page, &page.list); err != nil {
		return source.Page{}, err
	}
	records := make([]source.Record, len(page.Users))
	for i, user := range page.Users {
		var err error
		if records[i], err = newRecord(user, paths); err != nil {
			return source.Page{}, err
		}
	}
	return source.Page{Records: records, Next: page.Next}, nil
}

// newRecord reads one user. Somebody who is suspended or archived is disabled.
func newRecord(user map[string]json.RawMessage, paths []path) (source.Record, error) {
	record := source.Record{Attributes: make(map[string]json.RawMessage, len(paths))}
	if json.Unmarshal(user["id"], &record.ID) != nil || record.ID == "" {
		return source.Record{}, malformed("a user without an id")
	}
	suspended, ok := boolean(user["suspended"])
	archived, also := boolean(user["archived"])
	if !ok || !also {
		return source.Record{}, malformed("a user of whom suspended or archived is neither true nor false")
	}
	record.Enabled = !suspended && !archived
	for _, p := range paths {
		if value := p.in(user); value != nil {
			record.Attributes[p.name] = value
		}
	}
	return record, nil
}

// boolean reads true or false; null and nothing are false.
func boolean(value json.RawMessage) (is, ok bool) {
	switch string(value) {
	case "true":
		return true, true
	case "", "false", "null":
		return false, true
	}
	return false, false
}

// list is what the answers of all lists have. A list without entries lacks its property.
type list struct {
	Next  string          `json:"nextPageToken"`
	Error json.RawMessage `json:"error"`
}

// decodeList reads the page of a list into page, which has the list in it.
func decodeList(body []byte, page any, in *list) error {
	if err := decode(body, page); err != nil {
		return err
	}
	if in.Error != nil {
		return malformed("an error that claims to be a list")
	}
	return nil
}

// decode reads a JSON object. What is no JSON is taken for an answer that broke off; JSON of another
// shape is what the API means to say, and would say again.
func decode(body []byte, into any) error {
	err := json.Unmarshal(body, into)
	if _, other := errors.AsType[*json.UnmarshalTypeError](err); other || string(bytes.TrimSpace(body)) == "null" {
		return malformed("something of another shape than the Directory API's documentation says")
	}
	if err != nil {
		return unavailable(wire.ErrNoJSON)
	}
	return nil
}

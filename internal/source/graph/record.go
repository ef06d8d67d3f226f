package graph

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
	"github.com/rollcall-sync/rollcall/internal/source/wire"
)

// path leads to a value: a property of a user, or a property of a complex one.
type path struct {
	name  string
	parts []string
}

// manager is the path of the person whom a user reports to, a relation of Graph's. Its value is the
// id of that person.
const manager = "manager"

// parsePaths splits paths at each / and dot. A path of nothing else has no value, and is left out.
func parsePaths(names []string) []path {
	paths := make([]path, 0, len(names))
	for _, name := range names {
		parts := strings.FieldsFunc(name, func(r rune) bool { return r == '/' || r == '.' })
		if name == manager {
			parts = append(parts, "id")
		}
		if len(parts) > 0 {
			paths = append(paths, path{name, parts})
		}
	}
	return paths
}

// in follows the path below its first part, of which it gets the value.
func (p path) in(value json.RawMessage) json.RawMessage {
	for _, part := range p.parts[1:] {
		value = member(value, part)
	}
	return value
}

func decodePage(body []byte, paths []path) (source.Page, error) {
	var page struct {
		Value *[]json.RawMessage `json:"value"`
		Next  string             `json:"@odata.nextLink"`
	}
	if err := decode(body, &page); err != nil {
		return source.Page{}, err
	}
	if page.Value == nil {
		return source.Page{}, malformed("no list of users")
	}
	records := make([]source.Record, len(*page.Value))
	for i, user := range *page.Value {
		var err error
		if records[i], err = newRecord(user, paths); err != nil {
			return source.Page{}, err
		}
	}
	return source.Page{Records: records, Next: page.Next}, nil
}

// decodeUser reads an answer about one user, bare or, as some of Microsoft's samples have it,
// in a property "value".
func decodeUser(body []byte, paths []path) (source.Record, error) {
	var user json.RawMessage
	if err := decode(body, &user); err != nil {
		return source.Record{}, err
	}
	if wrapped := member(user, "value"); wrapped != nil && member(user, "id") == nil {
		user = wrapped
	}
	return newRecord(user, paths)
}

// newRecord reads one user. Null is the same as an absent property.
func newRecord(user json.RawMessage, paths []path) (source.Record, error) {
	record := source.Record{Enabled: true, Attributes: make(map[string]json.RawMessage, len(paths))}
	for name, value := range members(user) {
		switch string(name) {
		case "id":
			record.ID = text(value)
		case "accountEnabled":
			if said := string(value); said != "true" && said != "false" && said != "null" {
				return source.Record{}, malformed("a user whose accountEnabled is neither true nor false")
			}
			record.Enabled = string(value) != "false"
		}
		for _, p := range paths {
			if p.parts[0] != string(name) {
				continue
			}
			if found := p.in(value); found != nil && string(found) != "null" {
				record.Attributes[p.name] = found
			}
		}
	}
	if record.ID == "" {
		return source.Record{}, malformed("a user without an id")
	}
	return record, nil
}

// text is the value of a valid JSON string; of anything else there is none.
func text(value json.RawMessage) string {
	if value[0] != '"' {
		return ""
	}
	return string(unquote(value))
}

func decodeOrganization(body []byte) (directory.Tenant, error) {
	var answer struct {
		Value []struct {
			ID      string `json:"id"`
			Name    string `json:"displayName"`
			Domains []struct {
				Name string `json:"name"`
			} `json:"verifiedDomains"`
		} `json:"value"`
	}
	if err := decode(body, &answer); err != nil {
		return directory.Tenant{}, err
	}
	if len(answer.Value) != 1 || answer.Value[0].ID == "" {
		return directory.Tenant{}, malformed("no organization, or one without an id")
	}
	found := answer.Value[0]
	tenant := directory.Tenant{ID: found.ID, Name: found.Name, Domains: []string{}}
	for _, domain := range found.Domains {
		tenant.Domains = append(tenant.Domains, domain.Name)
	}
	return tenant, nil
}

// decode reads JSON. What is no JSON is taken for an answer that broke off; JSON of another
// shape is what Graph means to say, and would say again.
func decode(body []byte, into any) error {
	err := json.Unmarshal(body, into)
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return malformed("something of another shape than Graph's documentation says")
	}
	return unavailable(wire.ErrNoJSON)
}

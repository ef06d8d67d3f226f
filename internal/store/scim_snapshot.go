package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/scim"
	"github.com/rollcall-sync/rollcall/internal/scim/filter"
)

// resource is a SCIM resource as the database keeps it; numbers keep their digits.
type resource scim.Resource

// Scan decodes the database's JSON; NULL is no resource.
func (r *resource) Scan(src any) error {
	encoded, ok := src.([]byte)
	if !ok {
		if src == nil {
			return nil
		}
		return fmt.Errorf("scan %T as a resource", src)
	}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	return decoder.Decode((*scim.Resource)(r))
}

// addressKeys are the email addresses of a resource as filters compare them, between separators; empty:
// none.
func addressKeys(r scim.Resource) string {
	emails, _ := r["emails"].([]any)
	var keys []string
	for _, email := range emails {
		entry, _ := email.(map[string]any)
		if address, ok := entry["value"].(string); ok {
			keys = append(keys, filter.Fold(address))
		}
	}
	return strings.Join(keys, "\x1f")
}

// createdSnapshot is what the log says of a user whom a client created.
func createdSnapshot(in scim.User, status directory.UserStatus) directory.Snapshot {
	return directory.Snapshot{
		Email: &in.Email, FirstName: &in.FirstName, LastName: &in.LastName, Status: &status,
		Fields: withoutNil(in.Fields), Attributes: attributesOf(in.Resource, in.Active),
	}
}

// snapshots are what the log says of a move: what differs before and after.
func (m *move) snapshots(after knownUser) (before, now directory.Snapshot) {
	differ := func(a, b string) (*string, *string) {
		if a == b {
			return nil, nil
		}
		return &a, &b
	}
	before.Email, now.Email = differ(m.from.Email, after.Email)
	before.FirstName, now.FirstName = differ(m.from.FirstName, after.FirstName)
	before.LastName, now.LastName = differ(m.from.LastName, after.LastName)
	if m.from.Status != after.Status {
		before.Status, now.Status = &m.from.Status, &after.Status
	}
	before.Fields, now.Fields = differing(m.from.Fields, after.Fields)
	var was directory.Values
	if m.from.Known {
		was = attributesOf(scim.Resource(m.from.Resource), m.from.Wanted)
	}
	before.Attributes, now.Attributes = differing(was, attributesOf(m.to.Resource, m.to.Active))
	return before, now
}

func attributesOf(r scim.Resource, active bool) directory.Values {
	attributes := directory.Values{"active": active}
	for name, value := range r {
		attributes[name] = value
	}
	return attributes
}

// differing are the values of a and b that are not the same in both; nil where one has none.
func differing(a, b directory.Values) (before, after directory.Values) {
	for name, value := range a {
		if other, there := b[name]; !there || !reflect.DeepEqual(value, other) {
			before, after = noted(before, name, value), noted(after, name, other)
		}
	}
	for name, value := range b {
		if _, there := a[name]; !there {
			before, after = noted(before, name, nil), noted(after, name, value)
		}
	}
	return before, after
}

func noted(values directory.Values, name string, value any) directory.Values {
	if values == nil {
		values = directory.Values{}
	}
	values[name] = value
	return values
}

func withoutNil(values directory.Values) directory.Values {
	present := directory.Values{}
	for id, value := range values {
		if value != nil {
			present[id] = value
		}
	}
	return present
}

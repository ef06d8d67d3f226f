// Package sourcetest is the behaviour that every source has to show, whoever the vendor is. It
// runs over real HTTP against a simulated tenant, whose control plane it uses; it knows no
// vendor's wire format. Only tests import it.
package sourcetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
)

// Person is somebody in the simulated tenant. An empty text is a value that the source lacks.
type Person struct {
	ID, FirstName, LastName, Email string
	Disabled                       bool
}

// Group is a group of the simulated tenant with what is directly in it.
type Group struct {
	ID, Name, Description, Email string
	Members                      []Member
}

// Member is something in a group of the simulated tenant.
type Member struct {
	Kind MemberKind
	ID   string // empty for Everyone
}

// MemberKind says what a member is.
type MemberKind string

// The kinds of members.
const (
	APerson  MemberKind = "person"
	AGroup   MemberKind = "group"
	Everyone MemberKind = "everyone" // all people of the tenant
	AThing   MemberKind = "thing"    // neither person nor group: a device, an application
)

// Vendor is what the suite has to know of a source.
type Vendor struct {
	FirstName, LastName, Email string         // paths
	Lists                      string         // regular expression for requests that list people
	GroupLists                 string         // the same for groups
	Denied                     map[string]any // fault by which the vendor says that a permission is missing
	// MemberLists is a regular expression for requests that read the members of a group.
	MemberLists func(groupID string) string
	// Unreadable is the fault by which the vendor says that one group may not be read.
	Unreadable map[string]any
	// Start serves a tenant with these people until the test ends.
	Start func(t *testing.T, tenant directory.Tenant, people []Person) Tenant
	// Person and Group are what the control plane takes at users and groups; a group has its members.
	Person func(Person) any
	Group  func(Group) any

	OneDomain   bool // the source tells the first domain of a tenant only
	Uncounted   bool // the source does not announce how many people there are
	HasEveryone bool // a group can have all people of the tenant as one member
	HasThings   bool // a group can have members of the kind AThing
	Incremental bool // the source says who changed
}

// Tenant is a simulated tenant that runs.
type Tenant struct {
	URL string // its control plane is below, at /_sim/
	// Open opens the tenant as a process does that has just started.
	Open func(t *testing.T) source.Source
	// Reconnect gives consent again and opens the tenant as the process does that opened it last. Nil:
	// whatever is open goes on to work after grant-consent at the control plane.
	Reconnect func(t *testing.T) source.Source
}

// Run runs the suite.
func Run(t *testing.T, vendor Vendor) {
	t.Helper()
	s := suite{vendor}
	tests := s.reading()
	maps.Copy(tests, s.failing())
	maps.Copy(tests, s.grouping())
	if vendor.Incremental {
		maps.Copy(tests, s.changing())
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

// tests are parts of the suite by what they show.
type tests map[string]func(*testing.T)

type suite struct{ Vendor }

func organization() directory.Tenant {
	return directory.Tenant{ID: "9efe224a-224a-9efe-4a22-fe9e4a22fe9e", Name: "Contoso", Domains: []string{"contoso.example", "contoso.test"}}
}

// person is the person of a number: the third has no last name, the fifth is disabled.
func person(n int) Person {
	p := Person{
		ID:        fmt.Sprintf("00000000-0000-4000-8000-%012d", n),
		FirstName: fmt.Sprintf("Ada%d", n), LastName: fmt.Sprintf("Lovelace %d", n),
		Email: fmt.Sprintf("ada%d@contoso.example", n), Disabled: n == 5,
	}
	if n == 3 {
		p.LastName = ""
	}
	return p
}

// people are the persons 1 to n.
func people(n int) []Person {
	list := make([]Person, n)
	for i := range list {
		list[i] = person(i + 1)
	}
	return list
}

func (s suite) start(t *testing.T, n int) Tenant { return s.Start(t, organization(), people(n)) }

func (s suite) paths() []string { return []string{s.FirstName, s.LastName, s.Email} }

// wanted is a person as the source has to give them for paths.
func (s suite) wanted(t *testing.T, p Person, paths ...string) source.Record {
	record := source.Record{ID: p.ID, Enabled: !p.Disabled, Attributes: map[string]json.RawMessage{}}
	values := map[string]string{s.FirstName: p.FirstName, s.LastName: p.LastName, s.Email: p.Email}
	for _, path := range paths {
		if values[path] != "" {
			raw, err := json.Marshal(values[path])
			require.NoError(t, err)
			record.Attributes[path] = raw
		}
	}
	return record
}

func (s suite) wantedAll(t *testing.T, people []Person) []source.Record {
	records := make([]source.Record, len(people))
	for i, p := range people {
		records[i] = s.wanted(t, p, s.paths()...)
	}
	return records
}

// normal drops nulls, which say the same as an absent attribute.
func normal(records []source.Record) []source.Record {
	for _, record := range records {
		for path, raw := range record.Attributes {
			if strings.TrimSpace(string(raw)) == "null" {
				delete(record.Attributes, path)
			}
		}
	}
	return records
}

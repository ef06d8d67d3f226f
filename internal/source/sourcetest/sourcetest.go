// Package sourcetest is the behaviour that every source has to show, whoever the vendor is. It
// runs over real HTTP against a simulated tenant, whose control plane it uses; it knows no
// vendor's wire format. Only tests import it.
package sourcetest

import (
	"encoding/json"
	"fmt"
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

// Vendor is what the suite has to know of a source.
type Vendor struct {
	FirstName, LastName, Email string         // paths
	Lists                      string         // regular expression for requests that list people
	Denied                     map[string]any // fault by which the vendor says that a permission is missing
	// Start serves a tenant with these people until the test ends.
	Start func(t *testing.T, tenant directory.Tenant, people []Person) Tenant
}

// Tenant is a simulated tenant that runs.
type Tenant struct {
	URL string // its control plane is below, at /_sim/
	// Open opens the tenant as a process does that has just started.
	Open func(t *testing.T) source.Source
}

// Run runs the suite.
func Run(t *testing.T, vendor Vendor) {
	t.Helper()
	s := suite{vendor}
	for name, test := range map[string]func(*testing.T){
		"the tenant says who it is":                         s.tenant,
		"attributes have unique paths, names and types":     s.attributes,
		"every page size reads everyone once":               s.pages,
		"records hold what was asked for and no more":       s.records,
		"a cursor reads its page again, in any process":     s.cursor,
		"a tenant without people is an empty page":          s.empty,
		"people are counted":                                s.count,
		"one person is read by id":                          s.person,
		"sources are used concurrently":                     s.concurrent,
		"a throttled request is sent once and says when":    s.throttled,
		"passing failures are worth another try":            s.unavailable,
		"a missing permission is permanent":                 s.denied,
		"revoked consent is permanent":                      s.revoked,
		"consent that is given again works again":           s.reconnected,
		"the end of a context is passed on":                 s.cancelled,
		"a cursor that is not the source's is never a list": s.foreignCursor,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

type suite struct{ Vendor }

func organization() directory.Tenant {
	return directory.Tenant{ID: "9efe224a-224a-9efe-4a22-fe9e4a22fe9e", Name: "Contoso", Domains: []string{"contoso.example", "contoso.test"}}
}

// people are n persons: the third has no last name, the fifth is disabled.
func people(n int) []Person {
	list := make([]Person, n)
	for i := range list {
		list[i] = Person{
			ID:        fmt.Sprintf("00000000-0000-4000-8000-%012d", i+1),
			FirstName: fmt.Sprintf("Ada%d", i+1), LastName: fmt.Sprintf("Lovelace %d", i+1),
			Email: fmt.Sprintf("ada%d@contoso.example", i+1), Disabled: i == 4,
		}
		if i == 2 {
			list[i].LastName = ""
		}
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

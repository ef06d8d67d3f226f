package google

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"math/big"
	"strconv"
	"time"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

const (
	generatedDomain = "tidewell.example"
	generatedName   = "Tidewell Foods"
	demoPeople      = 300

	// freeText is who wrote a date in words into a text field.
	freeText = 41
)

// Demo is a company as real ones are: 300 people, some of them suspended,
// archived, without a telephone or a department, with aliases, custom fields and
// groups in several shapes. All of them can be synced without an error.
func Demo() Directory { return Generate(demoPeople) }

// BadImport is the demo company after an import that wrote a text into a custom
// DATE field of one person, which Google itself would refuse today.
func BadImport() Directory {
	d := Demo()
	d.Users[freeText] = d.Users[freeText].Merge(simulate.Object(`{"customSchemas":{"HR":{"badge":"00042","start":"June sixth"}}}`))
	return d
}

// Generate makes a directory of n people, the same at every call.
func Generate(n int) Directory {
	g := generator{populations: simulate.Populations(), departments: departments()}
	g.people = make([]person, n)
	users := make([]simulate.Object, n)
	for i := range n {
		g.people[i] = g.person(i)
		users[i] = simulate.Encode(g.people[i])
	}
	return Directory{Customer: generatedCustomer(), Users: users, Groups: g.groups(), Schemas: generatedSchemas()}
}

func generatedCustomer() simulate.Object {
	return simulate.Object(`{"kind":"admin#directory#customer","id":"C03tidew1","customerDomain":"` + generatedDomain +
		`","alternateEmail":"it@alternate.example","customerCreationTime":"2013-05-13T07:30:00.000Z","language":"en",` +
		`"postalAddress":{"organizationName":"` + generatedName + `","locality":"Bristol","countryCode":"GB"}}`)
}

func generatedSchemas() []simulate.Object {
	type field struct {
		Kind        string `json:"kind"`
		ID          string `json:"fieldId"`
		Name        string `json:"fieldName"`
		DisplayName string `json:"displayName"`
		Type        string `json:"fieldType"`
		MultiValued bool   `json:"multiValued,omitempty"`
		ReadAccess  string `json:"readAccessType"`
	}
	fields := []field{
		{Name: "badge", DisplayName: "Badge number", Type: "STRING"},
		{Name: "start", DisplayName: "First day", Type: "DATE"},
		{Name: "remote", DisplayName: "Works remotely", Type: "BOOL"},
		{Name: "level", DisplayName: "Level", Type: "INT64"},
		{Name: "languages", DisplayName: "Languages", Type: "STRING", MultiValued: true},
		{Name: "joining", DisplayName: "Joined on (old records)", Type: "STRING"},
	}
	for i := range fields {
		fields[i].Kind = kindPrefix + "schema#fieldspec"
		fields[i].ID = "hr-field-" + strconv.Itoa(i+1)
		fields[i].ReadAccess = "ADMINS_AND_SELF"
	}
	return []simulate.Object{simulate.Encode(struct {
		ID          string  `json:"schemaId"`
		Name        string  `json:"schemaName"`
		DisplayName string  `json:"displayName"`
		Fields      []field `json:"fields"`
	}{"hr-schema-1", "HR", "Human resources", fields})}
}

type generator struct {
	populations []simulate.People
	departments []department
	people      []person
}

// department is a department of a generated company, with the titles in it.
type department struct {
	name, mailbox string
	titles        []string
}

func departments() []department {
	return []department{
		{"Bakery", "bakery", []string{"Head of Bakery", "Baker", "Pastry Chef", "Shift Lead"}},
		{"Product Development", "development", []string{"Head of Product Development", "Food Technologist", "Recipe Developer", "Sensory Analyst"}},
		{"Quality", "quality", []string{"Head of Quality", "Quality Auditor", "Microbiologist"}},
		{"Information Technology", "it", []string{"Head of Information Technology", "Software Engineer", "Support Engineer", "Data Engineer"}},
		{"Sales", "sales", []string{"Head of Sales", "Key Account Manager", "Sales Representative"}},
		{"Logistics", "logistics", []string{"Head of Logistics", "Driver", "Warehouse Clerk", "Dispatcher"}},
		{"Finance", "finance", []string{"Head of Finance", "Accountant", "Controller"}},
		{"People", "people", []string{"Head of People", "Recruiter", "HR Partner"}},
	}
}

// departmentOf spreads people over departments, whatever their language; the
// first ones lead one each.
func (g *generator) departmentOf(i int) int {
	return (i + i/len(g.departments)) % len(g.departments)
}

// hired is somebody's first day.
func hired(i int) time.Time {
	return time.Date(2013, 6, 3, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i*53%4600)
}

// numericID is an id as Google's are: 21 digits, made from what it names.
func numericID(kind string, i int) string {
	sum := sha256.Sum256([]byte("rollcall google " + kind + " " + strconv.Itoa(i)))
	return digits(new(big.Int).SetBytes(sum[:]))
}

// newID makes a random id.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its contract
	return digits(new(big.Int).SetBytes(b[:]))
}

func digits(n *big.Int) string {
	n.Mod(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(20), nil))
	return fmt.Sprintf("1%020d", n)
}

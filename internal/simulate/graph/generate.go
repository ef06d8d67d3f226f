package graph

import (
	"crypto/sha1"
	"fmt"
	"strconv"
	"time"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

const (
	generatedDomain = "alderney.example"
	generatedName   = "Alderney Instruments"
	arenaSize       = 1 << 20

	// extensionPrefix begins the names of the directory extensions of generated people.
	extensionPrefix = "extension_2f8c1d6ab94e4c7d8e5fa0b1c2d3e4f5_"
)

// Demo is a company whose first sync has nothing to complain about: 300 people,
// each with a name and an address, and the groups of Generate.
func Demo() Directory { return Generate(300) }

// Generate makes a directory of n people, the same at every call: names in
// several scripts, addresses of their own, and of everything else what a real
// directory has, with gaps. Groups are nested; one is empty, two have the same
// name, some have members that are no people.
func Generate(n int) Directory {
	g := generator{populations: append(simulate.Populations(), bulgarian()), departments: departments()}
	directory := Directory{
		Organization: organizationObject(),
		Users:        make([]simulate.Object, n),
	}
	for i := range n {
		directory.Users[i] = g.user(i)
	}
	directory.Groups = g.groups(n)
	return directory
}

func organizationObject() simulate.Object {
	return simulate.Object(`{"id":"` + generatedID("organization", 0) + `","displayName":"` + generatedName +
		`","tenantType":"AAD","countryLetterCode":"GB","createdDateTime":"2014-03-03T09:00:00Z","verifiedDomains":[{"name":"` + generatedDomain +
		`","isDefault":true,"isInitial":true,"type":"Managed","capabilities":"Email"}]}`)
}

// generator makes the objects one after the other in shared blocks of memory,
// so that a million of them are few allocations.
type generator struct {
	populations []simulate.People
	departments []department
	arena       []byte
}

func (g *generator) user(i int) simulate.Object {
	p := g.populations[i%len(g.populations)]
	given, surname, round := p.Pick(i / len(g.populations))
	display := given.Written + " " + surname.Written
	if p.SurnameFirst {
		display = surname.Written + " " + given.Written
	}
	alias := given.Latin + "." + surname.Latin
	if round > 0 {
		alias += strconv.Itoa(round + 1)
	}
	d := g.begin()
	d.text("id", generatedID("user", i))
	d.text("displayName", display)
	d.text("givenName", given.Written)
	d.text("surname", surname.Written)
	d.text("mail", alias+"@"+generatedDomain)
	d.text("userPrincipalName", alias+"@"+generatedDomain)
	d.text("userType", "Member")
	d.text("usageLocation", p.Location)
	d.text("preferredLanguage", p.Language)
	d.text("city", except(i, 11, p.City))
	d.phones(i, p.Dial)
	g.work(d, i)
	return g.keep(d)
}

// work adds what the company says of a person.
func (g *generator) work(d *draft, i int) {
	department := g.departments[g.departmentOf(i)]
	head := g.headOf(i)
	title := department.titles[0]
	if i != head {
		title = department.titles[1+i/len(g.departments)%(len(department.titles)-1)]
		d.raw("manager", `{"@odata.type":"#microsoft.graph.user","id":"`+generatedID("user", head)+`"}`)
	}
	d.text("companyName", generatedName)
	d.text("department", except(i, 31, department.name))
	d.text("jobTitle", except(i, 23, title))
	d.text("officeLocation", except(i, 7, fmt.Sprintf("%c/%d.%02d", 'A'+i%4, i/4%5, i%40)))
	d.text("employeeId", except(i, 29, fmt.Sprintf("%06d", i+1)))
	d.raw("employeeOrgData", fmt.Sprintf(`{"costCenter":"%04d","division":"Instruments"}`, 100+10*g.departmentOf(i)))
	duty := "null"
	if i%17 == 0 {
		duty = `"First aid"`
	}
	d.raw("onPremisesExtensionAttributes", fmt.Sprintf(`{"extensionAttribute1":"%05d","extensionAttribute2":%s}`, 42+i, duty))
	if i%13 != 12 {
		hired := time.Date(2008, 1, 7, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i*37%6500)
		d.text("employeeHireDate", hired.Format(time.RFC3339))
		d.text(extensionPrefix+"probationEnds", hired.AddDate(0, 6, 0).Format(time.RFC3339))
	}
	if i%3 == 0 {
		d.raw(extensionPrefix+"certificates", `["ISO 9001","Machine safety"]`)
	}
}

// headOf is who leads a person's department: the first ones lead one each.
func (g *generator) headOf(i int) int {
	for head := range g.departments {
		if g.departmentOf(head) == g.departmentOf(i) {
			return head
		}
	}
	return i
}

// except is the value, but for every n-th person it is missing.
func except(i, n int, value string) string {
	if i%n == n-1 {
		return ""
	}
	return value
}

// draft is a user that is being written.
type draft []byte

// text adds a property of plain text, which needs no escapes; empty is missing.
func (d *draft) text(name, value string) {
	if value != "" {
		d.raw(name, `"`+value+`"`)
	}
}

func (d *draft) raw(name, value string) {
	*d = append(append(append(append(*d, `,"`...), name...), `":`...), value...)
}

// phones adds a mobile telephone, none or more in the office.
func (d *draft) phones(i int, dial string) {
	number := fmt.Sprintf("%s%04d", dial, i%10000)
	d.text("mobilePhone", except(i, 5, number))
	switch i % 4 {
	case 1:
		d.raw("businessPhones", `[]`)
	case 2:
		d.raw("businessPhones", `["`+number+`","`+dial+`0000"]`)
	default:
		d.raw("businessPhones", `["`+dial+`0000"]`)
	}
}

func (g *generator) begin() *draft {
	const longest = 2048
	if cap(g.arena)-len(g.arena) < longest {
		g.arena = make([]byte, 0, arenaSize)
	}
	d := append(draft(g.arena[len(g.arena):]), `{"accountEnabled":true`...)
	return &d
}

// keep takes a draft that begin has given, complete.
func (g *generator) keep(d *draft) simulate.Object {
	written := append(*d, '}')
	g.arena = g.arena[:len(g.arena)+len(written)]
	return simulate.Object(written[:len(written):len(written)])
}

// generatedID is a UUID made from what it names.
func generatedID(kind string, i int) string {
	sum := sha1.Sum([]byte("rollcall " + kind + " " + strconv.Itoa(i)))
	var b [16]byte
	copy(b[:], sum[:])
	b[6], b[8] = b[6]&0x0f|0x50, b[8]&0x3f|0x80
	return formatUUID(b)
}

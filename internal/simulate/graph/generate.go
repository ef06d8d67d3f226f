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
)

// department is a department of a generated company, with the titles in it.
type department struct {
	name   string
	titles []string
}

func departments() []department {
	return []department{
		{"Engineering", []string{"Head of Engineering", "Software Engineer", "Senior Software Engineer", "Test Engineer", "Site Reliability Engineer"}},
		{"Sales", []string{"Head of Sales", "Account Executive", "Sales Engineer", "Key Account Manager"}},
		{"Customer Support", []string{"Head of Customer Support", "Support Specialist", "Support Team Lead"}},
		{"Production", []string{"Head of Production", "Instrument Maker", "Shift Supervisor", "Machine Operator", "Quality Inspector"}},
		{"Finance", []string{"Head of Finance", "Accountant", "Controller"}},
		{"People and Culture", []string{"Head of People and Culture", "Recruiter", "HR Business Partner"}},
		{"Logistics", []string{"Head of Logistics", "Warehouse Clerk", "Dispatcher"}},
		{"Research", []string{"Head of Research", "Physicist", "Data Scientist", "Research Assistant"}},
	}
}

// Demo is a small company in which nothing is missing: about 120 people in
// departments, and a group that holds the departments' groups.
func Demo() Directory { return Generate(120) }

// Generate makes a directory of n people, the same at every call: complete
// records with addresses of their own, names in several scripts, a group for
// each department and one that holds those groups.
func Generate(n int) Directory {
	g := generator{populations: populations(), departments: departments()}
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
	populations []people
	departments []department
	arena       []byte
}

func (g *generator) user(i int) simulate.Object {
	p := g.populations[i%len(g.populations)]
	given, surname, round := p.pick(i / len(g.populations))
	display := given.written + " " + surname.written
	if p.surnameFirst {
		display = surname.written + " " + given.written
	}
	alias := given.latin + "." + surname.latin
	if round > 0 {
		alias += strconv.Itoa(round + 1)
	}
	at := g.departmentOf(i)
	d := g.departments[at]
	title := d.titles[0]
	if i >= len(g.departments) {
		title = d.titles[1+i/len(g.departments)%(len(d.titles)-1)]
	}
	hired := time.Date(2008, 1, 7, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i*37%6500)

	return g.keep(
		"id", generatedID("user", i),
		"displayName", display,
		"givenName", given.written,
		"surname", surname.written,
		"mail", alias+"@"+generatedDomain,
		"userPrincipalName", alias+"@"+generatedDomain,
		"userType", "Member",
		"jobTitle", title,
		"department", d.name,
		"employeeId", fmt.Sprintf("%06d", i+1),
		"employeeHireDate", hired.Format(time.RFC3339),
		"city", p.city,
		"usageLocation", p.location,
		"preferredLanguage", p.language,
		"mobilePhone", fmt.Sprintf("%s%04d", p.dial, i%10000),
	)
}

// departmentOf spreads people over departments, whatever their language; the
// first ones lead one each.
func (g *generator) departmentOf(i int) int {
	return (i + i/len(g.departments)) % len(g.departments)
}

func (g *generator) groups(n int) []simulate.Object {
	members := make([][]string, len(g.departments))
	for i := range n {
		at := g.departmentOf(i)
		members[at] = append(members[at], generatedID("user", i))
	}
	var groups []simulate.Object
	var ids []string
	for at, d := range g.departments {
		id := generatedID("group", at)
		ids = append(ids, id)
		groups = append(groups, groupObject(id, d.name, "Everyone in "+d.name, members[at]))
	}
	return append(groups, groupObject(generatedID("group", len(ids)), "All staff", "The departments of "+generatedName, ids))
}

func groupObject(id, displayName, description string, members []string) simulate.Object {
	return simulate.Object(encode(map[string]any{
		"id":              id,
		"displayName":     displayName,
		"description":     description,
		"mailNickname":    latinLetters(displayName),
		"mailEnabled":     false,
		"securityEnabled": true,
		"groupTypes":      []string{},
		"createdDateTime": "2014-03-03T09:00:00Z",
		"visibility":      nil,
		"members":         append([]string{}, members...),
	}))
}

// keep writes a user of text properties, enabled and with a telephone.
func (g *generator) keep(properties ...string) simulate.Object {
	const longest = 2048
	if cap(g.arena)-len(g.arena) < longest {
		g.arena = make([]byte, 0, arenaSize)
	}
	start := len(g.arena)
	b := append(g.arena, `{"accountEnabled":true,"businessPhones":[]`...)
	for i := 0; i < len(properties); i += 2 {
		b = append(b, `,"`...)
		b = append(b, properties[i]...)
		b = append(b, `":"`...)
		b = append(b, properties[i+1]...)
		b = append(b, '"')
	}
	g.arena = append(b, '}')
	return simulate.Object(g.arena[start:len(g.arena):len(g.arena)])
}

// pick chooses the k-th pair of names; round counts how often all pairs were used up before.
func (p people) pick(k int) (given, surname name, round int) {
	g, s := len(p.given), len(p.surnames)
	given = p.given[k%g]
	surname = p.surnames[(k/g+k%g*5)%s]
	return given, surname, k / (g * s)
}

// generatedID is a UUID made from what it names.
func generatedID(kind string, i int) string {
	sum := sha1.Sum([]byte("rollcall " + kind + " " + strconv.Itoa(i)))
	var b [16]byte
	copy(b[:], sum[:])
	b[6], b[8] = b[6]&0x0f|0x50, b[8]&0x3f|0x80
	return formatUUID(b)
}

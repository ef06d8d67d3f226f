package google

import (
	"crypto/sha256"
	"math/big"
	"slices"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

// groupMember is a member as the Directory API writes it.
type groupMember struct {
	ID     string `json:"id"`
	Email  string `json:"email,omitempty"`
	Role   string `json:"role"`
	Type   string `json:"type"`
	Status string `json:"status,omitempty"`
}

// generatedGroup is a group of a generated company.
type generatedGroup struct {
	mailbox, name, description string
	groups                     []string // mailboxes of the groups inside it
	people                     []int    // the first one owns it
	others                     []groupMember
}

// groups are the departments, a group of all of them, and the shapes that real
// companies have: two ways to the same people, a circle, everyone by the customer
// itself, people from outside, two of one name, none at all.
func (g *generator) groups() []simulate.Object {
	var all []generatedGroup
	var departments []string
	for at, d := range g.departments {
		departments = append(departments, d.mailbox)
		all = append(all, generatedGroup{mailbox: d.mailbox, name: d.name, description: "Everyone in " + d.name,
			people: g.where(func(i int) bool { return g.departmentOf(i) == at })})
	}
	every := func(step, first int) []int {
		return g.where(func(i int) bool { return i%step == first })
	}
	all = append(all,
		generatedGroup{mailbox: "all-staff", name: "All staff", description: "The departments of " + generatedName, groups: departments},
		generatedGroup{mailbox: "leadership", name: "Leadership", people: g.where(func(i int) bool { return i < len(g.departments) })},
		generatedGroup{mailbox: "new-recipes", name: "New recipes", description: "Whoever makes them and whoever tastes them",
			groups: []string{"development", "quality", "tasters"}, people: every(50, 7)},
		generatedGroup{mailbox: "tasters", name: "Tasters", groups: []string{"quality"}, people: every(12, 5)},
		generatedGroup{mailbox: "website", name: "Website relaunch", groups: []string{"website-testers"}, people: every(30, 11)},
		generatedGroup{mailbox: "website-testers", name: "Website testers", groups: []string{"website"}, people: every(25, 3)},
		generatedGroup{mailbox: "managers-bristol", name: "Managers", description: "Bristol", people: every(16, 0)},
		generatedGroup{mailbox: "managers-leeds", name: "Managers", description: "Leeds", people: every(16, 8)},
		generatedGroup{mailbox: "everyone", name: "Everyone", description: "All accounts of the organization",
			others: []groupMember{{ID: "C03tidew1", Role: "MEMBER", Type: "CUSTOMER"}}},
		generatedGroup{mailbox: "suppliers", name: "Suppliers", people: every(60, 4),
			others: []groupMember{{ID: numericID("outsider", 0), Email: "pat@partner.example", Role: "MEMBER", Type: "USER"}}},
		generatedGroup{mailbox: "starters-2027", name: "Starters 2027", description: "Nobody yet"},
	)
	objects := make([]simulate.Object, len(all))
	for i, made := range all {
		objects[i] = g.group(made)
	}
	return objects
}

// where are the people for whom a condition holds.
func (g *generator) where(holds func(i int) bool) []int {
	var found []int
	for i := range g.people {
		if holds(i) {
			found = append(found, i)
		}
	}
	return found
}

func (g *generator) group(made generatedGroup) simulate.Object {
	members := slices.Clone(made.others)
	for _, mailbox := range made.groups {
		members = append(members, groupMember{groupID(mailbox), mailbox + "@" + generatedDomain, "MEMBER", "GROUP", "ACTIVE"})
	}
	for at, i := range made.people {
		role, status := "MEMBER", "ACTIVE"
		if at == 0 {
			role = "OWNER"
		}
		if g.people[i].Suspended {
			status = "SUSPENDED"
		}
		members = append(members, groupMember{g.people[i].ID, g.people[i].PrimaryEmail, role, "USER", status})
	}
	return simulate.Encode(struct {
		ID           string        `json:"id"`
		Email        string        `json:"email"`
		Name         string        `json:"name"`
		Description  string        `json:"description,omitempty"`
		AdminCreated bool          `json:"adminCreated"`
		Members      []groupMember `json:"members,omitempty"`
	}{groupID(made.mailbox), made.mailbox + "@" + generatedDomain, made.name, made.description, true, members})
}

// groupID is an id as those of Google's groups are: 15 letters and digits.
func groupID(mailbox string) string {
	sum := sha256.Sum256([]byte("rollcall google group " + mailbox))
	return "0" + new(big.Int).SetBytes(sum[:]).Text(36)[:14]
}

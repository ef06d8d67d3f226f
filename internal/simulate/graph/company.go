package graph

import (
	"strconv"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

// department is a department of a generated company, with the titles in it,
// that of its head first, and its teams.
type department struct {
	name   string
	titles []string
	teams  []string
}

func departments() []department {
	return []department{
		{"Engineering", []string{"Head of Engineering", "Software Engineer", "Senior Software Engineer", "Test Engineer", "Site Reliability Engineer"}, []string{"Backend", "Frontend", "Platform"}},
		{"Sales", []string{"Head of Sales", "Account Executive", "Sales Engineer", "Key Account Manager"}, []string{"Sales North", "Sales South"}},
		{"Customer Support", []string{"Head of Customer Support", "Support Specialist", "Support Team Lead"}, nil},
		{"Production", []string{"Head of Production", "Instrument Maker", "Shift Supervisor", "Machine Operator", "Quality Inspector"}, []string{"Assembly", "Calibration"}},
		{"Finance", []string{"Head of Finance", "Accountant", "Controller"}, nil},
		{"People and Culture", []string{"Head of People and Culture", "Recruiter", "HR Business Partner"}, nil},
		{"Logistics", []string{"Head of Logistics", "Warehouse Clerk", "Dispatcher"}, nil},
		{"Research", []string{"Head of Research", "Physicist", "Data Scientist", "Research Assistant"}, nil},
	}
}

// departmentOf spreads people over departments, whatever their language.
func (g *generator) departmentOf(i int) int {
	return (i + i/len(g.departments)) % len(g.departments)
}

// teamOf is the number of a person's team in their department, or -1: the head
// and a part of the others are in none.
func (g *generator) teamOf(i int) int {
	teams := len(g.departments[g.departmentOf(i)].teams)
	return i/len(g.departments)%(teams+1) - 1
}

// groupList gathers the groups of a company.
type groupList struct {
	objects []simulate.Object
	ids     map[string]string // of the first group with a name
}

func (l *groupList) add(name, description, alias string, members ...any) {
	id := generatedID("group", len(l.objects))
	if _, doubled := l.ids[name]; !doubled {
		l.ids[name] = id
	}
	l.objects = append(l.objects, groupObject(id, name, description, alias, members))
}

func (g *generator) groups(n int) []simulate.Object {
	l := &groupList{ids: map[string]string{}}
	staff := g.addDepartments(l, n)
	l.add("On-call", "Who answers at night: two teams of Engineering", "", l.ids["Backend"], l.ids["Platform"])
	l.add("Operations Council", "Reaches the team Backend by two ways", "", l.ids["Engineering"], l.ids["On-call"])
	g.addSites(l, n)
	l.add("Project Aurora", "The new spectrometer", "aurora", everyNth(n, 17)...)
	l.add("Project Aurora", "", "", everyNth(n, 19)...)
	l.add("Alumni", "Nobody at the moment", "")
	l.add("Meeting room booking", "People and things that may book rooms", "rooms", append(everyNth(min(n, 40), 20),
		thing("device", "Display Kyoto"), thing("servicePrincipal", "Booking panel"), thing("orgContact", "Front desk of the landlord"))...)
	l.add("All staff", "The departments of "+generatedName, "all", staff...)
	return l.objects
}

// addDepartments adds a group for each team and each department, which holds its
// teams, and returns the ids of the departments.
func (g *generator) addDepartments(l *groupList, n int) []any {
	members := make([][][]any, len(g.departments)) // by department, by team; those without a team first
	for at, d := range g.departments {
		members[at] = make([][]any, len(d.teams)+1)
	}
	for i := range n {
		in := &members[g.departmentOf(i)][g.teamOf(i)+1]
		*in = append(*in, generatedID("user", i))
	}
	var ids []any
	for at, d := range g.departments {
		inside := members[at][0]
		for i, team := range d.teams {
			l.add(team, "A team of "+d.name, "", members[at][i+1]...)
			inside = append(inside, l.ids[team])
		}
		l.add(d.name, "Everyone in "+d.name, simulate.LatinLetters(d.name), inside...)
		ids = append(ids, l.ids[d.name])
	}
	return ids
}

// addSites adds a group for each of two offices, with the devices that stand there.
func (g *generator) addSites(l *groupList, n int) {
	for at, p := range g.populations[:2] {
		var members []any
		for i := at; i < n; i += len(g.populations) {
			members = append(members, generatedID("user", i))
		}
		for i := range 3 {
			members = append(members, thing("device", p.City+" printer "+strconv.Itoa(i+1)))
		}
		l.add("Site "+p.City, "People and printers in "+p.City, "", members...)
	}
}

func everyNth(n, step int) []any {
	var members []any
	for i := 0; i < n; i += step {
		members = append(members, generatedID("user", i))
	}
	return members
}

// thing is a member that is no person.
func thing(kind, name string) map[string]string {
	return map[string]string{"@odata.type": "#microsoft.graph." + kind, "id": generatedID(kind+name, 0), "displayName": name}
}

// groupObject is a group with a mailbox under alias, or, without alias, one for access only.
func groupObject(id, name, description, alias string, members []any) simulate.Object {
	group := map[string]any{
		"id":              id,
		"displayName":     name,
		"description":     nil,
		"mail":            nil,
		"mailNickname":    simulate.LatinLetters(name) + id[:4],
		"mailEnabled":     alias != "",
		"securityEnabled": alias == "",
		"groupTypes":      []string{},
		"createdDateTime": "2014-03-03T09:00:00Z",
		"visibility":      nil,
		"members":         append([]any{}, members...),
	}
	if description != "" {
		group["description"] = description
	}
	if alias != "" {
		group["mail"], group["mailNickname"], group["groupTypes"] = alias+"@"+generatedDomain, alias, []string{"Unified"}
	}
	return simulate.Encode(group)
}

// bulgarian are names in Cyrillic letters.
func bulgarian() simulate.People {
	return simulate.People{
		Language: "bg-BG", Location: "BG", City: "Пловдив", Dial: "+359 32 555",
		Given: []simulate.Name{
			{Written: "Мария", Latin: "mariya"}, {Written: "Георги", Latin: "georgi"}, {Written: "Десислава", Latin: "desislava"}, {Written: "Иван", Latin: "ivan"},
			{Written: "Елица", Latin: "elitsa"}, {Written: "Димитър", Latin: "dimitar"}, {Written: "Цветелина", Latin: "tsvetelina"}, {Written: "Стоян", Latin: "stoyan"},
			{Written: "Радка", Latin: "radka"}, {Written: "Борис", Latin: "boris"}, {Written: "Йоана", Latin: "yoana"}, {Written: "Красимир", Latin: "krasimir"},
		},
		Surnames: []simulate.Name{
			{Written: "Иванова", Latin: "ivanova"}, {Written: "Петров", Latin: "petrov"}, {Written: "Димитрова", Latin: "dimitrova"}, {Written: "Стоянов", Latin: "stoyanov"},
			{Written: "Тодорова", Latin: "todorova"}, {Written: "Желев", Latin: "zhelev"}, {Written: "Христова", Latin: "hristova"}, {Written: "Янков", Latin: "yankov"},
			{Written: "Колева", Latin: "koleva"}, {Written: "Маринов", Latin: "marinov"}, {Written: "Ангелова", Latin: "angelova"}, {Written: "Цанев", Latin: "tsanev"},
			{Written: "Щерева", Latin: "shtereva"},
		},
	}
}

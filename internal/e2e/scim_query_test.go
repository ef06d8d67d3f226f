package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// crew pushes five people of whom the tests of queries know what there is to find.
func (p *idp) crew() map[string]string {
	p.Helper()
	people := map[string]object{
		"ana": {"externalId": "X1", "title": "Lead", "displayName": "Ana Ärzt", "name": object{"givenName": "Ana", "familyName": "Lopez"},
			enterpriseURN: object{"department": "Sales", "employeeNumber": "701984", "manager": object{"value": "26118915"}}},
		"bo": {"externalId": "x1", "title": "lead engineer", "name": object{"givenName": "Bo", "familyName": "nilsson"},
			enterpriseURN: object{"department": "sales", "costCenter": "4130"}},
		"cy": {"active": false, "title": "QA", "name": object{"givenName": "Cy", "familyName": "Young"},
			"emails":    []object{{"value": "cy@home.example", "type": "home"}, {"value": "cy@corp.example", "type": "work", "primary": true}},
			"addresses": []object{{"type": "work", "locality": "Bern", "country": "CH"}, {"type": "home", "locality": "Basel", "country": "CH"}}},
		"di": {"nickName": `D "the\ninth" 50%_off`, "name": object{"givenName": "Di", "familyName": "Adams"},
			"phoneNumbers": []object{{"type": "mobile", "value": "+41 31 5550100"}}},
		"ed": {"userType": "Employee", "name": object{"givenName": "Ed", "familyName": "Young"}, "locale": "de-CH"},
	}
	ids := map[string]string{}
	for _, name := range []string{"ana", "bo", "cy", "di", "ed"} {
		ids[name] = p.create(pushed(name+"@corp.example", people[name]))
	}
	return ids
}

func TestD8_Filters(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	ids := p.crew()
	group := p.team("Design", ids["ana"], ids["di"])
	created, _ := dig(p.read(ids["cy"]), "meta", "created").(string)
	for filter, want := range map[string]string{
		`userName eq "ana@corp.example"`: "ana", `USERNAME EQ "Ana@Corp.Example"`: "ana", `userName ne "ana@corp.example"`: "bo cy di ed",
		`userName sw "a"`: "ana", `userName ew ".EXAMPLE"`: "ana bo cy di ed", `userName co "o@"`: "bo",
		`externalId eq "x1"`: "bo", `externalId eq "X1"`: "ana", `id eq "` + ids["di"] + `"`: "di", `id eq "no uuid"`: "",
		`title pr`: "ana bo cy", `not (title pr)`: "di ed", `title eq "lead"`: "ana", `title sw "LEAD"`: "ana bo", `title eq null`: "di ed",
		`active eq true`: "ana bo di ed", `active eq false`: "cy", `not (active eq true)`: "cy",
		`name.familyName eq "young"`: "cy ed", `name.familyName gt "M"`: "bo cy ed", `name.familyName le "lopez"`: "ana di",
		`displayName co "ÄRZT"`: "ana", `urn:ietf:params:scim:schemas:core:2.0:User:userName eq "bo@corp.example"`: "bo",
		`title co "lead" and active eq true`: "ana bo", `title eq "QA" or userName sw "e" and active eq true`: "cy ed",
		`(title eq "QA" or userName sw "e") and active eq true`: "ed", `not (title eq "QA" or userType pr)`: "ana bo di",
		`emails eq "cy@home.example"`: "cy", `emails.value ew "@home.example"`: "cy", `emails[type eq "home"]`: "cy",
		`emails[type eq "work" and value co "cy@"]`: "cy", `emails[type eq "home" and value co "corp"]`: "",
		`emails.type eq "home" and emails.value co "corp"`: "cy", `emails[primary eq true].value sw "ed"`: "ed",
		`addresses[type eq "work" and locality eq "bern"]`: "cy", `addresses[type eq "home" and locality eq "bern"]`: "", `addresses.country eq "CH"`: "cy",
		`not (emails[type eq "home"])`: "ana bo di ed", `phoneNumbers pr`: "di", `phoneNumbers[type eq "mobile" and not (value sw "+49")]`: "di",
		enterpriseURN + `:department eq "Sales"`: "ana bo", enterpriseURN + `:employeeNumber pr`: "ana", enterpriseURN + `:manager.value eq "26118915"`: "ana",
		`nickName eq "D \"the\\ninth\" 50%_off"`: "di", `nickName co "50%_"`: "di", `nickName co "50__off"`: "", `nickName co "%"`: "di",
		`userName eq "x' OR '1'='1"`: "", `userName co "'; DROP TABLE users; --"`: "",
		`meta.created ge "` + created + `"`: "cy di ed", `meta.created lt "` + created + `"`: "ana bo", `meta.lastModified gt "2011-05-13T04:42:34Z"`: "ana bo cy di ed",
		`meta.resourceType eq "User"`: "ana bo cy di ed", `meta.resourceType eq "Group"`: "",
		`groups.value eq "` + group + `"`: "ana di", `groups.display eq "design"`: "ana di", `groups pr`: "ana di", `not (groups.value eq "` + group + `")`: "bo cy ed",
		`schemas eq "` + userURN + `"`: "ana bo cy di ed",
	} {
		require.Equal(t, strings.Fields(want), p.named(filter), filter)
	}
	for filter, want := range map[string][]string{
		`displayName eq "design"`: {group}, `members.value eq "` + ids["ana"] + `"`: {group}, `members.value eq "` + ids["bo"] + `"`: {}, `members eq "` + ids["di"] + `"`: {group},
		`members[value eq "` + ids["ana"] + `"]`: {group}, `id eq "` + group + `" and members[value eq "` + ids["ana"] + `"]`: {group}, `displayName eq "nothing"`: {},
	} {
		require.Equal(t, want, p.list("/Groups"+where(filter)).texts("id"), filter)
	}
}

func TestD8_FiltersThatAreRefused(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	deep := strings.Repeat("(", 40) + `userName pr` + strings.Repeat(")", 40)
	for _, filter := range []string{
		`userName`, `userName eq`, `userName eq "a" and`, `userName is "a"`, `(userName eq "a"`, `emails[type eq "work"`, `nothing eq "a"`, `emails.nothing pr`,
		`userName eq a`, `userName eq "a`, `active gt true`, `meta.created gt "yesterday"`, `urn:nothing:userName eq "a"`,
		strings.Repeat(`userName pr or `, 80) + `userName pr`, `not (not (` + deep + `))`, `userName eq "` + strings.Repeat("a", 5000) + `"`,
	} {
		p.denied(http.StatusBadRequest, "invalidFilter", http.MethodGet, "/Users"+where(filter), nil)
		p.denied(http.StatusBadRequest, "invalidFilter", http.MethodPost, "/Users/.search", object{"schemas": []string{messages + "SearchRequest"}, "filter": filter})
	}
}

func TestD8_Sorting(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	p.crew()
	order := func(query ...string) string {
		t.Helper()
		var names []string
		for _, userName := range p.list("/Users" + where("", query...)).texts("userName") {
			name, _, _ := strings.Cut(userName, "@")
			names = append(names, name)
		}
		return strings.Join(names, " ")
	}
	require.Equal(t, "ana bo cy di ed", order("sortBy", "userName"))
	require.Equal(t, "ed di cy bo ana", order("sortBy", "userName", "sortOrder", "descending"))
	require.Equal(t, "ana bo cy", order("sortBy", "title", "count", "3"), "who has no value comes last")
	require.Equal(t, "cy bo ana", strings.Join(strings.Fields(order("sortBy", "title", "sortOrder", "descending"))[2:], " "), "and first when descending")
	require.Equal(t, "di ana bo", strings.Join(strings.Fields(order("sortBy", "name.familyName"))[:3], " "), "whatever the case of letters")
	require.Equal(t, "ana bo cy di ed", order("sortBy", "emails.value"), "the primary value sorts")
	require.Equal(t, "ed di cy bo ana", order("sortBy", "meta.created", "sortOrder", "descending"))
	for _, query := range []string{"?sortBy=nothing", "?sortBy=userName&sortOrder=sideways"} {
		p.must(http.StatusBadRequest, http.MethodGet, "/Users"+query, nil)
	}
}

func TestD8_Search(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	james := p.create(pushed("jsmith@corp.example", object{"displayName": "Smith, James"}))
	p.create(pushed("ana@corp.example", object{"displayName": "Ana"}))
	family := p.team("Smith Family", james)
	search := func(path string, more object) listed {
		t.Helper()
		body := object{"schemas": []string{messages + "SearchRequest"}}
		for name, value := range more {
			body[name] = value
		}
		return p.page(p.must(http.StatusOK, http.MethodPost, path, body))
	}
	smiths := object{"attributes": []string{"displayName", "userName"}, "filter": `displayName sw "smith"`, "startIndex": 1, "count": 10}
	require.Equal(t, []string{james, family}, search("/.search", smiths).texts("id"))
	require.Equal(t, []string{james}, search("/Users/.search", smiths).texts("id"))
	require.Equal(t, []string{family}, search("/Groups/.search", smiths).texts("id"))
	require.Equal(t, object{"schemas": []any{userURN}, "id": james, "userName": "jsmith@corp.example", "displayName": "Smith, James"}, search("/Users/.search", smiths).resources[0])
	require.Equal(t, []string{james}, search("/.search", object{"filter": `userName eq "jsmith@corp.example"`}).texts("id"), "groups have no user name")
	require.Equal(t, []string{family}, search("/.search", object{"filter": `meta.resourceType eq "Group"`}).texts("id"))
	require.Equal(t, []string{james, family}, p.list("/"+where(`displayName sw "smith"`)).texts("id"))
	all := search("/.search", object{})
	require.Equal(t, 3, all.total)
	sorted := search("/Users/.search", object{"sortBy": "userName", "sortOrder": "descending"}).texts("userName")
	require.True(t, slices.Equal([]string{"jsmith@corp.example", "ana@corp.example"}, sorted), sorted)
	walked := append(search("/.search", object{"count": 2}).texts("id"), search("/.search", object{"startIndex": 3, "count": 2}).texts("id")...)
	require.ElementsMatch(t, all.texts("id"), walked)
}

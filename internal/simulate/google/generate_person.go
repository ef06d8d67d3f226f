package google

import (
	"fmt"
	"strconv"
	"time"
)

// person is a user as the Directory API writes it; what is empty is left out.
// https://developers.google.com/workspace/admin/directory/reference/rest/v1/users
type person struct {
	ID                  string         `json:"id"`
	PrimaryEmail        string         `json:"primaryEmail"`
	Name                personName     `json:"name"`
	IsAdmin             bool           `json:"isAdmin"`
	IsDelegatedAdmin    bool           `json:"isDelegatedAdmin"`
	LastLoginTime       string         `json:"lastLoginTime"`
	CreationTime        string         `json:"creationTime"`
	AgreedToTerms       bool           `json:"agreedToTerms"`
	Suspended           bool           `json:"suspended"`
	SuspensionReason    string         `json:"suspensionReason,omitempty"`
	Archived            bool           `json:"archived"`
	Emails              []email        `json:"emails"`
	Aliases             []string       `json:"aliases,omitempty"`
	Languages           []language     `json:"languages"`
	ExternalIDs         []typed        `json:"externalIds,omitempty"`
	Relations           []typed        `json:"relations,omitempty"`
	Organizations       []organization `json:"organizations,omitempty"`
	Phones              []phone        `json:"phones,omitempty"`
	Addresses           []address      `json:"addresses"`
	CustomerID          string         `json:"customerId"`
	OrgUnitPath         string         `json:"orgUnitPath"`
	IsMailboxSetup      bool           `json:"isMailboxSetup"`
	IsEnrolledIn2Sv     bool           `json:"isEnrolledIn2Sv"`
	IncludeInGlobalList bool           `json:"includeInGlobalAddressList"`
	CustomSchemas       *customSchemas `json:"customSchemas,omitempty"`
}

type personName struct {
	Given  string `json:"givenName"`
	Family string `json:"familyName"`
	Full   string `json:"fullName"`
}

type email struct {
	Address string `json:"address"`
	Type    string `json:"type,omitempty"`
	Primary bool   `json:"primary,omitempty"`
}

type language struct {
	Code       string `json:"languageCode"`
	Preference string `json:"preference"`
}

type typed struct {
	Value string `json:"value"`
	Type  string `json:"type"`
}

type organization struct {
	Name       string `json:"name"`
	Title      string `json:"title"`
	Primary    bool   `json:"primary"`
	Type       string `json:"type"`
	Department string `json:"department"`
	CostCenter string `json:"costCenter"`
}

type phone struct {
	Value   string `json:"value"`
	Type    string `json:"type"`
	Primary bool   `json:"primary,omitempty"`
}

type address struct {
	Type        string `json:"type"`
	Locality    string `json:"locality"`
	CountryCode string `json:"countryCode"`
}

type customSchemas struct {
	HR hrFields `json:"HR"`
}

type hrFields struct {
	Badge     string  `json:"badge"`
	Start     string  `json:"start"`
	Remote    bool    `json:"remote"`
	Level     string  `json:"level"` // a 64-bit number is a string in Google's JSON
	Languages []typed `json:"languages,omitempty"`
	Joining   string  `json:"joining"`
}

func (g *generator) person(i int) person {
	p := g.populations[i%len(g.populations)]
	given, surname, round := p.Pick(i / len(g.populations))
	full := given.Written + " " + surname.Written
	if p.SurnameFirst {
		full = surname.Written + " " + given.Written
	}
	local := given.Latin + "." + surname.Latin
	if round > 0 {
		local += strconv.Itoa(round + 1)
	}
	d := g.departments[g.departmentOf(i)]
	created := hired(i).AddDate(0, 0, -5)
	made := person{
		ID:                  numericID("user", i),
		PrimaryEmail:        local + "@" + generatedDomain,
		Name:                personName{given.Written, surname.Written, full},
		IsAdmin:             i == 3,
		LastLoginTime:       lastLogin(i),
		CreationTime:        googleTime(created),
		AgreedToTerms:       true,
		Emails:              []email{{Address: local + "@" + generatedDomain, Primary: true}},
		Languages:           []language{{p.Language, "preferred"}},
		Addresses:           []address{{"work", p.City, p.Location}},
		CustomerID:          "C03tidew1",
		OrgUnitPath:         "/" + d.name,
		IsMailboxSetup:      true,
		IsEnrolledIn2Sv:     i%3 != 0,
		IncludeInGlobalList: true,
		CustomSchemas:       hrOf(i, p.Language),
	}
	g.addWork(&made, i, d)
	g.addGaps(&made, i, local, p.Dial)
	return made
}

// addWork gives somebody a place in the company.
func (g *generator) addWork(p *person, i int, d department) {
	title := d.titles[0]
	if i >= len(g.departments) {
		title = d.titles[1+i/len(g.departments)%(len(d.titles)-1)]
		head := g.people[g.departmentOf(i)] // the first people lead one each
		p.Relations = []typed{{head.PrimaryEmail, "manager"}}
	}
	if i%23 != 19 {
		p.Organizations = []organization{{generatedName, title, true, "work", d.name, fmt.Sprintf("CC-%03d", 100+g.departmentOf(i))}}
	}
	p.ExternalIDs = []typed{{fmt.Sprintf("%06d", i+1), "organization"}}
}

// addGaps makes people differ as real ones do.
func (g *generator) addGaps(p *person, i int, local, dial string) {
	if i%6 != 3 {
		p.Phones = []phone{{fmt.Sprintf("%s%04d", dial, i%10000), "work", true}}
	}
	if i%6 == 1 {
		p.Phones = append(p.Phones, phone{fmt.Sprintf("+44 7700 9%05d", i%100000), "mobile", false})
	}
	if i%11 == 4 {
		alias := local + ".alias@" + generatedDomain
		p.Aliases = []string{alias}
		p.Emails = append(p.Emails, email{Address: alias})
	}
	switch {
	case i < len(g.departments):
	case i%29 == 13:
		p.Suspended, p.SuspensionReason = true, "ADMIN"
	case i%41 == 17:
		p.Archived = true
	}
}

// hrOf are the custom fields of somebody; some people have none.
func hrOf(i int, speaks string) *customSchemas {
	if i%17 == 9 {
		return nil
	}
	start := hired(i)
	hr := hrFields{
		Badge: fmt.Sprintf("%05d", i*7+1), Start: start.Format(time.DateOnly), Remote: i%4 == 0,
		Level: strconv.Itoa(1 + i%7), Joining: start.Format("02/01/2006"),
	}
	if i%5 != 2 {
		hr.Languages = []typed{{speaks[:2], "work"}}
	}
	if i%5 == 0 && speaks[:2] != "en" {
		hr.Languages = append(hr.Languages, typed{"en", "work"})
	}
	if i == freeText {
		hr.Joining = "June sixth"
	}
	return &customSchemas{hr}
}

// lastLogin is the beginning of time for who never signed in.
func lastLogin(i int) string {
	if i%37 == 30 {
		return googleTime(time.Unix(0, 0).UTC())
	}
	return googleTime(time.Date(2026, 9, 1, 6, 0, 0, 0, time.UTC).Add(time.Duration(i*97%80000) * time.Minute))
}

func googleTime(at time.Time) string { return at.Format("2006-01-02T15:04:05.000Z") }

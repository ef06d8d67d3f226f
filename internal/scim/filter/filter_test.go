package filter_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/scim/filter"
	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

const (
	account = "0b5e3b1e-7d0c-4a61-9d5b-3f1f0f3c2a77"
	custom  = "urn:rollcall:scim:schemas:extension:" + account + ":2:User"
)

func user() *schema.ResourceType {
	return schema.User(schema.AccountExtension(account, []directory.Field{
		{ID: "cost_code", Name: "Cost code", Type: directory.Text},
		{ID: "grade", Name: "Grade", Type: directory.Integer},
		{ID: "rate", Name: "Rate", Type: directory.Number},
		{ID: "remote", Name: "Remote", Type: directory.Boolean},
		{ID: "joined_at", Name: "Joined at", Type: directory.DateTime},
	}))
}

const barbara = `{
	"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
	"id": "2819c223-7f76-453a-919d-413861904646", "externalId": "701984", "userName": "bjensen@example.com", "active": true,
	"name": {"formatted": "Ms. Barbara J Jensen, III", "familyName": "O'Malley", "givenName": "Barbara"},
	"title": "Director \"East\" \\ Straße", "userType": "Employee",
	"emails": [
		{"value": "bjensen@example.com", "type": "work", "primary": true},
		{"value": "babs@jensen.example.org", "type": "home"}
	],
	"groups": [{"value": "e9e30dba-f08f-4109-8486-d5c6a331660a", "display": "Tour Guides", "type": "direct"}],
	"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
		"employeeNumber": "701984", "manager": {"value": "26118915-6090-4610-87e4-49d8ca9f808d"}
	},
	"` + custom + `": {"cost_code": "A%_1", "grade": 7, "rate": 12.50, "remote": false, "joined_at": "2011-05-13T04:42:34Z"},
	"meta": {"resourceType": "User", "created": "2010-01-23T04:56:22Z", "lastModified": "2011-05-13T04:42:34Z", "version": "W/\"3\""}
}`

func decoded(t testing.TB, text string) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var resource map[string]any
	require.NoError(t, decoder.Decode(&resource))
	return resource
}

func matches(t testing.TB, text string) bool {
	t.Helper()
	e, err := filter.Parse(user(), text)
	require.NoError(t, err, text)
	return filter.Match(e, decoded(t, barbara))
}

// The filters of RFC 7644, figure 2 and section 3.4.2.2.
func TestD8_ExamplesOfTheRFC(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`userName eq "bjensen@example.com"`:                          true,
		`userName Eq "bjensen"`:                                      false,
		`name.familyName co "O'Malley"`:                              true,
		`userName sw "J"`:                                            false,
		`urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"`: false,
		`title pr`: true,
		`meta.lastModified gt "2011-05-13T04:42:34Z"`:                                     false,
		`meta.lastModified ge "2011-05-13T04:42:34Z"`:                                     true,
		`meta.lastModified lt "2011-05-13T04:42:34Z"`:                                     false,
		`meta.lastModified le "2011-05-13T04:42:34Z"`:                                     true,
		`title pr and userType eq "Employee"`:                                             true,
		`title pr or userType eq "Intern"`:                                                true,
		`schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`:         true,
		`userType eq "Employee" and (emails co "example.com" or emails.value co "x.org")`: true,
		`userType ne "Employee" and not (emails co "example.com" or emails.value co "x")`: false,
		`userType eq "Employee" and (emails.type eq "work")`:                              true,
		`userType eq "Employee" and emails[type eq "work" and value co "@example.com"]`:   true,
		`emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp"]`:       true,
	} {
		require.Equal(t, want, matches(t, text), text)
	}
}

func TestD8_CaseOfWordsAndSpacesDoNotCount(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`USERNAME EQ "bjensen@example.com"`,
		`  userName   Eq	"bjensen@example.com"  `,
		`NAME.GIVENNAME pR AND NOT (Title EQ "x") OR Title eq "y"`,
		`not(title eq "x")`,
		`not ( ( title eq "x" ) )`,
		`EMAILS[ TYPE Eq "work"  ]`,
		`active eq TRUE`,
		`URN:IETF:PARAMS:SCIM:SCHEMAS:EXTENSION:ENTERPRISE:2.0:USER:EMPLOYEENUMBER eq "701984"`,
	} {
		require.True(t, matches(t, text), text)
	}
}

func TestD8_AndBindsTighterThanOr(t *testing.T) {
	t.Parallel()
	require.True(t, matches(t, `title pr or title pr and nickName pr`))
	require.False(t, matches(t, `(title pr or title pr) and nickName pr`))
	require.True(t, matches(t, `nickName pr and title pr or title pr`))
	require.False(t, matches(t, `not (title pr) and title pr or nickName pr`))
}

func TestD8_ValuePathsAreOfOneValue(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`emails[type eq "home" and value co "babs"]`:                                            true,
		`emails[type eq "work" and value co "babs"]`:                                            false,
		`emails.type eq "work" and emails.value co "babs"`:                                      true,
		`emails[type eq "work" and value co "bjensen" and primary eq true]`:                     true,
		`emails[(type eq "work" or type eq "home") and not (primary eq true)]`:                  true,
		`emails[type eq "work"].value eq "bjensen@example.com"`:                                 true,
		`emails[type eq "home"].value eq "bjensen@example.com"`:                                 false,
		`not (emails[type eq "home" or type eq "other"].value sw "bjensen") and title pr`:       true,
		`emails[type eq "home"].primary pr`:                                                     false,
		`groups[value eq "e9e30dba-f08f-4109-8486-d5c6a331660a"]`:                               true,
		`groups.value eq "e9e30dba-f08f-4109-8486-d5c6a331660a"`:                                true,
		`groups eq "e9e30dba-f08f-4109-8486-d5c6a331660a"`:                                      true,
		`name[familyName sw "o'm"]`:                                                             true,
		`schemas[value co "enterprise"]`:                                                        true,
		`schemas.value co "x" or title pr`:                                                      true,
		`ims[type ne "work"]`:                                                                   false,
		`urn:ietf:params:scim:schemas:core:2.0:User:emails[value eq "BABS@jensen.example.org"]`: true,
	} {
		if strings.HasPrefix(text, "schemas.value") {
			_, err := filter.Parse(user(), text)
			require.Error(t, err)
			continue
		}
		require.Equal(t, want, matches(t, text), text)
	}
}

// RFC 7643, section 2.2: attributes are not case-exact unless they say so; id and externalId do.
func TestD8_CaseOfValues(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`userName eq "BJENSEN@Example.com"`:                   true,
		`userName ew "EXAMPLE.COM"`:                           true,
		`title co "STRASSE"`:                                  false,
		`title co "STRAßE"`:                                   true,
		`id eq "2819c223-7f76-453a-919d-413861904646"`:        true,
		`id eq "2819C223-7F76-453A-919D-413861904646"`:        false,
		`meta.resourceType eq "User"`:                         true,
		`meta.resourceType eq "user"`:                         false,
		custom + `:cost_code eq "a%_1"`:                       true,
		custom + `:cost_code co "%"`:                          true,
		custom + `:cost_code sw "%"`:                          false,
		custom + `:cost_code sw ""`:                           true,
		`title co "\"EAST\" \\"`:                              true,
		`title co "\u0022\u0065ast\u0022 \u005c stra\u00DFe"`: true,
		`title co "stra\u00dfe"`:                              true,
		`title eq "Director \"East\" \\ Stra\u0000\u00dfe"`:   true,
		`userName eq "bjensen@example.com\u0000"`:             true,
		`userName gt "BJENSEN@EXAMPLE.COL"`:                   true,
		`userName lt "bjensen@example.con"`:                   true,
	} {
		require.Equal(t, want, matches(t, text), text)
	}
}

func TestD8_TypedComparisons(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`active eq true`:                                          true,
		`active eq "True"`:                                        true, // as Entra writes it
		`active ne "False"`:                                       true,
		custom + `:remote eq false`:                               true,
		custom + `:remote pr`:                                     true,
		custom + `:grade gt 10`:                                   false, // as a text it would be
		custom + `:grade ge 7`:                                    true,
		custom + `:grade eq 7.0`:                                  true,
		custom + `:grade eq 0.7e1`:                                true,
		custom + `:rate eq 12.5`:                                  true,
		custom + `:rate lt 1.251E+1`:                              true,
		custom + `:rate gt 0e-99999999999`:                        true,
		custom + `:rate gt -3`:                                    true,
		custom + `:joined_at eq "2011-05-13T06:42:34+02:00"`:      true,
		custom + `:joined_at gt "2011-05-13T06:42:33.9999+02:00"`: true,
		custom + `:joined_at lt "2011-05-13T04:42:34.000001"`:     true,
		`meta.created lt "2010-01-23T00:00:00-05:00"`:             true,
	} {
		require.Equal(t, want, matches(t, text), text)
	}
}

// RFC 7643, section 2.5: no value and null are one state; it is not identical to any value.
func TestD8_NoValue(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`nickName pr`:            false,
		`nickName eq null`:       true,
		`title eq null`:          false,
		`nickName ne null`:       false,
		`title ne null`:          true,
		`nickName ne "x"`:        true,
		`nickName eq ""`:         false,
		`nickName co ""`:         false,
		`nickName lt "x"`:        false,
		`not (nickName eq "x")`:  true,
		`ims ne "x"`:             true,
		`ims.type ne "x"`:        true,
		`emails.primary ne true`: true, // that of home has none
		`emails.display pr`:      false,
		`emails.display eq null`: true,
		`emails pr`:              true,
		`emails eq null`:         false,
		`name pr`:                true,
		`name.middleName pr`:     false,
		`addresses pr`:           false,
		custom + `:grade ne 8`:   true,
	} {
		require.Equal(t, want, matches(t, text), text)
	}
}

func TestD8_RefusedFilters(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		``, ` `, `userName`, `userName eq`, `eq "x"`, `userName eq 'x'`, `userName eq x`, `userName is "x"`, `userName eq "x" and`,
		`userName eq "x" title pr`, `(userName pr`, `userName pr)`, `not userName pr`, `not (`, `userName eq "x`, `userName eq "\x"`,
		`userName eq "\u12"`, `userName == "x"`, `emails[`, `emails[]`, `emails[type]`, `emails[type eq "x"`,
		`emails[emails[type pr]]`, `emails[type eq "x"].value`, `emails.type[value pr]`, `emails[type.x eq "x"]`, `emails[nothing eq "x"]`,
		`emails]`, `name.givenName.x pr`, `nothing pr`, `name.nothing pr`, `userName.value eq "x"`, `urn:x:User:userName pr`, `employeeNumber pr`,
		`active gt true`, `active le "true"`, `active co "t"`, `active eq "yes"`, `active eq 1`, `active gt null`, `userName eq 5`, `userName eq true`, `userName co null`,
		`x509Certificates.value gt "AA=="`, `x509Certificates co "AA"`, `name eq "x"`, `addresses co "x"`, `meta gt "x"`,
		custom + `:grade eq "7"`, custom + `:grade eq 7.5`, custom + `:grade co 7`, custom + `:rate eq 1e999`, custom + `:rate eq 01`, custom + `:rate eq 1e-99999999999`, custom + `:rate eq 9e-400`,
		`meta.created gt "yesterday"`, `meta.created gt "2010-02-30T00:00:00Z"`, `meta.created sw "2010"`, `meta.created eq "0000-01-01T00:00:00Z"`, `meta.created gt 5`,
	} {
		e, err := filter.Parse(user(), text)
		var refused *filter.Error
		require.ErrorAs(t, err, &refused, text)
		require.Equal(t, filter.InvalidFilter, refused.Type, text)
		require.NotEmpty(t, refused.Detail)
		require.Nil(t, e)
	}
}

func TestD8_LimitsOfFilters(t *testing.T) {
	t.Parallel()
	deep := func(n int) string { return strings.Repeat("(", n) + `title pr` + strings.Repeat(")", n) }
	wide := func(n int) string { return strings.Repeat(`title pr or `, n-1) + `title pr` }
	long := func(n int) string { return `title eq "` + strings.Repeat("ß", n-len(`title eq ""`)) + `"` }
	for _, text := range []string{
		deep(filter.MaxDepth), wide(filter.MaxTerms), long(filter.MaxLength), `title eq "` + strings.Repeat("(", 100) + `"`,
		strings.Repeat("(", filter.MaxDepth-1) + `emails[type pr].value pr` + strings.Repeat(")", filter.MaxDepth-1),
	} {
		_, err := filter.Parse(user(), text)
		require.NoError(t, err, text)
	}
	for _, text := range []string{
		deep(filter.MaxDepth + 1), deep(2000), wide(filter.MaxTerms + 1), long(filter.MaxLength + 1), strings.Repeat("not (", 800), strings.Repeat("[", 4000),
		strings.Repeat("(", filter.MaxDepth) + `emails[type pr]` + strings.Repeat(")", filter.MaxDepth),
		`emails[` + strings.ReplaceAll(wide(filter.MaxTerms+1), "title", "type") + `]`,
	} {
		_, err := filter.Parse(user(), text)
		require.Error(t, err, text)
		_, err = filter.ParsePath(user(), text)
		require.Error(t, err, text)
	}
}

// RFC 7644, section 3.4.2.1: "the service provider SHALL treat the attribute as if there is no
// attribute value" when a search is over several types of resources.
func TestD8_SearchAcrossTypes(t *testing.T) {
	t.Parallel()
	group := decoded(t, `{"displayName": "Tour Guides", "meta": {"resourceType": "Group"}}`)
	for text, want := range map[string]bool{
		`displayName eq "tour guides"`:                        true,
		`userName pr`:                                         false,
		`userName eq null`:                                    true,
		`userName ne "x"`:                                     true,
		`userName ne null`:                                    false,
		`not (userName eq "x")`:                               true,
		`emails[type eq "work"]`:                              false,
		`emails[value eq "x"].nothing eq "x"`:                 false,
		`emails[type eq "work"].value pr`:                     false,
		`members[type eq "User" or nothing pr]`:               false,
		`userName sw "a" or meta.resourceType eq "Group"`:     true,
		`urn:ietf:params:scim:schemas:core:2.0:User:title pr`: false,
	} {
		e, err := filter.ParseAcross(schema.Group(), text)
		require.NoError(t, err, text)
		require.Equal(t, want, filter.Match(e, group), text)
	}
	_, err := filter.ParseAcross(schema.Group(), `userName eq`)
	require.Error(t, err)
}

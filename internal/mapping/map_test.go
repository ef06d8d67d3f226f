package mapping

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestA10_ABadValueFailsItsFieldOnly(t *testing.T) {
	t.Parallel()
	rules := entraRules(t, to("employeeHireDate", "joining_date"), to("jobTitle", "title"))
	got := rules.Map(record(t, `{"id":"e-1","givenName":"Ana","surname":"Roe","mail":"ana@corp.example","jobTitle":"QA","employeeHireDate":"June sixth"}`))
	require.Equal(t, directory.Values{"first_name": "Ana", "last_name": "Roe", "email": "ana@corp.example", "title": "QA"}, got.Values)
	require.Equal(t, []directory.Problem{{
		Code: CodeDate, Field: "joining_date",
		Message: "Joining date: 'June sixth' is not a date.",
		Remedy:  "Use DD/MM/YYYY, for example 06/06/2019, or an ISO date. Correct 'employeeHireDate' in Microsoft Entra ID, then sync again.",
	}}, got.Problems)
}

// The admin is told in which formats the account takes a date, each with an example.
func TestA10_WhatADateShouldLookLike(t *testing.T) {
	t.Parallel()
	hints := map[string]string{
		"DD/MM/YYYY": "Use DD/MM/YYYY, for example 06/06/2019, or an ISO date.",
		"MM/DD/YYYY": "Use MM/DD/YYYY, for example 06/06/2019, or an ISO date.",
		"DD.MM.YYYY": "Use DD.MM.YYYY, for example 06.06.2019, or an ISO date.",
		"YYYY-MM-DD": "Use an ISO date, for example 2019-06-06.",
	}
	require.Len(t, directory.DateFormats(), len(hints))
	for dateFormat, hint := range hints {
		rules, err := Compile([]directory.Mapping{to("customSchemas.HR.start", "joining_date")}, googleAttributes(), accountFields(), directory.Google, dateFormat)
		require.NoError(t, err)
		got := rules.Map(googlePerson(t, `"customSchemas.HR.start": "June sixth"`))
		require.Equal(t, []directory.Problem{{
			Code: CodeDate, Field: "joining_date",
			Message: "Joining date: 'June sixth' is not a date.",
			Remedy:  hint + " Correct 'customSchemas.HR.start' in Google Workspace, then sync again.",
		}}, got.Problems)
		require.Equal(t, "Ana", got.Values["first_name"], "the rest goes on")
	}
}

// A value keeps its type: leading zeros stay, a day does not move, several values are told apart.
func TestCaseB1_CustomSchemasOfGoogle(t *testing.T) {
	t.Parallel()
	rules := googleRules(t, to("customSchemas.HR.badge", "badge"), to("customSchemas.HR.remote", "remote"), to("customSchemas.HR.start", "joining_date"),
		to("customSchemas.HR.floor", "floor"), to("customSchemas.HR.share", "share"), to("customSchemas.HR.langs", "languages"))
	got := rules.Map(googlePerson(t, `
		"customSchemas.HR.badge": "00042", "customSchemas.HR.remote": true, "customSchemas.HR.start": "2019-06-06",
		"customSchemas.HR.floor": 7, "customSchemas.HR.share": 0.80, "customSchemas.HR.langs": [{"value":"en"},{"value":"fr"}]`))
	require.Empty(t, got.Problems)
	require.Equal(t, directory.Values{
		"first_name": "Ana", "last_name": "Roe", "email": "ana@corp.example", "badge": "00042", "remote": true, "joining_date": "2019-06-06",
		"floor": json.Number("7"), "share": json.Number("0.80"), "languages": "en, fr",
	}, got.Values)
}

func TestCaseB1_ExtensionsOfEntra(t *testing.T) {
	t.Parallel()
	rules := entraRules(t, to("employeeId", "badge"), to("employeeHireDate", "joining_date"), to("onPremisesExtensionAttributes.extensionAttribute1", "title"),
		to("extension_0a1b2c3d_langs", "languages"), to("businessPhones", "phone"), to("extension_0a1b2c3d_start", "password_changed"))
	got := rules.Map(record(t, `{"id":"e-1","givenName":"Ana","surname":"Roe","mail":"ana@corp.example","employeeId":"00042",
		"employeeHireDate":"2019-06-06T00:00:00Z","onPremisesExtensionAttributes.extensionAttribute1":"007",
		"extension_0a1b2c3d_langs":["en","fr"],"businessPhones":["+49 30 5550100"],"extension_0a1b2c3d_start":"2019-06-06T09:30:00Z"}`))
	require.Empty(t, got.Problems)
	require.Equal(t, directory.Values{
		"first_name": "Ana", "last_name": "Roe", "email": "ana@corp.example", "badge": "00042", "joining_date": "2019-06-06", "title": "007",
		"languages": "en, fr", "phone": "+49 30 5550100", "password_changed": "2019-06-06T09:30:00Z",
	}, got.Values)
}

// What is not mapped is not asked for and so is unknown, never cleared.
func TestCaseB1_WhatIsNotMappedIsNotTouched(t *testing.T) {
	t.Parallel()
	got := entraRules(t).Map(record(t, `{"id":"e-1","givenName":"Ana","surname":"Roe","mail":"ana@corp.example","jobTitle":null}`))
	require.Equal(t, directory.Values{"first_name": "Ana", "last_name": "Roe", "email": "ana@corp.example"}, got.Values)
}

func TestCaseB2_NullAndAbsentAreCleared(t *testing.T) {
	t.Parallel()
	rules := entraRules(t, to("mobilePhone", "phone"), to("jobTitle", "title"))
	for _, text := range []string{
		`{"id":"e-1","givenName":"Ana","surname":"Roe","mail":"ana@corp.example","jobTitle":"QA","mobilePhone":null}`,
		`{"id":"e-1","givenName":"Ana","surname":"Roe","mail":"ana@corp.example","jobTitle":"QA"}`,
		`{"id":"e-1","givenName":"Ana","surname":"Roe","mail":"ana@corp.example","jobTitle":"QA","mobilePhone":" "}`,
	} {
		got := rules.Map(record(t, text))
		require.Empty(t, got.Problems)
		phone, present := got.Values["phone"]
		require.True(t, present)
		require.Nil(t, phone)
		require.Equal(t, "QA", got.Values["title"])
	}
}

// Google leaves out what is empty, and an emptied list may stay as one.
func TestCaseB2_NoneOfSeveralValuesIsCleared(t *testing.T) {
	t.Parallel()
	rules := googleRules(t, to("customSchemas.HR.langs", "languages"), to("customSchemas.HR.badge", "badge"))
	for _, text := range []string{`"customSchemas.HR.langs": []`, `"customSchemas.HR.langs": null`, `"customSchemas.HR.langs": [{"value":""}]`, `"etag": "x"`} {
		got := rules.Map(googlePerson(t, text))
		require.Empty(t, got.Problems)
		require.Equal(t, directory.Values{"first_name": "Ana", "last_name": "Roe", "email": "ana@corp.example", "languages": nil, "badge": nil}, got.Values)
	}
}

func TestCaseB4_WithoutAMandatoryValue(t *testing.T) {
	t.Parallel()
	rules := entraRules(t)
	lastName := directory.Problem{
		Code: CodeMissing, Field: "last_name",
		Message: "Last name is missing: 'surname' has no value in the directory.",
		Remedy:  "Fill in 'surname' in Microsoft Entra ID, then sync again.",
	}
	email := directory.Problem{
		Code: CodeMissing, Field: "email",
		Message: "Email ID is missing: 'mail' has no value in the directory.",
		Remedy:  "Fill in 'mail' in Microsoft Entra ID, then sync again.",
	}
	tests := []struct {
		name, text string
		values     directory.Values
		problems   []directory.Problem
	}{
		{"1 no surname", `{"id":"e-1","givenName":"Madonna","surname":null,"mail":"m@corp.example"}`,
			directory.Values{"first_name": "Madonna", "email": "m@corp.example"}, []directory.Problem{lastName}},
		{"2 white space", `{"id":"e-2","givenName":"Li","surname":"   ","mail":"li@corp.example"}`,
			directory.Values{"first_name": "Li", "email": "li@corp.example"}, []directory.Problem{lastName}},
		{"3 guest", `{"id":"e-3","userType":"Guest","userPrincipalName":"jo_ann_partner.example#EXT#@corp.onmicrosoft.com","mail":null,"givenName":"Jo","surname":"Ann"}`,
			directory.Values{"first_name": "Jo", "last_name": "Ann"}, []directory.Problem{email}},
		{"4 no mailbox", `{"id":"e-4","userType":"Member","userPrincipalName":"kim@corp.example","mail":null,"givenName":"Kim","surname":"Roe"}`,
			directory.Values{"first_name": "Kim", "last_name": "Roe"}, []directory.Problem{email}},
		{"5 complete, trimmed", `{"id":"e-5","givenName":" Bo ","surname":"Lee\n","mail":" bo@corp.example"}`,
			directory.Values{"first_name": "Bo", "last_name": "Lee", "email": "bo@corp.example"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := rules.Map(record(t, tt.text))
			require.Equal(t, tt.values, got.Values)
			require.Equal(t, tt.problems, got.Problems)
		})
	}
}

func TestCaseB4_AGuestsPrincipalNameIsNoAddress(t *testing.T) {
	t.Parallel()
	got := entraRules(t, to("userPrincipalName", "email")).Map(record(t,
		`{"id":"e-3","userPrincipalName":"jo_ann_partner.example#EXT#@corp.onmicrosoft.com","givenName":"Jo","surname":"Ann"}`))
	require.NotContains(t, got.Values, "email")
	require.Equal(t, "Email ID: 'jo_ann_partner.example#EXT#@corp.onmicrosoft.com' is not an email address that mail can be sent to.", got.Problems[0].Message)
	require.Len(t, got.Problems, 1)
}

func TestCaseK1_NulIsRemovedWithAWarning(t *testing.T) {
	t.Parallel()
	rules := entraRules(t, to("displayName", "title"), to("jobTitle", "badge"), to("mobilePhone", "phone"))
	got := rules.Map(record(t, `{"id":"e-7","givenName":"Ana\u0000","surname":"Lopez","mail":"ana@corp.example","displayName":"Ana\u0000 Lopez","jobTitle":"QA","mobilePhone":"\ud83d1"}`))
	require.Equal(t, directory.Values{
		"first_name": "Ana", "last_name": "Lopez", "email": "ana@corp.example", "title": "Ana Lopez", "badge": "QA", "phone": "1",
	}, got.Values)
	require.Equal(t, map[string]string{"first_name": CodeRemoved, "title": CodeRemoved, "phone": CodeRemoved}, complaints(got))
	require.Equal(t, "Title: characters that cannot be stored were removed from 'displayName'; the rest of it was taken over.", got.Problems[1].Message)
}

func TestCaseK1_AMandatoryValueOfNothingButNulIsMissing(t *testing.T) {
	t.Parallel()
	got := entraRules(t).Map(record(t, `{"id":"e-7","givenName":"Ana","surname":"\u0000","mail":"ana@corp.example"}`))
	require.Equal(t, map[string]string{"last_name": CodeMissing}, complaints(got))
}

func TestProblemsShowNoMoreThanTheValue(t *testing.T) {
	t.Parallel()
	rules := entraRules(t, to("employeeHireDate", "joining_date"), to("share", "share"), to("floor", "floor"), to("jobTitle", "title"))
	got := rules.Map(record(t, `{"id":"e-1","givenName":"Ana","surname":"Roe","mail":"ana@corp.example","employeeHireDate":"`+strings.Repeat("x\\n", 500)+`",
		"floor":1.5,"share":1e999,"jobTitle":"`+strings.Repeat("y", 10_001)+`"}`))
	require.Len(t, got.Problems, 4)
	require.Equal(t, "Joining date: '"+strings.Repeat("x ", 30)+"…' is not a date.", got.Problems[0].Message)
	require.Equal(t, "Share: 1e999 is too large or too precise.", got.Problems[1].Message)
	require.Equal(t, "Floor: 1.5 is not a whole number, or too large.", got.Problems[2].Message)
	require.Equal(t, "Title: the value of 'jobTitle' is longer than 10,000 characters.", got.Problems[3].Message)
}

func TestFixturesOfMicrosoftAreMapped(t *testing.T) {
	t.Parallel()
	tests := []struct {
		file          string
		people, whole int
	}{
		{"graph/directory.json", 64, 4},
		{"graph/company-500.json", 500, 500},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			rules, whole := entraRules(t), 0
			records := people(t, tt.file)
			for _, r := range records {
				if got := rules.Map(r); len(got.Problems) == 0 {
					whole++
				}
			}
			require.Len(t, records, tt.people)
			require.Equal(t, tt.whole, whole)
		})
	}
}

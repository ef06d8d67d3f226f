package mapping

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
)

// entraAttributes is a catalogue as a connection to Entra lists it, cut short.
func entraAttributes() []directory.Attribute {
	return []directory.Attribute{
		{Path: "givenName", Name: "First name", Type: directory.Text},
		{Path: "surname", Name: "Last name", Type: directory.Text},
		{Path: "mail", Name: "Email", Type: directory.Email},
		{Path: "userPrincipalName", Name: "User principal name", Type: directory.Email},
		{Path: "displayName", Name: "Display name", Type: directory.Text},
		{Path: "jobTitle", Name: "Job title", Type: directory.Text},
		{Path: "mobilePhone", Name: "Mobile phone", Type: directory.Text},
		{Path: "businessPhones", Name: "Business phones", Type: directory.Text, MultiValued: true},
		{Path: "employeeId", Name: "Employee ID", Type: directory.Text},
		{Path: "employeeHireDate", Name: "Hire date", Type: directory.Date},
		{Path: "manager.displayName", Name: "Manager name", Type: directory.Text},
		{Path: "floor", Name: "Floor", Type: directory.Integer},
		{Path: "share", Name: "Share", Type: directory.Number},
		{Path: "remote", Name: "Remote", Type: directory.Boolean},
		{Path: "onPremisesExtensionAttributes.extensionAttribute1", Name: "Extension attribute 1", Type: directory.Text},
		{Path: "extension_0a1b2c3d_start", Name: "start", Type: directory.DateTime},
		{Path: "extension_0a1b2c3d_langs", Name: "langs", Type: directory.Text, MultiValued: true},
		{Path: "lastPasswordChangeDateTime", Name: "Password changed", Type: directory.DateTime},
	}
}

func googleAttributes() []directory.Attribute {
	return []directory.Attribute{
		{Path: "name.givenName", Name: "First name", Type: directory.Text},
		{Path: "name.familyName", Name: "Last name", Type: directory.Text},
		{Path: "primaryEmail", Name: "Email", Type: directory.Email},
		{Path: "customSchemas.HR.badge", Name: "Badge", Type: directory.Text},
		{Path: "customSchemas.HR.remote", Name: "Remote", Type: directory.Boolean},
		{Path: "customSchemas.HR.start", Name: "Start", Type: directory.Date},
		{Path: "customSchemas.HR.floor", Name: "Floor", Type: directory.Integer},
		{Path: "customSchemas.HR.share", Name: "Share", Type: directory.Number},
		{Path: "customSchemas.HR.langs", Name: "Languages", Type: directory.Text, MultiValued: true},
	}
}

func accountFields() []directory.Field {
	return append(directory.SystemFields(),
		directory.Field{ID: "badge", Name: "Badge", Type: directory.Text},
		directory.Field{ID: "title", Name: "Title", Type: directory.Text},
		directory.Field{ID: "phone", Name: "Phone", Type: directory.Text},
		directory.Field{ID: "languages", Name: "Languages", Type: directory.Text},
		directory.Field{ID: "joining_date", Name: "Joining date", Type: directory.Date},
		directory.Field{ID: "floor", Name: "Floor", Type: directory.Integer},
		directory.Field{ID: "share", Name: "Share", Type: directory.Number},
		directory.Field{ID: "remote", Name: "Remote", Type: directory.Boolean},
		directory.Field{ID: "password_changed", Name: "Password changed", Type: directory.DateTime},
		directory.Field{ID: "private_email", Name: "Private email", Type: directory.Email},
	)
}

func entraRules(t testing.TB, mappings ...directory.Mapping) *Rules {
	t.Helper()
	rules, err := Compile(mappings, entraAttributes(), accountFields(), directory.Entra, "DD/MM/YYYY")
	require.NoError(t, err)
	return rules
}

func googleRules(t testing.TB, mappings ...directory.Mapping) *Rules {
	t.Helper()
	rules, err := Compile(mappings, googleAttributes(), accountFields(), directory.Google, "DD/MM/YYYY")
	require.NoError(t, err)
	return rules
}

func to(source, target string) directory.Mapping {
	return directory.Mapping{Source: source, Target: target, SyncUpdates: true}
}

// googlePerson is Ana with further attributes, which are written by path as a source hands them on.
func googlePerson(t testing.TB, attributes string) source.Record {
	t.Helper()
	return record(t, `{"id":"1","name.givenName":"Ana","name.familyName":"Roe","primaryEmail":"ana@corp.example",`+attributes+`}`)
}

// record reads a person from JSON, the attributes at the top level only.
func record(t testing.TB, text string) source.Record {
	t.Helper()
	var attributes map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(text), &attributes))
	var id string
	require.NoError(t, json.Unmarshal(attributes["id"], &id))
	return source.Record{ID: id, Enabled: true, Attributes: attributes}
}

// people are the users of a fixture.
func people(t *testing.T, name string) []source.Record {
	t.Helper()
	b, err := os.ReadFile("../../../shared/fixtures/" + name)
	if os.IsNotExist(err) {
		t.Skipf("the fixture %s is not there", name)
	}
	require.NoError(t, err)
	var file struct{ Users []json.RawMessage }
	require.NoError(t, json.Unmarshal(b, &file))
	records := make([]source.Record, 0, len(file.Users))
	for _, user := range file.Users {
		records = append(records, record(t, string(user)))
	}
	return records
}

// complaints are the problems of a record as field and code.
func complaints(r Record) map[string]string {
	byField := map[string]string{}
	for _, p := range r.Problems {
		byField[p.Field] = p.Code
	}
	return byField
}

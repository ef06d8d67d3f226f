package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// The source and the target must have the same data type; refused when saved, named field by field.
func TestA9_TypeRule(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		mappings []directory.Mapping
		want     []directory.FieldError
	}{
		{"text to date", []directory.Mapping{to("manager.displayName", "joining_date")}, []directory.FieldError{{
			Field: "mappings[0].target", Message: "'Manager name' is a text, but 'Joining date' is a date. Map an attribute and a field of the same type."}}},
		{"date to text", []directory.Mapping{to("employeeHireDate", "title")}, []directory.FieldError{{
			Field: "mappings[0].target", Message: "'Hire date' is a date, but 'Title' is a text. Map an attribute and a field of the same type."}}},
		{"integer to number", []directory.Mapping{to("floor", "share")}, []directory.FieldError{{
			Field: "mappings[0].target", Message: "'Floor' is a whole number, but 'Share' is a number. Map an attribute and a field of the same type."}}},
		{"unknown attribute and field", []directory.Mapping{to("jobTitle", "title"), to("shoe", "size")}, []directory.FieldError{
			{Field: "mappings[1].source", Message: "'shoe' is not an attribute that Microsoft Entra ID has. Choose one that the connection lists."},
			{Field: "mappings[1].target", Message: "'size' is not a field of this account. Choose one of its fields, or create the field first."}}},
		{"one target twice", []directory.Mapping{to("jobTitle", "title"), to("displayName", "title")}, []directory.FieldError{{
			Field: "mappings[1].target", Message: "'Title' is already the target of mappings[0]. Keep one of the two mappings."}}},
		{"mandatory field from a wrong type", []directory.Mapping{to("floor", "last_name")}, []directory.FieldError{{
			Field: "mappings[0].target", Message: "'Floor' is a whole number, but 'Last name' is a text. Map an attribute and a field of the same type."}}},
		{"all mistakes at once", []directory.Mapping{to("remote", "floor"), to("jobTitle", "title"), to("floor", "remote")}, []directory.FieldError{
			{Field: "mappings[0].target", Message: "'Remote' is true or false, but 'Floor' is a whole number. Map an attribute and a field of the same type."},
			{Field: "mappings[2].target", Message: "'Floor' is a whole number, but 'Remote' is true or false. Map an attribute and a field of the same type."}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Compile(tt.mappings, entraAttributes(), accountFields(), directory.Entra, "DD/MM/YYYY")
			var coded *directory.Error
			require.ErrorAs(t, err, &coded)
			require.Equal(t, directory.KindInvalid, coded.Kind)
			require.Equal(t, "mapping_invalid", coded.Code)
			require.Equal(t, tt.want, coded.Fields)
			require.Equal(t, "The mapping cannot be used. "+tt.want[0].Message, coded.Message)
		})
	}
}

func TestA9_TextAndEmailGoEitherWay(t *testing.T) {
	t.Parallel()
	rules := entraRules(t, to("mail", "title"), to("displayName", "private_email"))
	got := rules.Map(record(t, `{"id":"e-1","givenName":"Ana","surname":"Roe","mail":"ana@corp.example","displayName":"Ana Roe"}`))
	require.Equal(t, "ana@corp.example", got.Values["title"])
	require.Equal(t, map[string]string{"private_email": CodeEmail}, complaints(got))
}

func TestDefaultsFillInWhatIsMandatory(t *testing.T) {
	t.Parallel()
	off := directory.Mapping{Source: "displayName", Target: "last_name"}
	rules := entraRules(t, to("jobTitle", "title"), off)
	require.Equal(t, []directory.Mapping{to("givenName", "first_name"), to("mail", "email"), to("jobTitle", "title"), off}, rules.Mappings())
	require.Equal(t, []string{"displayName", "givenName", "jobTitle", "mail"}, rules.Paths())
	require.Equal(t, map[string]bool{"last_name": true}, rules.CreateOnly())

	google, err := Compile(nil, googleAttributes(), accountFields(), directory.Google, "DD/MM/YYYY")
	require.NoError(t, err)
	require.Equal(t, []directory.Mapping{
		to("name.givenName", "first_name"), to("name.familyName", "last_name"), to("primaryEmail", "email"),
	}, google.Mappings())
}

func TestPathsNameAnAttributeOnce(t *testing.T) {
	t.Parallel()
	rules := entraRules(t, to("mail", "private_email"))
	require.Equal(t, []string{"givenName", "mail", "surname"}, rules.Paths())
}

func TestCompileRefusesADefaultThatTheSourceLacks(t *testing.T) {
	t.Parallel()
	_, err := Compile(nil, entraAttributes()[:2], accountFields(), directory.Entra, "DD/MM/YYYY")
	var coded *directory.Error
	require.ErrorAs(t, err, &coded)
	require.Equal(t, []directory.FieldError{{
		Field: "mappings", Message: "'mail' is not an attribute that Microsoft Entra ID has. Choose one that the connection lists."}}, coded.Fields)
}

func TestCompileRefusesAnUnknownDateFormat(t *testing.T) {
	t.Parallel()
	_, err := Compile(nil, entraAttributes(), accountFields(), directory.Entra, "D/M/YY")
	require.True(t, directory.HasCode(err, CodeInvalid))
}

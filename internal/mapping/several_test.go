package mapping

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// Several values become one text: in the directory's order, joined by a comma and a space, empty
// ones left out; no value at all clears the field, and anything but a value is a mismatch.
func TestCaseB1_SeveralValues(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", 9_998)
	tests := []struct {
		raw  string
		want any
		f    fault
	}{
		{`["en","fr"]`, "en, fr", fault{}},
		{`["fr","en"]`, "fr, en", fault{}},
		{`["en","en"]`, "en, en", fault{}},
		{`[{"value":"en"},{"value":"fr"}]`, "en, fr", fault{}},
		{`[ {"type":"custom","customType":"first","value":"en"} , "fr" ]`, "en, fr", fault{}},
		{`["00042",42,1.50,9007199254740993,1e3,true,false]`, "00042, 42, 1.50, 9007199254740993, 1e3, true, false", fault{}},
		{`[{"value":7},{"value":true}]`, "7, true", fault{}},
		{`["a, b","c"]`, "a, b, c", fault{}},
		{`[" a ","b"]`, " a , b", fault{}},
		{`["en",null,""," ",{"value":null},{"value":""},"fr"]`, "en, fr", fault{}},
		{`[]`, nil, fault{}},
		{`[null]`, nil, fault{}},
		{`["",{"value":" "}]`, nil, fault{}},
		{`null`, nil, fault{}},
		{``, nil, fault{}},
		{`"en"`, "en", fault{}},
		{`42`, "42", fault{}},
		{`true`, "true", fault{}},
		{`" "`, nil, fault{}},

		{`["a\u0000b","c"]`, "ab, c", fault{code: CodeRemoved}},
		{`["\u0000","c"]`, "c", fault{code: CodeRemoved}},
		{`["\ud83d"]`, nil, fault{code: CodeRemoved}},
		{`["` + long + `","x"]`, nil, fault{code: CodeTooLong}},
		{`["` + long + `",""]`, long, fault{}},

		{`[["en"]]`, nil, fault{CodeTypeMismatch, "a list with a list in it"}},
		{`["en",{"language":"fr"}]`, nil, fault{CodeTypeMismatch, "a list with an object in it"}},
		{`[{"Value":"fr"}]`, nil, fault{CodeTypeMismatch, "a list with an object in it"}},
		{`[{"value":{"value":"fr"}}]`, nil, fault{CodeTypeMismatch, "a list with an object in it"}},
		{`[{"value":["fr"]}]`, nil, fault{CodeTypeMismatch, "a list with an object in it"}},
		{`[{}]`, nil, fault{CodeTypeMismatch, "a list with an object in it"}},
		{`{"value":"en"}`, nil, fault{CodeTypeMismatch, "an object"}},
		{`["en"`, nil, fault{CodeTypeMismatch, "unreadable"}},
		{`-`, nil, fault{CodeTypeMismatch, "unreadable"}},
	}
	for _, tt := range tests {
		got, f := format{kind: directory.Text, list: true}.convert(json.RawMessage(tt.raw))
		require.Equal(t, tt.f, f, "%.80s", tt.raw)
		require.Equal(t, tt.want, got, "%.80s", tt.raw)
	}
}

func TestCaseB1_AnEntryThatIsNoValueIsNamed(t *testing.T) {
	t.Parallel()
	rules := googleRules(t, to("customSchemas.HR.langs", "languages"))
	got := rules.Map(googlePerson(t, `"customSchemas.HR.langs": [{"value":"en"},{"value":{"code":"fr"}}]`))
	require.NotContains(t, got.Values, "languages")
	require.Equal(t, []directory.Problem{{
		Code: CodeTypeMismatch, Field: "languages",
		Message: "Languages: 'customSchemas.HR.langs' is a list with an object in it, but the field takes a text.",
		Remedy:  "Map an attribute that is a text to Languages, or correct 'customSchemas.HR.langs' in Google Workspace, then sync again.",
	}}, got.Problems)
}

// An attribute that has one value by its catalogue is not joined when a list comes.
func TestCaseB1_AListIsNoSingleValue(t *testing.T) {
	t.Parallel()
	got := googleRules(t, to("customSchemas.HR.badge", "badge")).Map(googlePerson(t, `"customSchemas.HR.badge": [{"value":"00042"}]`))
	require.Equal(t, "Badge: 'customSchemas.HR.badge' is a list, but the field takes a text.", got.Problems[0].Message)
	require.NotContains(t, got.Values, "badge")
}

func TestA9_SeveralValuesMakeAText(t *testing.T) {
	t.Parallel()
	const end = ". Map an attribute and a field of the same type."
	refused := map[string]string{
		"joining_date":     "'Business phones' has several values, which make a text, but 'Joining date' is a date" + end,
		"private_email":    "'Business phones' has several values, which make a text, but 'Private email' is an email address" + end,
		"floor":            "'Business phones' has several values, which make a text, but 'Floor' is a whole number" + end,
		"share":            "'Business phones' has several values, which make a text, but 'Share' is a number" + end,
		"remote":           "'Business phones' has several values, which make a text, but 'Remote' is true or false" + end,
		"password_changed": "'Business phones' has several values, which make a text, but 'Password changed' is a date with a time" + end,
	}
	for target, message := range refused {
		_, err := Compile([]directory.Mapping{to("businessPhones", target)}, entraAttributes(), accountFields(), directory.Entra, "DD/MM/YYYY")
		var coded *directory.Error
		require.ErrorAs(t, err, &coded)
		require.Equal(t, []directory.FieldError{{Field: "mappings[0].target", Message: message}}, coded.Fields)
	}
	got := entraRules(t, to("businessPhones", "last_name")).Map(record(t, `{"id":"e-1","givenName":"Ana","mail":"ana@corp.example","businessPhones":[" Roe"]}`))
	require.Equal(t, "Roe", got.Values["last_name"])
	got = entraRules(t, to("businessPhones", "last_name")).Map(record(t, `{"id":"e-1","givenName":"Ana","mail":"ana@corp.example","businessPhones":[]}`))
	require.Equal(t, map[string]string{"last_name": CodeMissing}, complaints(got))
}

// Both shapes of the same values are the same text, and the same fingerprint.
func TestPropertyBothShapesOfAListAgree(t *testing.T) {
	t.Parallel()
	rules, person := entraRules(t, to("businessPhones", "phone")), record(t, ana)
	rapid.Check(t, func(t *rapid.T) {
		scalars := rapid.SliceOf(rapid.OneOf(
			rapid.StringN(0, 20, -1).AsAny(), rapid.Int64().AsAny(), rapid.Bool().AsAny(), rapid.Just(any(nil)),
		)).Draw(t, "values")
		objects := make([]any, len(scalars))
		for i, s := range scalars {
			objects[i] = map[string]any{"value": s, "type": "work"}
		}
		of := func(list []any) Record {
			encoded, err := json.Marshal(list)
			require.NoError(t, err)
			rec := person
			rec.Attributes = maps.Clone(person.Attributes)
			rec.Attributes["businessPhones"] = encoded
			return rules.Map(rec)
		}
		plain, wrapped := of(scalars), of(objects)
		require.Equal(t, plain, wrapped)
		require.Equal(t, rules.Fingerprint(plain), rules.Fingerprint(wrapped))
		require.NotEqual(t, CodeTypeMismatch, complaints(plain)["phone"])
	})
}

package scim

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, want string }{
		"names in any case":             {`{"UserName":"bob","EMAILS":[{"Primary":true,"VALUE":"b@x.example"}]}`, `{"userName":"bob","emails":[{"primary":true,"value":"b@x.example"}]}`},
		"the schema's spelling wins":    {`{"userName":"right","USERNAME":"wrong"}`, `{"userName":"right"}`},
		"booleans as texts":             {`{"userName":"bob","emails":[{"value":"b@x.example","primary":"True"}]}`, `{"userName":"bob","emails":[{"value":"b@x.example","primary":true}]}`},
		"one object for a list":         {`{"userName":"bob","emails":{"value":"b@x.example"}}`, `{"userName":"bob","emails":[{"value":"b@x.example"}]}`},
		"a bare value for an object":    {`{"userName":"bob","roles":["Auditor"]}`, `{"userName":"bob","roles":[{"value":"Auditor"}]}`},
		"null is no value":              {`{"userName":"bob","title":null,"name":null,"emails":null}`, `{"userName":"bob"}`},
		"empty is no value":             {`{"userName":"bob","title":"","name":{},"emails":[],"roles":[{}],"ims":[{"value":""}]}`, `{"userName":"bob"}`},
		"unknown is passed over":        {`{"userName":"bob","shoeSize":42,"urn:example:2.0:User":{"a":1}}`, `{"userName":"bob"}`},
		"read-only is passed over":      {`{"userName":"bob","id":"x","meta":{"resourceType":"User"},"groups":[{"value":"g"}]}`, `{"userName":"bob"}`},
		"a password is dropped":         {`{"userName":"bob","password":"t1meMa$heen"}`, `{"userName":"bob"}`},
		"repetitions go":                {`{"userName":"bob","roles":[{"value":"a"},{"value":"b"},{"value":"a"}]}`, `{"userName":"bob","roles":[{"value":"a"},{"value":"b"}]}`},
		"one primary at most":           {`{"userName":"bob","emails":[{"value":"a","primary":true},{"value":"b","primary":true}]}`, `{"userName":"bob","emails":[{"value":"a","primary":false},{"value":"b","primary":true}]}`},
		"an extension in any case":      {`{"userName":"bob","URN:ietf:params:scim:schemas:extension:ENTERPRISE:2.0:User":{"Department":"QA"}}`, `{"userName":"bob","` + schema.EnterpriseURN + `":{"department":"QA"}}`},
		"an empty extension goes":       {`{"userName":"bob","` + schema.EnterpriseURN + `":{"department":""}}`, `{"userName":"bob"}`},
		"Entra's bare manager":          {`{"userName":"bob","` + schema.EnterpriseURN + `":{"manager":"u7"}}`, `{"userName":"bob","` + schema.EnterpriseURN + `":{"manager":{"value":"u7"}}}`},
		"read-only parts go":            {`{"userName":"bob","` + schema.EnterpriseURN + `":{"manager":{"value":"u7","displayName":"Eve","$ref":"../u7"}}}`, `{"userName":"bob","` + schema.EnterpriseURN + `":{"manager":{"value":"u7"}}}`},
		"numbers keep their digits":     {`{"userName":"bob","` + accountURN + `":{"my_number":0.10000000000000000001,"my_integer":12345678901234567890}}`, `{"userName":"bob","` + accountURN + `":{"my_number":0.10000000000000000001,"my_integer":12345678901234567890}}`},
		"an integer with a power":       {`{"userName":"bob","` + accountURN + `":{"my_integer":1.2e1}}`, `{"userName":"bob","` + accountURN + `":{"my_integer":12}}`},
		"a midnight as Entra's day":     {`{"userName":"bob","` + accountURN + `":{"my_date":"2019-06-06T00:00:00Z"}}`, `{"userName":"bob","` + accountURN + `":{"my_date":"2019-06-06"}}`},
		"a midnight with a fraction":    {`{"userName":"bob","` + accountURN + `":{"my_date":"2019-06-06T00:00:00.000Z"}}`, `{"userName":"bob","` + accountURN + `":{"my_date":"2019-06-06"}}`},
		"custom fields":                 {`{"userName":"bob","` + accountURN + `":{"my_boolean":"False","my_date":"2026-02-28","my_datetime":"2026-02-28T10:00:00+02:00","my_email":"x@y.example","my_person":"u9"}}`, `{"userName":"bob","` + accountURN + `":{"my_boolean":false,"my_date":"2026-02-28","my_datetime":"2026-02-28T08:00:00Z","my_email":"x@y.example","my_person":"u9"}}`},
		"leading zeros stay in a text":  {`{"userName":"bob","` + accountURN + `":{"my_text":"00042"}}`, `{"userName":"bob","` + accountURN + `":{"my_text":"00042"}}`},
		"a repeated name of the object": {`{"userName":"a","userName":"b"}`, `{"userName":"b"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, active, err := Decode(userType(), []byte(c.body))
			require.NoError(t, err)
			require.Nil(t, active)
			require.Equal(t, c.want, reorder(t, c.want, r))
		})
	}
}

// PostgreSQL gives numbers back so: what is sent twice must be the same twice.
func TestD8_NumbersHaveOneForm(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		"1e2": "100", "1E+2": "100", "1.50": "1.5", "1.0": "1", "-0": "0", "-0.0e5": "0", "-12.30": "-12.3", "100": "100", "1.25e-3": "0.00125",
		"12.5e1": "125", "120e-1": "12", "1e99": "1" + strings.Repeat("0", 99), "1e-98": "0." + strings.Repeat("0", 97) + "1", "9007199254740993.10": "9007199254740993.1",
	} {
		r, _ := decoded(t, `{"userName":"a","`+accountURN+`":{"my_number":`+written+`}}`)
		require.Equal(t, json.Number(want), r[accountURN].(map[string]any)["my_number"], written)
	}
}

// reorder is got as JSON, and want if the two are equal but for the order of names: numbers are
// compared by their digits, which JSONEq does not do.
func reorder(t *testing.T, want string, got Resource) string {
	t.Helper()
	wanted, err := parseObject([]byte(want))
	require.NoError(t, err)
	if toJSON(t, wanted) == toJSON(t, got) {
		return want
	}
	return toJSON(t, got)
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, scimType, detail string }{
		"no JSON":              {`{"userName":`, InvalidSyntax, ""},
		"a list":               {`[]`, InvalidSyntax, ""},
		"null":                 {`null`, InvalidSyntax, ""},
		"two objects":          {`{"userName":"a"}{}`, InvalidSyntax, ""},
		"too deep":             {`{"userName":"a","x":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`, InvalidSyntax, ""},
		"no userName":          {`{"displayName":"a"}`, InvalidValue, `"userName" is required`},
		"a blank userName":     {`{"userName":"  "}`, InvalidValue, `"userName" is required`},
		"a number for a text":  {`{"userName":"a","title":5}`, InvalidValue, `"title" takes a text, but got a number`},
		"no boolean":           {`{"userName":"a","active":"no"}`, InvalidValue, `"active" takes true or false`},
		"a list for an object": {`{"userName":"a","name":["x","y"]}`, InvalidValue, `"name" takes an object`},
		"a text for an object": {`{"userName":"a","name":"x"}`, InvalidValue, `"name" takes an object`},
		"of a sub-attribute":   {`{"userName":"a","emails":[{"value":{}}]}`, InvalidValue, `"emails.value" takes a text, but got an object`},
		"no base 64":           {`{"userName":"a","x509Certificates":[{"value":"%%%"}]}`, InvalidValue, `"x509Certificates.value" takes binary data in base 64`},
		"a long userName":      {`{"userName":"` + strings.Repeat("a", 501) + `"}`, InvalidValue, `"userName" takes at most 500 characters`},
		"an extension":         {`{"userName":"a","` + accountURN + `":[]}`, InvalidValue, accountURN + `" takes an object`},
		"a text for a number":  {`{"userName":"a","` + accountURN + `":{"my_number":"5"}}`, InvalidValue, `my_number" takes a number, but got a text`},
		"no whole number":      {`{"userName":"a","` + accountURN + `":{"my_integer":1.5}}`, InvalidValue, `my_integer" takes a whole number, but got 1.5`},
		"a giant number":       {`{"userName":"a","` + accountURN + `":{"my_integer":1e1000000000}}`, InvalidValue, `my_integer" takes a whole number`},
		"an hour of a day":     {`{"userName":"a","` + accountURN + `":{"my_date":"2019-06-06T01:00:00Z"}}`, InvalidValue, `my_date" takes a date as YYYY-MM-DD`},
		"a midnight elsewhere": {`{"userName":"a","` + accountURN + `":{"my_date":"2019-06-06T00:00:00+02:00"}}`, InvalidValue, `my_date" takes a date as YYYY-MM-DD`},
		"a long number":        {`{"userName":"a","` + accountURN + `":{"my_number":1e100}}`, InvalidValue, `my_number" takes a number of at most 100 digits`},
		"a long fraction":      {`{"userName":"a","` + accountURN + `":{"my_number":1e-99}}`, InvalidValue, `my_number" takes a number of at most 100 digits`},
		"no date":              {`{"userName":"a","` + accountURN + `":{"my_date":"2026-02-30"}}`, InvalidValue, `my_date" takes a date as YYYY-MM-DD`},
		"no instant":           {`{"userName":"a","` + accountURN + `":{"my_datetime":"2026-02-28"}}`, InvalidValue, `my_datetime" takes a date and time`},
		"no address":           {`{"userName":"a","` + accountURN + `":{"my_email":"nobody"}}`, InvalidValue, `my_email" takes an email address`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := Decode(userType(), []byte(c.body))
			requireRefused(t, err, c.scimType)
			require.ErrorContains(t, err, c.detail)
		})
	}
}

func TestCaseG1_CapitalisedCreate(t *testing.T) {
	t.Parallel()
	r, active, err := Decode(userType(), []byte(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"UserName":"bob@corp.example","Active":true,"externalId":"x1","name":{"familyName":"Lee","givenName":"Bob"},"emails":[{"Primary":true,"type":"work","value":"bob@corp.example"}]}`))
	require.NoError(t, err)
	require.True(t, *active)
	require.JSONEq(t, `{"userName":"bob@corp.example","externalId":"x1","name":{"familyName":"Lee","givenName":"Bob"},"emails":[{"primary":true,"type":"work","value":"bob@corp.example"}]}`, toJSON(t, r))
}

func TestDecodeActive(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]bool{
		`{"userName":"a","active":false}`:   false,
		`{"userName":"a","Active":"False"}`: false,
		`{"userName":"a","active":"TRUE"}`:  true,
	} {
		_, active, err := Decode(userType(), []byte(body))
		require.NoError(t, err)
		require.Equal(t, want, *active, body)
	}
	_, active, err := Decode(userType(), []byte(`{"userName":"a","active":null}`))
	require.NoError(t, err)
	require.Nil(t, active)
}

func TestCaseK1_CharactersThatCannotBeStored(t *testing.T) {
	t.Parallel()
	r, _, err := Decode(userType(), []byte(`{"userName":"bob\u0000","title":"Q\u0000A","displayName":"x\ud83d","nickName":"\u0000"}`))
	require.NoError(t, err)
	require.JSONEq(t, `{"userName":"bob","title":"QA","displayName":"x"}`, toJSON(t, r))
	g, members, err := DecodeGroup([]byte(`{"displayName":"A\u0000B","members":[{"value":"u1\u0000"}]}`))
	require.NoError(t, err)
	require.Equal(t, "AB", g.DisplayName)
	require.Equal(t, []Member{{Value: "u1"}}, *members)
}

func TestDecodeGroup(t *testing.T) {
	t.Parallel()
	g, members, err := DecodeGroup([]byte(`{"DisplayName":"QA","externalId":"x","members":[{"value":"u1","display":"Eve","$ref":null},"u2",{"value":"u1"}]}`))
	require.NoError(t, err)
	require.Equal(t, Group{DisplayName: "QA", ExternalID: "x"}, g)
	require.Equal(t, []Member{{Value: "u1"}, {Value: "u2"}}, *members)

	for body, named := range map[string]bool{`{"displayName":"QA"}`: false, `{"displayName":"QA","members":null}`: false, `{"displayName":"QA","members":[]}`: true} {
		_, members, err := DecodeGroup([]byte(body))
		require.NoError(t, err)
		require.Equal(t, named, members != nil, body)
	}
	for _, body := range []string{`{"displayName":" "}`, `{"displayName":"QA","members":[{"value":"g2","type":"group"}]}`, `{"displayName":"QA","members":[{}]}`, `{"displayName":"QA","members":[{"value":5}]}`, `{"displayName":"QA","members":[{"value":" "}]}`} {
		_, _, err := DecodeGroup([]byte(body))
		requireRefused(t, err, InvalidValue)
	}
}

package scim

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestProjectUser(t *testing.T) {
	t.Parallel()
	r, _ := decoded(t, `{"userName":" kim ","externalId":"x","name":{"givenName":"Kim","familyName":"Lee"},"emails":[{"value":"kim@corp.example"}],"`+accountURN+`":{"my_integer":7,"my_boolean":false,"my_date":"2026-03-31"}}`)
	u, err := ProjectUser(userType(), r, true)
	require.NoError(t, err)
	require.Equal(t, User{
		Resource: r, UserName: "kim", ExternalID: "x", Active: true, Email: "kim@corp.example", FirstName: "Kim", LastName: "Lee",
		Fields: directory.Values{
			"my_integer": json.Number("7"), "my_boolean": false, "my_date": "2026-03-31",
			"my_text": nil, "my_number": nil, "my_datetime": nil, "my_email": nil, "my_person": nil,
		},
	}, u)
	_, err = ProjectUser(userType(), Resource{"userName": " "}, true)
	requireRefused(t, err, InvalidValue)
}

func TestEmailOfAUser(t *testing.T) {
	t.Parallel()
	for emails, want := range map[string]string{
		`[]`: "kim",
		`[{"value":"a"},{"value":"b","type":"Work"},{"value":"c","primary":true}]`: "c",
		`[{"value":"a"},{"value":"b","type":"work"},{"value":"c","type":"work"}]`:  "b",
		`[{"value":"a","type":"home"},{"value":"b"}]`:                              "a",
		`[{"type":"work","primary":true},{"value":"b"}]`:                           "b",
	} {
		r, _ := decoded(t, `{"userName":"kim","emails":`+emails+`}`)
		u, err := ProjectUser(userType(), r, true)
		require.NoError(t, err)
		require.Equal(t, want, u.Email, emails)
	}
}

func TestErrorBody(t *testing.T) {
	t.Parallel()
	require.JSONEq(t, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"409","scimType":"uniqueness","detail":"Taken."}`,
		toJSON(t, &Error{Status: 409, Type: NotUnique, Detail: "Taken."}))
	require.JSONEq(t, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404","detail":"Gone."}`,
		toJSON(t, &Error{Status: 404, Detail: "Gone."}))
}

package scim

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The examples of RFC 7644, sections 3.5.2.1 to 3.5.2.3, on a user as in RFC 7643, section 8.2.
func TestD8_PatchExamplesOfTheRFC(t *testing.T) {
	t.Parallel()
	const work = `{"type":"work","streetAddress":"100 Universal City Plaza","locality":"Hollywood","region":"CA","postalCode":"91608","country":"USA","primary":true}`
	const home = `{"type":"home","streetAddress":"456 Hollywood Blvd","locality":"Hollywood","region":"CA"}`
	for name, c := range map[string]struct{ body, operations, want string }{
		"3.5.2.1 add emails and a nickname": {
			`{"userName":"bjensen","emails":[{"value":"bjensen@example.com","type":"work"}]}`,
			`[{"op":"add","value":{"emails":[{"value":"babs@jensen.org","type":"home"}],"nickname":"Babs"}}]`,
			`{"emails":[{"value":"bjensen@example.com","type":"work"},{"value":"babs@jensen.org","type":"home"}],"nickName":"Babs"}`,
		},
		"3.5.2.2 remove work addresses of a domain": {
			`{"userName":"bjensen","emails":[{"value":"bjensen@example.com","type":"work"},{"value":"b@example.org","type":"work"},{"value":"babs@example.com","type":"home"}]}`,
			`[{"op":"remove","path":"emails[type eq \"work\" and value ew \"example.com\"]"}]`,
			`{"emails":[{"value":"b@example.org","type":"work"},{"value":"babs@example.com","type":"home"}]}`,
		},
		"3.5.2.3 replace all emails": {
			`{"userName":"bjensen","emails":[{"value":"old@example.com","type":"work"}]}`,
			`[{"op":"replace","value":{"emails":[{"value":"bjensen@example.com","type":"work","primary":true},{"value":"babs@jensen.org","type":"home"}],"nickname":"Babs"}}]`,
			`{"emails":[{"value":"bjensen@example.com","type":"work","primary":true},{"value":"babs@jensen.org","type":"home"}],"nickName":"Babs"}`,
		},
		"3.5.2.3 replace the work address": {
			`{"userName":"bjensen","addresses":[` + work + `,` + home + `]}`,
			`[{"op":"replace","path":"addresses[type eq \"work\"]","value":{"type":"work","streetAddress":"911 Universal City Plaza","locality":"Hollywood","primary":true}}]`,
			`{"addresses":[{"type":"work","streetAddress":"911 Universal City Plaza","locality":"Hollywood","primary":true},` + home + `]}`,
		},
		"3.5.2.3 replace a street": {
			`{"userName":"bjensen","addresses":[` + home + `,{"type":"work","streetAddress":"x","country":"USA"}]}`,
			`[{"op":"replace","path":"addresses[type eq \"work\"].streetAddress","value":"1010 Broadway Ave"}]`,
			`{"addresses":[` + home + `,{"type":"work","streetAddress":"1010 Broadway Ave","country":"USA"}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requirePatched(t, c.body, c.operations, c.want)
		})
	}
}

func TestD8_GroupPatchExamplesOfTheRFC(t *testing.T) {
	t.Parallel()
	const babs, james = "2819c223-7f76-453a-919d-413861904646", "08e1d05d-121c-4561-8b96-473d93df9210"
	// The path lacks the space before the value, as the RFC prints it.
	_, changes, err := patchedGroup(`[{"op":"remove","path":"members[value eq\"` + babs + `\"]"},
		{"op":"add","path":"members","value":[{"display":"James Smith","$ref":"https://example.com/v2/Users/` + james + `","value":"` + james + `"}]}]`)
	require.NoError(t, err)
	require.Equal(t, []MemberChange{{RemoveMembers, people(babs)}, {AddMembers, people(james)}}, changes)
}

package scim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

func patchedGroup(operations string) (Group, []MemberChange, error) {
	p, err := ParsePatch(schema.Group(), []byte(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":`+operations+`}`))
	if err != nil {
		return Group{}, nil, err
	}
	return p.ApplyGroup(Group{DisplayName: "Finance", ExternalID: "x"}, "g1")
}

func people(ids ...string) []Member {
	members := make([]Member, len(ids))
	for i, id := range ids {
		members[i].Value = id
	}
	return members
}

func TestCaseF2_RenameLeavesTheMembers(t *testing.T) {
	t.Parallel()
	g, changes, err := patchedGroup(`[{"op":"replace","value":{"id":"g1","displayName":"Finance EU"}}]`)
	require.NoError(t, err)
	require.Empty(t, changes)
	require.Equal(t, Group{DisplayName: "Finance EU", ExternalID: "x"}, g)

	_, _, err = patchedGroup(`[{"op":"replace","value":{"id":"g2","displayName":"Finance EU"}}]`)
	requireRefused(t, err, NotMutable)

	g, changes, err = patchedGroup(`[{"op":"replace","path":"externalId","value":"x-1"}]`)
	require.NoError(t, err)
	require.Empty(t, changes)
	require.Equal(t, Group{DisplayName: "Finance", ExternalID: "x-1"}, g)
}

func TestCaseG2_MemberRemoval(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		operations string
		want       []MemberChange
	}{
		"a": {`[{"op":"Remove","path":"members","value":[{"value":"u1"}]}]`, []MemberChange{{RemoveMembers, people("u1")}}},
		"b": {`[{"op":"remove","path":"members[value eq \"u2\"]"}]`, []MemberChange{{RemoveMembers, people("u2")}}},
		"c": {`[{"op":"remove","path":"members[value eq \"u3\"]"},{"op":"remove","path":"members[value eq \"u5\"]"}]`, []MemberChange{{RemoveMembers, people("u3")}, {RemoveMembers, people("u5")}}},
		"e": {`[{"op":"Add","path":"members","value":[{"value":"u4"},{"value":"u4"}]}]`, []MemberChange{{AddMembers, people("u4")}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, changes, err := patchedGroup(c.operations)
			require.NoError(t, err)
			require.Equal(t, c.want, changes)
			require.Equal(t, Group{DisplayName: "Finance", ExternalID: "x"}, g)
		})
	}
	_, changes, err := patchedGroup(`[{"op":"Remove","path":"members","value":[{}]}]`)
	requireRefused(t, err, InvalidValue)
	require.Nil(t, changes)
}

func TestPatchOfMembers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		operations string
		want       []MemberChange
	}{
		"all go":                 {`[{"op":"remove","path":"members"}]`, []MemberChange{{Action: ReplaceMembers}}},
		"all are replaced":       {`[{"op":"replace","path":"members","value":[{"value":"u1","display":"Eve"}]}]`, []MemberChange{{ReplaceMembers, people("u1")}}},
		"by nobody":              {`[{"op":"replace","path":"members","value":[]}]`, []MemberChange{{ReplaceMembers, people()}}},
		"by null":                {`[{"op":"replace","path":"members","value":null}]`, nil},
		"nobody is removed":      {`[{"op":"remove","path":"members","value":[]}]`, nil},
		"without a path, add":    {`[{"op":"add","value":{"members":[{"value":"u1"}]}}]`, []MemberChange{{AddMembers, people("u1")}}},
		"without a path":         {`[{"op":"replace","value":{"displayName":"Finance","members":[{"value":"u1"}]}}]`, []MemberChange{{ReplaceMembers, people("u1")}}},
		"with the URN":           {`[{"op":"add","path":"` + schema.GroupURN + `:members","value":{"value":"u1"}}]`, []MemberChange{{AddMembers, people("u1")}}},
		"several":                {`[{"op":"remove","path":"members[value eq \"u1\" or value eq \"u2\"]"}]`, []MemberChange{{RemoveMembers, people("u1", "u2")}}},
		"all of the type User":   {`[{"op":"remove","path":"members[type eq \"user\"]"}]`, []MemberChange{{Action: ReplaceMembers}}},
		"none of the type Group": {`[{"op":"remove","path":"members[type eq \"Group\"]"}]`, nil},
		"in order": {`[{"op":"remove","path":"members"},{"op":"add","path":"members","value":["u1"]},{"op":"remove","path":"members","value":{"value":"u2"}}]`,
			[]MemberChange{{Action: ReplaceMembers}, {AddMembers, people("u1")}, {RemoveMembers, people("u2")}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, changes, err := patchedGroup(c.operations)
			require.NoError(t, err)
			require.Equal(t, c.want, changes)
		})
	}
}

func TestPatchOfGroupRefuses(t *testing.T) {
	t.Parallel()
	for operations, scimType := range map[string]string{
		`[{"op":"remove","path":"displayName"}]`:                                                             NotMutable,
		`[{"op":"replace","path":"displayName","value":"  "}]`:                                               InvalidValue,
		`[{"op":"remove","path":"members[display sw \"A\"]"}]`:                                               InvalidFilter,
		`[{"op":"remove","path":"members[value eq \"u1\" and type eq \"User\"]"}]`:                           InvalidFilter,
		`[{"op":"replace","path":"members[value eq \"u1\"]","value":{"value":"u2"}}]`:                        NotMutable,
		`[{"op":"replace","path":"members[value eq \"u1\"].display","value":"x"}]`:                           NotMutable,
		`[{"op":"add","path":"members","value":[{"value":"g2","type":"Group"}]}]`:                            InvalidValue,
		`[{"op":"replace","value":{"members":[{"value":"g2","Type":"GROUP"}]}}]`:                             InvalidValue,
		`[{"op":"remove","path":"members.value"}]`:                                                           NotMutable,
		`[{"op":"add","path":"members","value":""}]`:                                                         InvalidValue,
		`[{"op":"remove","path":"members","value":""}]`:                                                      InvalidValue,
		`[{"op":"add","path":"members","value":[{"value":"u1"}]},{"op":"add","path":"members","value":[5]}]`: InvalidValue,
	} {
		_, changes, err := patchedGroup(operations)
		requireRefused(t, err, scimType)
		require.Nil(t, changes, operations)
	}
}

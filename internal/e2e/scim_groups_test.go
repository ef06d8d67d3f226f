package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// pushedGroup is a group as the API shows it to admins.
type pushedGroup struct {
	syncedGroup
	Source directory.Origin `json:"source"`
}

func (p *idp) group(id string) pushedGroup {
	p.Helper()
	var g pushedGroup
	p.call(http.MethodGet, "/v1/groups/"+id, nil, &g)
	return g
}

func TestD4_PushedGroupsHaveMembersOfTheAccountOnly(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	ana, bo := p.create(pushed("ana@corp.example")), p.create(pushed("bo@corp.example"))
	var none struct {
		Items []pushedGroup `json:"items"`
	}
	p.call(http.MethodGet, "/v1/groups", nil, &none)
	require.Empty(t, none.Items, "assigning people makes no group")

	made := p.must(http.StatusCreated, http.MethodPost, "/Groups", object{
		"schemas": []string{groupURN}, "displayName": "Design", "externalId": "g-1",
		"members": []object{{"value": ana, "display": "Ana"}, {"value": nobodysID}, {"value": p.ownerID()}},
	})
	id := made.body["id"].(string)
	require.Equal(t, []string{ana}, valuesOf(made.body["members"]), "only who is in the account through SCIM")
	require.Equal(t, "Group", made.at("meta", "resourceType"))
	require.Equal(t, p.credentials.BaseURL+"/Users/"+ana, made.at("members", 0, "$ref"))
	require.Equal(t, p.credentials.BaseURL+"/Groups/"+id, dig(p.read(ana), "groups", 0, "$ref"))
	require.Equal(t, "g-1", made.body["externalId"])
	require.Equal(t, made.body, p.must(http.StatusOK, http.MethodGet, "/Groups/"+id, nil).body)
	require.Equal(t, pushedGroup{syncedGroup{ID: id, Name: "Design", Members: 1, Parked: 2}, directory.FromSCIM}, p.group(id))
	require.Equal(t, id, dig(p.read(ana), "groups", 0, "value"))
	require.Equal(t, "Design", dig(p.read(ana), "groups", 0, "display"))
	require.Equal(t, []string{id}, p.userByID(ana).Groups)

	p.patch("/Groups/"+id, op("add", "members", refs(bo)))
	require.Equal(t, sorted(ana, bo), p.members(id))
	p.patch("/Groups/"+id, op("replace", "members", refs(bo)))
	require.Equal(t, []string{bo}, p.members(id))
	put := p.must(http.StatusOK, http.MethodPut, "/Groups/"+id, object{"schemas": []string{groupURN}, "displayName": "Design", "externalId": "g-1", "members": refs()})
	require.Empty(t, valuesOf(put.body["members"]), "an empty list clears")
	require.Equal(t, 0, p.group(id).Members)
	require.Equal(t, 0, p.group(id).Parked)

	p.team("Design")
	require.Equal(t, 2, p.list("/Groups"+where(`displayName eq "design"`)).total, "names need not be unique")
	p.must(http.StatusNoContent, http.MethodDelete, "/Groups/"+id, nil)
	p.denied(http.StatusNotFound, "", http.MethodGet, "/Groups/"+id, nil)
	p.refused(http.StatusNotFound, http.MethodGet, "/v1/groups/"+id, nil)
	require.Equal(t, directory.Active, p.userByID(bo).Status, "the people of a deleted group stay")
}

func TestD4_GroupChangesAreInTheLog(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	ana := p.create(pushed("ana@corp.example"))
	id := p.team("Design", ana)
	p.patch("/Groups/"+id, op("replace", "displayName", "Design & Research"))
	before := p.must(http.StatusOK, http.MethodGet, "/Groups/"+id, nil).body
	require.Equal(t, before, p.patch("/Groups/"+id, op("add", "members", refs(ana)), op("replace", "displayName", "Design & Research")), "the same again changes nothing")
	p.patch("/Groups/"+id, op("remove", "members", nil))
	type line struct {
		subject directory.Subject
		action  directory.Action
	}
	var lines []line
	all(p.company, "/v1/changes?group_id="+id, func(one pushedChange) {
		require.Equal(t, directory.FromSCIM, one.Source)
		lines = append(lines, line{one.Subject.Type, one.Action})
	})
	require.ElementsMatch(t, []line{
		{directory.SubjectGroup, directory.ActionCreate}, {directory.SubjectGroup, directory.ActionUpdate},
		{directory.SubjectMembership, directory.ActionCreate}, {directory.SubjectMembership, directory.ActionDelete},
	}, lines)
}

func TestF10_ParkedMembersJoinWhenTheyArrive(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	gone := p.create(pushed("gone@corp.example", object{"externalId": "00u9"}))
	p.must(http.StatusNoContent, http.MethodDelete, "/Users/"+gone, nil)
	id := p.team("Design", "00u1", gone, "00u3")
	require.Empty(t, p.members(id))
	require.Equal(t, 3, p.group(id).Parked)

	ana := p.create(pushed("ana@corp.example", object{"externalId": "00u1"}))
	require.Equal(t, []string{ana}, p.members(id), "known by the identity provider's id")
	require.Equal(t, "Design", dig(p.read(ana), "groups", 0, "display"))
	require.Equal(t, gone, p.create(pushed("gone@corp.example", object{"externalId": "00u9"})))
	require.Equal(t, sorted(ana, gone), p.members(id), "or by ours")
	require.Equal(t, 1, p.group(id).Parked)

	p.patch("/Groups/"+id, op("remove", `members[value eq "00u3"]`, nil))
	require.Equal(t, 0, p.group(id).Parked)
	p.create(pushed("cy@corp.example", object{"externalId": "00u3"}))
	require.Equal(t, sorted(ana, gone), p.members(id), "who was removed while away does not join")

	late := p.create(pushed("late@corp.example"))
	p.patch("/Groups/"+id, op("add", "members", refs("00u4")))
	p.patch("/Users/"+late, op("add", "externalId", "00u4"))
	require.Equal(t, sorted(ana, gone, late), p.members(id), "who is there gets the id later")
}

package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestCaseF1_OktaDeactivatesWithoutAPath(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	badge := p.field("Badge", "text")
	extension := p.extension()
	id := p.create(pushed("ana@corp.example", object{"title": "QA", extension: object{badge: "00042"}}))
	group := p.team("Design", id)
	before := p.read(id)
	as := p.tokenOf(id)
	require.NoError(t, as.Call(t.Context(), http.MethodGet, "/v1/account", nil, nil))

	same := func(now object, active bool) {
		t.Helper()
		require.Equal(t, active, now["active"])
		for _, attribute := range []string{"id", "userName", "name", "emails", "title", "groups", extension} {
			require.Equal(t, before[attribute], now[attribute], attribute)
		}
	}
	for range 2 {
		same(p.patch("/Users/"+id, op("replace", "", object{"active": false})), false)
		require.Equal(t, directory.Deactivated, p.userByID(id).Status)
	}
	require.Equal(t, []string{id}, p.members(group), "out of the account, but still in the group")
	require.Equal(t, "00042", p.userByID(id).Fields[badge])
	var refusal *devstack.APIError
	require.ErrorAs(t, as.Call(t.Context(), http.MethodGet, "/v1/account", nil, nil), &refusal)
	require.Equal(t, http.StatusUnauthorized, refusal.Status, "the user's own tokens end")
	found := p.list("/Users" + where(`userName eq "ana@corp.example"`))
	require.Equal(t, 1, found.total)
	same(found.resources[0].(object), false)

	for range 2 {
		same(p.patch("/Users/"+id, op("replace", "", object{"active": true})), true)
		require.Equal(t, directory.Active, p.userByID(id).Status)
	}
	require.Equal(t, []directory.Action{directory.ActionCreate, directory.ActionDeactivate, directory.ActionReactivate}, p.actions(id), "the same again is no change")
}

// tokenOf is the API as a token that belongs to the user calls it.
func (p *idp) tokenOf(userID string) devstack.Client {
	p.Helper()
	var made struct {
		ID    string `json:"id"`
		Token string `json:"token"`
	}
	p.call(http.MethodPost, "/v1/tokens", object{"name": "Their own", "role": directory.RoleUserAdmin}, &made)
	p.execute(`UPDATE users SET role_id = 'user_admin' WHERE id = $1`, userID)
	p.execute(`UPDATE api_tokens SET user_id = $2 WHERE id = $1`, made.ID, userID)
	return devstack.Client{Base: p.stack.StarterURL(), Token: made.Token}
}

func TestCaseF2_OktaRenamesAGroupWithoutItsMembers(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	u1, u2 := p.create(pushed("u1@corp.example")), p.create(pushed("u2@corp.example"))
	id := p.team("Finance", u1, u2)
	path := "/Groups/" + id

	now := p.patch(path, op("replace", "", object{"id": id, "displayName": "Finance EU"}))
	require.Equal(t, "Finance EU", now["displayName"])
	require.Equal(t, sorted(u1, u2), valuesOf(now["members"]))

	p.denied(http.StatusBadRequest, "mutability", http.MethodPatch, path, patchOf(op("replace", "", object{"id": nobodysID, "displayName": "Another"})))
	require.Equal(t, "Finance EU", p.must(http.StatusOK, http.MethodGet, path, nil).body["displayName"], "nothing of a refused PATCH is done")

	now = p.patch(path, op("replace", "externalId", "x-1"))
	require.Equal(t, "x-1", now["externalId"])
	require.Equal(t, "Finance EU", now["displayName"])
	require.Equal(t, sorted(u1, u2), valuesOf(now["members"]))

	put := p.must(http.StatusOK, http.MethodPut, path, object{"schemas": []string{groupURN}, "displayName": "Finance UK", "externalId": "x-1"})
	require.Equal(t, "Finance UK", put.body["displayName"])
	require.Equal(t, sorted(u1, u2), p.members(id), "nor does a PUT that carries no members remove them")
}

func TestCaseF5_WhoWaitsForALicenceReadsActive(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 1)
	made := p.must(http.StatusCreated, http.MethodPost, "/Users", pushed("new@corp.example"))
	id := made.body["id"].(string)
	path := "/Users/" + id
	require.Equal(t, true, made.body["active"])
	require.Equal(t, directory.AwaitingLicence, p.userByID(id).Status)
	require.Equal(t, true, p.read(id)["active"])
	found := p.list("/Users" + where(`userName eq "new@corp.example"`))
	require.Equal(t, 1, found.total)
	require.Equal(t, true, dig(found.resources[0], "active"))
	require.Equal(t, 1, p.list("/Users"+where(`active eq true`)).total)

	put := p.must(http.StatusOK, http.MethodPut, path, pushed("new@corp.example", object{"title": "Lead"}))
	require.Equal(t, true, put.body["active"])
	require.Equal(t, "Lead", put.body["title"])
	require.Equal(t, "Lead", p.read(id)["title"])
	require.Equal(t, directory.AwaitingLicence, p.userByID(id).Status)

	link := p.tokenIn(p.setup("new@corp.example").Text)
	accept := func() int {
		var refusal *devstack.APIError
		require.ErrorAs(t, devstack.Client{Base: p.stack.StarterURL()}.Call(t.Context(), http.MethodPost, "/v1/invitations/"+link+"/accept", nil, nil), &refusal)
		return refusal.Status
	}
	require.Equal(t, http.StatusConflict, accept(), "the link works, but there is no licence")
	require.Equal(t, false, p.patch(path, op("replace", "active", false))["active"])
	require.Equal(t, directory.Deactivated, p.userByID(id).Status)
	require.Equal(t, http.StatusGone, accept())

	p.must(http.StatusNoContent, http.MethodDelete, path, nil)
	p.denied(http.StatusNotFound, "", http.MethodGet, path, nil)

	quiet := p.must(http.StatusCreated, http.MethodPost, "/Users", pushed("quiet@corp.example", object{"active": false}))
	require.Equal(t, false, quiet.body["active"])
	require.Equal(t, directory.Deactivated, p.userByID(quiet.body["id"].(string)).Status)
	require.Zero(t, p.count(`SELECT count(*) FROM mails WHERE user_id = $1`, quiet.body["id"]), "who is not wanted in is not written to")
	require.Equal(t, []directory.Action{directory.ActionCreate, directory.ActionUpdate, directory.ActionDeactivate, directory.ActionDelete}, p.actions(id))
}

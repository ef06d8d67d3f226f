package e2e

import (
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestCaseH1_ADuplicateIsSaidToBeOne(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	kim, other := p.create(pushed("kim@corp.example")), p.create(pushed("other@corp.example"))
	before := []object{p.read(kim), p.read(other)}
	again := pushed("Kim@Corp.Example")
	p.denied(http.StatusConflict, "uniqueness", http.MethodPost, "/Users", again)
	p.denied(http.StatusConflict, "uniqueness", http.MethodPatch, "/Users/"+other, patchOf(op("replace", "title", "Lead"), op("replace", "userName", "Kim@Corp.Example")))
	p.denied(http.StatusConflict, "uniqueness", http.MethodPut, "/Users/"+other, again)
	p.denied(http.StatusConflict, "uniqueness", http.MethodPut, "/Users/"+other, pushed("other@corp.example", object{"emails": again["emails"]}))
	require.Equal(t, before, []object{p.read(kim), p.read(other)}, "nothing is changed")
	require.Equal(t, 2, p.list("/Users").total)

	statuses := make([]int, 6)
	var posts sync.WaitGroup
	for i := range statuses {
		posts.Go(func() {
			r, err := p.exchange(http.MethodPost, "/Users", pushed([]string{"new@corp.example", "NEW@corp.example"}[i%2]))
			if err == nil {
				statuses[i] = r.status
			}
		})
	}
	posts.Wait()
	require.ElementsMatch(t, []int{http.StatusCreated, http.StatusConflict, http.StatusConflict, http.StatusConflict, http.StatusConflict, http.StatusConflict}, statuses)
	require.Equal(t, 3, p.list("/Users").total)
}

func TestCaseK1_NULAndLoneSurrogatesInSCIM(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	note := p.field("Note", "text")
	posted := p.must(http.StatusCreated, http.MethodPost, "/Users", `{"schemas":["`+userURN+`"],"userName":"ana\u0000@corp.example","title":"Q\u0000A","displayName":"Ana\ud83d Lopez",
		"name":{"givenName":"Ana\u0000","familyName":"\u0000Lopez"},"externalId":"x\u00001","`+p.extension()+`":{"`+note+`":"N\u0000o\udc00te"}}`)
	id := posted.body["id"].(string)
	require.Equal(t, posted.body, p.read(id))
	require.Equal(t, []any{"ana@corp.example", "QA", "x1", object{"givenName": "Ana", "familyName": "Lopez"}}, []any{posted.body["userName"], posted.body["title"], posted.body["externalId"], posted.body["name"]})
	require.True(t, utf8.ValidString(posted.text))
	require.NotContains(t, posted.text, `\u0000`)
	require.Regexp(t, "^No.?te$", posted.at(p.extension(), note))
	require.Regexp(t, "^Ana.* Lopez$", posted.body["displayName"])
	require.Equal(t, []string{"Ana", "Lopez"}, []string{p.userByID(id).FirstName, p.userByID(id).LastName})

	for _, body := range []string{
		`{"schemas":["` + messages + `PatchOp"],"Operations":[{"op":"replace","path":"title","value":"L\u0000ead"}]}`,
		`{"schemas":["` + messages + `PatchOp"],"Operations":[{"op":"replace","value":{"title":"Lead\u0000"}}]}`,
	} {
		p.must(http.StatusOK, http.MethodPatch, "/Users/"+id, body)
		require.Equal(t, "Lead", p.read(id)["title"])
	}
	p.must(http.StatusOK, http.MethodPut, "/Users/"+id, `{"schemas":["`+userURN+`"],"userName":"ana@corp.example","title":"\u0000"}`)
	require.NotContains(t, p.read(id), "title", "nothing is left of it")
	group := p.must(http.StatusCreated, http.MethodPost, "/Groups", `{"schemas":["`+groupURN+`"],"displayName":"Des\u0000ign\ud83d","externalId":"g\u0000","members":[{"value":"no\u0000body\ud83d"},{"value":"`+id+`"}]}`)
	require.Regexp(t, "^Design", group.body["displayName"])
	require.Equal(t, []string{id}, valuesOf(group.body["members"]))
	p.must(http.StatusBadRequest, http.MethodPost, "/Users/.search", `{"schemas":["`+messages+`SearchRequest"],"filter":"userName eq \"a\" \u0000"}`)
	p.must(http.StatusBadRequest, http.MethodGet, "/Users"+where("userName eq \"a\" \x00"), nil)
}

func TestCaseL1_ATokenSeesItsOwnAccountOnly(t *testing.T) {
	t.Parallel()
	a := newIDP(t, 10)
	b := a.neighbour(t, "b")
	theirs := b.create(pushed("kim@corp.example", object{"externalId": "00u1", "title": "QA"}))
	group := b.team("Theirs", theirs)
	before := b.read(theirs)

	path := "/Users/" + theirs
	a.denied(http.StatusNotFound, "", http.MethodGet, path, nil)
	a.denied(http.StatusNotFound, "", http.MethodPut, path, pushed("kim@corp.example", object{"title": "Lead"}))
	a.denied(http.StatusNotFound, "", http.MethodPatch, path, patchOf(op("replace", "title", "Lead")))
	a.denied(http.StatusNotFound, "", http.MethodDelete, path, nil)
	a.denied(http.StatusNotFound, "", http.MethodGet, "/Groups/"+group, nil)
	a.denied(http.StatusNotFound, "", http.MethodPatch, "/Groups/"+group, patchOf(op("remove", "members", nil)))
	a.denied(http.StatusNotFound, "", http.MethodDelete, "/Groups/"+group, nil)
	answers := a.bulk(bulkOf(object{"method": "DELETE", "path": path}, object{"method": "PATCH", "path": path, "data": patchOf(op("replace", "title", "Lead"))}))
	require.Equal(t, []any{"404", "404"}, []any{answers[0]["status"], answers[1]["status"]})

	for _, filter := range []string{`userName eq "kim@corp.example"`, `id eq "` + theirs + `"`, `externalId eq "00u1"`, `groups.value eq "` + group + `"`} {
		require.Zero(t, a.list("/Users"+where(filter)).total, filter)
	}
	require.Zero(t, a.list("/Groups"+where(`members.value eq "`+theirs+`"`)).total)
	ours := a.create(pushed("kim@corp.example", object{"title": "Lead"}))
	require.NotEqual(t, theirs, ours, "a user of their own")
	mixed := a.team("Ours", theirs, ours)
	a.patch("/Groups/"+mixed, op("add", "members", refs(theirs)))
	require.Equal(t, []string{ours}, a.members(mixed))
	require.Equal(t, before, b.read(theirs), "nothing of this is seen over there")
	require.Equal(t, []string{group}, b.userByID(theirs).Groups)
	require.Equal(t, 1, b.list("/Users").total)
}

func TestCaseL1_WhatIsNoValidTokenIsTold401AndNothingElse(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	token := p.credentials.Token
	for _, scheme := range []string{"Bearer ", "bearer ", "BEARER "} {
		p.must(http.StatusOK, http.MethodGet, "/Users", nil, "Authorization", scheme+token)
	}
	revoked := p.scimToken("Revoked")
	p.call(http.MethodDelete, "/v1/scim/tokens/"+revoked.ID, nil, nil)
	details := map[string]bool{}
	for _, authorization := range []string{
		"", "Bearer", "Bearer ", token, "Basic " + token, "Token " + token, "Bearer " + token + "x", "Bearer " + token[1:], "Bearer wrong", "Bearer " + p.account.Token, "Bearer " + revoked.Token,
	} {
		for _, path := range []string{"/Users", "/Users/" + nobodysID, "/Groups"} {
			r := p.must(http.StatusUnauthorized, http.MethodGet, path, nil, "Authorization", authorization)
			require.NotEmpty(t, r.header.Get("WWW-Authenticate"))
			details[r.body["detail"].(string)] = true
		}
		p.must(http.StatusUnauthorized, http.MethodPost, "/Users", pushed("ana@corp.example"), "Authorization", authorization)
	}
	require.Len(t, details, 1, "all are told the same")
	require.Zero(t, p.list("/Users").total)
	var refusal *devstack.APIError
	require.ErrorAs(t, devstack.Client{Base: p.stack.StarterURL(), Token: token}.Call(t.Context(), http.MethodGet, "/v1/account", nil, nil), &refusal)
	require.Equal(t, http.StatusUnauthorized, refusal.Status, "nor is a SCIM token one of the API")
}

func TestCaseL1_WhoIsThereAlreadyIsLinkedAndKeepsTheirRole(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	id := p.ownerID()
	p.execute(`UPDATE users SET role_id = 'super_admin' WHERE id = $1`, id)
	p.denied(http.StatusNotFound, "", http.MethodGet, "/Users/"+id, nil)
	require.Empty(t, p.named(`userName eq "`+owner+`"`), "who was never pushed is not seen")
	require.Equal(t, id, p.create(pushed("olga", object{"displayName": "Somebody else", "emails": []object{{"value": "Owner@Rollcall.Example", "primary": true}}})))
	u := p.userByID(id)
	require.Equal(t, []any{directory.RoleSuperAdmin, directory.Active}, []any{u.Role, u.Status})
	require.Contains(t, p.actions(id), directory.ActionAdopt)
	require.Zero(t, p.count(`SELECT count(*) FROM mails WHERE user_id = $1 AND kind = 'setup'`, id), "they are set up already")
	p.denied(http.StatusConflict, "uniqueness", http.MethodPost, "/Users", pushed(owner))
	encoded, err := json.Marshal(p.log(id))
	require.NoError(t, err)
	require.NotContains(t, string(encoded), p.credentials.Token)
}

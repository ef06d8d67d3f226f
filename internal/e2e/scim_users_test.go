package e2e

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/directory"
)

func TestD3_UsersFromCreationToDeactivation(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	made := p.must(http.StatusCreated, http.MethodPost, "/Users", pushed("ana@corp.example", object{"externalId": "00u1", "title": "QA", "displayName": "Ana"}))
	id := made.body["id"].(string)
	path := "/Users/" + id
	require.Equal(t, "User", made.at("meta", "resourceType"))
	require.Equal(t, made.body, p.read(id))
	require.Equal(t, []any{made.body}, p.list("/Users").resources)
	require.Equal(t, []string{"ana"}, p.named(`externalId eq "00u1"`))
	u := p.userByID(id)
	require.Equal(t, []any{"ana@corp.example", "ana", "Roe", directory.Active, directory.FromSCIM, directory.RoleMember}, []any{u.Email, u.FirstName, u.LastName, u.Status, u.Source, u.Role})

	put := p.must(http.StatusOK, http.MethodPut, path, object{
		"schemas": []string{userURN}, "userName": "ana.ruiz@corp.example", "externalId": "00u1", "name": object{"givenName": "Ana", "familyName": "Ruiz"},
		"emails": []object{{"value": "ana.ruiz@corp.example", "type": "work", "primary": true}},
	})
	require.Equal(t, id, put.body["id"])
	require.Equal(t, true, put.body["active"], "what a PUT does not say of active stays")
	require.NotContains(t, put.body, "title", "and anything else that it leaves out goes")
	require.NotContains(t, put.body, "displayName")
	u = p.userByID(id)
	require.Equal(t, []string{"ana.ruiz@corp.example", "Ana", "Ruiz"}, []string{u.Email, u.FirstName, u.LastName})
	require.Empty(t, p.named(`userName eq "ana@corp.example"`))

	now := p.patch(path, op("replace", "title", "Lead"), op("add", "nickName", "A"), op("remove", "externalId", nil))
	require.Equal(t, []any{"Lead", "A", nil}, []any{now["title"], now["nickName"], now["externalId"]})
	require.Equal(t, false, p.patch(path, op("replace", "active", false))["active"])
	require.Equal(t, directory.Deactivated, p.userByID(id).Status)
	put = p.must(http.StatusOK, http.MethodPut, path, pushed("ana.ruiz@corp.example", object{"active": true}))
	require.Equal(t, true, put.body["active"])
	require.Equal(t, directory.Active, p.userByID(id).Status)
	for _, line := range p.log(id) {
		require.Equal(t, directory.FromSCIM, line.Source)
		require.Equal(t, directory.OutcomeApplied, line.Outcome)
	}
	require.Subset(t, p.actions(id), []directory.Action{directory.ActionCreate, directory.ActionUpdate, directory.ActionDeactivate, directory.ActionReactivate})
}

func TestD3_TheSameAgainChangesNothing(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	body := pushed("ana@corp.example", object{"title": "QA"})
	id := p.create(body)
	before, lines := p.read(id), len(p.log(id))
	p.must(http.StatusOK, http.MethodPut, "/Users/"+id, body)
	p.patch("/Users/"+id, op("replace", "title", "QA"), op("add", "", object{"active": true}), op("remove", "nickName", nil))
	require.Equal(t, before, p.read(id), "not its version either")
	require.Len(t, p.log(id), lines)
}

func TestD3_EachChangeIsInTheLogWithBeforeAndAfter(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	desk := p.field("Desk", "integer")
	id := p.create(pushed("ana@corp.example", object{"password": "t1meMa$heen"}))
	path := "/Users/" + id
	p.patch(path, op("replace", "name.familyName", "Ruiz"))
	p.patch(path, op("replace", "title", "Lead"))
	p.patch(path, op("replace", p.extension()+":desk", 7))
	p.patch(path, op("replace", "active", false))
	log := p.log(id)
	require.Len(t, log, 5, "a line for each request")
	created := log[0]
	require.Equal(t, directory.ActionCreate, created.Action)
	require.Equal(t, []any{"ana@corp.example", "ana", "Roe", "active"}, []any{created.After["email"], created.After["first_name"], created.After["last_name"], created.After["status"]})
	require.Equal(t, []any{"Roe", "Ruiz"}, []any{log[1].Before["last_name"], log[1].After["last_name"]})
	require.Equal(t, []any{nil, "Lead"}, []any{dig(log[2].Before, "attributes", "title"), dig(log[2].After, "attributes", "title")})
	require.Equal(t, []any{nil, 7.0}, []any{dig(log[3].Before, "fields", desk), dig(log[3].After, "fields", desk)})
	require.Equal(t, []any{"active", "deactivated"}, []any{log[4].Before["status"], log[4].After["status"]})
	for _, line := range log {
		require.Equal(t, id, line.Subject.ID)
		require.Nil(t, line.RunID)
		require.NotContains(t, fmt.Sprint(line.After), "t1meMa")
	}
}

func TestD3_WhomAnAdminTookOutOnlyAnAdminBringsBack(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	id := p.create(pushed("ana@corp.example"))
	p.call(http.MethodPost, "/v1/users/"+id+"/deactivate", nil, nil)
	require.Equal(t, true, p.read(id)["active"], "the identity provider still wants them in")
	p.patch("/Users/"+id, op("replace", "active", false))
	require.Equal(t, true, p.patch("/Users/"+id, op("replace", "active", true))["active"])
	require.Equal(t, directory.Deactivated, p.userByID(id).Status)
	log := p.log(id)
	require.Len(t, log[len(log)-1].Problems, 1, "the log says why")
	require.Contains(t, log[len(log)-1].Problems[0].Message, "an admin deactivated them")
	require.NotEmpty(t, log[len(log)-1].Problems[0].Remedy)
	p.call(http.MethodPost, "/v1/users/"+id+"/activate", nil, nil)
	require.Equal(t, directory.Active, p.userByID(id).Status)
}

func TestD5_ActiveAtOnceAndAskedToSetUp(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 2) // the owner holds one
	in, waiting := p.create(pushed("in@corp.example")), p.create(pushed("waiting@corp.example"))
	require.Equal(t, directory.Active, p.userByID(in).Status)
	require.Equal(t, directory.AwaitingLicence, p.userByID(waiting).Status)
	require.Equal(t, true, p.read(in)["active"])
	require.Equal(t, true, p.read(waiting)["active"])
	told := p.notices(directory.NoticeLicencesExhausted)
	require.Len(t, told, 1)
	require.Contains(t, p.mailed(owner, 1)[0].Subject, told[0].Title)
	log := p.log(waiting)
	require.NotEmpty(t, log)
	require.Equal(t, string(directory.AwaitingLicence), log[len(log)-1].After["status"], "the log says so, too")

	link := p.tokenIn(p.setup("in@corp.example").Text)
	p.opens(p.stack.StarterURL() + "/invitations/" + link)
	require.NoError(t, devstack.Client{Base: p.stack.StarterURL()}.Call(t.Context(), http.MethodPost, "/v1/invitations/"+link+"/accept", nil, nil))
	require.Equal(t, directory.Active, p.userByID(in).Status)
	p.setup("waiting@corp.example")

	p.patch("/Users/"+in, op("replace", "active", false))
	require.Equal(t, directory.Active, p.userByID(waiting).Status, "the licence that became free is handed on")
	p.await("a mail of it", func() bool { return len(p.noticeMails("waiting@corp.example")) == 1 })
	p.must(http.StatusOK, http.MethodPut, "/Users/"+waiting, pushed("waiting@corp.example", object{"title": "Lead"}))
	require.Equal(t, 1, p.count(`SELECT count(*) FROM mails WHERE user_id = $1 AND kind = 'setup'`, waiting), "nobody is asked twice")
	nameless := p.create(object{"schemas": []string{userURN}, "userName": "no address"})
	require.Zero(t, p.count(`SELECT count(*) FROM mails WHERE user_id = $1`, nameless), "who has no address is not written to")
	p.patch("/Users/"+in, op("replace", "active", true))
	require.Equal(t, directory.AwaitingLicence, p.userByID(in).Status)
	require.Equal(t, true, p.read(in)["active"])
}

// opens gets a page as a browser does.
func (p *idp) opens(address string) {
	p.Helper()
	request, err := http.NewRequestWithContext(p.Context(), http.MethodGet, address, nil)
	require.NoError(p, err)
	request.Header.Set("Accept", "text/html")
	response, err := http.DefaultClient.Do(request)
	require.NoError(p, err)
	text, err := io.ReadAll(response.Body)
	require.NoError(p, err)
	require.NoError(p, response.Body.Close())
	require.Equal(p, http.StatusOK, response.StatusCode, string(text))
}

func TestD6_DeletedIsRetainedAndTakenUpAgain(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	body := pushed("ana@corp.example", object{"externalId": "00u1", "title": "QA"})
	id := p.create(body)
	group := p.team("Design", id)
	p.execute(`UPDATE users SET role_id = 'user_admin' WHERE id = $1`, id)
	path := "/Users/" + id
	p.must(http.StatusNoContent, http.MethodDelete, path, nil)

	require.Equal(t, directory.Deactivated, p.userByID(id).Status, "retained, without access")
	p.denied(http.StatusNotFound, "", http.MethodGet, path, nil)
	p.denied(http.StatusNotFound, "", http.MethodDelete, path, nil)
	p.denied(http.StatusNotFound, "", http.MethodPut, path, body)
	p.denied(http.StatusNotFound, "", http.MethodPatch, path, patchOf(op("replace", "title", "Lead")))
	require.Zero(t, p.list("/Users").total)
	require.Empty(t, p.named(`userName eq "ana@corp.example"`))
	require.Empty(t, p.members(group))

	again := pushed("ana@corp.example", object{"externalId": "00u1", "title": "Lead"})
	require.Equal(t, id, p.create(again), "the same user")
	require.Equal(t, directory.Active, p.userByID(id).Status)
	require.Equal(t, directory.RoleUserAdmin, p.userByID(id).Role)
	require.Equal(t, []string{id}, p.members(group))
	require.Equal(t, "Lead", p.read(id)["title"])
	require.Len(t, p.users(""), 1)

	p.must(http.StatusNoContent, http.MethodDelete, path, nil)
	stranger := p.create(pushed("ana@corp.example", object{"externalId": "00u2"}))
	require.Equal(t, directory.RoleMember, p.userByID(stranger).Role, "another person with the address inherits no access")
	require.Empty(t, p.userByID(stranger).Groups)
	require.Empty(t, p.members(group))
	require.NotContains(t, p.read(stranger), "title")
}

func TestF6_TheLastAdminIsKeptFromSCIM(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	id := p.ownerID()
	require.Equal(t, id, p.create(pushed(owner, object{"displayName": "Olga Owner"})), "who is there already is linked")
	require.Equal(t, directory.RoleAccountOwner, p.userByID(id).Role)
	kept := func(method string, body any) {
		t.Helper()
		detail := p.denied(http.StatusForbidden, "", method, "/Users/"+id, body)
		require.Contains(t, detail, "last account owner or super admin")
		require.Equal(t, directory.Active, p.userByID(id).Status)
		require.Equal(t, directory.RoleAccountOwner, p.userByID(id).Role)
		require.Equal(t, true, p.read(id)["active"])
	}
	kept(http.MethodPatch, patchOf(op("replace", "active", false)))
	kept(http.MethodPut, pushed(owner, object{"active": false}))
	kept(http.MethodDelete, nil)

	other := p.create(pushed("ana@corp.example"))
	p.execute(`UPDATE users SET role_id = 'super_admin' WHERE id = $1`, other)
	p.patch("/Users/"+other, op("replace", "active", false))
	require.Equal(t, directory.Deactivated, p.userByID(other).Status, "another admin leaves like anyone")
	require.Len(t, p.notices(directory.NoticeAdminLeft), 1)
	require.Contains(t, p.mailed(owner, 1)[0].Text, "ana Roe")
	kept(http.MethodPatch, patchOf(op("replace", "active", false)))

	p.patch("/Users/"+other, op("replace", "active", true))
	p.account.Token = p.apiToken(directory.RoleSuperAdmin) // the owner's ends with the owner
	p.must(http.StatusNoContent, http.MethodDelete, "/Users/"+id, nil)
	require.Equal(t, directory.Deactivated, p.userByID(id).Status, "with another one there, this one may go")
	require.Contains(t, p.denied(http.StatusForbidden, "", http.MethodDelete, "/Users/"+other, nil), "last account owner or super admin")
}

package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

func bulkOf(operations ...object) object {
	return object{"schemas": []string{messages + "BulkRequest"}, "Operations": operations}
}

// bulk sends operations and returns their answers.
func (p *idp) bulk(request object) []object {
	p.Helper()
	r := p.must(http.StatusOK, http.MethodPost, "/Bulk", request)
	require.Equal(p, []any{messages + "BulkResponse"}, r.body["schemas"])
	var answers []object
	list, _ := r.body["Operations"].([]any)
	for _, answer := range list {
		answers = append(answers, answer.(object))
		require.IsType(p, "", answer.(object)["status"], "the status is a string")
	}
	return answers
}

// idIn is the id at the end of an answer's location.
func (p *idp) idIn(answer object) string {
	p.Helper()
	location, _ := answer["location"].(string)
	require.True(p, strings.HasPrefix(location, p.credentials.BaseURL+"/"), location)
	return location[strings.LastIndex(location, "/")+1:]
}

func TestD8_Bulk(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 100)
	answers := p.bulk(bulkOf(
		object{"method": "POST", "path": "/Groups", "bulkId": "g", "data": object{"schemas": []string{groupURN}, "displayName": "Design", "members": refs("bulkId:a", "bulkId:b")}},
		object{"method": "POST", "path": "/Users", "bulkId": "a", "data": pushed("ana@corp.example")},
		object{"method": "post", "path": "/Users", "bulkId": "b", "data": pushed("bo@corp.example", object{enterpriseURN: object{"manager": object{"value": "bulkId:a"}}})},
		object{"method": "PATCH", "path": "/Users/bulkId:a", "data": patchOf(op("replace", "title", "Lead"))},
	))
	require.Len(t, answers, 4)
	ids := map[string]string{}
	for i, bulkID := range []string{"g", "a", "b"} {
		require.Equal(t, "201", answers[i]["status"], answers[i])
		require.Equal(t, bulkID, answers[i]["bulkId"])
		require.Equal(t, "POST", answers[i]["method"])
		require.Regexp(t, `^W/".+"$`, answers[i]["version"])
		ids[bulkID] = p.idIn(answers[i])
	}
	require.Equal(t, "200", answers[3]["status"], answers[3])
	require.Equal(t, sorted(ids["a"], ids["b"]), p.members(ids["g"]))
	require.Equal(t, ids["a"], dig(p.read(ids["b"]), enterpriseURN, "manager", "value"))
	require.Equal(t, "Lead", p.read(ids["a"])["title"])

	version := dig(p.read(ids["b"]), "meta", "version")
	answers = p.bulk(bulkOf(
		object{"method": "PUT", "path": "/Users/" + ids["a"], "data": pushed("ana.ruiz@corp.example")},
		object{"method": "DELETE", "path": "/Users/" + ids["b"], "version": `W/"other"`},
		object{"method": "DELETE", "path": "/Users/" + ids["b"], "version": version},
		object{"method": "DELETE", "path": "/Users/" + nobodysID},
		object{"method": "POST", "path": "/Users", "bulkId": "twice", "data": pushed("ana.ruiz@corp.example")},
		object{"method": "POST", "path": "/Users", "data": pushed("no.id@corp.example")},
		object{"method": "BREW", "path": "/Users", "bulkId": "x"},
		object{"method": "DELETE", "path": "/Nothing/1"},
	))
	statuses := []string{}
	for _, answer := range answers {
		statuses = append(statuses, answer["status"].(string))
		if answer["status"].(string) >= "400" {
			require.Equal(t, []any{messages + "Error"}, dig(answer, "response", "schemas"), answer)
			require.Equal(t, answer["status"], dig(answer, "response", "status"))
		}
	}
	require.Equal(t, []string{"200", "412", "204", "404", "409", "400"}, statuses[:6])
	require.Equal(t, "uniqueness", dig(answers[4], "response", "scimType"))
	require.Contains(t, []string{"400", "405"}, statuses[6])
	require.Contains(t, []string{"400", "404"}, statuses[7])
	require.Equal(t, directory.Deactivated, p.userByID(ids["b"]).Status)
	require.Equal(t, "ana.ruiz@corp.example", p.read(ids["a"])["userName"])
}

func TestD8_BulkStopsAtItsErrors(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 100)
	request := bulkOf(
		object{"method": "DELETE", "path": "/Users/" + nobodysID},
		object{"method": "POST", "path": "/Users", "bulkId": "a", "data": pushed("ana@corp.example")},
		object{"method": "DELETE", "path": "/Users/" + nobodysID},
		object{"method": "POST", "path": "/Users", "bulkId": "b", "data": pushed("bo@corp.example")},
	)
	request["failOnErrors"] = 2
	require.Len(t, p.bulk(request), 3)
	require.Equal(t, []string{"ana"}, p.named("userName pr"))
	request["failOnErrors"] = 1
	require.Len(t, p.bulk(request), 1)
}

func TestD8_Limits(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	many := make([]object, 1001)
	for i := range many {
		many[i] = object{"method": "DELETE", "path": "/Users/" + nobodysID}
	}
	p.denied(http.StatusRequestEntityTooLarge, "", http.MethodPost, "/Bulk", bulkOf(many...))
	big := pushed("ana@corp.example", object{"title": strings.Repeat("a", 10<<20)})
	for _, path := range []string{"/Users", "/Bulk", "/.search"} {
		p.denied(http.StatusRequestEntityTooLarge, "", http.MethodPost, path, big)
	}
}

func TestD8_Errors(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	id := p.create(pushed("ana@corp.example", object{"title": "QA"}))
	before := p.read(id)
	for _, body := range []string{``, `{`, `[]`, `null`, `"text"`, `{"userName":`, `{"schemas":["` + userURN + `"],"userName":"a"} {}`} {
		p.denied(http.StatusBadRequest, "invalidSyntax", http.MethodPost, "/Users", body)
		p.denied(http.StatusBadRequest, "invalidSyntax", http.MethodPut, "/Users/"+id, body)
	}
	for _, body := range []object{
		pushed(""), {"schemas": []string{userURN}, "name": object{"givenName": "Ana"}}, pushed("b@corp.example", object{"name": "Bo"}), pushed("b@corp.example", object{"title": 7}),
		pushed("b@corp.example", object{"emails": []object{{"value": true}}}), pushed("b@corp.example", object{"active": "perhaps"}), {"schemas": []string{userURN}, "userName": nil},
	} {
		p.denied(http.StatusBadRequest, "invalidValue", http.MethodPost, "/Users", body)
	}
	p.denied(http.StatusBadRequest, "invalidValue", http.MethodPost, "/Groups", object{"schemas": []string{groupURN}})
	for _, step := range []struct {
		scimType string
		op       object
	}{
		{"mutability", op("replace", "id", nobodysID)}, {"mutability", op("add", "meta.created", "2020-01-01T00:00:00Z")}, {"mutability", op("replace", "groups", refs(nobodysID))},
		{"invalidPath", op("replace", "nothing", "x")}, {"invalidPath", op("replace", `emails[type eq "work"].nothing`, "x")}, {"invalidFilter", op("replace", "emails[type eq].value", "x")}, {"invalidPath", op("replace", "name.nothing", "x")},
		{"noTarget", op("remove", "", nil)}, {"noTarget", op("replace", `emails[value ew "@nowhere.example"].type`, "home")},
		{"invalidValue", op("replace", "userName", "")}, {"invalidValue", op("replace", "title", object{})}, {"invalidValue", op("replace", "active", "perhaps")},
	} {
		p.denied(http.StatusBadRequest, step.scimType, http.MethodPatch, "/Users/"+id, patchOf(op("replace", "title", "Lead"), step.op))
	}
	for _, body := range []any{`{`, object{"schemas": []string{messages + "PatchOp"}}, patchOf(op("frobnicate", "title", "x")), patchOf(object{"path": "title", "value": "x"})} {
		r := p.must(http.StatusBadRequest, http.MethodPatch, "/Users/"+id, body)
		require.Contains(t, []any{"invalidSyntax", "invalidValue"}, r.body["scimType"], r.text)
	}
	r := p.send(http.MethodPatch, "/Users/"+id, patchOf(op("remove", "userName", nil)))
	require.Equal(t, http.StatusBadRequest, r.status, "a required attribute is not removed")
	require.Equal(t, before, p.read(id), "nothing of a refused request is done")
	for _, path := range []string{"/Users/" + nobodysID, "/Users/no-uuid", "/Groups/" + nobodysID, "/Groups/" + id, "/Users/%00"} {
		p.denied(http.StatusNotFound, "", http.MethodGet, path, nil)
		p.denied(http.StatusNotFound, "", http.MethodDelete, path, nil)
	}
}

package e2e

import (
	"encoding/json"
	"net/http"
	"testing"
)

func TestZZProbe(t *testing.T) {
	p := newIDP(t, 10)
	person := p.field("Boss", "person")
	ana := p.create(pushed("ana@corp.example"))
	path := "/Users/" + ana
	p.patch(path, op("replace", "title", "Lead"))
	p.patch(path, op("replace", "name.familyName", "Ruiz"))
	p.patch(path, op("replace", "userName", "ana.ruiz@corp.example"))
	p.call(http.MethodPost, "/v1/users/"+ana+"/deactivate", nil, nil)
	p.patch(path, op("replace", "active", false))
	p.patch(path, op("replace", "active", true))
	var lines []any
	all(p.company, "/v1/changes?user_id="+ana, func(one any) { lines = append(lines, one) })
	for _, l := range lines {
		b, _ := json.Marshal(l)
		t.Log(string(b))
	}
	ext := "urn:rollcall:scim:schemas:extension:" + p.account.ID + ":2:User"
	r := p.send(http.MethodPost, "/Users", pushed("bo@corp.example", object{ext: object{person: ana}}))
	t.Log(r.status, r.text)
	r = p.send(http.MethodPost, "/Users", pushed("cy@corp.example", object{ext: object{person: "00u9"}}))
	t.Log(r.status, r.text)
	cy, _ := r.body["id"].(string)
	if cy != "" {
		t.Log(p.userByID(cy).Fields)
	}
	r = p.send(http.MethodPost, "/Users", pushed("di@corp.example", object{"externalId": "00u9"}))
	t.Log(r.status, r.text)
	if cy != "" {
		t.Log(p.userByID(cy).Fields)
	}
	for _, q := range []string{"/Users/", "/Users?count=", "/Users?filter=", "/users", "/ServiceProviderConfigs", "/Users?sortOrder=sideways&sortBy=userName", "/Users?attributes=nothing", "/Schemas?count=1", "/", "", "/Users?filter=userName%20eq%20%22a%22&filter=x", "/Users?cursor=&startIndex=2"} {
		r, err := p.exchange(http.MethodGet, q, nil)
		t.Log(q, err, r.status, r.header.Get("Content-Type"), r.text[:min(200, len(r.text))])
	}
	r2, _ := p.exchange(http.MethodHead, "/Users/"+ana, nil)
	t.Log(r2.status, r2.header)
	r2, _ = p.exchange(http.MethodPost, "/Users", pushed("x@corp.example"), "Content-Type", "text/plain")
	t.Log(r2.status, r2.text)
	r2, _ = p.exchange(http.MethodPost, "/Users", pushed("y@corp.example"), "Content-Type", "application/json; charset=utf-8")
	t.Log(r2.status)
	r2, _ = p.exchange(http.MethodPost, "/Users", `{"userName":"z@corp.example"}`)
	t.Log(r2.status, r2.text)
	r2, _ = p.exchange(http.MethodPost, "/Users", object{"userName": "noaddress", "schemas": []string{"urn:nothing"}})
	t.Log(r2.status, r2.text)
}

package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestD8_Discovery(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	config := p.must(http.StatusOK, http.MethodGet, "/ServiceProviderConfig", nil)
	require.Equal(t, []any{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"}, config.body["schemas"])
	for _, feature := range []string{"patch", "bulk", "filter", "sort", "etag"} {
		require.Equal(t, true, config.at(feature, "supported"), feature)
	}
	require.Equal(t, false, config.at("changePassword", "supported"))
	require.Equal(t, 1000.0, config.at("bulk", "maxOperations"))
	require.Equal(t, float64(10<<20), config.at("bulk", "maxPayloadSize"))
	require.Equal(t, 500.0, config.at("filter", "maxResults"))
	require.Equal(t, "oauthbearertoken", config.at("authenticationSchemes", 0, "type"))
	require.Equal(t, true, config.at("pagination", "cursor"), "RFC 9865")
	require.Equal(t, true, config.at("pagination", "index"))
	require.Equal(t, p.credentials.BaseURL+"/ServiceProviderConfig", config.at("meta", "location"))

	for path, ids := range map[string][]string{"/ResourceTypes": {"User", "Group"}, "/Schemas": {
		userURN, groupURN, enterpriseURN, "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig", "urn:ietf:params:scim:schemas:core:2.0:ResourceType", "urn:ietf:params:scim:schemas:core:2.0:Schema",
	}} {
		page := p.list(path)
		require.ElementsMatch(t, ids, page.texts("id"))
		require.Equal(t, len(ids), page.total)
		for _, resource := range page.resources {
			one := p.must(http.StatusOK, http.MethodGet, path+"/"+dig(resource, "id").(string), nil)
			require.Equal(t, resource, any(one.body))
			require.Equal(t, p.credentials.BaseURL+path+"/"+one.body["id"].(string), one.at("meta", "location"))
		}
		p.denied(http.StatusNotFound, "", http.MethodGet, path+"/urn:nothing", nil)
		p.denied(http.StatusForbidden, "", http.MethodGet, path+where(`id eq "User"`), nil)
		p.denied(http.StatusMethodNotAllowed, "", http.MethodPost, path, object{})
	}
	p.denied(http.StatusNotFound, "", http.MethodGet, "/Nothing", nil)
	p.denied(http.StatusMethodNotAllowed, "", http.MethodDelete, "/Users", nil)
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		p.denied(http.StatusNotImplemented, "", method, "/Me", nil)
	}
}

func TestD8_Attributes(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	body := pushed("ana@corp.example", object{"schemas": []string{userURN, enterpriseURN}, "title": "QA", enterpriseURN: object{"department": "Sales", "costCenter": "1"}})
	posted := p.must(http.StatusCreated, http.MethodPost, "/Users?attributes=userName", body)
	id := posted.body["id"].(string)
	schemas := []any{userURN, enterpriseURN}
	require.Equal(t, object{"schemas": schemas, "id": id, "userName": "ana@corp.example"}, posted.body)
	group := p.team("Design", id)
	for query, want := range map[string]object{
		"attributes=userName":                         {"userName": "ana@corp.example"},
		"attributes=USERNAME,title":                   {"userName": "ana@corp.example", "title": "QA"},
		"attributes=name.givenName":                   {"name": object{"givenName": "ana"}},
		"attributes=emails.value":                     {"emails": []any{object{"value": "ana@corp.example"}}},
		"attributes=" + userURN + ":title":            {"title": "QA"},
		"attributes=" + enterpriseURN + ":department": {enterpriseURN: object{"department": "Sales"}},
		"attributes=groups.display":                   {"groups": []any{object{"display": "Design"}}},
		"attributes=nickName":                         {},
		"attributes=id":                               {},
		"excludedAttributes=id,schemas,meta,groups,emails,name,active," + enterpriseURN: {"userName": "ana@corp.example", "title": "QA"},
		"excludedAttributes=meta,groups,emails,name.givenName,active,title,userName," + enterpriseURN + ":costCenter": {
			"name": object{"familyName": "Roe"}, enterpriseURN: object{"department": "Sales"},
		},
	} {
		want["id"], want["schemas"] = id, schemas
		require.Equal(t, want, p.must(http.StatusOK, http.MethodGet, "/Users/"+id+"?"+query, nil).body, query)
		require.Equal(t, []any{want}, p.list("/Users?"+query).resources, query)
	}
	for _, query := range []string{"excludedAttributes=members", "attributes=displayName"} {
		for _, path := range []string{"/Groups/" + group + "?" + query} {
			require.NotContains(t, p.must(http.StatusOK, http.MethodGet, path, nil).body, "members")
		}
		require.NotContains(t, p.list("/Groups?" + query).resources[0], "members")
	}
	put := p.must(http.StatusOK, http.MethodPut, "/Users/"+id+"?attributes=title", body)
	require.Equal(t, object{"schemas": schemas, "id": id, "title": "QA"}, put.body)
	patched := p.must(http.StatusOK, http.MethodPatch, "/Users/"+id+"?attributes=title", patchOf(op("replace", "title", "Lead")))
	require.Equal(t, object{"schemas": schemas, "id": id, "title": "Lead"}, patched.body)
	require.NotContains(t, p.must(http.StatusCreated, http.MethodPost, "/Users", pushed("bo@corp.example", object{"password": "t1meMa$heen"})).text, "t1meMa", "a password is never shown")
}

func TestD8_Versions(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	paths := []string{"/Users/" + p.create(pushed("ana@corp.example")), "/Groups/" + p.team("Design")}
	for i, path := range paths {
		read := p.must(http.StatusOK, http.MethodGet, path, nil)
		old := read.header.Get("ETag")
		require.Regexp(t, `^W/".+"$`, old)
		require.Equal(t, old, read.at("meta", "version"))
		require.Empty(t, p.must(http.StatusNotModified, http.MethodGet, path, nil, "If-None-Match", old).text)
		p.must(http.StatusNotModified, http.MethodGet, path, nil, "If-None-Match", `W/"other", `+old)
		p.must(http.StatusOK, http.MethodGet, path, nil, "If-None-Match", `W/"other"`)

		rename := patchOf(op("replace", "displayName", "Another"))
		renamed := p.must(http.StatusOK, http.MethodPatch, path, rename, "If-Match", old)
		fresh := renamed.header.Get("ETag")
		require.NotEqual(t, old, fresh)
		require.Equal(t, fresh, renamed.at("meta", "version"))
		require.Equal(t, fresh, p.must(http.StatusOK, http.MethodGet, path, nil, "If-None-Match", old).header.Get("ETag"))

		body := []object{pushed("ana@corp.example"), {"schemas": []string{groupURN}, "displayName": "Third"}}[i]
		p.denied(http.StatusPreconditionFailed, "", http.MethodPatch, path, rename, "If-Match", old)
		p.denied(http.StatusPreconditionFailed, "", http.MethodPut, path, body, "If-Match", old)
		p.denied(http.StatusPreconditionFailed, "", http.MethodDelete, path, nil, "If-Match", old)
		require.Equal(t, fresh, p.must(http.StatusOK, http.MethodGet, path, nil).header.Get("ETag"), "nothing was changed")
		p.must(http.StatusOK, http.MethodPut, path, body, "If-Match", "*")
		p.denied(http.StatusPreconditionFailed, "", http.MethodDelete, path, nil, "If-Match", fresh)
		p.must(http.StatusNoContent, http.MethodDelete, path, nil)
	}
}

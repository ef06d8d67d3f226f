package e2e

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ofRFC is an example of RFC 7643 or RFC 7644.
func ofRFC(t *testing.T, name string) object {
	t.Helper()
	var example object
	sampleOf(t, "scim-rfc/"+name+".json", &example)
	return example
}

// shaped checks that our answer has each attribute of the example, of the same kind of value.
func shaped(t *testing.T, want, got any, at string) {
	t.Helper()
	require.IsType(t, want, got, at)
	switch want := want.(type) {
	case map[string]any:
		for name, value := range want {
			shaped(t, value, dig(got, name), at+"."+name)
		}
	case []any:
		if len(want) > 0 && len(got.([]any)) > 0 {
			shaped(t, want[0], got.([]any)[0], at+"[]")
		}
	}
}

func TestD8_ResourcesOfTheRFC(t *testing.T) {
	t.Parallel()
	first := newIDP(t, 10)
	for _, name := range []string{"rfc7643-8.1-user-minimal", "rfc7643-8.2-user-full", "rfc7643-8.3-enterprise_user"} {
		p := first.neighbour(t, name)
		example := ofRFC(t, name)
		id := p.made("/Users", example)
		require.NotEqual(t, example["id"], id, "ids are ours")
		now := p.read(id)
		echoed(t, example, now, name, "password", "groups", "displayName")
		require.Equal(t, example["displayName"], now["displayName"])
		require.Equal(t, example["schemas"], now["schemas"])
		require.NotContains(t, now, "password")
		require.NotContains(t, now, "groups", "groups are read only")
		shaped(t, example["meta"], now["meta"], name)
		put := p.must(http.StatusOK, http.MethodPut, "/Users/"+id, example)
		require.Equal(t, now, put.body, "the same again changes nothing")
	}
	group := ofRFC(t, "rfc7643-8.4-group")
	now := first.must(http.StatusCreated, http.MethodPost, "/Groups", group)
	require.Equal(t, group["displayName"], now.body["displayName"])
	require.Equal(t, group["schemas"], now.body["schemas"])
	shaped(t, group["meta"], now.body["meta"], "group")
	require.Equal(t, 2, first.group(now.body["id"].(string)).Parked, "its members are not here yet")
}

func TestD8_RequestsOfTheRFC(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	posted := p.must(http.StatusCreated, http.MethodPost, "/Users", ofRFC(t, "rfc7644-3.3-user-post_request"))
	want := ofRFC(t, "rfc7644-3.3-user-post_response")
	shaped(t, want, posted.body, "POST")
	echoed(t, want, posted.body, "POST")
	id := posted.body["id"].(string)
	require.Equal(t, []string{id}, p.list("/Users"+where(`userName eq "bjensen"`, "attributes", "id,userName")).texts("id"))
	shaped(t, ofRFC(t, "rfc7644-3.4.2-list_response-partial_attributes"), p.list("/Users?attributes=userName").body, "list")
	shaped(t, ofRFC(t, "rfc7644-3.9-user-partial_response"), p.must(http.StatusOK, http.MethodGet, "/Users/"+id+"?attributes=userName", nil).body, "partial")

	versioned := p.neighbour(t, "versioned").must(http.StatusCreated, http.MethodPost, "/Users", ofRFC(t, "rfc7644-3.14-user-post_request"))
	shaped(t, ofRFC(t, "rfc7644-3.14-user-post_response"), versioned.body, "POST")
	require.Equal(t, versioned.at("meta", "version"), versioned.header.Get("ETag"))

	put := p.must(http.StatusOK, http.MethodPut, "/Users/"+id, ofRFC(t, "rfc7644-3.5.1-user-put_request"))
	want = ofRFC(t, "rfc7644-3.5.1-user-put_response")
	shaped(t, want, put.body, "PUT")
	echoed(t, want, put.body, "PUT")
	known := ofRFC(t, "rfc7644-3.4.1-user-known-resource")
	p.must(http.StatusOK, http.MethodPut, "/Users/"+id, known)
	shaped(t, known, p.read(id), "GET")
	echoed(t, known, p.read(id), "GET")

	p.create(pushed("jsmith", object{"displayName": "Smith, James"}))
	p.team("Smith Family")
	found := p.page(p.must(http.StatusOK, http.MethodPost, "/.search", ofRFC(t, "rfc7644-3.4.3-search_request")))
	shaped(t, ofRFC(t, "rfc7644-3.4.3-list_response-post_query"), found.body, "search")
	require.Equal(t, 2, found.total)
	deleted := p.create(pushed("gone"))
	p.must(http.StatusNoContent, http.MethodDelete, "/Users/"+deleted, nil)
	for _, name := range []string{"rfc7644-3.6-error-not_found", "rfc7644-3.12-error-not_found"} {
		shaped(t, ofRFC(t, name), p.must(http.StatusNotFound, http.MethodGet, "/Users/"+deleted, nil).body, name)
	}
	refused := p.must(http.StatusBadRequest, http.MethodPatch, "/Users/"+id, patchOf(op("replace", "id", deleted)))
	echoed(t, ofRFC(t, "rfc7644-3.12-error-bad_request"), refused.body, "mutability", "detail")
	refused = p.must(http.StatusBadRequest, http.MethodPost, "/Bulk", `{"schemas"`)
	echoed(t, ofRFC(t, "rfc7644-3.7.3-error-invalid_syntax"), refused.body, "syntax", "detail")
	refused = p.must(http.StatusRequestEntityTooLarge, http.MethodPost, "/Bulk", strings.Repeat(" ", 11<<20))
	echoed(t, ofRFC(t, "rfc7644-3.7.4-error-payload_too_large"), refused.body, "too large", "detail")
}

func TestD8_PatchesOfTheRFC(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	id := p.create(pushed("bjensen@example.com", object{"externalId": "2819c223-7f76-453a-919d-413861904646",
		"emails": []object{{"value": "bjensen@example.com", "type": "work", "primary": true}}, "addresses": []object{{"type": "work", "streetAddress": "100 Universal City Plaza"}}}))
	send := func(path, name string) object {
		t.Helper()
		operations := ofRFC(t, "rfc7644-3.5.2."+name)["Operations"].([]any)
		list := make([]object, len(operations))
		for i, one := range operations {
			list[i] = one.(object)
		}
		return p.patch(path, list...)
	}
	user := "/Users/" + id
	now := send(user, "1-patch_op-add_emails")
	require.Equal(t, []string{"babs@jensen.org", "bjensen@example.com"}, valuesOf(now["emails"]))
	require.Equal(t, "Babs", now["nickName"])
	now = send(user, "2-patch_op-remove_multi_complex_value")
	require.Equal(t, []any{object{"value": "babs@jensen.org", "type": "home"}}, now["emails"])
	now = send(user, "3-patch_op-replace_all_email_values")
	require.Equal(t, []any{object{"value": "bjensen@example.com", "type": "work", "primary": true}, object{"value": "babs@jensen.org", "type": "home"}}, now["emails"])
	now = send(user, "3-patch_op-replace_street_address")
	require.Equal(t, []any{object{"type": "work", "streetAddress": "1010 Broadway Ave"}}, now["addresses"])
	now = send(user, "3-patch_op-replace_user_work_address")
	require.Len(t, now["addresses"], 1)
	require.Equal(t, []any{"911 Universal City Plaza", "US", true}, []any{dig(now, "addresses", 0, "streetAddress"), dig(now, "addresses", 0, "country"), dig(now, "addresses", 0, "primary")})

	// The examples name members by ids that another server gave: here they are parked.
	path := "/Groups/" + p.team("Tour Guides", id)
	parked := func(name string, members []string, waiting int) {
		t.Helper()
		require.Equal(t, members, valuesOf(send(path, name)["members"]), name)
		require.Equal(t, waiting, p.group(path[len("/Groups/"):]).Parked, name)
	}
	parked("1-patch_op-add_members", []string{id}, 0) // by its externalId the member is there
	parked("2-patch_op-remove_one_member", []string{id}, 0)
	parked("2-patch_op-remove_and_add_one_member", []string{id}, 1)
	parked("3-patch_op-replace_all_members", []string{id}, 1)
	parked("2-patch_op-remove_all_members", []string{}, 0)
}

func TestD8_BulkOfTheRFC(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	answers := p.must(http.StatusOK, http.MethodPost, "/Bulk", ofRFC(t, "rfc7644-3.7.2-bulk_request-temporary_identifier"))
	shaped(t, ofRFC(t, "rfc7644-3.7.2-bulk_response-temporary_identifier"), answers.body, "bulk")
	alice := p.idIn(answers.at("Operations", 0).(object))
	require.Equal(t, []string{alice}, p.members(p.idIn(answers.at("Operations", 1).(object))))

	circular := p.must(http.StatusOK, http.MethodPost, "/Bulk", ofRFC(t, "rfc7644-3.7.1-bulk_request-circular_conflict"))
	for i := range 2 {
		// Section 3.7.1: the server tries to resolve what refers to each other, or answers 409.
		require.Contains(t, []any{"201", "409"}, circular.at("Operations", i, "status"), circular.text)
	}

	q := p.neighbour(t, "manager")
	answers = q.must(http.StatusOK, http.MethodPost, "/Bulk", ofRFC(t, "rfc7644-3.7.2-bulk_request-enterprise_user"))
	ids := []string{q.idIn(answers.at("Operations", 0).(object)), q.idIn(answers.at("Operations", 1).(object))}
	require.Equal(t, ids[0], dig(q.read(ids[1]), enterpriseURN, "manager", "value"))
}

// The example's ids and versions are those of another server, and ours stand in for them.
func TestD8_BulkOfManyOperationsOfTheRFC(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	request := ofRFC(t, "rfc7644-3.7.3-bulk_request-multiple_operations")
	encoded, err := json.Marshal(request["Operations"])
	require.NoError(t, err)
	text := string(encoded)
	theirs := []string{"b7c14771-226c-4d05-8860-134711653041", "5d8d29d3-342c-4b5f-8683-a3cb6763ffcc", "e9025315-6bea-44e1-899c-1e07454e468b"}
	versions := []string{`W\\/\"3694e05e9dff591\"`, `W/\"edac3253e2c0ef2\"`, `W\\/\"0ee8add0a938e1a\"`}
	for i, id := range theirs {
		require.Contains(t, text, versions[i])
		ours := p.create(pushed("before"+number(i), object{"nickName": "N"}))
		version, err := json.Marshal(dig(p.read(ours), "meta", "version"))
		require.NoError(t, err)
		text = strings.ReplaceAll(strings.ReplaceAll(text, id, ours), `"`+versions[i]+`"`, string(version))
	}
	text = strings.ReplaceAll(text, "urn:ietf:params:scim:api:messages:2.0:User", userURN) // an erratum
	var operations []object
	require.NoError(t, json.Unmarshal([]byte(text), &operations))
	answers := p.must(http.StatusOK, http.MethodPost, "/Bulk", bulkOf(operations...))
	shaped(t, ofRFC(t, "rfc7644-3.7.3-bulk_response-multiple_operations"), answers.body, "bulk")
	for i, status := range []string{"201", "200", "200", "204"} {
		require.Equal(t, status, answers.at("Operations", i, "status"), answers.text)
	}
	require.Equal(t, []string{"alice", "bob", "dave"}, func() []string {
		names := p.named("userName pr")
		for i := range names {
			names[i] = strings.ToLower(names[i])
		}
		slices.Sort(names)
		return names
	}())
}

func TestD8_SchemasOfTheRFC(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	shaped(t, ofRFC(t, "rfc7643-8.5-service_provider_configuration")["patch"], p.must(http.StatusOK, http.MethodGet, "/ServiceProviderConfig", nil).body["patch"], "patch")
	config := p.must(http.StatusOK, http.MethodGet, "/ServiceProviderConfig", nil).body
	for name, value := range ofRFC(t, "rfc7643-8.5-service_provider_configuration") {
		if name != "meta" && name != "documentationUri" && name != "authenticationSchemes" {
			shaped(t, value, config[name], name)
		}
	}
	shaped(t, ofRFC(t, "rfc7644-4-list_response-resource_types"), p.list("/ResourceTypes").body, "resource types")
	for _, name := range []string{"User", "Group"} {
		example := ofRFC(t, "rfc7643-8.6-resource_type-"+strings.ToLower(name))
		now := p.must(http.StatusOK, http.MethodGet, "/ResourceTypes/"+name, nil).body
		shaped(t, example, now, name)
		echoed(t, example, now, name, "required", "description")
	}
	for _, name := range []string{
		"8.7.1-schema-user", "8.7.1-schema-group", "8.7.1-schema-enterprise_user",
		"8.7.2-schema-service_provider_configuration", "8.7.2-schema-resource_type", "8.7.2-schema-schema",
	} {
		example := ofRFC(t, "rfc7643-"+name)
		now := p.must(http.StatusOK, http.MethodGet, "/Schemas/"+example["id"].(string), nil).body
		describes(t, example["attributes"], now["attributes"], name)
	}
}

// describes checks that a schema has each attribute of the RFC's, of its type; passwords it need not take.
func describes(t *testing.T, want, got any, at string) {
	t.Helper()
	ours := map[string]object{}
	for _, attribute := range got.([]any) {
		ours[dig(attribute, "name").(string)] = attribute.(object)
	}
	for _, attribute := range want.([]any) {
		name := dig(attribute, "name").(string)
		if name == "password" {
			continue
		}
		require.Contains(t, ours, name, at)
		for _, property := range []string{"type", "multiValued", "mutability"} {
			if theirs := dig(attribute, property); theirs != nil && name != "$ref" { // which we make ourselves
				require.Equal(t, theirs, ours[name][property], "%s.%s %s", at, name, property)
			}
		}
		if subs := dig(attribute, "subAttributes"); subs != nil {
			describes(t, subs, ours[name]["subAttributes"], at+"."+name)
		}
	}
}

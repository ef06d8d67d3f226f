package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// advertised is an attribute as /Schemas describes it.
type advertised struct {
	object
	path string // under which PATCH knows it
	urn  string // of its extension; empty for the core schema
}

func (a advertised) is(property string, value any) bool { return a.object[property] == value }

func (a advertised) name() string { return a.object["name"].(string) }

// in is the value of the attribute in a resource.
func (a advertised) in(resource object) any {
	if a.urn != "" {
		return dig(resource, a.urn, a.name())
	}
	return resource[a.name()]
}

// sample is a value that suits an attribute; two of different n differ.
func sample(a object, parent string, n int) any {
	name := a["name"].(string)
	if special := map[string]any{
		"userName": fmt.Sprintf("user%d@corp.example", n), "emails.value": fmt.Sprintf("mail%d@corp.example", n), "backup": fmt.Sprintf("backup%d@corp.example", n),
		"joined": fmt.Sprintf("2020-01-%02d", n), "preferredLanguage": []string{"en", "de", "fr"}[n%3], "locale": []string{"en-US", "de-CH", "fr-FR"}[n%3],
		"timezone": []string{"Europe/Berlin", "Europe/Zurich", "Asia/Singapore"}[n%3],
	}[parent+name]; special != nil {
		return special
	}
	if name == "primary" {
		return true
	}
	if canonical, ok := a["canonicalValues"].([]any); ok && len(canonical) > 0 {
		return canonical[n%len(canonical)]
	}
	switch a["type"] {
	case "boolean":
		return n%2 == 0
	case "integer":
		return float64(n)
	case "decimal":
		return float64(n) + 0.5
	case "dateTime":
		return fmt.Sprintf("2020-01-%02dT10:00:00Z", n)
	case "reference":
		return fmt.Sprintf("https://example.com/%d", n)
	case "binary":
		return []string{"YQ==", "Yg==", "Yw=="}[n%3]
	case "complex":
		value := object{}
		for _, sub := range a["subAttributes"].([]any) {
			if sub := sub.(object); sub["mutability"] != "readOnly" && sub["name"] != "$ref" {
				value[sub["name"].(string)] = sample(sub, name+".", n)
			}
		}
		return value
	}
	return fmt.Sprintf("%s %d", name, n)
}

// value is a sample, in a list where the attribute has several.
func (a advertised) value(n int) any {
	one := sample(a.object, "", n)
	if a.is("multiValued", true) {
		return []any{one}
	}
	return one
}

// attributes are the attributes of a resource type that clients can write, as advertised.
func (p *idp) attributes(resourceType string) []advertised {
	p.Helper()
	described := p.must(http.StatusOK, http.MethodGet, "/ResourceTypes/"+resourceType, nil)
	schemas := map[string]string{described.body["schema"].(string): ""}
	extensions, _ := described.body["schemaExtensions"].([]any)
	for _, extension := range extensions {
		urn := dig(extension, "schema").(string)
		schemas[urn] = urn
	}
	var found []advertised
	for urn, prefix := range schemas {
		for _, attribute := range p.must(http.StatusOK, http.MethodGet, "/Schemas/"+urn, nil).body["attributes"].([]any) {
			a := advertised{object: attribute.(object), urn: prefix}
			a.path = strings.TrimPrefix(prefix+":"+a.name(), ":")
			if !slices.Contains([]any{"readOnly", "writeOnly"}, a.object["mutability"]) {
				found = append(found, a)
			}
		}
	}
	slices.SortFunc(found, func(a, b advertised) int { return strings.Compare(a.path, b.path) })
	return found
}

// Every attribute that is advertised as writable is added, replaced and removed by PATCH and reads as written.
func TestD8_WhatIsAdvertisedWorks(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 100)
	for name, f := range customFields() {
		p.field(name, f.kind)
	}
	path := "/Users/" + p.create(pushed("first@corp.example"))
	for _, a := range p.attributes("User") {
		if a.is("required", true) || a.name() == "active" {
			requireSameJSON(t, a.value(2), a.in(p.patch(path, op("replace", a.path, a.value(2)))), a.path)
			continue
		}
		p.patch(path, op("remove", a.path, nil))
		requireSameJSON(t, a.value(1), a.in(p.patch(path, op("add", a.path, a.value(1)))), a.path)
		requireSameJSON(t, a.value(2), a.in(p.patch(path, op("replace", a.path, a.value(2)))), a.path)
		p.subAttributes(path, a)
		require.Nil(t, a.in(p.patch(path, op("remove", a.path, nil))), a.path)
		whole := object{a.name(): a.value(1)}
		if a.urn != "" {
			whole = object{a.urn: whole}
		}
		requireSameJSON(t, a.value(1), a.in(p.patch(path, op("add", "", whole))), a.path)
	}
	group := "/Groups/" + p.team("Design")
	require.Equal(t, "Research", p.patch(group, op("replace", "displayName", "Research"))["displayName"])
	require.Equal(t, "g-1", p.patch(group, op("add", "externalId", "g-1"))["externalId"])
	require.Nil(t, p.patch(group, op("remove", "externalId", nil))["externalId"])
}

// subAttributes replaces and removes each sub-attribute of a complex attribute whose value is sample 2.
func (p *idp) subAttributes(path string, a advertised) {
	p.Helper()
	subs, _ := a.object["subAttributes"].([]any)
	for _, each := range subs {
		sub := each.(object)
		name := sub["name"].(string)
		if sub["mutability"] == "readOnly" || name == "$ref" {
			continue
		}
		at, steps := a.path+"."+name, []any{name}
		if a.is("multiValued", true) {
			at, steps = fmt.Sprintf(`%s[%s pr].%s`, a.path, name, name), []any{0, name}
		}
		requireSameJSON(p.T, sample(sub, a.name()+".", 2), dig(a.in(p.patch(path, op("replace", at, sample(sub, a.name()+".", 2)))), steps...), at)
		if name != "value" && sub["required"] != true {
			require.Nil(p, dig(a.in(p.patch(path, op("remove", at, nil))), steps...), at)
		}
		p.patch(path, op("replace", a.path, a.value(2)))
	}
}

package e2e

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// vendor is one provider's directory, of which the tests speak in the same words as of the other's.
type vendor struct {
	provider directory.Provider
	paths    map[string]string // the attribute that each word stands for
	list     string            // matches the requests that list users
	users    string            // the path under which users are
	groups   string            // the path under which groups are
	members  string            // what lists the members of a group, under its path
	org      object            // the organization, with the name of its property in the file
	person   func(who object) object
	group    func(what object) object
	// nulls: an empty property is written as null; if not, it is left out.
	nulls bool
}

// onBoth runs a test on the directory of each provider.
func onBoth(t *testing.T, test func(t *testing.T, v vendor)) {
	t.Parallel()
	for _, v := range []vendor{entra(), google()} {
		t.Run(string(v.provider), func(t *testing.T) {
			t.Parallel()
			test(t, v)
		})
	}
}

// person is a complete user, in words that each vendor has a property for: first, last, email,
// enabled, title, department, phone, city, hired. Any other word is a property as it is.
func person(id, first, last string, more ...object) object {
	p := object{"id": id, "first": first, "last": last, "email": strings.ToLower(first + "." + last + "@corp.example"), "enabled": true}
	for _, properties := range more {
		maps.Copy(p, properties)
	}
	return p
}

// group is a group of the directory; members are ids of people and groups, or whole objects.
func group(id, name string, members ...any) object {
	return object{"id": id, "title": name, "members": append([]any{}, members...)}
}

func entra() vendor {
	words := map[string]string{
		"first": "givenName", "last": "surname", "email": "mail", "enabled": "accountEnabled", "title": "jobTitle",
		"department": "department", "phone": "mobilePhone", "city": "city", "hired": "employeeHireDate",
	}
	return vendor{
		provider: directory.Entra, paths: words, nulls: true,
		list: `^/v1\.0/users\?`, users: "/v1.0/users/", groups: "/v1.0/groups/", members: "/transitiveMembers",
		org: object{"organization": object{
			"id": "84841066-274d-4ec0-a5c1-276be684bdd3", "displayName": "Corp Ltd", "verifiedDomains": []object{{"name": "corp.example", "isDefault": true}},
		}},
		person: func(who object) object {
			p := rename(who, words)
			if _, named := p["userPrincipalName"]; !named && who["email"] != nil {
				p["userPrincipalName"] = who["email"]
			}
			return p
		},
		group: func(what object) object { return rename(what, map[string]string{"title": "displayName"}) },
	}
}

func google() vendor {
	return vendor{
		provider: directory.Google,
		paths: map[string]string{
			"first": "name.givenName", "last": "name.familyName", "email": "primaryEmail", "title": "organizations.title",
			"department": "organizations.department", "phone": "phones.value", "city": "addresses.locality", "hired": "customSchemas.HR.start",
		},
		list: `^/admin/directory/v1/users\?`, users: "/admin/directory/v1/users/", groups: "/admin/directory/v1/groups/", members: "/members",
		org: object{"customer": object{
			"kind": "admin#directory#customer", "id": "C01corp01", "customerDomain": "corp.example", "postalAddress": object{"organizationName": "Corp Ltd"},
		}},
		person: googlePerson,
		group: func(what object) object {
			g := rename(what, map[string]string{"title": "name"})
			if id, ok := g["id"].(string); ok && g["email"] == nil {
				g["email"] = id + "@corp.example"
			}
			return g
		},
	}
}

// googlePerson writes a person as the Directory API has them.
func googlePerson(who object) object {
	p := object{"kind": "admin#directory#user"}
	inside := func(property string, words map[string]string, list bool) {
		entry := object{}
		for word, name := range words {
			if value := who[word]; value != nil {
				entry[name] = value
			}
		}
		switch {
		case len(entry) == 0:
			p[property] = nil
		case list:
			entry["type"] = "work"
			p[property] = []object{entry}
		default:
			p[property] = entry
		}
	}
	inside("name", map[string]string{"first": "givenName", "last": "familyName"}, false)
	inside("organizations", map[string]string{"title": "title", "department": "department"}, true)
	inside("phones", map[string]string{"phone": "value"}, true)
	inside("addresses", map[string]string{"city": "locality"}, true)
	p["customSchemas"] = nil
	if hired := who["hired"]; hired != nil {
		p["customSchemas"] = object{"HR": object{"start": hired}}
	}
	if enabled, said := who["enabled"].(bool); said {
		p["suspended"] = !enabled
	}
	p["primaryEmail"] = who["email"]
	words := []string{"first", "last", "title", "department", "phone", "city", "hired", "enabled", "email"}
	for name, value := range who {
		if !slices.Contains(words, name) {
			p[name] = value
		}
	}
	return p
}

// schemas are the custom fields of the Google customer.
func schemas() []object {
	field := func(name, kind string, multiple bool) object {
		return object{"fieldName": name, "displayName": name, "fieldType": kind, "multiValued": multiple}
	}
	return []object{{"schemaId": "hr", "schemaName": "HR", "displayName": "HR", "fields": []object{
		field("badge", "STRING", false), field("remote", "BOOL", false), field("start", "DATE", false), field("langs", "STRING", true),
	}}}
}

// file is the directory that a simulated tenant serves.
func (v vendor) file(people []object, groups ...object) object {
	users, sets := []object{}, []object{}
	for _, who := range people {
		users = append(users, v.written(v.person(who)))
	}
	for _, what := range groups {
		sets = append(sets, v.group(what))
	}
	file := object{"users": users, "groups": sets}
	maps.Copy(file, v.org)
	if v.provider == directory.Google {
		file["schemas"] = schemas()
	}
	return file
}

// written is an object as the vendor writes it where it is empty.
func (v vendor) written(o object) object {
	if !v.nulls {
		maps.DeleteFunc(o, func(_ string, value any) bool { return value == nil })
	}
	return o
}

func (v vendor) path(word string) string { return cmp.Or(v.paths[word], word) }

func rename(o object, names map[string]string) object {
	renamed := object{}
	for name, value := range o {
		renamed[cmp.Or(names[name], name)] = value
	}
	return renamed
}

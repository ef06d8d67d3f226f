package history

import (
	"maps"
	"slices"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// object is a JSON object.
type object = map[string]any

// person is somebody of the directory. An empty text is a value that is not there.
type person struct {
	ID, First, Last, Email, Title, City string
	Enabled                             bool
}

// complete says whether the person has all that a user cannot be without.
func (p person) complete() bool { return p.First != "" && p.Last != "" && p.Email != "" }

// group is a group of the directory. Members are ids of people and of groups.
type group struct {
	ID, Name string
	Members  []string
}

// roster is the directory as it is.
type roster struct {
	People map[string]person
	Groups map[string]group
}

// members are the people of a group and of all groups inside it.
func (r roster) members(id string) map[string]bool {
	found, seen := map[string]bool{}, map[string]bool{}
	for queue := []string{id}; len(queue) > 0; queue = queue[1:] {
		if seen[queue[0]] {
			continue
		}
		seen[queue[0]] = true
		for _, member := range r.Groups[queue[0]].Members {
			if _, is := r.People[member]; is {
				found[member] = true
			} else {
				queue = append(queue, member)
			}
		}
	}
	return found
}

// withAddress are the people who have an address, sorted by id.
func (r roster) withAddress(address string) []string {
	return where(r.People, func(p person) bool { return p.Email == address })
}

// where are the sorted keys of those that are as asked for.
func where[V any](all map[string]V, is func(V) bool) []string {
	var found []string
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if is(all[id]) {
			found = append(found, id)
		}
	}
	return found
}

// vendor says how a provider's directory is written and asked for.
type vendor struct {
	provider  directory.Provider
	paths     map[string]string // source attributes by word
	organized object            // the organization, by its property of the file
	nameOf    string            // the property that is a group's name
	users     string            // matches the requests that list users
	groups    string            // matches the requests that list groups
	oneUser   string            // matches the requests for one user
	oneGroup  string            // the path under which groups are
	person    func(person) object
	page      func(people []object) object
}

func entra() vendor {
	return vendor{
		provider: directory.Entra,
		paths:    map[string]string{"last": "surname", "title": "jobTitle", "city": "city"},
		organized: object{"organization": object{
			"id": "84841066-274d-4ec0-a5c1-276be684bdd3", "displayName": "Corp Ltd", "verifiedDomains": []object{{"name": "corp.example", "isDefault": true}},
		}},
		nameOf: "displayName",
		users:  `^/v1\.0/users\?`, groups: `^/v1\.0/groups\?`, oneUser: `^/v1\.0/users/p`, oneGroup: "/v1.0/groups/",
		person: func(p person) object {
			return object{
				"id": p.ID, "givenName": orNull(p.First), "surname": orNull(p.Last), "mail": p.Email, "userPrincipalName": p.Email,
				"jobTitle": orNull(p.Title), "city": orNull(p.City), "accountEnabled": p.Enabled,
			}
		},
		page: func(people []object) object { return object{"value": people} },
	}
}

func google() vendor {
	return vendor{
		provider: directory.Google,
		paths:    map[string]string{"last": "name.familyName", "title": "organizations.title", "city": "addresses.locality"},
		organized: object{"customer": object{
			"kind": "admin#directory#customer", "id": "C01corp01", "customerDomain": "corp.example", "postalAddress": object{"organizationName": "Corp Ltd"},
		}},
		nameOf: "name",
		users:  `^/admin/directory/v1/users\?`, groups: `^/admin/directory/v1/groups\?`, oneUser: `^/admin/directory/v1/users/p`, oneGroup: "/admin/directory/v1/groups/",
		person: func(p person) object {
			return object{
				"kind": "admin#directory#user", "id": p.ID, "primaryEmail": p.Email, "suspended": !p.Enabled,
				"name":          inside(object{}, "givenName", p.First, "familyName", p.Last),
				"organizations": listOf(inside(object{}, "title", p.Title)),
				"addresses":     listOf(inside(object{}, "locality", p.City)),
			}
		},
		page: func(people []object) object { return object{"kind": "admin#directory#users", "users": people} },
	}
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// inside puts properties that have a value into an object; nil if none has.
func inside(o object, properties ...string) any {
	for i := 0; i < len(properties); i += 2 {
		if properties[i+1] != "" {
			o[properties[i]] = properties[i+1]
		}
	}
	if len(o) == 0 {
		return nil
	}
	return o
}

func listOf(entry any) any {
	if entry == nil {
		return nil
	}
	return []any{entry}
}

// written is a person as the vendor's file has them: the Directory API leaves out what is empty.
func (v vendor) written(p person) object {
	o := v.person(p)
	if v.provider == directory.Google {
		maps.DeleteFunc(o, func(_ string, value any) bool { return value == nil })
	}
	return o
}

func (v vendor) group(g group) object {
	o := object{"id": g.ID, v.nameOf: g.Name, "members": append([]string{}, g.Members...)}
	if v.provider == directory.Google {
		o["email"] = g.ID + "@corp.example"
	}
	return o
}

// file is a directory as the simulated tenant takes it.
func (v vendor) file(r roster) object {
	people, groups := []object{}, []object{}
	for _, id := range slices.Sorted(maps.Keys(r.People)) {
		people = append(people, v.written(r.People[id]))
	}
	for _, id := range slices.Sorted(maps.Keys(r.Groups)) {
		groups = append(groups, v.group(r.Groups[id]))
	}
	file := object{"users": people, "groups": groups}
	maps.Copy(file, v.organized)
	return file
}

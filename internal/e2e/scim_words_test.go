package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/devstack/mailbox"
	"github.com/rollcall-sync/rollcall/internal/directory"
)

// The kind of notice that tells of removals that the guard holds, and of a token about to expire.
const (
	noticeRemovalsHeld  directory.NotificationKind = "scim_removals_held"
	noticeTokenExpiring directory.NotificationKind = "scim_token_expiring"
)

func number(n int) string { return strconv.Itoa(n) }

// pushed is a complete user as an identity provider pushes one; userName is also their address.
func pushed(userName string, more ...object) object {
	name, _, _ := strings.Cut(userName, "@")
	u := object{
		"schemas": []string{userURN}, "userName": userName, "name": object{"givenName": name, "familyName": "Roe"}, "active": true,
		"emails": []object{{"value": userName, "type": "work", "primary": true}},
	}
	for _, properties := range more {
		maps.Copy(u, properties)
	}
	return u
}

// create pushes a user and returns their id.
func (p *idp) create(user object) string {
	p.Helper()
	return p.made("/Users", user)
}

// team pushes a group with members, by their ids, and returns its id.
func (p *idp) team(name string, members ...string) string {
	p.Helper()
	return p.made("/Groups", object{"schemas": []string{groupURN}, "displayName": name, "members": refs(members...)})
}

func refs(ids ...string) []object {
	list := []object{}
	for _, id := range ids {
		list = append(list, object{"value": id})
	}
	return list
}

// made posts a resource and returns its id.
func (p *idp) made(path string, in any) string {
	p.Helper()
	r := p.must(http.StatusCreated, http.MethodPost, path, in)
	id, _ := r.body["id"].(string)
	require.NotEmpty(p, id)
	require.Equal(p, p.credentials.BaseURL+path+"/"+id, r.header.Get("Location"))
	require.Equal(p, r.header.Get("Location"), r.at("meta", "location"))
	return id
}

// pushedMany creates so many users in bulk, whose user names are p000@corp.example and so on, and returns their ids.
func (p *idp) pushedMany(n int) []string {
	p.Helper()
	operations := make([]object, n)
	for i := range operations {
		operations[i] = object{"method": "POST", "path": "/Users", "bulkId": number(i), "data": pushed(fmt.Sprintf("p%03d@corp.example", i))}
	}
	r := p.must(http.StatusOK, http.MethodPost, "/Bulk", object{"schemas": []string{messages + "BulkRequest"}, "Operations": operations})
	ids := make([]string, n)
	for i := range ids {
		require.Equal(p, "201", r.at("Operations", i, "status"), r.text)
		location, _ := r.at("Operations", i, "location").(string)
		ids[i] = location[strings.LastIndex(location, "/")+1:]
	}
	return ids
}

// read is a user as the client sees them.
func (p *idp) read(id string) object {
	p.Helper()
	return p.must(http.StatusOK, http.MethodGet, "/Users/"+id, nil).body
}

// op is an operation of a PATCH; an empty path and a nil value are left out.
func op(kind, path string, value any) object {
	o := object{"op": kind}
	if path != "" {
		o["path"] = path
	}
	if value != nil {
		o["value"] = value
	}
	return o
}

func patchOf(operations ...object) object {
	return object{"schemas": []string{messages + "PatchOp"}, "Operations": operations}
}

// patch sends a PATCH that must succeed and returns the resource as it is read afterwards.
func (p *idp) patch(path string, operations ...object) object {
	p.Helper()
	r := p.send(http.MethodPatch, path, patchOf(operations...))
	require.Contains(p, []int{http.StatusOK, http.StatusNoContent}, r.status, r.text)
	now := p.must(http.StatusOK, http.MethodGet, path, nil).body
	if r.status == http.StatusOK {
		require.Equal(p, now, r.body, "the answer is the resource")
	}
	return now
}

// listed is a page of a list.
type listed struct {
	reply
	total, start, perPage int
	resources             []any
}

// list gets a page of a list.
func (p *idp) list(path string) listed {
	p.Helper()
	return p.page(p.must(http.StatusOK, http.MethodGet, path, nil))
}

// page reads an answer as a ListResponse, whose numbers are JSON numbers and whose Resources are there.
func (p *idp) page(r reply) listed {
	p.Helper()
	require.Equal(p, []any{messages + "ListResponse"}, r.body["schemas"], r.text)
	count := func(name string) int {
		n, is := r.body[name].(float64)
		require.True(p, is || r.body[name] == nil, "%s is no number: %s", name, r.text)
		return int(n)
	}
	l := listed{reply: r, total: count("totalResults"), start: count("startIndex"), perPage: count("itemsPerPage")}
	resources, is := r.body["Resources"].([]any)
	require.True(p, is, "Resources is no list: %s", r.text)
	require.Len(p, resources, l.perPage, "itemsPerPage is how many there are")
	l.resources = resources
	return l
}

// texts are the values of an attribute in the page's resources, in their order.
func (l listed) texts(attribute string) []string {
	found := []string{}
	for _, resource := range l.resources {
		text, _ := dig(resource, attribute).(string)
		found = append(found, text)
	}
	return found
}

// named are the first parts of the user names that a filter finds, sorted.
func (p *idp) named(filter string) []string {
	p.Helper()
	names := []string{}
	for _, userName := range p.list("/Users" + where(filter)).texts("userName") {
		name, _, _ := strings.Cut(userName, "@")
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// members are the ids of a group's members as the client sees them, sorted.
func (p *idp) members(groupID string) []string {
	p.Helper()
	return valuesOf(p.must(http.StatusOK, http.MethodGet, "/Groups/"+groupID, nil).at("members"))
}

// valuesOf are the values of a multi-valued attribute, sorted.
func valuesOf(attribute any) []string {
	found := []string{}
	list, _ := attribute.([]any)
	for _, element := range list {
		value, _ := dig(element, "value").(string)
		found = append(found, value)
	}
	slices.Sort(found)
	return found
}

func sorted(ids ...string) []string {
	copied := append([]string{}, ids...)
	slices.Sort(copied)
	return copied
}

// pushedChange is a line of the sync log.
type pushedChange struct {
	Source directory.Origin `json:"source"`
	change
}

// log are the lines of the sync log about a user, oldest first.
func (p *idp) log(userID string) []pushedChange {
	p.Helper()
	var lines []pushedChange
	all(p.company, "/v1/changes?user_id="+userID, func(one pushedChange) { lines = append(lines, one) })
	slices.Reverse(lines)
	return lines
}

// actions are what the sync log says was done to a user themselves over SCIM, oldest first.
func (p *idp) actions(userID string) []directory.Action {
	p.Helper()
	var found []directory.Action
	for _, line := range p.log(userID) {
		if line.Source == directory.FromSCIM && line.Subject.Type == directory.SubjectUser {
			found = append(found, line.Action)
		}
	}
	return found
}

// setups are the mails that lead an address to an invitation of the account.
func (p *idp) setups(address string) []mailbox.Message {
	var found []mailbox.Message
	for _, message := range p.stack.Mailbox().Messages() {
		if slices.Contains(message.To, address) && strings.Contains(message.Subject+message.Text, p.account.Name) && strings.Contains(message.Text, "/invitations/") {
			found = append(found, message)
		}
	}
	return found
}

// setup waits for the one mail that asks an address to set up their account.
func (p *idp) setup(address string) mailbox.Message {
	p.Helper()
	p.await("a mail to "+address, func() bool { return len(p.setups(address)) > 0 })
	require.Len(p, p.setups(address), 1)
	return p.setups(address)[0]
}

// count is the number that a query of the database answers.
func (p *idp) count(query string, args ...any) int {
	p.Helper()
	var n int
	require.NoError(p, p.database().QueryRowContext(p.Context(), query, args...).Scan(&n))
	return n
}

// execute changes what no caller can: the clock, a role.
func (p *idp) execute(statement string, args ...any) {
	p.Helper()
	_, err := p.database().ExecContext(p.Context(), statement, args...)
	require.NoError(p, err)
}

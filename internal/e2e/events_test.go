package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/directory"
)

// event is one thing that happened, as a program that follows the account is told of it.
type event struct {
	ID      string           `json:"id"`
	Type    string           `json:"type"`
	At      time.Time        `json:"at"`
	RunID   *string          `json:"run_id"`
	Source  directory.Origin `json:"source"`
	Subject struct {
		Type    directory.Subject `json:"type"`
		ID      string            `json:"id"`
		UserID  string            `json:"user_id"`
		GroupID string            `json:"group_id"`
		Label   string            `json:"label"`
	} `json:"subject"`
	Before object `json:"before"`
	After  object `json:"after"`
}

// position is the event's place among those of the account.
func (e event) position() int64 {
	n, err := strconv.ParseInt(e.ID, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// feed is a page of the feed.
type feed struct {
	Items []event `json:"items"`
	Next  string  `json:"next"`
}

func (c *company) feed(after string, limit int) (page feed, err error) {
	path := fmt.Sprintf("/v1/events?limit=%d&after=%s", limit, url.QueryEscape(after))
	return page, c.stack.Client(c.account).Call(c.Context(), http.MethodGet, path, nil, &page)
}

// events are all events after one, and where to go on from.
func (c *company) events(after string, limit int) (events []event, next string) {
	c.Helper()
	for next = after; ; {
		page, err := c.feed(next, limit)
		require.NoError(c, err)
		require.LessOrEqual(c, len(page.Items), limit)
		require.NotEmpty(c, page.Next)
		events, next = append(events, page.Items...), page.Next
		if len(page.Items) == 0 {
			return events, next
		}
		require.Equal(c, page.Items[len(page.Items)-1].ID, page.Next)
	}
}

// follow reads the feed from the start, over and over, until it is told to stop; then it reads what is
// left, and returns all that it was told.
func (c *company) follow() (stop func() []event) {
	done, told := make(chan struct{}), make(chan []event, 1)
	errs := make(chan error, 1)
	go func() {
		var events []event
		tick := time.NewTicker(2 * beat)
		defer tick.Stop()
		for next, last := "", false; ; {
			page, err := c.feed(next, 100)
			if err != nil {
				errs <- err
				return
			}
			events, next = append(events, page.Items...), page.Next
			if last && len(page.Items) == 0 {
				told <- events
				return
			}
			select {
			case <-done:
				last = true
			case <-tick.C:
			}
		}
	}()
	return func() []event {
		c.Helper()
		close(done)
		select {
		case events := <-told:
			return events
		case err := <-errs:
			require.NoError(c, err)
			return nil
		}
	}
}

// mirror is another application's copy of the account, kept by events alone.
type mirror struct {
	users       map[string]object
	groups      map[string]object
	memberships map[string]bool // "user in group"
}

// replayed is the copy that comes from events, each of which must fit what the copy is by then.
func replayed(t *testing.T, events []event) mirror {
	t.Helper()
	m := mirror{map[string]object{}, map[string]object{}, map[string]bool{}}
	for _, e := range events {
		subject, what, _ := strings.Cut(e.Type, ".")
		require.Equal(t, string(e.Subject.Type), subject)
		switch e.Subject.Type {
		case directory.SubjectMembership:
			key := e.Subject.UserID + " in " + e.Subject.GroupID
			require.Equal(t, what == "deleted", m.memberships[key], "%s %s: %s", e.ID, e.Type, e.Subject.Label)
			m.memberships[key] = what == "created"
		case directory.SubjectGroup:
			merge(t, m.groups, e, what)
			if what == "deleted" {
				delete(m.groups, e.Subject.ID)
			}
		default:
			require.Contains(t, []string{"created", "updated", "adopted", "deactivated", "reactivated", "deleted"}, what)
			merge(t, m.users, e, what)
		}
	}
	return m
}

func merge(t *testing.T, into map[string]object, e event, what string) {
	t.Helper()
	known, found := into[e.Subject.ID]
	if what == "created" {
		require.False(t, found, "%s %s: %s is there already", e.ID, e.Type, e.Subject.Label)
	}
	if !found { // new, or the account's owner, who is older than all events
		known = object{"fields": object{}}
		into[e.Subject.ID] = known
	}
	for name, value := range e.After {
		switch name {
		case "attributes": // what only SCIM clients see
		case "fields":
			fields := known["fields"].(object)
			for id, v := range value.(object) {
				if fields[id] = v; v == nil {
					delete(fields, id)
				}
			}
		default:
			if was, said := known[name]; said && what != "created" {
				require.Equal(t, was, e.Before[name], "%s %s: %s of %s", e.ID, e.Type, name, e.Subject.Label)
			}
			known[name] = value
		}
	}
}

// mirrors requires that a copy is what the API lists.
func (c *company) mirrors(m mirror) {
	c.Helper()
	boss, in := c.ownerID(), map[string]bool{}
	listed := map[string]bool{}
	for _, status := range []string{"", "status=deleted"} {
		all(c, "/v1/users?"+status, func(u user) {
			listed[u.ID] = true
			copied, found := m.users[u.ID]
			if u.ID == boss {
				return
			}
			require.True(c, found, "%s is missing", u.Email)
			organization, _ := copied["organization"].(string)
			require.Equal(c, []any{u.Status, u.Fields, u.FirstName, u.LastName, u.Role, u.Organization == nil},
				[]any{directory.UserStatus(fmt.Sprint(copied["status"])), copied["fields"], copied["first_name"], copied["last_name"], roleIn(copied), organization == ""}, u.Email)
			if u.Status != directory.Deleted {
				require.Equal(c, u.Email, copied["email"])
				for _, group := range u.Groups {
					in[u.ID+" in "+group] = true
				}
			}
		})
	}
	for id := range m.users {
		require.True(c, listed[id], "%v is not there", m.users[id])
	}
	groups := map[string]bool{}
	all(c, "/v1/groups?", func(g syncedGroup) {
		groups[g.ID] = true
		require.Contains(c, m.groups, g.ID)
		require.Equal(c, g.Name, m.groups[g.ID]["name"])
	})
	require.Len(c, m.groups, len(groups))
	copied := map[string]bool{}
	for key, is := range m.memberships {
		userID, groupID, _ := strings.Cut(key, " in ")
		if is && groups[groupID] && m.users[userID]["status"] != "deleted" {
			copied[key] = true
		}
	}
	require.Equal(c, in, copied)
}

func roleIn(copied object) string {
	if role, said := copied["role"].(string); said {
		return role
	}
	return directory.RoleMember
}

// inOrder requires that events have rising positions, and are the same as those of the feed from its start.
func (c *company) inOrder(events []event) {
	c.Helper()
	require.True(c, slices.IsSortedFunc(events, func(a, b event) int { return int(a.position() - b.position()) }))
	whole, _ := c.events("", 7)
	require.Equal(c, whole, events, "nothing is seen late, and nothing twice")
}

func TestEvents_OfDirectorySync(t *testing.T) {
	t.Parallel()
	v := entra()
	c := v.companyOf(t, 60, titled(50, "Engineer"), group("g-1", "Design", "e-00", "e-01"), group("g-2", "Sales", "e-02"))
	title, auditor, europe := c.field("Job title", "text"), c.adds("roles", "Auditor"), c.adds("organizations", "Europe")
	stop := c.follow()
	first := c.configure(withGroups(), object{"on_source_delete": "delete", "mappings": []object{c.mapping("title", title)}}, givesRoles("g-1", auditor), guarded(500, 100))
	require.Equal(t, directory.RunSuccess, first.Status, first.Reason)
	var accepting sync.WaitGroup
	for i := range 5 {
		token := c.invitation(fmt.Sprintf("pat.number%02d@corp.example", i))
		accepting.Go(func() {
			_ = devstack.Client{Base: c.stack.StarterURL()}.Call(t.Context(), http.MethodPost, "/v1/invitations/"+token+"/accept", nil, nil)
		})
	}
	people := titled(45, "Manager")
	people[13]["enabled"] = false
	people[14]["title"] = nil
	c.serve(append(people, person("e-90", "Cy", "Young")), group("g-1", "Design & Research", "e-01", "e-90"), group("g-3", "New", "e-05"))
	second := c.succeeds()
	accepting.Wait()
	hand := c.user("pat.number07@corp.example").ID
	c.call(http.MethodPost, "/v1/users/"+hand+"/deactivate", nil, nil)
	c.call(http.MethodPatch, "/v1/users/"+hand, object{"role": auditor, "organization": europe}, nil)
	var deleted []user
	all(c, "/v1/users?status=deleted", func(u user) { deleted = append(deleted, u) })
	require.Len(t, deleted, 5)
	c.call(http.MethodPost, "/v1/users/"+deleted[0].ID+"/restore", nil, nil)
	c.call(http.MethodDelete, "/v1/roles/"+auditor, nil, nil)
	c.joins(person("e-49", "Pat", "Number49", object{"title": "Back"}))
	c.syncNow()
	c.undo(second)
	c.edits("e-20", object{"title": "Director"})
	c.person("e-20")

	events := stop()
	c.inOrder(events)
	c.mirrors(replayed(t, events))
	sources := map[directory.Origin]int{}
	for _, e := range events {
		sources[e.Source]++
		require.True(t, e.RunID == nil || e.Source == directory.FromDirectorySync)
		require.False(t, e.At.IsZero())
	}
	require.Equal(t, 5, sources[directory.FromUser], "who accepts is told of")
	require.GreaterOrEqual(t, sources[directory.FromAdmin], 3)
	var applied int
	all(c, "/v1/changes?outcome=applied", func(change) { applied++ })
	require.Len(t, events, applied, "the log and the events are the same")
}

func TestEvents_OfSCIM(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 100)
	other := p.neighbour(t, "other")
	stop := p.follow()
	u := p.pushedMany(20)
	auditor := p.adds("roles", "Auditor")
	design := p.team("Design", u[:10]...)
	p.maps(givesRoles(design, auditor))
	p.together(20, func(i int) (string, string, any) {
		switch i % 4 {
		case 0:
			return http.MethodPatch, "/Groups/" + design, patchOf(op("add", "members", refs(u[10+i/4])), op("remove", `members[value eq "`+u[i/4]+`"]`, nil))
		case 1:
			return http.MethodPatch, "/Users/" + u[i], patchOf(op("replace", "name.familyName", "Ruiz"))
		case 2:
			return http.MethodPatch, "/Users/" + u[i], patchOf(op("replace", "active", false))
		default:
			return http.MethodPost, "/Users", pushed(fmt.Sprintf("new%02d@corp.example", i))
		}
	})
	other.create(pushed("stranger@corp.example"))
	sales := p.team("Sales", u[0], u[1])
	p.patch("/Users/"+u[2], op("replace", "active", true))
	p.patch("/Groups/"+design, op("replace", "displayName", "Design & Research"))
	p.must(http.StatusNoContent, http.MethodDelete, "/Groups/"+sales, nil)
	p.must(http.StatusNoContent, http.MethodDelete, "/Users/"+u[11], nil)
	p.create(pushed("p011@corp.example"))
	p.must(http.StatusNoContent, http.MethodDelete, "/Users/"+u[12], nil)

	events := stop()
	p.inOrder(events)
	p.mirrors(replayed(t, events))
	for _, e := range events {
		require.NotContains(t, e.Subject.Label, "stranger", "of another account nothing is told")
		require.Nil(t, e.RunID)
	}
}

func TestEvents_FromNowOn(t *testing.T) {
	t.Parallel()
	p := newIDP(t, 10)
	p.create(pushed("ana@corp.example"))
	latest, err := p.feed("latest", 10)
	require.NoError(t, err)
	require.Empty(t, latest.Items)
	bo := p.create(pushed("bo@corp.example"))
	page, err := p.feed(latest.Next, 10)
	require.NoError(t, err)
	require.NotEmpty(t, page.Items)
	require.Equal(t, []string{"user.created", bo}, []string{page.Items[0].Type, page.Items[0].Subject.ID})
	end, err := p.feed(page.Next, 10)
	require.NoError(t, err)
	require.Equal(t, feed{Items: []event{}, Next: page.Next}, end, "where there is nothing new, one asks again from the same place")

	for _, malformed := range []string{"x", "-1", "1.5", "9999999999999999999999", "latest2"} {
		var refusal *devstack.APIError
		_, err := p.feed(malformed, 10)
		require.ErrorAs(t, err, &refusal, malformed)
		require.Contains(t, []int{http.StatusBadRequest, http.StatusUnprocessableEntity}, refusal.Status, malformed)
	}
	as := &company{T: t, stack: p.stack, account: p.account}
	as.account.Token = p.apiToken(directory.RoleMember)
	as.refused(http.StatusForbidden, http.MethodGet, "/v1/events", nil)
}

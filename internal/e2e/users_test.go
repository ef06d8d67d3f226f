package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// user is a user as the API shows it.
type user struct {
	ID           string               `json:"id"`
	Email        string               `json:"email"`
	FirstName    string               `json:"first_name"`
	LastName     string               `json:"last_name"`
	Status       directory.UserStatus `json:"status"`
	Fields       object               `json:"fields"`
	Role         string               `json:"role"`
	Organization *string              `json:"organization"`
	Groups       []string             `json:"groups"`
	Source       directory.Origin     `json:"source"`
	WaitingPlace *int64               `json:"waiting_place"`
}

// all goes through the pages of a list.
func all[T any](c *company, path string, each func(T)) {
	c.Helper()
	for cursor := ""; ; {
		var page struct {
			Items []T    `json:"items"`
			Next  string `json:"next"`
		}
		c.call(http.MethodGet, path+"&limit=200&cursor="+url.QueryEscape(cursor), nil, &page)
		for _, item := range page.Items {
			each(item)
		}
		if cursor = page.Next; cursor == "" {
			return
		}
	}
}

// users are all users of the account but its owner, by address.
func (c *company) users(query string) map[string]user {
	c.Helper()
	found := map[string]user{}
	all(c, "/v1/users?"+query, func(u user) {
		if u.Role != directory.RoleAccountOwner {
			found[u.Email] = u
		}
	})
	return found
}

// addresses are those of all users of the account but its owner, sorted.
func (c *company) addresses() []string {
	c.Helper()
	return slices.Sorted(maps.Keys(c.users("")))
}

// user is the one user of the account with the address.
func (c *company) user(address string) user {
	c.Helper()
	u, found := c.users("")[address]
	require.True(c, found, "no user has the address %s", address)
	return u
}

// userByID is the user with the id, also a deleted one.
func (c *company) userByID(id string) user {
	c.Helper()
	var u user
	c.call(http.MethodGet, "/v1/users/"+id, nil, &u)
	return u
}

// ownerID is the id of the account's first owner.
func (c *company) ownerID() string {
	c.Helper()
	var id string
	all(c, "/v1/users?search="+url.QueryEscape(owner), func(u user) { id = u.ID })
	require.NotEmpty(c, id)
	return id
}

// statuses counts users by status, the owner not.
func (c *company) statuses() map[directory.UserStatus]int {
	c.Helper()
	count := map[directory.UserStatus]int{}
	for _, query := range []string{"", "status=deleted"} {
		for _, u := range c.users(query) {
			count[u.Status]++
		}
	}
	return count
}

// crowd are so many people, whose ids are e-00, e-01 and so on.
func crowd(n int) []object {
	people := make([]object, n)
	for i := range people {
		people[i] = person(fmt.Sprintf("e-%02d", i), "Pat", fmt.Sprintf("Number%02d", i))
	}
	return people
}

// change is one line of the sync log.
type change struct {
	RunID    *string           `json:"run_id"`
	Action   directory.Action  `json:"action"`
	Outcome  directory.Outcome `json:"outcome"`
	Before   object            `json:"before"`
	After    object            `json:"after"`
	SourceID string            `json:"source_id"`
	Subject  struct {
		Type    directory.Subject `json:"type"`
		ID      string            `json:"id"`
		UserID  string            `json:"user_id"`
		GroupID string            `json:"group_id"`
		Label   string            `json:"label"`
	} `json:"subject"`
	Problems []directory.Problem `json:"problems"`
}

// changes are the changes of a run to people, by the source's id of whom they are about.
func (c *company) changes(run ended) map[string]change {
	c.Helper()
	return c.changesOf(run, directory.SubjectUser)
}

// groupChanges are the changes of a run to groups, by the source's id of the group.
func (c *company) groupChanges(run ended) map[string]change {
	c.Helper()
	return c.changesOf(run, directory.SubjectGroup)
}

func (c *company) changesOf(run ended, subject directory.Subject) map[string]change {
	c.Helper()
	found := map[string]change{}
	all(c, "/v1/runs/"+run.ID+"/changes?", func(one change) {
		if one.Subject.Type == subject {
			require.NotContains(c, found, one.SourceID, "two changes about one of them")
			found[one.SourceID] = one
		}
	})
	return found
}

// syncedGroup is a group as the API shows it.
type syncedGroup struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	SourceID string `json:"source_id"`
	Members  int    `json:"members"`
	Parked   int    `json:"parked"`
}

// groups are the groups of the account, by the source's id.
func (c *company) groups() map[string]syncedGroup {
	c.Helper()
	found := map[string]syncedGroup{}
	all(c, "/v1/groups?", func(g syncedGroup) { found[g.SourceID] = g })
	return found
}

// membersOf are the addresses of who is in a group, by the source's id of the group, sorted.
func (c *company) membersOf(sourceID string) []string {
	c.Helper()
	g, found := c.groups()[sourceID]
	require.True(c, found, "there is no group %s", sourceID)
	addresses := []string{}
	all(c, "/v1/groups/"+g.ID+"/members?", func(u user) { addresses = append(addresses, u.Email) })
	slices.Sort(addresses)
	require.Len(c, addresses, g.Members)
	return addresses
}

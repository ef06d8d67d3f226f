package history

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// real is a user as the account has them.
type real struct {
	ID           string               `json:"id"`
	Email        string               `json:"email"`
	FirstName    string               `json:"first_name"`
	LastName     string               `json:"last_name"`
	Status       directory.UserStatus `json:"status"`
	Fields       map[string]string    `json:"fields"`
	Role         string               `json:"role"`
	Groups       []string             `json:"groups"`
	WaitingPlace int64                `json:"waiting_place"`

	source      string
	holds       bool
	invitations int
	memberships map[string]bool // groups by the directory's id
}

type realGroup struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	SourceID string `json:"source_id"`
	Parked   int    `json:"parked"`
}

// all goes through the pages of a list.
func all[T any](w *world, path string, each func(T)) {
	w.Helper()
	for cursor := ""; ; {
		var page struct {
			Items []T    `json:"items"`
			Next  string `json:"next"`
		}
		w.live.call(w.T, http.MethodGet, path+"limit=500&cursor="+url.QueryEscape(cursor), nil, &page)
		for _, item := range page.Items {
			each(item)
		}
		if cursor = page.Next; cursor == "" {
			return
		}
	}
}

// users are all users of the real account but its owner, the deleted ones too, by id. Groups are the
// directory's ids of the account's groups.
func (l *live) users(w *world, groups map[string]string) map[string]real {
	w.Helper()
	found := map[string]real{}
	for _, query := range []string{"", "status=deleted&"} {
		all(w, "/v1/users?"+query, func(u real) {
			if u.Role == directory.RoleAccountOwner {
				return
			}
			u.memberships = map[string]bool{}
			for _, id := range u.Groups {
				u.memberships[groups[id]] = true
			}
			found[u.ID] = u
		})
	}
	rows, err := l.db.QueryContext(l.ctx, `
		SELECT u.id, coalesce(string_agg(DISTINCT l.source_id, ' and '), ''), u.email_key IS NOT NULL,
		       (SELECT count(*) FROM mails m WHERE m.user_id = u.id AND m.kind = 'invitation')
		FROM users u LEFT JOIN links l ON l.user_id = u.id WHERE u.account_id = $1 GROUP BY u.id`, l.account.ID)
	require.NoError(w, err)
	defer func() { require.NoError(w, rows.Close()) }()
	for rows.Next() {
		var id, source string
		var holds bool
		var invitations int
		require.NoError(w, rows.Scan(&id, &source, &holds, &invitations))
		if u, is := found[id]; is {
			u.source, u.holds, u.invitations = source, holds, invitations
			found[id] = u
		}
	}
	require.NoError(w, rows.Err())
	return found
}

// compare requires the real account to be what the model says. What the model leaves open is taken
// from the real one.
func (w *world) compare(v verdict) {
	w.Helper()
	if w.live == nil {
		return
	}
	var want, got []string
	groups := map[string]string{}
	all(w, "/v1/groups?", func(g realGroup) {
		groups[g.ID] = g.SourceID
		got = append(got, fmt.Sprintf("group %s: %s, %d parked", g.SourceID, g.Name, g.Parked))
	})
	for id, g := range v.account.Groups {
		want = append(want, fmt.Sprintf("group %s: %s, %d parked", id, g.Name, len(g.Parked)))
	}
	users := w.live.users(w, groups)
	w.live.meet(v.account, users)
	w.settle(&v, users)
	for key, u := range v.account.Users {
		want = append(want, u.line(key))
	}
	for id, u := range users {
		got = append(got, w.live.modelled(u).line(w.live.keyOf(id)))
	}
	slices.Sort(want)
	slices.Sort(got)
	require.Equal(w, strings.Join(want, "\n"), strings.Join(got, "\n"), "the account is not what the model says")
}

// meet finds out which real user is which of the model's, for those who are new.
func (l *live) meet(a account, users map[string]real) {
	met := map[string]bool{}
	for _, id := range l.known {
		met[id] = true
	}
	for key, u := range a.Users {
		for id, found := range users {
			if l.known[key] == "" && !met[id] && u.Source != "" && found.source == u.Source {
				l.known[key] = id
			}
		}
	}
}

func (l *live) keyOf(id string) string {
	for key, known := range l.known {
		if known == id {
			return key
		}
	}
	return "unknown"
}

// settle takes over what the model leaves open.
func (w *world) settle(v *verdict, users map[string]real) {
	w.Helper()
	for _, key := range v.contended {
		u := v.account.Users[key]
		if u.Status = users[w.live.known[key]].Status; u.Status == directory.Active {
			u.Accepted = true
		}
		v.account.Users[key] = u
	}
	if len(v.contended) > 0 {
		require.Equal(w, v.account.Licences, v.account.active(), "a licence is free while somebody waits")
	}
	for key := range v.stuck {
		found, u := w.live.modelled(users[w.live.known[key]]), v.account.Users[key]
		u.First, u.Last, u.Fields, u.Groups = found.First, found.Last, found.Fields, found.Groups
		v.account.Users[key] = u
	}
	w.account = v.account
	w.live.learnPlaces(w, users)
}

// learn finds out in which order people wait for a licence.
func (l *live) learn(w *world) {
	if l != nil {
		l.learnPlaces(w, l.users(w, nil))
	}
}

func (l *live) learnPlaces(w *world, users map[string]real) {
	for key, u := range w.account.Users {
		u.Place = users[l.known[key]].WaitingPlace
		w.account.Users[key] = u
	}
}

// modelled is a real user in the model's words.
func (l *live) modelled(u real) user {
	m := user{
		Source: u.source, Email: u.Email, First: u.FirstName, Last: u.LastName, Status: u.Status, Holds: u.holds, Invitations: u.invitations,
		Fields: map[string]string{}, Groups: u.memberships,
	}
	for name, id := range l.fields {
		if value := u.Fields[id]; value != "" {
			m.Fields[name] = value
		}
	}
	return m
}

// line says all of a user that can be compared.
func (u user) line(key string) string {
	return fmt.Sprintf("user %s: %s %s <%s> %s, fields %v, in groups %v, of %q, holds the address: %t, invitations: %d",
		key, u.First, u.Last, u.Email, u.Status, u.Fields, slices.Sorted(maps.Keys(u.Groups)), u.Source, u.Holds, u.Invitations)
}

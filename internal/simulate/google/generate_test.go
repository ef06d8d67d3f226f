package google_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	admin "google.golang.org/api/admin/directory/v1"
	"google.golang.org/api/option"

	"github.com/rollcall-sync/rollcall/internal/simulate"
	"github.com/rollcall-sync/rollcall/internal/simulate/google"
)

// hr are the custom fields of a generated person.
type hr struct {
	Badge, Start, Level, Joining string
	Remote                       bool
	Languages                    []struct{ Value string }
}

func customFields(t *testing.T, user simulate.Object) *hr {
	t.Helper()
	var decoded struct{ CustomSchemas struct{ HR *hr } }
	require.NoError(t, json.Unmarshal(user, &decoded))
	return decoded.CustomSchemas.HR
}

func TestGeneratedDirectoriesAreTheSameAtEveryCall(t *testing.T) {
	t.Parallel()
	var first, second bytes.Buffer
	n, err := google.Generate(500).WriteTo(&first)
	require.NoError(t, err)
	require.EqualValues(t, first.Len(), n)
	_, err = google.Generate(500).WriteTo(&second)
	require.NoError(t, err)
	require.Equal(t, first.String(), second.String())
	read, err := google.Parse(first.Bytes())
	require.NoError(t, err)
	require.Equal(t, google.Generate(500), read)
	require.Empty(t, google.Generate(0).Users)
}

func TestGeneratedPeopleHaveAddressesOfTheirOwn(t *testing.T) {
	t.Parallel()
	ids, addresses := map[string]bool{}, map[string]bool{}
	form := regexp.MustCompile(`^\d{21}$`)
	for _, user := range google.Generate(5000).Users {
		require.False(t, ids[user.Text("id")])
		require.True(t, form.MatchString(user.Text("id")), user.Text("id"))
		ids[user.Text("id")] = true
		address := user.Text("primaryEmail")
		require.False(t, addresses[address], address)
		addresses[address] = true
	}
}

func TestDemoIsLikeARealCompany(t *testing.T) {
	t.Parallel()
	demo := google.Demo()
	require.Len(t, demo.Users, 300)
	seen := map[string]int{}
	words := 0
	for _, user := range demo.Users {
		for what, is := range map[string]bool{
			"suspended": string(user.Get("suspended")) == "true", "archived": string(user.Get("archived")) == "true",
			"aliases": user.Get("aliases") != nil, "no phone": user.Get("phones") == nil,
			"no department": user.Get("organizations") == nil, "no fields": user.Get("customSchemas") == nil,
			"not Latin": strings.ContainsAny(string(user.Get("name")), "子नλم"),
		} {
			if is {
				seen[what]++
			}
		}
		fields := customFields(t, user)
		if fields == nil {
			continue
		}
		require.Regexp(t, `^\d{5}$`, fields.Badge)
		start, err := time.Parse(time.DateOnly, fields.Start)
		require.NoError(t, err)
		if fields.Joining != "June sixth" {
			require.Equal(t, start.Format("02/01/2006"), fields.Joining)
			continue
		}
		words++
	}
	require.Equal(t, 1, words)
	require.Len(t, seen, 7, "%v", seen)
	require.Equal(t, "00001", customFields(t, demo.Users[0]).Badge, "leading zeros")
	bad := slices.IndexFunc(google.BadImport().Users, func(user simulate.Object) bool {
		fields := customFields(t, user)
		return fields != nil && fields.Start == "June sixth"
	})
	require.GreaterOrEqual(t, bad, 0)
}

func TestDemoGroupsHaveSeveralShapes(t *testing.T) {
	t.Parallel()
	c := start(t, google.Demo())
	names, _ := c.all("groups?customer=my_customer", "groups", "name")
	require.Len(t, names, 19)
	slices.Sort(names)
	require.Len(t, slices.Compact(names), 18, "two groups share a name")
	types := func(mailbox string) (users, groups, customers int) {
		kinds, _ := c.all("groups/"+mailbox+"@tidewell.example/members?includeDerivedMembership=true", "members", "type")
		for _, kind := range kinds {
			switch kind {
			case "USER":
				users++
			case "GROUP":
				groups++
			case "CUSTOMER":
				customers++
			}
		}
		return users, groups, customers
	}
	users, groups, _ := types("all-staff")
	require.Equal(t, 300, users)
	require.Equal(t, 8, groups)
	_, groups, _ = types("website")
	require.Equal(t, 1, groups, "a circle comes back to nobody new")
	users, groups, customers := types("everyone")
	require.Equal(t, []int{0, 0, 1}, []int{users, groups, customers})
	users, groups, customers = types("starters-2027")
	require.Equal(t, []int{0, 0, 0}, []int{users, groups, customers})
}

func TestGooglesOwnClientReadsTheTenant(t *testing.T) {
	t.Parallel()
	directory, err := google.Load(fixture(t, "directory.json"))
	require.NoError(t, err)
	c := start(t, directory)
	token, _ := c.exchange(c.visitConsent("accept"))
	v := c.visitConsent("accept")
	service, err := admin.NewService(t.Context(), option.WithEndpoint(c.url), option.WithTokenSource(v.config.TokenSource(t.Context(), token)))
	require.NoError(t, err)

	var people []string
	err = service.Users.List().Customer("my_customer").Projection("full").MaxResults(3).OrderBy("email").
		Pages(t.Context(), func(page *admin.Users) error {
			for _, user := range page.Users {
				people = append(people, user.PrimaryEmail)
			}
			return nil
		})
	require.NoError(t, err)
	require.Len(t, people, len(directory.Users))
	require.True(t, slices.IsSorted(people))
	groups, err := service.Groups.List().Customer("my_customer").Context(t.Context()).Do()
	require.NoError(t, err)
	require.Len(t, groups.Groups, 2)
	for _, group := range groups.Groups {
		members, err := service.Members.List(group.Id).IncludeDerivedMembership(true).Context(t.Context()).Do()
		require.NoError(t, err)
		require.EqualValues(t, group.DirectMembersCount, len(members.Members))
	}
	customer, err := service.Customers.Get("my_customer").Context(t.Context()).Do()
	require.NoError(t, err)
	require.Equal(t, "planetexpress.com", customer.CustomerDomain)
	require.Equal(t, "Planet Express", customer.PostalAddress.OrganizationName)
	schemas, err := service.Schemas.List("my_customer").Context(t.Context()).Do()
	require.NoError(t, err)
	require.Empty(t, schemas.Schemas)
}

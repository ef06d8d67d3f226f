package scimquery_test

import (
	"context"
	"crypto/rand"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-sync/rollcall/internal/devstack/postgrestest"
	"github.com/rollcall-sync/rollcall/internal/scim/filter"
	"github.com/rollcall-sync/rollcall/internal/scim/schema"
	"github.com/rollcall-sync/rollcall/internal/store/scimquery"
)

// What a filter finds in the database is what it matches in memory.
func TestD8_DatabaseFindsWhatMatches(t *testing.T) {
	t.Parallel()
	b := newBundle(t, randomUsers(100))
	b.addGroup("a", "", 0, 1, 2)
	b.addGroup("ΟΔΟΣ", "A", 2, 3)
	b.addGroup("zz", "zz")
	for _, resourceType := range []*schema.ResourceType{userType(), schema.Group()} {
		top, ofValues := attributesOf(b, resourceType)
		lists := []string{"emails", "roles"}
		if resourceType.Name == "Group" {
			lists = []string{"members"}
		}
		telling := 0 // filters that some match, and some do not
		rapid.Check(t, func(r *rapid.T) {
			for range 10 {
				text := randomFilter(r, top, ofValues, lists, 3)
				found, matched := b.find(resourceType, text)
				require.Equal(r, matched, found, text)
				if n := len(matched); n > 0 && n < len(b.users) {
					telling++
				}
			}
		})
		require.Greater(t, telling, 200)
	}
}

// Letters are folded as Go does it, whatever the locale of the database.
func TestD8_DatabaseFoldsAsGoDoes(t *testing.T) {
	t.Parallel()
	server := postgrestest.New(t, nil)
	admin := open(t, server)
	name := "rollcall_test_" + strings.ToLower(rand.Text())
	_, err := admin.ExecContext(t.Context(), `CREATE DATABASE `+name+` TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'`)
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = admin.ExecContext(context.Background(), `DROP DATABASE `+name+` WITH (FORCE)`) })
	address, err := url.Parse(server)
	require.NoError(t, err)
	address.Path = "/" + name
	db := open(t, address.String())
	path, err := filter.ParsePath(userType(), "title")
	require.NoError(t, err)
	q, err := scimquery.New(userType(), nil, &path, false)
	require.NoError(t, err)
	var letters []struct{ Letter, Folded string }
	require.NoError(t, db.SelectContext(t.Context(), &letters, `
		SELECT letter, `+q.Key()+` AS folded
		FROM (SELECT 'x' || chr(n) AS letter FROM generate_series(1, 200000) n WHERE n NOT BETWEEN 55296 AND 57343) l,
		     LATERAL (SELECT jsonb_build_object('title', letter) AS resource) s`))
	require.Greater(t, len(letters), 190000)
	for _, l := range letters {
		if want := filter.Fold(l.Letter); want != l.Folded {
			t.Errorf("%+q is folded to %+q, not to %+q", l.Letter, l.Folded, want)
		}
	}
}

func TestD8_LookUpsByKeyUseTheirIndex(t *testing.T) {
	t.Parallel()
	b := newBundle(t, nil)
	b.exec(`INSERT INTO users (id, account_id, email, first_name, last_name, status, deactivated_by, source)
		SELECT gen_random_uuid(), $1, 'x', 'Ann', 'Lee', 'deactivated', 'source', 'scim' FROM generate_series(1, 5000)`, account)
	b.exec(`INSERT INTO scim_users (user_id, account_id, user_name, user_name_key, external_id, active, resource, address_keys)
		SELECT id, account_id, id::text, id::text, id::text, true, '{}', ARRAY[id::text] FROM users`)
	b.exec(`ANALYZE users, scim_users`)
	for text, index := range map[string]string{
		`userName eq "Kim@corp.example"`:                         "scim_users_user_name",
		`externalId eq "x1"`:                                     "scim_users_external_id",
		`id eq "2819c223-7f76-453a-919d-413861904646"`:           "user_id = '2819c223-7f76-453a-919d-413861904646'",
		`userName eq "kim@corp.example" and active eq true`:      "scim_users_user_name",
		`userName eq "kim@corp.example" or externalId eq "x1"`:   "scim_users_external_id",
		`emails[type eq "work" and value eq "Kim@corp.example"]`: "scim_users_addresses",
		`emails[type eq "work"].value eq "Kim@corp.example"`:     "scim_users_addresses",
		`emails.value eq "Kim@corp.example" or userName eq "x"`:  "scim_users_addresses",
		`groups.value eq "2819c223-7f76-453a-919d-413861904646"`: "memberships",
	} {
		e, err := filter.Parse(userType(), text)
		require.NoError(t, err)
		q, err := scimquery.New(userType(), e, nil, false)
		require.NoError(t, err)
		args := []any{account}
		where := q.Where(&args)
		var plan []string
		require.NoError(t, b.db.SelectContext(t.Context(), &plan, `EXPLAIN SELECT s.resource`+fromUsers+where+` ORDER BY `+q.OrderBy(false)+` LIMIT 100`, args...))
		require.Contains(t, strings.Join(plan, "\n"), index, text)
		if !strings.HasPrefix(text, "groups") {
			require.NotContains(t, strings.Join(plan, "\n"), "Seq Scan", text)
		}
	}
}

func TestD8_WhatIsNotStoredIsRefused(t *testing.T) {
	t.Parallel()
	for text, resourceType := range map[string]*schema.ResourceType{
		`meta.location eq "https://x"`:                     userType(),
		`title pr and not (meta[location pr] or title pr)`: userType(),
		`groups.$ref co "x"`:                               userType(),
		`members[value eq "x" and $ref co "x"]`:            schema.Group(),
	} {
		e, err := filter.Parse(resourceType, text)
		require.NoError(t, err, text)
		_, err = scimquery.New(resourceType, e, nil, false)
		var refused *filter.Error
		require.ErrorAs(t, err, &refused, text)
		require.Equal(t, filter.InvalidFilter, refused.Type)
	}
	for _, text := range []string{"name", "meta", "meta.location", custom, "addresses", `emails[type eq "work"].value`} {
		path, err := filter.ParsePath(userType(), text)
		require.NoError(t, err)
		_, err = scimquery.New(userType(), nil, &path, false)
		var refused *filter.Error
		require.ErrorAs(t, err, &refused, text)
		require.Equal(t, filter.InvalidPath, refused.Type)
	}
}

// Values that are not of their attribute's type, which no client can write, match nothing and fail nothing.
func TestD8_StrayValues(t *testing.T) {
	t.Parallel()
	stray := decoded(t, `{"userName": "a", "active": true, "emails": "x", "title": {"a": 1}, "name": "x",
		"`+custom+`": {"joined_at": "2011-02-31T99:00:00Z", "grade": "x", "rate": [], "remote": "x"}}`)
	b := newBundle(t, []map[string]any{stray, {"userName": "b", "active": true, custom: map[string]any{"joined_at": "0000-01-01T00:00:00Z", "rate": number("1e300")}}})
	for _, text := range []string{`joined_at gt "2011-05-13T04:42:34Z"`, `joined_at le "2011-05-13T04:42:34Z"`, `grade gt 1`, `remote eq true`} {
		found, _ := b.find(userType(), custom+":"+text)
		require.Empty(t, found, text)
	}
	for _, text := range []string{"joined_at", "grade", "rate", "remote"} {
		path, err := filter.ParsePath(userType(), custom+":"+text)
		require.NoError(t, err)
		q, err := scimquery.New(userType(), nil, &path, false)
		require.NoError(t, err)
		require.Len(t, b.walk(q, fromUsers, "u.id", false), 2, text)
	}
}

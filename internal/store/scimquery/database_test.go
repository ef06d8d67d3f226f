package scimquery_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/devstack/postgrestest"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/scim/filter"
	"github.com/rollcall-sync/rollcall/internal/scim/schema"
	"github.com/rollcall-sync/rollcall/internal/store"
	"github.com/rollcall-sync/rollcall/internal/store/scimquery"
)

const (
	account = "0b5e3b1e-7d0c-4a61-9d5b-3f1f0f3c2a77"
	custom  = "urn:rollcall:scim:schemas:extension:" + account + ":2:User"
)

func userType() *schema.ResourceType {
	return schema.User(schema.AccountExtension(account, []directory.Field{
		{ID: "cost_code", Name: "Cost code", Type: directory.Text},
		{ID: "grade", Name: "Grade", Type: directory.Integer},
		{ID: "rate", Name: "Rate", Type: directory.Number},
		{ID: "remote", Name: "Remote", Type: directory.Boolean},
		{ID: "joined_at", Name: "Joined at", Type: directory.DateTime},
	}))
}

// bundle is a database with an account of users and groups that a client pushed.
type bundle struct {
	t      testing.TB
	db     *sqlx.DB
	users  []map[string]any // as the client sees them
	groups []map[string]any
}

func open(t testing.TB, address string) *sqlx.DB {
	t.Helper()
	db, err := sqlx.Open("postgres", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func newBundle(t testing.TB, users []map[string]any) *bundle {
	t.Helper()
	b := &bundle{t: t, db: open(t, postgrestest.New(t, store.Migrate))}
	b.exec(`INSERT INTO accounts (id, name, licences_total) VALUES ($1, 'Corp', 0)`, account)
	b.exec(`INSERT INTO roles (account_id, id, name) VALUES ($1, 'member', 'Member')`, account)
	b.addUsers(users)
	return b
}

func (b *bundle) exec(statement string, args ...any) {
	b.t.Helper()
	_, err := b.db.ExecContext(b.t.Context(), statement, args...)
	require.NoError(b.t, err)
}

// addUsers stores users by statements for all of them, and gives them id and meta.
func (b *bundle) addUsers(users []map[string]any) {
	b.t.Helper()
	var ids, names, keys, externalIDs, resources []string
	var active []bool
	for i, user := range users {
		id := fmt.Sprintf("%08x-0000-4000-8000-00000000000a", (i*2654435761)%(1<<32))
		ids, active = append(ids, id), append(active, user["active"].(bool))
		name := user["userName"].(string)
		externalID, _ := user["externalId"].(string)
		written := map[string]any{}
		for name, value := range user {
			if name != "active" {
				written[name] = value
			}
		}
		encoded, err := json.Marshal(written)
		require.NoError(b.t, err)
		names, keys = append(names, name), append(keys, directory.EmailKey(name))
		externalIDs, resources = append(externalIDs, externalID), append(resources, string(encoded))
		user["id"], user["schemas"] = id, []any{schema.UserURN}
		for _, urn := range []string{schema.EnterpriseURN, custom} {
			if user[urn] != nil {
				user["schemas"] = append(user["schemas"].([]any), urn)
			}
		}
		created := time.Date(2026, 1, 1, 0, 0, i%7, 1000*(i%3), time.UTC)
		user["meta"] = map[string]any{"resourceType": "User", "created": created, "lastModified": created, "version": `W/"1"`}
	}
	b.exec(`
		INSERT INTO users (id, account_id, email, first_name, last_name, status, deactivated_by, source, created_at, updated_at)
		SELECT id, $1, 'x', 'Ann', 'Lee ' || n, 'deactivated', 'source', 'scim',
		       timestamptz '2026-01-01T00:00:00Z' + ((n-1) % 7) * interval '1 second' + ((n-1) % 3) * interval '1 microsecond',
		       timestamptz '2026-01-01T00:00:00Z' + ((n-1) % 7) * interval '1 second' + ((n-1) % 3) * interval '1 microsecond'
		FROM unnest($2::uuid[]) WITH ORDINALITY AS i (id, n)`, account, pq.Array(ids))
	b.exec(`
		INSERT INTO scim_users (user_id, account_id, user_name, user_name_key, external_id, active, resource, address_keys)
		SELECT id, $1, name, key, nullif(external_id, ''), active, resource::jsonb, ARRAY(
			SELECT lower(translate(e->>'value', 'Σİ', 'σi') COLLATE "und-x-icu") FROM jsonb_path_query(resource::jsonb, '$.emails[*]') e)
		FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::text[]) AS i (id, name, key, external_id, active, resource)`,
		account, pq.Array(ids), pq.Array(names), pq.Array(keys), pq.Array(externalIDs), pq.Array(active), pq.Array(resources))
	b.users = users
}

// addGroup stores a group of some of the users.
func (b *bundle) addGroup(name, externalID string, members ...int) {
	b.t.Helper()
	id := uuid.NewSHA1(uuid.NameSpaceURL, []byte(name)).String()
	var created time.Time
	require.NoError(b.t, b.db.GetContext(b.t.Context(), &created, `
		INSERT INTO groups (id, account_id, name, external_id, source) VALUES ($1, $2, $3, nullif($4, ''), 'scim') RETURNING created_at`,
		id, account, name, externalID))
	group := map[string]any{
		"id": id, "displayName": name, "schemas": []any{schema.GroupURN},
		"meta": map[string]any{"resourceType": "Group", "created": created, "lastModified": created, "version": `W/"1"`},
	}
	if externalID != "" {
		group["externalId"] = externalID
	}
	for _, i := range members {
		user := b.users[i]
		b.exec(`INSERT INTO memberships (account_id, group_id, user_id) VALUES ($1, $2, $3)`, account, id, user["id"])
		user["groups"] = append(values(user["groups"]), map[string]any{"value": id, "display": name, "type": "direct"})
		group["members"] = append(values(group["members"]), map[string]any{"value": user["id"], "display": fmt.Sprintf("Ann Lee %d", i+1), "type": "User"})
	}
	b.groups = append(b.groups, group)
	for _, user := range b.users {
		sortByValue(values(user["groups"]))
	}
	sortByValue(values(group["members"]))
}

// sortByValue puts references in the order in which an answer has them.
func sortByValue(list []any) {
	slices.SortFunc(list, func(a, b any) int {
		return strings.Compare(a.(map[string]any)["value"].(string), b.(map[string]any)["value"].(string))
	})
}

func values(v any) []any {
	list, _ := v.([]any)
	return list
}

const (
	fromUsers  = ` FROM scim_users s JOIN users u ON u.id = s.user_id WHERE s.account_id = $1 AND s.gone_at IS NULL AND `
	fromGroups = ` FROM groups g WHERE g.account_id = $1 AND g.source = 'scim' AND `
)

func (b *bundle) ids(from, column, condition string, args []any) []string {
	b.t.Helper()
	var ids []string
	require.NoError(b.t, b.db.SelectContext(b.t.Context(), &ids, `SELECT `+column+from+condition, args...), condition)
	return ids
}

// find is the ids of the resources that a filter finds in the database, and of those that it matches.
func (b *bundle) find(t *schema.ResourceType, text string) (found, matched []string) {
	b.t.Helper()
	e, err := filter.Parse(t, text)
	require.NoError(b.t, err, text)
	q, err := scimquery.New(t, e, nil, false)
	require.NoError(b.t, err, text)
	args := []any{account}
	from, column, all := fromUsers, "u.id", b.users
	if t.Name == "Group" {
		from, column, all = fromGroups, "g.id", b.groups
	}
	found = b.ids(from, column, q.Where(&args), args)
	for _, resource := range all {
		if filter.Match(e, resource) {
			matched = append(matched, resource["id"].(string))
		}
	}
	slices.Sort(found)
	slices.Sort(matched)
	return found, matched
}

// number is a value as a resource has it.
func number(text string) json.Number { return json.Number(text) }

func decoded(t testing.TB, text string) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	var v map[string]any
	require.NoError(t, decoder.Decode(&v))
	return v
}

func quote(text string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text)
	return strings.TrimSpace(b.String())
}

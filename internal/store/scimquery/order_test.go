package scimquery_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/scim/filter"
	"github.com/rollcall-sync/rollcall/internal/scim/schema"
	"github.com/rollcall-sync/rollcall/internal/store/scimquery"
)

// row is a resource in a list with the key that it is sorted by.
type row struct {
	ID  string
	Key *string
}

// walk reads a list page by page, each behind the last row of the one before.
func (b *bundle) walk(q scimquery.Query, from, id string, backwards bool) []row {
	b.t.Helper()
	var all []row
	for {
		args := []any{account}
		condition := q.Where(&args)
		if len(all) > 0 {
			last := all[len(all)-1]
			condition += " AND " + q.After(&args, last.Key, last.ID, backwards)
		}
		var page []row
		require.NoError(b.t, b.db.SelectContext(b.t.Context(), &page,
			"SELECT "+id+" AS id, "+q.Key()+" AS key"+from+condition+" ORDER BY "+q.OrderBy(backwards)+" LIMIT 7", args...))
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
	}
}

// sortValue is the value that a resource is sorted by: of several that of the primary one, else of
// the first, RFC 7644, section 3.4.2.3.
func sortValue(t *testing.T, resource map[string]any, p filter.Path) any {
	t.Helper()
	if p.URN != "" {
		resource, _ = resource[p.URN].(map[string]any)
	}
	value := resource[p.Attribute.Name]
	if list, ok := value.([]any); ok {
		value = list[0]
		for _, v := range slices.Backward(list) {
			if object, ok := v.(map[string]any); ok && object["primary"] == true {
				value = v
			}
		}
	}
	if object, ok := value.(map[string]any); ok {
		value = object[p.Sub.Name]
	}
	text, ok := value.(string)
	switch {
	case ok && p.Target().Type == schema.DateTime:
		at, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		return at
	case ok && !p.Target().CaseExact:
		return filter.Fold(text)
	default:
		return value
	}
}

// compareValues sorts who has no value last.
func compareValues(a, b any) int {
	if a == nil || b == nil {
		return cmp.Compare(count(a == nil), count(b == nil))
	}
	switch a := a.(type) {
	case bool:
		return cmp.Compare(count(a), count(b.(bool)))
	case json.Number:
		left, _ := new(big.Rat).SetString(a.String())
		right, _ := new(big.Rat).SetString(b.(json.Number).String())
		return left.Cmp(right)
	case time.Time:
		return a.Compare(b.(time.Time))
	default:
		return strings.Compare(a.(string), b.(string))
	}
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func TestD8_OrderAndPages(t *testing.T) {
	t.Parallel()
	b := newBundle(t, randomUsers(60))
	b.addGroup("a", "", 0, 1, 2)
	b.addGroup("ΟΔΟΣ", "A", 2, 3)
	b.addGroup("Ab", "zz")
	for _, text := range []string{
		"", "id", "userName", "externalId", "active", "title", "profileUrl", "name.givenName", "emails", "emails.type", "roles.value", "schemas", "groups.display",
		schema.EnterpriseURN + ":manager", custom + ":grade", custom + ":rate", custom + ":remote", custom + ":joined_at", "meta.created", "meta.resourceType",
	} {
		b.checkOrder(t, userType(), text, b.users, fromUsers, "u.id")
	}
	for _, text := range []string{"", "displayName", "externalId", "meta.lastModified", "members.value"} {
		b.checkOrder(t, schema.Group(), text, b.groups, fromGroups, "g.id")
	}
}

func (b *bundle) checkOrder(t *testing.T, resourceType *schema.ResourceType, text string, resources []map[string]any, from, id string) {
	t.Helper()
	var sortBy *filter.Path
	if text != "" {
		path, err := filter.ParsePath(resourceType, text)
		require.NoError(t, err)
		path, _ = path.Comparable()
		sortBy = &path
	}
	sorted := slices.Clone(resources)
	slices.SortFunc(sorted, func(x, y map[string]any) int {
		order := 0
		if sortBy != nil {
			order = compareValues(sortValue(t, x, *sortBy), sortValue(t, y, *sortBy))
		}
		return cmp.Or(order, strings.Compare(x["id"].(string), y["id"].(string)))
	})
	want := make([]string, len(sorted))
	for i, resource := range sorted {
		want[i] = resource["id"].(string)
	}
	for _, descending := range []bool{false, true} {
		for _, backwards := range []bool{false, true} {
			q, err := scimquery.New(resourceType, nil, sortBy, descending)
			require.NoError(t, err)
			var got []string
			for _, r := range b.walk(q, from, id, backwards) {
				got = append(got, r.ID)
			}
			if descending != backwards {
				slices.Reverse(got)
			}
			require.Equal(t, want, got, fmt.Sprintf("by %q, descending %t, backwards %t", text, descending, backwards))
		}
	}
}

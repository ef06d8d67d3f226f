package scimquery

import (
	"fmt"
	"strings"

	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/scim/filter"
	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// form is how the database has a value.
type form int

const (
	jsonForm form = iota
	textForm
	keyForm // a text folded by directory.EmailKey
	uuidForm
	boolForm
	timeForm
)

// operand is a value in SQL.
type operand struct {
	sql  string
	form form
}

// rows are the values of a multi-valued attribute, each a row.
type rows struct {
	from  string                    // what follows FROM
	where string                    // what follows WHERE
	order string                    // what follows ORDER BY: the first is the one that sorting looks at
	value func(name string) operand // a sub-attribute of the row; with no name, the row itself
}

// there is an operand for what always has a value, and is asked for nothing else.
var there = operand{"true", boolForm}

// one is the value of a single-valued attribute, or of its sub-attribute.
func one(t *schema.ResourceType, p filter.Path) operand {
	if t.Name == "Group" {
		return oneOfGroup(p)
	}
	switch p.String() {
	case "id":
		return operand{"u.id", uuidForm}
	case "userName":
		return operand{"s.user_name_key", keyForm}
	case "externalId":
		return operand{"s.external_id", textForm}
	case "active":
		return operand{"s.active", boolForm}
	}
	if p.URN == "" && p.Attribute.Name == "meta" {
		return meta(p, "User", "u")
	}
	return operand{inResource(p), jsonForm}
}

func oneOfGroup(p filter.Path) operand {
	switch p.String() {
	case "id":
		return operand{"g.id", uuidForm}
	case "displayName":
		return operand{"g.name", textForm}
	case "externalId":
		return operand{"g.external_id", textForm}
	default:
		return meta(p, "Group", "g")
	}
}

// meta is a part of meta of a resource that is a row of the table with the alias.
func meta(p filter.Path, resourceType, alias string) operand {
	if p.Sub == nil {
		return there
	}
	switch p.Sub.Name {
	case "created":
		return operand{alias + ".created_at", timeForm}
	case "lastModified":
		return operand{alias + ".updated_at", timeForm}
	case "version":
		return operand{`('W/"' || ` + alias + `.version || '"')`, textForm}
	default:
		return operand{pq.QuoteLiteral(resourceType) + "::text", textForm}
	}
}

// inResource is the node of an attribute, or of its sub-attribute, in what the client wrote of a user.
func inResource(p filter.Path) string {
	node := "s.resource"
	if p.URN != "" {
		node += "->" + pq.QuoteLiteral(p.URN)
	}
	node += "->" + pq.QuoteLiteral(p.Attribute.Name)
	if p.Sub != nil {
		node += "->" + pq.QuoteLiteral(p.Sub.Name)
	}
	return node
}

// several are the values of a multi-valued attribute.
func several(t *schema.ResourceType, p filter.Path) rows {
	p.Sub = nil
	switch p.String() {
	case "schemas":
		return schemas(t)
	case "groups":
		return groupsOfUser
	case "members":
		return membersOfGroup
	}
	return rows{
		from:  fmt.Sprintf("jsonb_path_query(%s, '$[*]') WITH ORDINALITY AS v (v, n)", inResource(p)),
		where: "true",
		order: "(v.v->'primary' = 'true') IS TRUE DESC, v.n",
		value: func(name string) operand {
			if name == "" || p.Attribute.Type != schema.Complex {
				return operand{"v.v", jsonForm}
			}
			return operand{"v.v->" + pq.QuoteLiteral(name), jsonForm}
		},
	}
}

// schemas are the core schema and those extensions of which the resource has an attribute.
func schemas(t *schema.ResourceType) rows {
	urns := []string{pq.QuoteLiteral(t.Core.ID)}
	for _, extension := range t.Extensions {
		urn := pq.QuoteLiteral(extension.ID)
		urns = append(urns, fmt.Sprintf("CASE WHEN s.resource->%s IS NOT NULL THEN %[1]s END", urn))
	}
	return rows{
		from:  fmt.Sprintf("unnest(array_remove(ARRAY[%s], NULL)) WITH ORDINALITY AS v (v, n)", strings.Join(urns, ", ")),
		where: "true",
		order: "v.n",
		value: func(string) operand { return operand{"v.v", textForm} },
	}
}

var (
	groupsOfUser = rows{
		from:  "memberships m JOIN groups mg ON mg.id = m.group_id AND mg.source = 'scim'",
		where: "m.user_id = u.id",
		order: "m.group_id",
		value: reference(map[string]operand{
			"value":   {"m.group_id", uuidForm},
			"display": {"mg.name", textForm},
			"type":    {"'direct'::text", textForm},
		}),
	}
	membersOfGroup = rows{
		from: "memberships m JOIN scim_users ms ON ms.user_id = m.user_id AND ms.gone_at IS NULL " +
			"JOIN users mu ON mu.id = m.user_id",
		where: "m.group_id = g.id",
		order: "m.user_id",
		value: reference(map[string]operand{
			"value":   {"m.user_id", uuidForm},
			"display": {"trim(mu.first_name || ' ' || mu.last_name)", textForm},
			"type":    {"'User'::text", textForm},
		}),
	}
)

// reference is the value function of rows whose sub-attributes are columns.
func reference(columns map[string]operand) func(string) operand {
	return func(name string) operand {
		if name == "" {
			return there
		}
		return columns[name]
	}
}

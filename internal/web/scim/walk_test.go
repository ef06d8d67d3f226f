package scim_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

func itoa(n int) string { return strconv.Itoa(n) }

// attribute is an attribute as /Schemas describes it.
type attribute struct {
	Name            string      `json:"name"`
	Type            string      `json:"type"`
	Description     string      `json:"description"`
	MultiValued     bool        `json:"multiValued"`
	Required        bool        `json:"required"`
	Mutability      string      `json:"mutability"`
	CanonicalValues []string    `json:"canonicalValues"`
	SubAttributes   []attribute `json:"subAttributes"`
}

// sample is a value of the attribute, another for each n.
func (a attribute) sample(n int) any {
	switch {
	case a.MultiValued:
		one := a
		one.MultiValued = false
		return []any{one.sample(n)}
	case a.Type == "complex":
		value := map[string]any{}
		for _, sub := range a.SubAttributes {
			if sub.Mutability != "readOnly" {
				value[sub.Name] = sub.sample(n)
			}
		}
		return value
	case strings.HasSuffix(a.Description, "YYYY-MM-DD"):
		return "2026-06-0" + itoa(n)
	case len(a.CanonicalValues) > n:
		return a.CanonicalValues[n]
	}
	switch a.Type {
	case "boolean":
		return n%2 == 1
	case "integer":
		return json.Number(itoa(n))
	case "decimal":
		return json.Number(itoa(n) + ".5")
	case "dateTime":
		return "2026-06-0" + itoa(n) + "T10:00:00Z"
	case "binary":
		return "AAAA"[:3] + string(rune('A'+n))
	case "reference":
		return "https://corp.example/" + itoa(n)
	default:
		return a.Name + itoa(n) + "@corp.example"
	}
}

// at is what stands at a path of names, nil when there is nothing.
func at(document map[string]any, names ...string) any {
	value := any(document)
	for _, name := range names {
		inner, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = inner[name]
	}
	return value
}

// Conformance suites do this to every attribute that a service advertises: add it, read it, replace
// it, read it, remove it, read it.
func TestD8_EveryAttributeCanBePatched(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	path := "/Users/" + b.made("/Users", map[string]any{"schemas": []string{schema.UserURN}, "userName": "ana@corp.example"})["id"].(string)
	walked := 0
	for _, urn := range []string{schema.UserURN, schema.EnterpriseURN, b.extension()} {
		var document struct{ Attributes []attribute }
		require.NoError(t, json.Unmarshal([]byte(b.get("/Schemas/"+urn).text), &document))
		for _, a := range document.Attributes {
			if a.Mutability == "readOnly" {
				continue
			}
			prefix, where := urn+":", []string{urn}
			if urn == schema.UserURN {
				prefix, where = "", nil
			}
			b.walk(path, prefix, where, a)
			walked++
			if a.Type == "complex" && !a.MultiValued {
				for _, sub := range a.SubAttributes {
					if sub.Mutability != "readOnly" {
						b.walk(path, prefix+a.Name+".", append(where[:len(where):len(where)], a.Name), sub)
					}
				}
			}
		}
	}
	require.Equal(t, 19+6+6, walked, "attributes of RFC 7643, sections 4.1 and 4.3, without password and groups, and the account's own")
}

// Suites make a user with nothing but what is said to be required.
func TestD8_RequiredAttributesAreEnough(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	user := map[string]any{"schemas": []string{schema.UserURN}}
	var document struct{ Attributes []attribute }
	require.NoError(t, json.Unmarshal([]byte(b.get("/Schemas/"+schema.UserURN).text), &document))
	for _, a := range document.Attributes {
		if a.Required {
			user[a.Name] = a.sample(1)
		}
	}
	made := b.made("/Users", user)
	require.Equal(t, user["userName"], made["userName"])
	require.Equal(t, user["active"], made["active"])
}

func (b *bench) walk(path, prefix string, where []string, a attribute) {
	b.Helper()
	name, where := prefix+a.Name, append(where[:len(where):len(where)], a.Name)
	read := func() any { return at(b.get(path).body, where...) }
	for n, do := range []string{"add", "replace"} {
		want := a.sample(n + 1)
		require.Equal(b, want, at(b.patched(path, op(do, name, want)), where...), "%s %s", do, name)
		require.Equal(b, want, read(), "%s %s", do, name)
	}
	removal := b.send("PATCH", path, patch(op("remove", name, nil)))
	if a.Required {
		b.requireError(removal, http.StatusBadRequest, "mutability") // RFC 7644, section 3.5.2.2
		return
	}
	require.Equal(b, http.StatusOK, removal.status, "remove %s: %s", name, removal.text)
	require.Nil(b, read(), "remove %s", name)
}

package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// apiDocs is what the page of the API's documentation shows.
type apiDocs struct {
	Title, Text string
	Groups      []docsGroup
}

type docsGroup struct {
	Name   string
	Routes []docsRoute
}

type docsRoute struct {
	Method, Path, Summary, ID string
	SignIn                    bool
	Parameters, Body          []docsField
	Answers                   []docsAnswer
}

type docsAnswer struct {
	Status, Text, Type string
	Fields             []docsField
}

type docsField struct {
	Name, In, Type, Text string
	Required             bool
}

// docs shows the API's description as a page: no script, and nothing from elsewhere.
func (s *site) docs(description *huma.OpenAPI) http.HandlerFunc {
	data := describe(description)
	return func(w http.ResponseWriter, r *http.Request) { s.render(w, r, http.StatusOK, s.pages.docs, data) }
}

func describe(d *huma.OpenAPI) apiDocs {
	out := apiDocs{Title: d.Info.Title, Text: d.Info.Description}
	groups := map[string]*docsGroup{}
	for _, path := range sortedKeys(d.Paths) {
		item := d.Paths[path]
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op == nil {
				continue
			}
			name := op.Tags[0]
			if groups[name] == nil {
				groups[name] = &docsGroup{Name: name}
			}
			groups[name].Routes = append(groups[name].Routes, describeRoute(d.Components.Schemas, op))
		}
	}
	for _, name := range sortedKeys(groups) {
		out.Groups = append(out.Groups, *groups[name])
	}
	return out
}

func describeRoute(schemas huma.Registry, op *huma.Operation) docsRoute {
	route := docsRoute{Method: op.Method, Path: op.Path, Summary: op.Summary, ID: op.OperationID, SignIn: len(op.Security) > 0}
	for _, p := range op.Parameters {
		route.Parameters = append(route.Parameters, docsField{
			Name: p.Name, In: p.In, Required: p.Required, Text: p.Description, Type: typeName(schemas, p.Schema),
		})
	}
	if op.RequestBody != nil {
		route.Body = describeFields(schemas, op.RequestBody.Content["application/json"].Schema)
	}
	for _, status := range sortedKeys(op.Responses) {
		answer := docsAnswer{Status: status, Text: op.Responses[status].Description}
		for _, kind := range sortedKeys(op.Responses[status].Content) {
			if schema := op.Responses[status].Content[kind].Schema; schema != nil {
				answer.Type, answer.Fields = kind, describeFields(schemas, schema)
				break
			}
		}
		route.Answers = append(route.Answers, answer)
	}
	return route
}

// describeFields lists the properties of an object; of a list, those of its items.
func describeFields(schemas huma.Registry, s *huma.Schema) []docsField {
	s = resolve(schemas, s)
	if items := s.Properties["items"]; items != nil && items.Items != nil {
		s = resolve(schemas, items.Items)
	}
	fields := make([]docsField, 0, len(s.Properties))
	for _, name := range sortedKeys(s.Properties) {
		property := s.Properties[name]
		fields = append(fields, docsField{
			Name: name, Required: slices.Contains(s.Required, name), Text: property.Description, Type: typeName(schemas, property),
		})
	}
	return fields
}

func resolve(schemas huma.Registry, s *huma.Schema) *huma.Schema {
	for s.Ref != "" {
		s = schemas.SchemaFromRef(s.Ref)
	}
	return s
}

func typeName(schemas huma.Registry, s *huma.Schema) string {
	switch {
	case len(s.Enum) > 0:
		names := make([]string, 0, len(s.Enum))
		for _, e := range s.Enum {
			if name, ok := e.(string); ok {
				names = append(names, name)
			}
		}
		return strings.Join(names, " | ")
	case s.Ref != "":
		return "object: " + strings.Join(sortedKeys(resolve(schemas, s).Properties), ", ")
	case len(s.AnyOf) > 0:
		return typeName(schemas, s.AnyOf[0]) + ", or null"
	case s.Type == huma.TypeArray:
		return "list of " + typeName(schemas, s.Items)
	case s.Format != "":
		return s.Type + " (" + s.Format + ")"
	default:
		return s.Type
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

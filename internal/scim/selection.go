package scim

import (
	"strings"

	"github.com/rollcall-sync/rollcall/internal/scim/filter"
	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// Selection says which attributes an answer shows, RFC 7644, section 3.9. The zero value shows all.
type Selection struct {
	t        *schema.ResourceType
	only     map[string]bool // paths in the schema's spelling; nil: all but excluded
	excluded map[string]bool
}

// ParseSelection reads the parameters attributes and excludedAttributes: names of attributes, or
// several of them with commas between. Unknown names are passed over. The RFC makes the two mutually
// exclusive: both are an error of type InvalidValue.
func ParseSelection(t *schema.ResourceType, attributes, excluded []string) (Selection, error) {
	s := Selection{t: t, only: paths(t, attributes), excluded: paths(t, excluded)}
	if s.only != nil && s.excluded != nil {
		return Selection{}, refuse(InvalidValue, "The parameters \"attributes\" and \"excludedAttributes\" exclude each other: use one of them.")
	}
	return s, nil
}

// paths are the names' paths; nil without names.
func paths(t *schema.ResourceType, names []string) map[string]bool {
	var found map[string]bool
	for _, name := range strings.Split(strings.Join(names, ","), ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		if found == nil {
			found = map[string]bool{}
		}
		if path, err := filter.ParsePath(t, name); err == nil && path.Filter == nil {
			found[path.String()] = true
		}
	}
	return found
}

// Wants says whether anything of an attribute is shown. path is in the schema's spelling.
func (s Selection) Wants(path string) bool {
	if s.only == nil {
		return !s.excluded[path]
	}
	return s.only[path] || hasPartOf(s.only, path)
}

func hasPartOf(paths map[string]bool, path string) bool {
	for p := range paths {
		if strings.HasPrefix(p, path+".") || strings.HasPrefix(p, path+":") {
			return true
		}
	}
	return false
}

// Apply is the part of a resource's document that is shown: attributes that are always returned stay
// in it. doc stays as it is.
func (s Selection) Apply(doc map[string]any) map[string]any {
	if s.only == nil && s.excluded == nil {
		return doc
	}
	shown := make(map[string]any, len(doc))
	for name, value := range doc {
		if a := s.t.Attribute(name); a != nil && a.Returned == schema.Always {
			shown[name] = value
			continue
		}
		separator := "."
		if s.t.Extension(name) != nil {
			separator = ":"
		}
		if part := s.part(name, separator, value); part != nil {
			shown[name] = part
		}
	}
	return shown
}

// part is what is shown of a value; nil: nothing. separator stands between its path and those of its parts.
func (s Selection) part(path, separator string, value any) any {
	switch {
	case !s.Wants(path):
		return nil
	case s.only[path] || s.only == nil && !hasPartOf(s.excluded, path):
		return value
	}
	switch value := value.(type) {
	case map[string]any:
		return s.members(path+separator, value)
	case []any:
		return partsOf(value, func(entry any) any { return s.part(path, separator, entry) })
	case []map[string]any:
		return partsOf(value, func(entry map[string]any) any { return s.members(path+separator, entry) })
	default:
		return nil
	}
}

func (s Selection) members(prefix string, value map[string]any) any {
	shown := map[string]any{}
	for name, member := range value {
		if part := s.part(prefix+name, ".", member); part != nil {
			shown[name] = part
		}
	}
	if len(shown) == 0 {
		return nil
	}
	return shown
}

func partsOf[T any](values []T, part func(T) any) any {
	shown := make([]any, 0, len(values))
	for _, value := range values {
		if p := part(value); p != nil {
			shown = append(shown, p)
		}
	}
	if len(shown) == 0 {
		return nil
	}
	return shown
}

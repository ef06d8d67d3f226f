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

// maxNames is how many attributes a client may name: each is looked up for each part of each resource.
const maxNames = 200

// ParseSelection reads the parameters attributes and excludedAttributes: names of attributes, or
// several of them with commas between. Unknown names are passed over. The RFC makes the two mutually
// exclusive: both are an error of type InvalidValue, as are more than 200 names.
func ParseSelection(t *schema.ResourceType, attributes, excluded []string) (Selection, error) {
	only, but := namesIn(attributes), namesIn(excluded)
	switch {
	case len(only) > 0 && len(but) > 0:
		return Selection{}, refuse(InvalidValue, "The parameters \"attributes\" and \"excludedAttributes\" exclude each other: use one of them.")
	case len(only) > maxNames:
		return Selection{}, refuse(InvalidValue, "The parameter \"attributes\" has more than %d names. Name fewer, or leave it out.", maxNames)
	case len(but) > maxNames:
		return Selection{}, refuse(InvalidValue, "The parameter \"excludedAttributes\" has more than %d names. Name fewer.", maxNames)
	}
	return Selection{t: t, only: paths(t, only), excluded: paths(t, but)}, nil
}

// namesIn are the names in comma-separated lists.
func namesIn(lists []string) []string {
	var names []string
	for _, list := range lists {
		for name := range strings.SplitSeq(list, ",") {
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}

// paths are the names' paths; nil without names.
func paths(t *schema.ResourceType, names []string) map[string]bool {
	if len(names) == 0 {
		return nil
	}
	found := make(map[string]bool, len(names))
	for _, name := range names {
		if path, err := filter.ParsePath(t, name); err == nil && path.Filter == nil {
			found[path.String()] = true
		}
	}
	return found
}

// All says whether the client named no attributes.
func (s Selection) All() bool { return s.only == nil && s.excluded == nil }

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
	if s.All() {
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

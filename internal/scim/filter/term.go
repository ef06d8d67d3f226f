package filter

import (
	"strings"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// term reads a comparison or a value path.
func (r *reader) term(within *schema.Attribute) (Expression, error) {
	name := r.word()
	if name == "" {
		return nil, r.unclear()
	}
	if r.token == "[" {
		return r.valuePath(name, within)
	}
	return r.comparison(name, within)
}

// valuePath reads on behind the name of its attribute. attr[filter].sub op value is the same as
// attr[(filter) and sub op value].
func (r *reader) valuePath(name string, within *schema.Attribute) (Expression, error) {
	if within != nil {
		return nil, invalid("The filter has a value path within a value path.")
	}
	path, ok := find(r.resource, name)
	if ok && path.Sub != nil || !ok && !r.across {
		return nil, r.unknown(name, nil)
	}
	values := path.Attribute
	if !ok {
		values = &schema.Attribute{Type: schema.Complex}
	}
	filter, err := r.enclosed("]", values)
	if sub, follows := strings.CutPrefix(r.token, "."); err == nil && follows {
		r.advance()
		var comparison Expression
		comparison, err = r.comparison(sub, values)
		filter = And{filter, comparison}
	}
	if !ok {
		return Constant(false), err
	}
	return ValuePath{Path: path, Filter: filter}, err
}

// comparison reads on behind the name of its attribute.
func (r *reader) comparison(name string, within *schema.Attribute) (Expression, error) {
	if r.terms++; r.terms > MaxTerms {
		return nil, invalid("The filter has more than %d comparisons. Ask for less at once.", MaxTerms)
	}
	operator := Operator(strings.ToLower(r.token))
	if !operator.known() {
		return nil, r.unclear()
	}
	r.advance()
	var literal any
	if operator != Present {
		var err error
		if literal, err = r.literal(); err != nil {
			return nil, err
		}
	}
	path, ok := find(r.resource, name)
	if within != nil {
		path, ok = findIn(within, name)
	}
	switch {
	case ok:
		return compared(path, operator, literal)
	case r.across:
		return withoutValue(operator, literal), nil
	default:
		return nil, r.unknown(name, within)
	}
}

// unknown says that there is no attribute of the name.
func (r *reader) unknown(name string, within *schema.Attribute) error {
	if within != nil {
		return invalid("The filter asks for %s, which %s does not have.", shortened(name), within.Name)
	}
	return invalid("The filter asks for %s, which a %s does not have. /Schemas has the attributes; those of an extension are written with its URN.", shortened(name), r.resource.Name)
}

// path reads a path.
func (r *reader) path() (Path, error) {
	text := shortened(r.token + r.rest)
	missing := &Error{Type: InvalidPath, Detail: "A " + r.resource.Name + " does not have the attribute " + text + "."}
	path, ok := find(r.resource, r.word())
	if !ok {
		return Path{}, missing
	}
	if r.token == "[" {
		if path.Sub != nil {
			return Path{}, missing
		}
		if !path.Attribute.MultiValued {
			return Path{}, &Error{Type: InvalidPath, Detail: "The path " + text + " has a filter, but " + path.String() + " has one value only. Leave the filter out."}
		}
		var err error
		if path.Filter, err = r.enclosed("]", path.Attribute); err != nil {
			return Path{}, err
		}
		path.Comparisons = r.terms
		if sub, follows := strings.CutPrefix(r.token, "."); follows {
			r.advance()
			if path, ok = path.sub(sub); !ok {
				return Path{}, missing
			}
		}
	}
	if r.token != "" {
		return Path{}, &Error{Type: InvalidPath, Detail: "The path " + text + ` cannot be understood. Write it like name.givenName or emails[type eq "work"].value.`}
	}
	return path, nil
}

// Package filter is the filters and attribute paths of SCIM, RFC 7644, sections 3.4.2.2, 3.5.2 and
// 3.10: text is read, against a resource type, into expressions of attributes that exist and values
// that fit them, and an expression says whether a resource matches.
//
// It knows no HTTP and no database. Its errors are *Error.
package filter

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// Limits of what a client may write.
const (
	MaxLength = 4096 // characters
	MaxTerms  = 64   // comparisons
	MaxDepth  = 16   // parentheses and brackets within each other
)

// The types of errors, RFC 7644, table 9.
const (
	InvalidFilter = "invalidFilter"
	InvalidPath   = "invalidPath"
)

// Error says what is wrong with a filter or a path.
type Error struct {
	Type   string // InvalidFilter or InvalidPath
	Detail string // a sentence
}

func (e *Error) Error() string { return e.Detail }

func invalid(format string, args ...any) error {
	return &Error{Type: InvalidFilter, Detail: fmt.Sprintf(format, args...)}
}

// Parse reads a filter on the resources of a type. An attribute that the type lacks is an error, as
// is a value that does not fit its attribute.
func Parse(t *schema.ResourceType, text string) (Expression, error) {
	return parseFilter(text, &reader{resource: t})
}

// ParseAcross is Parse for a search over resources of several types: a type that lacks an attribute
// is as one without a value for it, RFC 7644, section 3.4.2.1.
func ParseAcross(t *schema.ResourceType, text string) (Expression, error) {
	return parseFilter(text, &reader{resource: t, across: true})
}

func parseFilter(text string, r *reader) (Expression, error) {
	if utf8.RuneCountInString(text) > MaxLength {
		return nil, invalid("The filter is longer than %d characters. Ask for less at once.", MaxLength)
	}
	r.begin(text)
	e, err := r.filter(nil)
	if err == nil && r.token != "" {
		err = r.unclear()
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

// ParsePath reads the path of a PATCH operation, or the name of an attribute: attr, attr.sub, urn:attr,
// attr[filter], attr[filter].sub, or the URN of an extension. A filter selects among the values of a
// multi-valued attribute, RFC 7644, section 3.5.2. What is wrong is of type InvalidPath; within the
// path's filter, of type InvalidFilter.
func ParsePath(t *schema.ResourceType, text string) (Path, error) {
	if utf8.RuneCountInString(text) > MaxLength {
		return Path{}, &Error{Type: InvalidPath, Detail: fmt.Sprintf("The path is longer than %d characters.", MaxLength)}
	}
	if extension := t.Extension(strings.TrimSpace(text)); extension != nil {
		return Path{URN: extension.ID}, nil
	}
	r := &reader{resource: t}
	r.begin(text)
	return r.path()
}

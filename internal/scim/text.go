package scim

import (
	"strings"
	"unicode/utf8"
)

// clean is s without the characters that cannot be stored (U+0000) or that a damaged one, such as
// half a surrogate pair, has become.
func clean(s string) string {
	unusable := func(r rune) bool { return r == 0 || r == utf8.RuneError }
	if !strings.ContainsFunc(s, unusable) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unusable(r) {
			return -1
		}
		return r
	}, s)
}

// kindOf names the type of a decoded JSON value.
func kindOf(raw any) string {
	switch raw.(type) {
	case nil:
		return "null"
	case string:
		return "a text"
	case bool:
		return "true or false"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	default:
		return "a number"
	}
}

// shorten keeps a message readable whatever a client sent.
func shorten(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}

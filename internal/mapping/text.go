package mapping

import (
	"encoding/json"
	"net/mail"
	"strings"
	"unicode/utf8"
)

// maxAddressLength is the longest address that SMTP can carry (RFC 5321, 4.5.3.1.3).
const maxAddressLength = 254

// decodeText reads a JSON string. Characters that cannot be stored (U+0000) or are damaged
// (half a surrogate pair, broken UTF-8) are removed, which cleaned says. It is not ok for
// anything but a JSON string.
func decodeText(raw []byte) (text string, cleaned, ok bool) {
	if plain, ascii := plainString(raw); plain {
		text = string(raw[1 : len(raw)-1])
		if ascii {
			return text, false, true
		}
	} else if raw[0] != '"' || json.Unmarshal(raw, &text) != nil {
		return "", false, false
	}
	if !strings.ContainsFunc(text, unusable) {
		return text, false, true
	}
	return strings.Map(func(r rune) rune {
		if unusable(r) {
			return -1
		}
		return r
	}, text), true, true
}

func unusable(r rune) bool { return r == 0 || r == utf8.RuneError }

// plainString says whether a JSON string is its own content between quotes, and whether it is
// ASCII. Nearly all are, and need no decoder.
func plainString(raw []byte) (plain, ascii bool) {
	last := len(raw) - 1
	if last < 1 || raw[0] != '"' || raw[last] != '"' {
		return false, false
	}
	ascii = true
	for _, b := range raw[1:last] {
		if b < ' ' || b == '"' || b == '\\' {
			return false, false
		}
		ascii = ascii && b < utf8.RuneSelf
	}
	return ascii || utf8.Valid(raw), ascii
}

// isNumber says whether raw is a JSON number, if it is JSON at all.
func isNumber(raw []byte) bool { return raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9' }

// jsonKind names the type of a JSON value.
func jsonKind(raw []byte) string {
	switch c := raw[0]; {
	case !json.Valid(raw):
		return "unreadable"
	case c == '"':
		return "a text"
	case c == '{':
		return "an object"
	case c == '[':
		return "a list"
	case c == 't' || c == 'f':
		return "true or false"
	default:
		return "a number"
	}
}

// plainAddress says whether s is an address and nothing else. The principal name of a guest
// (…#EXT#@…) is none: no mail reaches it.
func plainAddress(s string) bool {
	if len(s) > maxAddressLength {
		return false
	}
	if commonAddress(s) {
		return true
	}
	address, err := mail.ParseAddress(s)
	return err == nil && address.Name == "" && address.Address == s && !strings.Contains(strings.ToUpper(s), "#EXT#")
}

// commonAddress accepts the addresses that nearly everybody has, without a parser.
func commonAddress(s string) bool {
	local, domain, found := strings.Cut(s, "@")
	return found && dotted(local, "_-+'") && dotted(domain, "-")
}

// dotted says whether s is made of non-empty parts between dots, of letters, digits and extra.
func dotted(s, extra string) bool {
	afterDot := true
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '.':
			if afterDot {
				return false
			}
			afterDot = true
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte(extra, c) >= 0:
			afterDot = false
		default:
			return false
		}
	}
	return !afterDot
}

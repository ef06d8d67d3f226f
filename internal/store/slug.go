package store

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// slug makes an id of a name: lower-case letters, digits and underscores, the first of them no digit, so
// that it can name an attribute (RFC 7643, section 2.1), with _2, _3 … where it is taken already.
func slug(name string, taken []string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	base := strings.Join(words, "_")
	if len(base) > 60 {
		base = strings.TrimRight(base[:60], "_")
	}
	switch {
	case base == "":
		base = "x"
	case base[0] >= '0' && base[0] <= '9':
		base = "x_" + base
	}
	id := base
	for n := 2; slices.Contains(taken, id); n++ {
		id = fmt.Sprintf("%s_%d", base, n)
	}
	return id
}

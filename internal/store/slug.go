package store

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// slug makes an id of a name: lower-case letters, digits and underscores, with _2, _3 … where it
// is taken already.
func slug(name string, taken []string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	base := strings.Join(words, "_")
	if len(base) > 60 {
		base = strings.TrimRight(base[:60], "_")
	}
	if base == "" {
		base = "x"
	}
	id := base
	for n := 2; slices.Contains(taken, id); n++ {
		id = fmt.Sprintf("%s_%d", base, n)
	}
	return id
}

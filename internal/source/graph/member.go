package graph

import (
	"bytes"
	"encoding/json"
	"iter"
	"unicode/utf8"
)

// members walks the members of a JSON object, which must be valid; any other value has none.
// It copies nothing, which is what makes reading a page about as fast as encoding/json into a
// struct of fixed fields; decoding each user into a map takes half as long again.
func members(object json.RawMessage) iter.Seq2[[]byte, json.RawMessage] {
	return func(yield func([]byte, json.RawMessage) bool) {
		at := skipSpace(object, 0)
		if at == len(object) || object[at] != '{' {
			return
		}
		for at = skipSpace(object, at+1); object[at] == '"'; at = skipSpace(object, at+1) {
			end := endOfValue(object, at)
			name := object[at:end]
			start := skipSpace(object, skipSpace(object, end)+1)
			at = endOfValue(object, start)
			if !yield(unquote(name), object[start:at:at]) {
				return
			}
			if at = skipSpace(object, at); object[at] == '}' {
				return
			}
		}
	}
}

// member is the value of a name in an object; nil where there is none.
func member(object json.RawMessage, name string) json.RawMessage {
	for found, value := range members(object) {
		if string(found) == name {
			return value
		}
	}
	return nil
}

func skipSpace(text []byte, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t') {
		at++
	}
	return at
}

// endOfValue is where the valid value that begins at start has ended.
func endOfValue(text []byte, start int) int {
	depth := 0
	for at := start; at < len(text); at++ {
		switch text[at] {
		case '"':
			at = endOfString(text, at)
			if depth == 0 {
				return at + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth <= 0 {
				return at + 1 + depth
			}
		case ',', ' ', '\n', '\r', '\t':
			if depth == 0 {
				return at
			}
		}
	}
	return len(text)
}

// endOfString is the closing quote of the string that begins at start.
func endOfString(text []byte, start int) int {
	for at := start + 1; ; at++ {
		switch text[at] {
		case '"':
			return at
		case '\\':
			at++
		}
	}
}

// unquote is the text of a valid JSON string, as encoding/json reads it.
func unquote(quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 && utf8.Valid(quoted) {
		return quoted[1 : len(quoted)-1]
	}
	var text string
	_ = json.Unmarshal(quoted, &text) // valid, as the object is
	return []byte(text)
}

package simulate

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"slices"
)

// Object is a JSON object whose values are kept byte for byte: wrong types,
// unknown properties and odd numbers survive. It is immutable; only white space
// between tokens is dropped.
type Object []byte

// ParseObject takes one JSON object.
func ParseObject(raw []byte) (Object, error) {
	var compact bytes.Buffer
	compact.Grow(len(raw))
	if err := json.Compact(&compact, raw); err != nil {
		return nil, err
	}
	object := bytes.Clone(compact.Bytes())
	if len(object) == 0 || object[0] != '{' {
		return nil, errors.New("is not a JSON object")
	}
	return object, nil
}

// MarshalJSON returns the object as it is.
func (o Object) MarshalJSON() ([]byte, error) {
	if o == nil {
		return []byte("null"), nil
	}
	return o, nil
}

// UnmarshalJSON takes one JSON object.
func (o *Object) UnmarshalJSON(raw []byte) error {
	object, err := ParseObject(raw)
	*o = object
	return err
}

// Properties yields names, unescaped, and raw values in the order written. The
// slices must not be changed or kept beyond the loop.
func (o Object) Properties() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for at := 1; at < len(o) && o[at] == '"'; {
			colon := skipValue(o, at)
			end := skipValue(o, colon+1)
			if !yield(unquote(o[at:colon]), o[colon+1:end]) {
				return
			}
			at = end + 1
		}
	}
}

// Get is the raw value of a property, nil when it is missing. Of a name written
// twice the last one counts, as in encoding/json.
func (o Object) Get(name string) json.RawMessage {
	var found json.RawMessage
	for key, value := range o.Properties() {
		if string(key) == name {
			found = value
		}
	}
	return found
}

// Elements yields the raw values of a JSON list without white space, as an
// Object holds it; of anything else nothing.
func Elements(list json.RawMessage) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		if len(list) < 2 || list[0] != '[' {
			return
		}
		for at := 1; list[at] != ']'; {
			end := skipValue(list, at)
			if !yield(list[at:end]) {
				return
			}
			at = end
			if list[at] == ',' {
				at++
			}
		}
	}
}

// Text is a property that is a string, or "".
func (o Object) Text(name string) string {
	raw := o.Get(name)
	if len(raw) == 0 || raw[0] != '"' {
		return ""
	}
	return string(unquote(raw))
}

// Merge returns the object with the properties of patch put in place of its own.
func (o Object) Merge(patch Object) Object {
	type property struct{ name, value []byte }
	var all []property
	for _, source := range []Object{o, patch} {
		for name, value := range source.Properties() {
			at := slices.IndexFunc(all, func(p property) bool { return bytes.Equal(p.name, name) })
			if at < 0 {
				all = append(all, property{name, value})
				continue
			}
			all[at].value = value
		}
	}
	merged := Object{'{'}
	for i, p := range all {
		if i > 0 {
			merged = append(merged, ',')
		}
		merged = append(AppendString(merged, string(p.name)), ':')
		merged = append(merged, p.value...)
	}
	return append(merged, '}')
}

// Without returns the object without some properties.
func (o Object) Without(names ...string) Object {
	left := Object{'{'}
	for name, value := range o.Properties() {
		if slices.Contains(names, string(name)) {
			continue
		}
		if len(left) > 1 {
			left = append(left, ',')
		}
		left = append(AppendString(left, string(name)), ':')
		left = append(left, value...)
	}
	return append(left, '}')
}

// AppendString appends s as a JSON string without escaping HTML.
func AppendString(dst []byte, s string) []byte {
	var quoted bytes.Buffer
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	return append(dst, bytes.TrimSuffix(quoted.Bytes(), []byte("\n"))...)
}

func unquote(raw []byte) []byte {
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return inner
	}
	return []byte(s)
}

// skipValue returns the position behind the value that starts at at, in valid
// compact JSON.
func skipValue(raw []byte, at int) int {
	depth := 0
	for at < len(raw) {
		switch raw[at] {
		case '"':
			at = skipString(raw, at)
		case '{', '[':
			depth++
			at++
		case '}', ']':
			depth--
			at++
		case ',', ':':
			at++
		default:
			at = skipLiteral(raw, at)
		}
		if depth == 0 {
			return at
		}
	}
	return at
}

func skipString(raw []byte, at int) int {
	for at++; ; {
		at += bytes.IndexByte(raw[at:], '"') + 1
		backslashes := 0
		for i := at - 2; raw[i] == '\\'; i-- {
			backslashes++
		}
		if backslashes%2 == 0 {
			return at
		}
	}
}

func skipLiteral(raw []byte, at int) int {
	for at < len(raw) {
		switch raw[at] {
		case ',', '}', ']', ':':
			return at
		}
		at++
	}
	return at
}

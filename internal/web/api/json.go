package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// unmarshal is json.Unmarshal, except that a property that is there twice is a mistake: else the
// one that is checked and the one that is used could be two.
func unmarshal(data []byte, v any) error {
	if _, generic := v.(*any); generic {
		if err := refuseDuplicates(data); err != nil {
			return err
		}
	}
	if err := json.Unmarshal(data, v); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return fmt.Errorf("it is not valid JSON at byte %d", syntax.Offset)
		}
		return errors.New("a value does not fit")
	}
	return nil
}

// refuseDuplicates leaves syntax errors to the decoder that follows.
func refuseDuplicates(data []byte) error {
	type level struct {
		names   map[string]bool // nil in an array
		atValue bool
	}
	var levels []level
	for decoder := json.NewDecoder(bytes.NewReader(data)); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) || err != nil {
			return nil
		}
		top := len(levels) - 1
		if token == json.Delim('}') || token == json.Delim(']') {
			levels = levels[:top]
			continue
		}
		if top >= 0 && levels[top].names != nil {
			if !levels[top].atValue {
				name := strings.ToLower(token.(string))
				if levels[top].names[name] {
					return fmt.Errorf("the property %q is there twice", token)
				}
				levels[top].names[name], levels[top].atValue = true, true
				continue
			}
			levels[top].atValue = false
		}
		switch token {
		case json.Delim('{'):
			levels = append(levels, level{names: map[string]bool{}})
		case json.Delim('['):
			levels = append(levels, level{})
		}
	}
}

// nullable is an object that may be null; the description says so.
type nullable[T any] struct{ value *T }

func nullableOf[T, O any](v *T, show func(T) O) nullable[O] {
	if v == nil {
		return nullable[O]{}
	}
	shown := show(*v)
	return nullable[O]{&shown}
}

// MarshalJSON encodes the object, or null.
func (n nullable[T]) MarshalJSON() ([]byte, error) { return json.Marshal(n.value) }

// Schema describes the object, or null.
func (n nullable[T]) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{r.Schema(reflect.TypeFor[T](), true, ""), {Type: "null"}}}
}

// orEmpty is a list that is never null.
func orEmpty[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

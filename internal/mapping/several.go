package mapping

import (
	"encoding/json"
	"strings"
)

// separator stands between the values of an attribute that has several.
const separator = ", "

// several turns the values of an attribute that has several into one text: in the order of the
// directory, with the empty ones left out. They come as a list of scalars, as Entra has it, or of
// objects with a value, as Google has it:
//
//	["en", "fr"]
//	[{"value": "en"}, {"value": "fr", "type": "work"}]
//
// A text stays as it is, a number keeps its digits. A scalar alone is a list of one.
func (f format) several(raw []byte) (any, fault) {
	if raw[0] != '[' {
		text, cleaned, ok := scalar(raw)
		if !ok {
			return nil, fault{code: CodeTypeMismatch, shown: jsonKind(raw)}
		}
		return f.cleanedText(text, cleaned)
	}
	var entries []json.RawMessage
	if json.Unmarshal(raw, &entries) != nil {
		return nil, fault{code: CodeTypeMismatch, shown: jsonKind(raw)}
	}
	texts, anyCleaned := make([]string, 0, len(entries)), false
	for _, one := range entries {
		text, cleaned, ok := entry(one)
		if !ok {
			return nil, fault{code: CodeTypeMismatch, shown: "a list with " + jsonKind(one) + " in it"}
		}
		anyCleaned = anyCleaned || cleaned
		if strings.TrimSpace(text) != "" {
			texts = append(texts, text)
		}
	}
	return f.cleanedText(strings.Join(texts, separator), anyCleaned)
}

// entry reads an entry of a list, a scalar or an object with one as its value. It is not ok for any
// other shape.
func entry(raw []byte) (text string, cleaned, ok bool) {
	if raw[0] != '{' {
		return scalar(raw)
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil || object["value"] == nil {
		return "", false, false
	}
	return scalar(object["value"])
}

// scalar reads a JSON scalar as a text; null is the empty one. It is not ok for anything else.
func scalar(raw []byte) (text string, cleaned, ok bool) {
	switch string(raw) {
	case "null":
		return "", false, true
	case "true", "false":
		return string(raw), false, true
	}
	if isNumber(raw) {
		return string(raw), false, json.Valid(raw)
	}
	return decodeText(raw)
}

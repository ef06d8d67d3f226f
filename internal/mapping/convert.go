package mapping

import (
	"bytes"
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const (
	maxCharacters    = 10_000
	maxNumberLength  = 100
	maxNumberPower   = 300
	isoDate          = "2006-01-02"
	lastYearOfFormat = 9999
)

// format is what a field accepts, and in what shape its attribute comes.
type format struct {
	kind   directory.FieldType
	layout string // of the account's dates
	trim   bool   // surrounding white space is no part of a text
	list   bool   // the attribute has several values, which make one text
}

// fault is what is wrong with a value, and as much of the value as a message may show.
type fault struct {
	code  string
	shown string
}

// keepsValue says whether the value is taken over in spite of the fault.
func (f fault) keepsValue() bool { return f.code == "" || f.code == CodeRemoved }

// convert turns a JSON value into the field's type; nil is no value. A JSON type is never turned
// into another, "00042" stays a text and 42 is not one, unless they are among several values.
func (f format) convert(raw json.RawMessage) (any, fault) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return nil, fault{}
	}
	switch {
	case f.list:
		return f.several(raw)
	case f.kind == directory.Number || f.kind == directory.Integer:
		return f.number(raw)
	case f.kind == directory.Boolean:
		return boolean(raw)
	}
	text, cleaned, ok := decodeText(raw)
	if !ok {
		return nil, fault{code: CodeTypeMismatch, shown: jsonKind(raw)}
	}
	return f.cleanedText(text, cleaned)
}

// cleanedText is text for one from which characters may have been removed, which it reports.
func (f format) cleanedText(s string, cleaned bool) (any, fault) {
	value, found := f.text(s)
	if found.code == "" && cleaned {
		found.code = CodeRemoved
	}
	return value, found
}

// text turns a decoded text into the field's value.
func (f format) text(s string) (any, fault) {
	trimmed := strings.TrimSpace(s)
	if trimmed == "" {
		return nil, fault{}
	}
	if len(s) > maxCharacters && utf8.RuneCountInString(s) > maxCharacters {
		return nil, fault{code: CodeTooLong}
	}
	switch f.kind {
	case directory.Person:
		return trimmed, fault{}
	case directory.Email:
		if !plainAddress(trimmed) {
			return nil, fault{code: CodeEmail, shown: trimmed}
		}
		return trimmed, fault{}
	case directory.Date:
		return f.date(trimmed)
	case directory.DateTime:
		return dateTime(trimmed)
	default:
		if f.trim {
			return trimmed, fault{}
		}
		return s, fault{}
	}
}

// date takes the account's format, an ISO date, or the calendar day that an ISO date-time shows:
// directories keep a day as an instant at midnight, which a time zone would move to another day.
func (f format) date(s string) (any, fault) {
	if len(s) > len(isoDate) && s[len(isoDate)] == 'T' {
		if _, ok := instant(s); !ok {
			if _, ok = instant(s + "Z"); !ok {
				return nil, fault{code: CodeDate, shown: s}
			}
		}
		return strings.Clone(s[:len(isoDate)]), fault{}
	}
	if _, err := time.Parse(isoDate, s); err == nil {
		return s, fault{}
	}
	t, err := time.Parse(f.layout, s)
	if err != nil {
		return nil, fault{code: CodeDate, shown: s}
	}
	return t.Format(isoDate), fault{}
}

func dateTime(s string) (any, fault) {
	t, ok := instant(s)
	if !ok || t.UTC().Year() < 0 || t.UTC().Year() > lastYearOfFormat {
		return nil, fault{code: CodeDateTime, shown: s}
	}
	return t.UTC().Format(time.RFC3339Nano), fault{}
}

// instant reads RFC 3339, which time.Parse alone does not hold to: it would take hours of one digit
// and a comma before the fraction.
func instant(s string) (time.Time, bool) {
	if len(s) < len("2006-01-02T15:04:05Z") || s[13] != ':' || s[19] == ',' {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339, s)
	return t, err == nil
}

func boolean(raw []byte) (any, fault) {
	switch string(raw) {
	case "true":
		return true, fault{}
	case "false":
		return false, fault{}
	default:
		return nil, fault{code: CodeTypeMismatch, shown: jsonKind(raw)}
	}
}

// number keeps the digits as they are; only an integer written with a point or a power is
// rewritten. The limits keep a number like 1e1000000000 from filling the memory.
func (f format) number(raw []byte) (any, fault) {
	if !isNumber(raw) || !json.Valid(raw) {
		return nil, fault{code: CodeTypeMismatch, shown: jsonKind(raw)}
	}
	text := string(raw)
	if len(text) > maxNumberLength || power(text) > maxNumberPower {
		return nil, fault{code: CodeNumber, shown: text}
	}
	if f.kind == directory.Number || !strings.ContainsAny(text, ".eE") {
		return json.Number(text), fault{}
	}
	exact, ok := new(big.Rat).SetString(text)
	if !ok || !exact.IsInt() {
		return nil, fault{code: CodeNumber, shown: text}
	}
	return json.Number(exact.Num().String()), fault{}
}

// power is the size of the exponent of a JSON number.
func power(number string) int {
	i := strings.IndexAny(number, "eE")
	if i < 0 {
		return 0
	}
	n, err := strconv.Atoi(strings.TrimLeft(number[i+1:], "+-"))
	if err != nil {
		return maxNumberPower + 1
	}
	return n
}

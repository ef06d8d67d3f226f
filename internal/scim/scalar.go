package scim

import (
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/mail"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// The limits keep a number like 1e1000000000 from filling the memory.
const (
	maxNumberLength = 100
	maxNumberPower  = 300
)

// readBoolean takes Entra's texts "True" and "False" too, in any case.
func readBoolean(raw any, at string) (any, error) {
	switch raw := raw.(type) {
	case bool:
		return raw, nil
	case string:
		switch {
		case raw == "":
			return nil, nil
		case strings.EqualFold(raw, "true"):
			return true, nil
		case strings.EqualFold(raw, "false"):
			return false, nil
		}
		return nil, refuse(InvalidValue, "The attribute %q takes true or false, but got %q.", at, shorten(raw))
	default:
		return nil, refuse(InvalidValue, "The attribute %q takes true or false, but got %s.", at, kindOf(raw))
	}
}

// readNumber keeps the digits as they are; only an integer written with a point or a power is rewritten.
func readNumber(a *schema.Attribute, raw any, at string) (any, error) {
	expected := "a number"
	if a.Type == schema.Integer {
		expected = "a whole number"
	}
	number, ok := raw.(json.Number)
	if !ok {
		return nil, refuse(InvalidValue, "The attribute %q takes %s, but got %s.", at, expected, kindOf(raw))
	}
	text := number.String()
	if len(text) > maxNumberLength || power(text) > maxNumberPower {
		return nil, refuse(InvalidValue, "The attribute %q takes %s of at most %d digits, but got %s.", at, expected, maxNumberLength, shorten(text))
	}
	if a.Type == schema.Decimal || !strings.ContainsAny(text, ".eE") {
		return number, nil
	}
	exact, ok := new(big.Rat).SetString(text)
	if !ok || !exact.IsInt() {
		return nil, refuse(InvalidValue, "The attribute %q takes a whole number, but got %s.", at, text)
	}
	return json.Number(exact.Num().String()), nil
}

// power is the size of the exponent of a JSON number.
func power(number string) int {
	_, exponent, found := strings.Cut(strings.ToLower(number), "e")
	if !found {
		return 0
	}
	n, err := strconv.Atoi(strings.TrimLeft(exponent, "+-"))
	if err != nil {
		return maxNumberPower + 1
	}
	return n
}

// readText reads all that JSON writes as a text. An empty one is no value: it is how Entra clears an attribute.
func readText(a *schema.Attribute, raw any, at string) (any, error) {
	text, ok := raw.(string)
	if !ok {
		return nil, refuse(InvalidValue, "The attribute %q takes a text, but got %s.", at, kindOf(raw))
	}
	text = clean(text)
	if text == "" {
		return nil, nil
	}
	if a.MaxLength > 0 && len(text) > a.MaxLength && utf8.RuneCountInString(text) > a.MaxLength {
		return nil, refuse(InvalidValue, "The attribute %q takes at most %d characters, but got %d.", at, a.MaxLength, utf8.RuneCountInString(text))
	}
	switch {
	case a.Type == schema.DateTime:
		return readDateTime(text, at)
	case a.Type == schema.Binary && !isBase64(text):
		return nil, refuse(InvalidValue, "The attribute %q takes binary data in base 64, but got %q.", at, shorten(text))
	case a.Field == directory.Date:
		if _, err := time.Parse(time.DateOnly, text); err != nil {
			return nil, refuse(InvalidValue, "The attribute %q takes a date as YYYY-MM-DD, such as 2026-03-31, but got %q.", at, shorten(text))
		}
	case a.Field == directory.Email && !isAddress(text):
		return nil, refuse(InvalidValue, "The attribute %q takes an email address, but got %q.", at, shorten(text))
	}
	return text, nil
}

// readDateTime gives the instant in UTC, so that equal instants are equal texts.
func readDateTime(text, at string) (any, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.UTC().Year() < 0 || t.UTC().Year() > 9999 {
		return nil, refuse(InvalidValue, "The attribute %q takes a date and time with its zone, such as 2026-03-31T09:30:00Z, but got %q.", at, shorten(text))
	}
	return t.UTC().Format(time.RFC3339Nano), nil
}

// isBase64 accepts both alphabets of RFC 4648, with or without padding (RFC 7643, section 2.3.6).
func isBase64(text string) bool {
	text = strings.NewReplacer("-", "+", "_", "/", "\n", "", "\r", "").Replace(text)
	_, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	return err == nil
}

func isAddress(text string) bool {
	address, err := mail.ParseAddress(text)
	return err == nil && address.Name == "" && address.Address == text
}

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

// maxNumberLength is how many characters a number may have, in digits: 1e1000000000 would fill the memory.
const maxNumberLength = 100

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

// readNumber gives each number in one form, which is that in which the database gives it back: without
// a power, and without zeros at the end of a fraction.
func readNumber(a *schema.Attribute, raw any, at string) (any, error) {
	expected := "a number"
	if a.Type == schema.Integer {
		expected = "a whole number"
	}
	number, ok := raw.(json.Number)
	if !ok {
		return nil, refuse(InvalidValue, "The attribute %q takes %s, but got %s.", at, expected, kindOf(raw))
	}
	written, ok := plain(number.String())
	if !ok {
		return nil, refuse(InvalidValue, "The attribute %q takes %s of at most %d digits, but got %s.", at, expected, maxNumberLength, shorten(number.String()))
	}
	if a.Type == schema.Integer && strings.Contains(written, ".") {
		return nil, refuse(InvalidValue, "The attribute %q takes a whole number, but got %s.", at, number)
	}
	return json.Number(written), nil
}

// plain is a JSON number in digits alone, exactly. ok is false for one that is too long so.
func plain(number string) (written string, ok bool) {
	mantissa, _, _ := strings.Cut(strings.ToLower(number), "e")
	if len(number) > maxNumberLength || power(number) > maxNumberLength {
		return "", false
	}
	exact, ok := new(big.Rat).SetString(number)
	if !ok {
		return "", false
	}
	_, fraction, _ := strings.Cut(mantissa, ".")
	written = exact.FloatString(len(fraction) + power(number))
	if strings.Contains(written, ".") {
		written = strings.TrimRight(strings.TrimRight(written, "0"), ".")
	}
	return written, len(written) <= maxNumberLength
}

// power is the size of the exponent of a JSON number.
func power(number string) int {
	_, exponent, found := strings.Cut(strings.ToLower(number), "e")
	if !found {
		return 0
	}
	n, err := strconv.Atoi(strings.TrimLeft(exponent, "+-"))
	if err != nil {
		return maxNumberLength + 1
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
		return readDate(text, at)
	case a.Field == directory.Email && !isAddress(text):
		return nil, refuse(InvalidValue, "The attribute %q takes an email address, but got %q.", at, shorten(text))
	}
	return text, nil
}

// readDate takes a day as Entra writes it too: its midnight in UTC.
func readDate(text, at string) (any, error) {
	day, err := time.Parse(time.DateOnly, text)
	if instant, fault := time.Parse(time.RFC3339, text); fault == nil && strings.HasSuffix(text, "Z") && instant.Equal(instant.Truncate(24*time.Hour)) {
		day, err = instant, nil
	}
	if err != nil {
		return nil, refuse(InvalidValue, "The attribute %q takes a date as YYYY-MM-DD, such as 2026-03-31, but got %q.", at, shorten(text))
	}
	return day.Format(time.DateOnly), nil
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

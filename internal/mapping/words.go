package mapping

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const maxShown = 60

// words is what a problem's sentences need to know.
type words struct {
	source     string
	field      directory.Field
	provider   string
	dateFormat string
}

// problem says what happened to a value and what to do, without more of the person than the
// value itself.
func (w words) problem(f fault) directory.Problem {
	message, remedy := w.sentences(f)
	return directory.Problem{Code: f.code, Field: w.field.ID, Message: message, Remedy: remedy}
}

func (w words) sentences(f fault) (message, remedy string) {
	correct := fmt.Sprintf("Correct '%s' in %s, then sync again.", w.source, w.provider)
	say := func(format string, args ...any) string { return w.field.Name + ": " + fmt.Sprintf(format, args...) }
	switch f.code {
	case CodeMissing:
		return fmt.Sprintf("%s is missing: '%s' has no value in the directory.", w.field.Name, w.source),
			fmt.Sprintf("Fill in '%s' in %s, then sync again.", w.source, w.provider)
	case CodeTypeMismatch:
		return say("'%s' is %s, but the field takes %s.", w.source, f.shown, noun(w.field.Type)),
			fmt.Sprintf("Map an attribute that is %s to %s, or correct '%s' in %s, then sync again.", noun(w.field.Type), w.field.Name, w.source, w.provider)
	case CodeEmail:
		return say("'%s' is not an email address that mail can be sent to.", shorten(f.shown)),
			"Use a plain address such as ana@example.com. " + correct
	case CodeDate:
		return say("'%s' is not a date.", shorten(f.shown)), w.dateHint() + " " + correct
	case CodeDateTime:
		return say("'%s' is not a date with a time.", shorten(f.shown)),
			"Use an ISO date-time with a time zone, for example 2019-06-06T09:30:00Z. " + correct
	case CodeNumber:
		if w.field.Type == directory.Integer {
			return say("%s is not a whole number, or too large.", shorten(f.shown)), correct
		}
		return say("%s is too large or too precise.", shorten(f.shown)), correct
	case CodeTooLong:
		return say("the value of '%s' is longer than 10,000 characters.", w.source),
			fmt.Sprintf("Shorten '%s' in %s, then sync again.", w.source, w.provider)
	default:
		return say("characters that cannot be stored were removed from '%s'; the rest of it was taken over.", w.source),
			fmt.Sprintf("Type '%s' anew in %s, then sync again.", w.source, w.provider)
	}
}

// dateHint shows the date of the product's documents, 6 June 2019, in the account's format.
func (w words) dateHint() string {
	if w.dateFormat == "YYYY-MM-DD" {
		return "Use an ISO date, for example 2019-06-06."
	}
	example := time.Date(2019, time.June, 6, 0, 0, 0, 0, time.UTC).Format(directory.DateFormats()[w.dateFormat])
	return fmt.Sprintf("Use %s, for example %s, or an ISO date.", w.dateFormat, example)
}

// noun is a data type in a sentence.
func noun(t directory.FieldType) string {
	switch t {
	case directory.Text:
		return "a text"
	case directory.Number:
		return "a number"
	case directory.Integer:
		return "a whole number"
	case directory.Boolean:
		return "true or false"
	case directory.Date:
		return "a date"
	case directory.DateTime:
		return "a date with a time"
	case directory.Email:
		return "an email address"
	case directory.Person:
		return "a person"
	default:
		return string(t)
	}
}

// shorten makes a value fit to be shown: one line, not long.
func shorten(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
	if runes := []rune(s); len(runes) > maxShown {
		return string(runes[:maxShown]) + "…"
	}
	return s
}

package filter

import (
	"encoding/json"
	"strings"
	"unicode"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// reader reads one filter or path by the grammar of RFC 7644, figure 1, looking one token ahead:
//
//	filter  = all *("or" all)
//	all     = factor *("and" factor)
//	factor  = ["not"] "(" filter ")" / term
//	term    = attribute operator [literal] / attribute "[" filter "]" ["." sub-attribute operator [literal]]
type reader struct {
	resource *schema.ResourceType
	across   bool   // an attribute that the type lacks has no value
	token    string // a parenthesis, a bracket, a string with its quotation marks, or a word; empty: the end
	rest     string // what follows the token
	depth    int
	terms    int
}

// begin takes the text that is to be read.
func (r *reader) begin(text string) {
	r.rest = text
	r.advance()
}

func (r *reader) advance() {
	text := strings.TrimLeftFunc(r.rest, unicode.IsSpace)
	end := strings.IndexFunc(text, func(c rune) bool { return unicode.IsSpace(c) || strings.ContainsRune(`()[]"`, c) })
	switch {
	case end < 0:
		end = len(text)
	case end == 0 && text[0] == '"':
		end = stringEnd(text)
	case end == 0:
		end = 1
	}
	r.token, r.rest = text[:end], text[end:]
}

// stringEnd is where the string ends that text begins with; the end of text for one that is not closed.
func stringEnd(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// accept goes on when the token is the one asked for, in any case.
func (r *reader) accept(token string) bool {
	is := strings.EqualFold(r.token, token)
	if is {
		r.advance()
	}
	return is
}

// word takes a token that is neither punctuation nor a string; empty when it is no such token.
func (r *reader) word() string {
	if r.token == "" || strings.ContainsRune(`()[]"`, rune(r.token[0])) {
		return ""
	}
	word := r.token
	r.advance()
	return word
}

// unclear says where the grammar was left.
func (r *reader) unclear() error {
	where := "at its end"
	if r.token != "" {
		where = "at " + shortened(r.token+r.rest)
	}
	return invalid(`The filter cannot be understood %s. Write it like userName eq "kim@example.com", and join several with and, or, not (…).`, where)
}

func shortened(text string) string {
	if runes := []rune(text); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return text
}

// filter reads a filter. within is the attribute whose values it is on, in a value path.
func (r *reader) filter(within *schema.Attribute) (Expression, error) {
	left, err := r.all(within)
	for err == nil && r.accept("or") {
		var right Expression
		right, err = r.all(within)
		left = Or{left, right}
	}
	return left, err
}

func (r *reader) all(within *schema.Attribute) (Expression, error) {
	left, err := r.factor(within)
	for err == nil && r.accept("and") {
		var right Expression
		right, err = r.factor(within)
		left = And{left, right}
	}
	return left, err
}

func (r *reader) factor(within *schema.Attribute) (Expression, error) {
	not := r.accept("not")
	if r.token == "(" {
		operand, err := r.enclosed(")", within)
		if not {
			operand = Not{operand}
		}
		return operand, err
	}
	if not {
		return nil, r.unclear()
	}
	return r.term(within)
}

// enclosed reads a filter between the token, which opens it, and the closing one.
func (r *reader) enclosed(closing string, within *schema.Attribute) (Expression, error) {
	if r.depth++; r.depth > MaxDepth {
		return nil, invalid("The filter has more than %d parentheses or brackets within each other. Write it flatter.", MaxDepth)
	}
	r.advance()
	e, err := r.filter(within)
	if err == nil && !r.accept(closing) {
		err = r.unclear()
	}
	r.depth--
	return e, err
}

// literal reads a value. Booleans and null are in any case, as ABNF's are.
func (r *reader) literal() (any, error) {
	token := r.token
	if strings.HasPrefix(token, `"`) {
		r.advance()
		return unquote(token)
	}
	switch word := r.word(); strings.ToLower(word) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "null":
		return nil, nil
	default:
		if !json.Valid([]byte(word)) {
			return nil, invalid("The filter's value %s is neither a string in double quotation marks nor a number, true, false or null.", shortened(token))
		}
		return json.Number(word), nil
	}
}

// unquote decodes a string. It has no NUL character: no value of ours has one.
func unquote(quoted string) (string, error) {
	var text string
	if err := json.Unmarshal([]byte(quoted), &text); err != nil {
		return "", invalid("The filter's string %s is none of JSON: it is not closed, or has a wrong escape.", shortened(quoted))
	}
	return strings.ReplaceAll(text, "\x00", ""), nil
}

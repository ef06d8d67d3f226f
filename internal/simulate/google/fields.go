package google

import (
	"strings"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

// mask is a partial response: the properties wanted, each with what is wanted
// inside it; an empty one wants all. What it does not name is left out, the
// nextPageToken too.
// https://developers.google.com/workspace/admin/directory/v1/guides/performance#partial
type mask map[string]mask

// parseMask reads a fields parameter: "nextPageToken,users(id,name/givenName)".
func parseMask(fields string) (mask, error) {
	if fields == "" {
		return nil, nil
	}
	p := maskParser{rest: fields}
	m, ok := p.list()
	if !ok || p.rest != "" {
		return nil, invalidParameter("fields", "Invalid field selection "+fields)
	}
	return m, nil
}

type maskParser struct{ rest string }

func (p *maskParser) list() (mask, bool) {
	m := mask{}
	for {
		if !p.item(m) {
			return nil, false
		}
		if !p.take(',') {
			return m, true
		}
	}
}

// item reads one selection into m.
func (p *maskParser) item(m mask) bool {
	for {
		end := strings.IndexAny(p.rest, ",/()")
		if end < 0 {
			end = len(p.rest)
		}
		name := strings.TrimSpace(p.rest[:end])
		if name == "" {
			return false
		}
		p.rest = p.rest[end:]
		inner := m[name]
		if inner == nil {
			inner = mask{}
			m[name] = inner
		}
		switch {
		case p.take('/'):
			m = inner
		case p.take('('):
			selected, ok := p.list()
			for name, within := range selected {
				inner[name] = within
			}
			return ok && p.take(')')
		default:
			return true
		}
	}
}

func (p *maskParser) take(c byte) bool {
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

// append writes what the mask wants of a JSON value; inside lists it applies to
// each element.
func (m mask) append(dst, value []byte) []byte {
	switch {
	case len(m) == 0:
		return append(dst, value...)
	case value[0] == '[':
		return m.appendList(dst, value)
	case value[0] != '{':
		return append(dst, value...)
	}
	dst = append(dst, '{')
	empty := true
	for name, inside := range simulate.Object(value).Properties() {
		within, wanted := m[string(name)]
		if !wanted {
			within, wanted = m["*"]
		}
		if !wanted {
			continue
		}
		if !empty {
			dst = append(dst, ',')
		}
		empty = false
		dst = append(simulate.AppendString(dst, string(name)), ':')
		dst = within.append(dst, inside)
	}
	return append(dst, '}')
}

func (m mask) appendList(dst, list []byte) []byte {
	dst = append(dst, '[')
	empty := true
	for element := range simulate.Elements(list) {
		if !empty {
			dst = append(dst, ',')
		}
		empty = false
		dst = m.append(dst, element)
	}
	return append(dst, ']')
}

package filter

import (
	"strings"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// Path names an attribute of a resource type, or a sub-attribute, or all of an extension. In the
// filter of a value path, Attribute is the sub-attribute.
type Path struct {
	URN         string            // of the extension that has the attribute; empty: it is at the top
	Attribute   *schema.Attribute // nil: the extension itself
	Filter      Expression        // of the values of a multi-valued attribute; nil: all of them
	Comparisons int               // how many the filter has
	Sub         *schema.Attribute // nil: the whole attribute
}

// Target is the attribute that the path ends at: the sub-attribute where there is one. It is nil for
// an extension.
func (p Path) Target() *schema.Attribute {
	if p.Sub != nil {
		return p.Sub
	}
	return p.Attribute
}

// Comparable is the path to what a comparison or a sort looks at: that of a complex attribute without
// a sub-attribute goes to its sub-attribute value, as `emails co "example.com"` in RFC 7644, section
// 3.4.2.2. ok is false when there is none, and for an extension.
func (p Path) Comparable() (path Path, ok bool) {
	if p.Attribute != nil && p.Sub == nil && p.Attribute.Type == schema.Complex {
		p.Sub = p.Attribute.SubAttribute("value")
		return p, p.Sub != nil
	}
	return p, p.Attribute != nil
}

// String is the path in the schema's spelling, without its filter.
func (p Path) String() string {
	if p.Attribute == nil {
		return p.URN
	}
	text := p.Attribute.Name
	if p.URN != "" {
		text = p.URN + ":" + text
	}
	if p.Sub != nil {
		text += "." + p.Sub.Name
	}
	return text
}

// find is the attribute that a name is of: [urn:]attr[.sub], in any case. ok is false when there is none.
func find(t *schema.ResourceType, name string) (p Path, ok bool) {
	colon := strings.LastIndexByte(name, ':')
	attribute, sub, dotted := strings.Cut(name[colon+1:], ".")
	urn := name[:max(colon, 0)]
	extension := t.Extension(urn)
	switch {
	case colon < 0:
		p.Attribute = t.Attribute(attribute)
	case strings.EqualFold(urn, t.Core.ID):
		p.Attribute = t.Core.Attribute(attribute)
	case extension != nil:
		p = Path{URN: extension.ID, Attribute: extension.Attribute(attribute)}
	}
	if p.Attribute == nil || !dotted {
		return p, p.Attribute != nil
	}
	return p.sub(sub)
}

// sub is the path on to a sub-attribute.
func (p Path) sub(name string) (path Path, ok bool) {
	p.Sub = p.Attribute.SubAttribute(name)
	return p, p.Sub != nil
}

// findIn is the sub-attribute of values that the filter of a value path names.
func findIn(values *schema.Attribute, name string) (p Path, ok bool) {
	p.Attribute = values.SubAttribute(name)
	if p.Attribute == nil && values.Type != schema.Complex && strings.EqualFold(name, "value") {
		p.Attribute = &schema.Attribute{Name: "value", Type: values.Type, CaseExact: values.CaseExact}
	}
	return p, p.Attribute != nil
}

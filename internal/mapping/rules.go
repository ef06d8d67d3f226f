package mapping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// Rules are checked mappings, ready to be applied to any number of records at once.
type Rules struct {
	mappings []directory.Mapping
	rules    []rule // in the order of mappings
	digest   []byte // identifies what is written, and when
	byTarget []int  // indexes of rules, sorted by target
}

// rule carries one attribute to one field.
type rule struct {
	source string
	target directory.Field
	format format
	words  words
}

// Compile checks mappings against the attributes of the source and the fields of the account.
// Mandatory fields that no mapping names get the provider's default. The date format is one of
// directory.DateFormats. All mistakes are reported at once, each under the field of the request
// that holds it ("mappings[2].target").
func Compile(mappings []directory.Mapping, attributes []directory.Attribute, fields []directory.Field, provider directory.Provider, dateFormat string) (*Rules, error) {
	layout, ok := directory.DateFormats()[dateFormat]
	if !ok {
		message := fmt.Sprintf("%q is not a date format of Rollcall.", dateFormat)
		return nil, directory.Invalid(CodeInvalid, message, directory.FieldError{Field: "date_format", Message: message})
	}
	c := compiler{provider: provider, dateFormat: dateFormat, layout: layout, targets: map[string]string{}}
	c.attributes = index(attributes, func(a directory.Attribute) string { return a.Path })
	c.fields = index(fields, func(f directory.Field) string { return f.ID })
	for i, m := range mappings {
		c.add(m, fmt.Sprintf("mappings[%d]", i))
	}
	given := c.rules
	c.rules = nil
	missing := slices.DeleteFunc(Defaults(provider), func(d directory.Mapping) bool { return c.targets[d.Target] != "" })
	for _, m := range missing {
		c.add(m, "mappings")
	}
	if len(c.errs) > 0 {
		return nil, directory.Invalid(CodeInvalid, "The mapping cannot be used. "+c.errs[0].Message, c.errs...)
	}
	return newRules(slices.Concat(missing, mappings), append(c.rules, given...)), nil
}

func newRules(mappings []directory.Mapping, rules []rule) *Rules {
	r := &Rules{mappings: mappings, rules: rules, byTarget: make([]int, len(rules))}
	for i := range rules {
		r.byTarget[i] = i
	}
	slices.SortFunc(r.byTarget, func(a, b int) int { return strings.Compare(rules[a].target.ID, rules[b].target.ID) })
	r.digest = r.rulesDigest()
	return r
}

// Mappings are the mappings with the defaults of the mandatory fields filled in, those first.
func (r *Rules) Mappings() []directory.Mapping { return slices.Clone(r.mappings) }

// CreateOnly holds the targets whose mapping has sync updates off.
func (r *Rules) CreateOnly() map[string]bool {
	targets := map[string]bool{}
	for _, m := range r.mappings {
		if !m.SyncUpdates {
			targets[m.Target] = true
		}
	}
	return targets
}

// Paths are the source attributes to ask for, each once.
func (r *Rules) Paths() []string {
	paths := make([]string, 0, len(r.rules))
	for _, one := range r.rules {
		paths = append(paths, one.source)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// compiler collects rules and mistakes.
type compiler struct {
	provider           directory.Provider
	dateFormat, layout string
	attributes         map[string]directory.Attribute
	fields             map[string]directory.Field
	targets            map[string]string // where a target was named first
	rules              []rule
	errs               []directory.FieldError
}

func (c *compiler) add(m directory.Mapping, at string) {
	sourceAt, targetAt := at, at
	if at != "mappings" {
		sourceAt, targetAt = at+".source", at+".target"
	}
	attribute, sourceKnown := c.attributes[m.Source]
	if !sourceKnown {
		c.mistake(sourceAt, "'%s' is not an attribute that %s has. Choose one that the connection lists.", m.Source, c.provider.Title())
	}
	field, targetKnown := c.fields[m.Target]
	if !targetKnown {
		c.mistake(targetAt, "'%s' is not a field of this account. Choose one of its fields, or create the field first.", m.Target)
	}
	if first, twice := c.targets[m.Target]; twice {
		c.mistake(targetAt, "'%s' is already the target of %s. Keep one of the two mappings.", c.nameOf(m.Target), first)
		return
	}
	c.targets[m.Target] = at
	if !sourceKnown || !targetKnown {
		return
	}
	if is, fits := fit(attribute, field.Type); !fits {
		c.mistake(targetAt, "'%s' %s, but '%s' is %s. Map an attribute and a field of the same type.", attribute.Name, is, field.Name, noun(field.Type))
		return
	}
	c.rules = append(c.rules, rule{
		source: m.Source,
		target: field,
		format: format{kind: field.Type, layout: c.layout, trim: directory.Mandatory(field.ID), list: attribute.MultiValued},
		words:  words{source: m.Source, field: field, provider: c.provider.Title(), dateFormat: c.dateFormat},
	})
}

// fit says what an attribute is, and whether it may be mapped to a field of the type. Several
// values make a text, which is no address even if each of them is one.
func fit(a directory.Attribute, field directory.FieldType) (is string, fits bool) {
	if a.MultiValued {
		return "has several values, which make a text", field == directory.Text
	}
	return "is " + noun(a.Type), field.Accepts(a.Type)
}

func (c *compiler) mistake(field, format string, args ...any) {
	c.errs = append(c.errs, directory.FieldError{Field: field, Message: fmt.Sprintf(format, args...)})
}

func (c *compiler) nameOf(target string) string {
	if f, ok := c.fields[target]; ok {
		return f.Name
	}
	return target
}

func index[T any](items []T, key func(T) string) map[string]T {
	byKey := make(map[string]T, len(items))
	for _, item := range items {
		byKey[key(item)] = item
	}
	return byKey
}

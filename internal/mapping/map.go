package mapping

import (
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
)

// Map turns a record into values. What cannot be turned into the type of its field is left out
// and becomes a problem; the other values are not held up by it. An attribute that is absent,
// null or white space has no value: the field is cleared, unless it is mandatory.
func (r *Rules) Map(rec source.Record) Record {
	out := Record{SourceID: rec.ID, Enabled: rec.Enabled, Values: make(directory.Values, len(r.rules))}
	for i := range r.rules {
		one := &r.rules[i]
		value, f := one.format.convert(rec.Attributes[one.source])
		if value == nil && f.keepsValue() && directory.Mandatory(one.target.ID) {
			f = fault{code: CodeMissing}
		}
		if f.code != "" {
			out.Problems = append(out.Problems, one.words.problem(f))
		}
		switch {
		case !f.keepsValue():
		case one.target.Type == directory.Person:
			out.name(one.target.ID, value)
		default:
			out.Values[one.target.ID] = value
		}
	}
	return out
}

// name has a field of type person name somebody, or nobody.
func (r *Record) name(target string, value any) {
	if r.People == nil {
		r.People = map[string]string{}
	}
	r.People[target], _ = value.(string)
}

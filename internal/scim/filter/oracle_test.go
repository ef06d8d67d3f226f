package filter

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/scim/schema"
)

// answer is a recorded answer of the npm package scim2-parse-filter, made by internal/cmd/scimoracle/filter.
type answer struct {
	Filter   *string // nil: the line is a resource
	Resource int
	Match    *bool // nil: it did not read the filter
}

// difference is why scim2-parse-filter may answer otherwise, and the sentence that decides for us.
type difference struct {
	name, sentence string
	applies        func(text string, e Expression, resource map[string]any) bool
}

func inText(pattern string) func(string, Expression, map[string]any) bool {
	expression := regexp.MustCompile(pattern)
	return func(text string, _ Expression, _ map[string]any) bool { return expression.MatchString(text) }
}

// ofComparison applies when it does so to one of the filter's comparisons and the values it is of.
func ofComparison(applies func(Comparison, []any) bool) func(string, Expression, map[string]any) bool {
	return func(_ string, e Expression, resource map[string]any) bool {
		found := false
		eachComparison(e, resource, func(c Comparison, values []any) { found = found || applies(c, values) })
		return found
	}
}

func eachComparison(e Expression, resource map[string]any, visit func(Comparison, []any)) {
	switch e := e.(type) {
	case And:
		eachComparison(e.Left, resource, visit)
		eachComparison(e.Right, resource, visit)
	case Or:
		eachComparison(e.Left, resource, visit)
		eachComparison(e.Right, resource, visit)
	case Not:
		eachComparison(e.Operand, resource, visit)
	case ValuePath:
		for _, value := range valuesAt(resource, e.Path) {
			eachComparison(e.Filter, value.(map[string]any), visit)
		}
	case Comparison:
		visit(e, valuesAt(resource, e.Path))
	}
}

func hasCompoundValuePath(e Expression) bool {
	switch e := e.(type) {
	case And:
		return hasCompoundValuePath(e.Left) || hasCompoundValuePath(e.Right)
	case Or:
		return hasCompoundValuePath(e.Left) || hasCompoundValuePath(e.Right)
	case Not:
		return hasCompoundValuePath(e.Operand)
	case ValuePath:
		_, single := e.Filter.(Comparison)
		return !single
	default:
		return false
	}
}

var differences = []difference{
	{
		"case", `RFC 7643, section 2.2: "caseExact" is "false" (i.e., case-insensitive)`,
		ofComparison(func(c Comparison, values []any) bool {
			want, isString := c.Value.(string)
			return isString && !c.Path.Target().CaseExact && slices.ContainsFunc(append(values, want), func(value any) bool {
				text, _ := value.(string)
				return Fold(text) != text
			})
		}),
	},
	{
		"not equal to nothing", `RFC 7643, section 2.5: "Unassigned attributes, the null value, or an empty array … SHALL be considered to be equivalent in "state""; RFC 7644, table 3, ne: "The attribute and operator values are not identical."`,
		ofComparison(func(c Comparison, values []any) bool {
			return c.Operator == NotEqual && (len(values) == 0 || slices.Contains(values, nil))
		}),
	},
	{
		"null", `RFC 7643, section 2.5: "Unassigned attributes, the null value … SHALL be considered to be equivalent in "state""`,
		inText(` (eq|ne) null`),
	},
	{
		"chronological", `RFC 7644, table 3, gt: "for DateTime types, it is a chronological comparison"`,
		ofComparison(func(c Comparison, _ []any) bool { _, ok := c.Value.(time.Time); return ok }),
	},
	{
		"complex without a sub-attribute", `RFC 7644, section 3.4.2.2, figure 2: (emails co "example.com" or emails.value co "example.org")`,
		inText(`(?i)(emails|roles|manager) (eq|ne|co|sw|ew|gt|ge|lt|le) `),
	},
	{
		"value path of several terms", `RFC 7644, section 3.4.2.2: "expressions MUST be applied to the same value of a parent attribute specified immediately before the left square bracket ("[")"`,
		func(_ string, e Expression, _ map[string]any) bool { return hasCompoundValuePath(e) },
	},
	{
		"escaped string", `RFC 7644, section 3.4.2.2: "the "compValue" (comparison value) rule is built on JSON Data Interchange format ABNF rules"`,
		inText(`\\`),
	},
	{
		"core schema's URN", `RFC 7644, section 3.10: "the core User resource attribute 'userName' is identified as 'urn:ietf:params:scim:schemas:core:2.0:User:userName'"`,
		inText(`core:2\.0:User:`),
	},
	{
		"boolean as a string", `No sentence: a string is no boolean in RFC 7643, section 2.3.2, but Entra writes "true" for true.`,
		inText(`(active|primary) (eq|ne) "true"`),
	},
	{
		"refused", `RFC 7644, table 9, invalidFilter: "the specified attribute and filter comparison combination is not supported"`,
		func(_ string, e Expression, _ map[string]any) bool { return e == nil },
	},
}

func recording(t *testing.T) (resources []map[string]any, answers []answer) {
	t.Helper()
	compressed, err := os.ReadFile("testdata/scim2-parse-filter.jsonl.gz")
	require.NoError(t, err)
	reader, err := gzip.NewReader(bytes.NewReader(compressed))
	require.NoError(t, err)
	lines := json.NewDecoder(reader)
	lines.UseNumber()
	for {
		var line json.RawMessage
		if err := lines.Decode(&line); errors.Is(err, io.EOF) {
			return resources, answers
		}
		var a answer
		require.NoError(t, json.Unmarshal(line, &a))
		if a.Filter != nil {
			answers = append(answers, a)
			continue
		}
		var resource map[string]any
		require.NoError(t, json.Unmarshal(line, &resource))
		resources = append(resources, resource)
	}
}

func TestD8_AgreesWithScim2ParseFilter(t *testing.T) {
	t.Parallel()
	user := schema.User(nil)
	resources, answers := recording(t)
	require.Len(t, answers, 10_000)
	plain, reasons := 0, map[string]int{}
	for _, a := range answers {
		e, err := Parse(user, *a.Filter)
		ours := err == nil && Match(e, resources[a.Resource])
		agrees := a.Match != nil && *a.Match == ours && err == nil
		var applying []string
		for _, d := range differences {
			if d.applies(*a.Filter, e, resources[a.Resource]) {
				applying = append(applying, d.name)
			}
		}
		if len(applying) == 0 {
			plain++
			require.True(t, agrees, "%s on %v: we say %t, %v", *a.Filter, resources[a.Resource], ours, err)
		}
		if !agrees {
			reasons[strings.Join(applying, ", ")]++
		}
	}
	t.Logf("%d filters without a reason to differ; the others differ %v", plain, reasons)
	require.Greater(t, plain, 3000)
	for _, d := range differences {
		require.Positive(t, reasons[d.name], "%s alone makes no answer differ: %s", d.name, d.sentence)
	}
}

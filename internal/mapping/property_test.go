package mapping

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
)

// anyJSON draws a value as a directory might send it.
func anyJSON() *rapid.Generator[json.RawMessage] {
	return rapid.Custom(func(t *rapid.T) json.RawMessage {
		value := rapid.OneOf(
			rapid.String().AsAny(), rapid.Bool().AsAny(), rapid.Int64().AsAny(), rapid.Float64().AsAny(),
			rapid.SliceOfN(rapid.String(), 0, 2).AsAny(), rapid.Just(any(nil)),
			rapid.SliceOfN(rapid.MapOfN(rapid.SampledFrom([]string{"value", "type"}), rapid.String(), 0, 2), 0, 2).AsAny(),
			rapid.SampledFrom([]string{"ana@corp.example", "2019-06-06", "06/06/2019", "2019-06-06T00:00:00Z", "\x00", "  "}).AsAny(),
		).Draw(t, "value")
		b, err := json.Marshal(value)
		if err != nil {
			t.Skip("not a JSON value")
		}
		return b
	})
}

func anyRecord(rules *Rules) *rapid.Generator[source.Record] {
	return rapid.Custom(func(t *rapid.T) source.Record {
		rec := source.Record{ID: rapid.StringN(1, 8, -1).Draw(t, "id"), Enabled: rapid.Bool().Draw(t, "enabled"), Attributes: map[string]json.RawMessage{}}
		for _, path := range rules.Paths() {
			if rapid.Bool().Draw(t, "has "+path) {
				rec.Attributes[path] = anyJSON().Draw(t, path)
			}
		}
		return rec
	})
}

func wideRules(t testing.TB) *Rules {
	return entraRules(t, to("jobTitle", "title"), to("employeeHireDate", "joining_date"), to("floor", "floor"), to("share", "share"),
		to("remote", "remote"), to("lastPasswordChangeDateTime", "password_changed"), to("userPrincipalName", "private_email"), to("businessPhones", "phone"))
}

func TestPropertiesOfAMappedRecord(t *testing.T) {
	t.Parallel()
	rules := wideRules(t)
	rapid.Check(t, func(t *rapid.T) {
		rec := anyRecord(rules).Draw(t, "record")
		got := rules.Map(rec)
		problems := complaints(got)
		for _, m := range rules.Mappings() {
			value, present := got.Values[m.Target]
			code, troubled := problems[m.Target]
			require.Equal(t, !troubled || code == CodeRemoved, present, "a value is there unless it has a problem: %s", m.Target)
			if directory.Mandatory(m.Target) && present {
				require.NotEmpty(t, value, "a mandatory value is never blank")
			}
			if s, ok := value.(string); ok {
				require.True(t, utf8.ValidString(s))
				require.NotContains(t, s, "\x00")
			}
		}
		require.Len(t, problems, len(got.Problems), "one problem a field at most")
		for _, p := range got.Problems {
			require.NotEmpty(t, p.Message)
			require.NotEmpty(t, p.Remedy)
		}
		require.Equal(t, got, rules.Map(rec), "the same record maps to the same")
	})
}

func TestPropertyStagingKeepsARecord(t *testing.T) {
	t.Parallel()
	rules := wideRules(t)
	rapid.Check(t, func(t *rapid.T) {
		rec := rules.Map(anyRecord(rules).Draw(t, "record"))
		text, err := json.Marshal(rec)
		require.NoError(t, err)
		var back Record
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, rec.Values, back.Values)
		require.Equal(t, rec.Enabled, back.Enabled)
		require.Equal(t, len(rec.Problems), len(back.Problems))
		require.Equal(t, rules.Fingerprint(rec), rules.Fingerprint(back))
		again, err := json.Marshal(back)
		require.NoError(t, err)
		require.Equal(t, string(text), string(again))
	})
}

// The calendar day of a date-time is the one it shows, whatever its offset.
func TestPropertyADayNeverMoves(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		offset := rapid.IntRange(-14*60, 14*60).Draw(t, "minutes east") * 60
		at := time.Unix(rapid.Int64Range(-2e9, 4e9).Draw(t, "unix"), 0).In(time.FixedZone("", offset))
		got, f := format{kind: directory.Date, layout: "02/01/2006"}.convert(json.RawMessage(`"` + at.Format(time.RFC3339) + `"`))
		require.Empty(t, f.code)
		require.Equal(t, at.Format("2006-01-02"), got)
	})
}

// A string needs no decoder exactly when the decoder would give the same.
func TestPropertyTheFastPathAgreesWithTheDecoder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw := fmt.Appendf(nil, `"%s"`, rapid.SliceOf(rapid.Byte()).Draw(t, "inner"))
		if plain, _ := plainString(raw); plain {
			var decoded string
			require.NoError(t, json.Unmarshal(raw, &decoded))
			require.Equal(t, decoded, string(raw[1:len(raw)-1]))
		}
	})
}

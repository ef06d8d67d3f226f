package directory

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestValuesKeepDigitsAndTypes(t *testing.T) {
	t.Parallel()
	const text = `{"badge":"00042","big":9007199254740993,"exact":3.50,"gone":null,"remote":true}`
	want := Values{"badge": "00042", "big": json.Number("9007199254740993"), "exact": json.Number("3.50"), "gone": nil, "remote": true}
	var decoded, fromBytes, fromText Values
	require.NoError(t, json.Unmarshal([]byte(text), &decoded))
	require.NoError(t, fromBytes.Scan([]byte(text)))
	require.NoError(t, fromText.Scan(text))
	require.Equal(t, want, decoded)
	require.Equal(t, want, fromBytes)
	require.Equal(t, want, fromText)
	back, err := want.Value()
	require.NoError(t, err)
	require.Equal(t, text, back)
}

func TestValuesOfNothing(t *testing.T) {
	t.Parallel()
	text, err := Values(nil).Value()
	require.NoError(t, err)
	require.Equal(t, "{}", text)
	var v Values
	require.NoError(t, v.Scan(nil))
	require.Nil(t, v)
	require.Error(t, v.Scan(7))
	require.Error(t, v.Scan(`[1]`))
}

func TestPropertyValuesRoundTrip(t *testing.T) {
	t.Parallel()
	value := rapid.OneOf(
		rapid.String().AsAny(), rapid.Bool().AsAny(), rapid.Just(any(nil)),
		rapid.Map(rapid.StringMatching(`-?[1-9][0-9]{0,30}(\.[0-9]{1,9})?`), func(s string) any { return json.Number(s) }),
	)
	rapid.Check(t, func(t *rapid.T) {
		v := Values(rapid.MapOf(rapid.String(), value).Draw(t, "values"))
		text, err := v.Value()
		require.NoError(t, err)
		var scanned, decoded Values
		require.NoError(t, scanned.Scan(text))
		require.NoError(t, json.Unmarshal([]byte(text.(string)), &decoded))
		require.Equal(t, v, scanned)
		require.Equal(t, v, decoded)
	})
}

// A member that a snapshot does not touch is not in its JSON; a cleared field is, as null.
func TestSnapshotSaysOnlyWhatDiffers(t *testing.T) {
	t.Parallel()
	status := Deactivated
	before := Snapshot{Status: &status, Fields: Values{"floor": json.Number("3"), "phone": nil}}
	text, err := before.Value()
	require.NoError(t, err)
	require.Equal(t, `{"status":"deactivated","fields":{"floor":3,"phone":null}}`, text)
	var back Snapshot
	require.NoError(t, back.Scan(text))
	require.Equal(t, before, back)
	require.False(t, back.Empty())
	require.True(t, Snapshot{}.Empty())
}

func TestProblemsOfNobodyAreNull(t *testing.T) {
	t.Parallel()
	none, err := Problems(nil).Value()
	require.NoError(t, err)
	require.Nil(t, none)
	one := Problems{{Code: "date_format", Field: "start", Message: "It is not a date.", Remedy: "Use a date."}}
	text, err := one.Value()
	require.NoError(t, err)
	var back Problems
	require.NoError(t, back.Scan(text))
	require.Equal(t, one, back)
}

func TestFieldTypesAcceptTheirOwn(t *testing.T) {
	t.Parallel()
	textual := map[FieldType]bool{Text: true, Email: true}
	for _, target := range FieldTypes() {
		for _, source := range FieldTypes() {
			want := target == source || textual[target] && textual[source]
			require.Equal(t, want, target.Accepts(source), "%s from %s", target, source)
		}
	}
}

func TestEmailKeyIgnoresCaseAndWhiteSpace(t *testing.T) {
	t.Parallel()
	require.Equal(t, "ana.ruiz@corp.example", EmailKey(" Ana.Ruiz@Corp.Example\n"))
	rapid.Check(t, func(t *rapid.T) {
		address := rapid.String().Draw(t, "address")
		require.Equal(t, EmailKey(address), EmailKey(EmailKey(address)))
	})
}

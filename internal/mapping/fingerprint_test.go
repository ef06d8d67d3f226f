package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

const ana = `{"id":"e-1","givenName":"Ana","surname":"Roe","mail":"ana@corp.example","jobTitle":"QA","mobilePhone":null}`

func TestFingerprintTellsWhatIsWritten(t *testing.T) {
	t.Parallel()
	rules := entraRules(t, to("jobTitle", "title"), to("mobilePhone", "phone"))
	of := func(text string) []byte { return rules.Fingerprint(rules.Map(record(t, text))) }
	base := of(ana)
	require.Len(t, base, 16)
	require.Equal(t, base, of(`{"mail":"ana@corp.example","surname":" Roe","givenName":"Ana","id":"e-1","jobTitle":"QA"}`), "only what is written counts")

	for name, other := range map[string]string{
		"a value":           `{"id":"e-1","givenName":"Ana","surname":"Roe","mail":"ana@corp.example","jobTitle":"Lead"}`,
		"a value cleared":   `{"id":"e-1","givenName":"Ana","surname":"Roe","mail":"ana@corp.example"}`,
		"values swapped":    `{"id":"e-1","givenName":"Roe","surname":"Ana","mail":"ana@corp.example","jobTitle":"QA"}`,
		"a value elsewhere": `{"id":"e-1","givenName":"Ana","surname":"Roe","mail":"ana@corp.example","mobilePhone":"QA"}`,
		"a border moved":    `{"id":"e-1","givenName":"AnaR","surname":"oe","mail":"ana@corp.example","jobTitle":"QA"}`,
	} {
		require.NotEqual(t, base, of(other), name)
	}
	disabled := rules.Map(record(t, ana))
	disabled.Enabled = false
	require.NotEqual(t, base, rules.Fingerprint(disabled))
}

func TestFingerprintOfSeveralValues(t *testing.T) {
	t.Parallel()
	rules := entraRules(t, to("businessPhones", "phone"))
	of := func(phones string) string {
		rec := record(t, ana)
		rec.Attributes["businessPhones"] = []byte(phones)
		return string(rules.Fingerprint(rules.Map(rec)))
	}
	base := of(`["1","2"]`)
	require.Equal(t, base, of(`[{"value":"1"},{"value":2}]`), "only what is written counts")
	for _, other := range []string{`["2","1"]`, `["1"]`, `["1","2","3"]`, `[]`} {
		require.NotEqual(t, base, of(other), other)
	}
}

// Editing the mapping makes every record look new, so that the next run uses it.
func TestFingerprintTellsTheRules(t *testing.T) {
	t.Parallel()
	of := func(mappings ...directory.Mapping) []byte {
		rules := entraRules(t, mappings...)
		return rules.Fingerprint(rules.Map(record(t, ana)))
	}
	base := of(to("jobTitle", "title"), to("mobilePhone", "phone"))
	require.Equal(t, base, of(to("mobilePhone", "phone"), to("jobTitle", "title")), "the order of mappings does not matter")
	require.NotEqual(t, base, of(to("jobTitle", "title")))
	require.NotEqual(t, base, of(directory.Mapping{Source: "jobTitle", Target: "title"}, to("mobilePhone", "phone")))
}

func TestFingerprintOfATroubledRecord(t *testing.T) {
	t.Parallel()
	rules := entraRules(t)
	require.Nil(t, rules.Fingerprint(rules.Map(record(t, `{"id":"e-1","givenName":"Ana","mail":"ana@corp.example"}`))))
}

package mapping

import "testing"

// BenchmarkMap is what a run does for each person it reads: five fields, and the fingerprint.
func BenchmarkMap(b *testing.B) {
	rules := entraRules(b, to("jobTitle", "title"), to("mobilePhone", "phone"))
	rec := record(b, `{"id":"e-1","givenName":"Christy","surname":"Pandolfo","mail":"PandolfC@contoso.example","jobTitle":"Master Consultant","mobilePhone":"+1 206 855-7339"}`)
	b.Run("map", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			rules.Map(rec)
		}
	})
	mapped := rules.Map(rec)
	b.Run("fingerprint", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			rules.Fingerprint(mapped)
		}
	})
}

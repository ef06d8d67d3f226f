package filter_test

import (
	"testing"

	"github.com/rollcall-sync/rollcall/internal/scim/filter"
)

func BenchmarkParse(b *testing.B) {
	t := user()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := filter.Parse(t, `userName eq "kim@example.com"`); err != nil {
			b.Fatal(err)
		}
	}
}

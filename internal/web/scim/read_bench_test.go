package scim_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkD3_ReadUser is how long a client waits for a user, and what all of it takes, the client and
// the database's driver included.
func BenchmarkD3_ReadUser(b *testing.B) {
	bench := startBench(b, 1_000_000)
	path := "/Users/" + bench.newUser("ana@corp.example")
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			a, err := bench.try("GET", path, nil)
			require.NoError(b, err)
			require.Equal(b, 200, a.status)
		}
	})
}

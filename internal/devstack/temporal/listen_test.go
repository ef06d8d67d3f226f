package temporal

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/devstack/loopback"
)

// A port that somebody took after it was chosen is an error, so that others can be chosen.
func TestATakenPortIsAnError(t *testing.T) {
	t.Parallel()
	opts := Options{UIPort: -1, Namespace: "rollcall"}
	database, err := prepareDatabase(opts)
	require.NoError(t, err)
	chosen, err := choosePorts(opts)
	require.NoError(t, err)
	taken, err := loopback.Listen(0)
	require.NoError(t, err)
	defer taken.Close()
	chosen.worker = taken.Addr().(*net.TCPAddr).Port
	_, err = listen(serverOptions(opts, chosen, database))
	require.ErrorContains(t, err, "listener")
}

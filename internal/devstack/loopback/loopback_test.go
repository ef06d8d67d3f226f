package loopback_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/devstack/loopback"
)

func TestTakenPortMovesToAFreeOne(t *testing.T) {
	t.Parallel()
	first, err := loopback.Listen(0)
	require.NoError(t, err)
	defer first.Close()
	taken := first.Addr().(*net.TCPAddr)
	require.Equal(t, loopback.Host, taken.IP.String())

	port, err := loopback.FreePort(taken.Port)
	require.NoError(t, err)
	require.NotEqual(t, taken.Port, port)
}

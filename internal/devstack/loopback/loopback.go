// Package loopback picks TCP ports on 127.0.0.1 for the parts of the development stack. It binds to no other address.
package loopback

import (
	"fmt"
	"net"
	"strconv"
)

// Host is the only address on which the development stack listens.
const Host = "127.0.0.1"

// Listen opens the preferred port, or a free one when preferred is 0 or taken.
func Listen(preferred int) (net.Listener, error) {
	if preferred != 0 {
		if listener, err := net.Listen("tcp", Address(preferred)); err == nil {
			return listener, nil
		}
	}
	listener, err := net.Listen("tcp", Address(0))
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", Host, err)
	}
	return listener, nil
}

// FreePort returns the preferred port, or a free one when preferred is 0 or taken. Nothing holds the port afterwards:
// another process may take it first.
func FreePort(preferred int) (int, error) {
	listener, err := Listen(preferred)
	if err != nil {
		return 0, err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		return 0, fmt.Errorf("release port %d: %w", port, err)
	}
	return port, nil
}

// Address is host:port of a port on Host.
func Address(port int) string {
	return net.JoinHostPort(Host, strconv.Itoa(port))
}

// Package simulate holds what every simulated tenant needs: a loopback listener
// on HTTP and HTTPS, a certificate authority of its own, the control plane under
// /_sim/, faults on request, and JSON objects that are kept as they were written.
//
// It knows no vendor: the wire formats live in the packages below it. Only dev
// and tests import it.
package simulate

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// ServeOptions say where a simulated tenant listens.
type ServeOptions struct {
	Addr    string // host:port of plain HTTP; empty: a free port on 127.0.0.1
	TLSAddr string // host:port of HTTPS; empty: a free port on 127.0.0.1
	CA      *CA    // signs the HTTPS certificate; nil: no HTTPS
}

// Server is a running simulated tenant.
type Server struct {
	URL    string // http://host:port
	TLSURL string // https://host:port, empty without a CA

	servers []*http.Server
}

// Serve starts handler on both listeners and returns once they accept
// connections. It stops when ctx ends or Close is called.
func Serve(ctx context.Context, handler http.Handler, options ServeOptions) (*Server, error) {
	server := &Server{}
	plain, err := listen(options.Addr)
	if err != nil {
		return nil, err
	}
	server.URL = "http://" + plain.Addr().String()
	server.start(plain, handler)
	if options.CA != nil {
		secure, err := listenTLS(options.TLSAddr, options.CA)
		if err != nil {
			return nil, errors.Join(err, server.Close())
		}
		server.TLSURL = "https://" + secure.Addr().String()
		server.start(secure, handler)
	}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return server, nil
}

// Close stops both listeners and cuts the open connections.
func (s *Server) Close() error {
	var errs []error
	for _, server := range s.servers {
		errs = append(errs, server.Close())
	}
	return errors.Join(errs...)
}

func (s *Server) start(listener net.Listener, handler http.Handler) {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
	}
	s.servers = append(s.servers, server)
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			slog.Error("simulated tenant stopped", "address", listener.Addr().String(), "error", err)
		}
	}()
}

func listen(addr string) (net.Listener, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen for a simulated tenant: %w", err)
	}
	return listener, nil
}

func listenTLS(addr string, ca *CA) (net.Listener, error) {
	listener, err := listen(addr)
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	certificate, err := ca.Issue(host, "127.0.0.1", "::1", "localhost")
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return tls.NewListener(listener, &tls.Config{
		Certificates: []tls.Certificate{certificate},
		MinVersion:   tls.VersionTLS12,
	}), nil
}

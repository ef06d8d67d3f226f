// Package temporal embeds a Temporal server on SQLite, with its Web UI, for development and tests. It knows nothing of
// workflows, and must be linked into no production binary.
package temporal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"sync"
	"time"

	uiserver "github.com/temporalio/ui-server/v2/server"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/server/common/config"
	temporalserver "go.temporal.io/server/temporal"

	"github.com/rollcall-sync/rollcall/internal/devstack/loopback"
)

const (
	defaultRetention = 90 * 24 * time.Hour
	startTimeout     = 60 * time.Second
	stopTimeout      = 5 * time.Second
	readyPoll        = 50 * time.Millisecond
)

// Options say where and how a server runs.
type Options struct {
	// Dir holds the SQLite file; it is made when missing. Empty keeps everything in memory. One server at a time may use it.
	Dir string
	// FrontendPort (gRPC) is preferred; a free one is taken when it is 0 or in use.
	FrontendPort int
	// UIPort is preferred likewise; negative means no Web UI.
	UIPort int
	// CodecEndpoint is the URL below which the Web UI finds /decode; empty for none. Browsers send their cookies to it.
	CodecEndpoint string
	// Namespace is registered before the first start, and is the one that the Web UI opens with. Required.
	Namespace string
	// Retention of closed workflows in a namespace made by this start; 90 days when 0.
	Retention time.Duration
	// SearchAttributes of type Keyword that a namespace made by this start knows.
	SearchAttributes []string
	// Logger receives warnings and errors of the server; nil for none.
	Logger *slog.Logger
}

// Server is a running Temporal server.
type Server struct {
	// HostPort is the gRPC address for clients.
	HostPort string
	// UIURL is the Web UI's address; empty without one.
	UIURL string

	server temporalserver.Server
	ui     *uiserver.Server
}

// Start runs a server in this process and returns when its namespace can be used; ctx bounds the start only. State in Dir is
// found again, also after the process was killed.
func Start(ctx context.Context, opts Options) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if opts.Dir != "" {
		if err := os.MkdirAll(opts.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("make folder: %w", err)
		}
	}
	database, err := prepareDatabase(opts)
	if err != nil {
		return nil, err
	}
	server, ports, err := assemble(opts, database)
	if err != nil {
		return nil, err
	}
	running := &Server{HostPort: loopback.Address(ports.frontend), server: server}
	if err := waitForNamespace(ctx, running.HostPort, opts.Namespace); err != nil {
		return nil, errors.Join(err, running.Stop())
	}
	if opts.UIPort >= 0 {
		if err := running.startUI(ctx, opts); err != nil {
			return nil, errors.Join(err, running.Stop())
		}
	}
	return running, nil
}

// assembling is held from the choice of a server's ports until it listens on them, so that no other server of this process
// chooses the same ones.
var assembling sync.Mutex

// attempts is how often ports are chosen anew because another process took one meanwhile.
const attempts = 5

// assemble puts a server together and starts it.
func assemble(opts Options, database *config.SQL) (server temporalserver.Server, chosen ports, err error) {
	assembling.Lock()
	defer assembling.Unlock()
	for range attempts {
		if chosen, err = choosePorts(opts); err != nil {
			return nil, ports{}, err
		}
		if server, err = listen(serverOptions(opts, chosen, database)); err == nil {
			break
		}
	}
	if err != nil {
		return nil, ports{}, err
	}
	if err := server.Start(); err != nil {
		return nil, ports{}, fmt.Errorf("start Temporal: %w", err)
	}
	return server, chosen, nil
}

// listen makes a server, which opens its ports. Where it cannot, it panics, through its logger.
func listen(options []temporalserver.ServerOption) (server temporalserver.Server, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("configure Temporal: %v", reason)
		}
	}()
	server, err = temporalserver.NewServer(options...)
	if err != nil {
		return nil, fmt.Errorf("configure Temporal: %w", err)
	}
	return server, nil
}

// Stop ends the server and its Web UI, within 5 seconds: one that takes longer is an error, and ends with the process.
func (s *Server) Stop() error {
	if s.ui != nil {
		s.ui.Stop()
	}
	stopped := make(chan error, 1)
	go func() { stopped <- s.server.Stop() }()
	select {
	case err := <-stopped:
		if err != nil {
			return fmt.Errorf("stop Temporal: %w", err)
		}
		return nil
	case <-time.After(stopTimeout):
		return errors.New("stop Temporal: it takes longer than " + stopTimeout.String())
	}
}

func waitForNamespace(ctx context.Context, hostPort, namespace string) error {
	temporal, err := client.NewLazyClient(client.Options{
		HostPort: hostPort, Namespace: namespace, Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return fmt.Errorf("make Temporal client: %w", err)
	}
	defer temporal.Close()
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		_, err := temporal.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for namespace %s: %w", namespace, errors.Join(ctx.Err(), err))
		case <-tick.C:
		}
	}
}

// ports on loopback of the four services that make up a server.
type ports struct {
	frontend, history, matching, worker int
}

func choosePorts(opts Options) (ports, error) {
	var chosen ports
	for _, want := range []struct {
		port      *int
		preferred int
	}{{&chosen.frontend, opts.FrontendPort}, {&chosen.history, 0}, {&chosen.matching, 0}, {&chosen.worker, 0}} {
		var err error
		if *want.port, err = loopback.FreePort(want.preferred); err != nil {
			return ports{}, fmt.Errorf("port %s: %w", strconv.Itoa(want.preferred), err)
		}
	}
	return chosen, nil
}

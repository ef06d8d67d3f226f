package temporal

import (
	"context"
	"fmt"
	"net/http"
	"time"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"

	"github.com/rollcall-sync/rollcall/internal/devstack/loopback"
)

// startUI runs the Web UI and waits until it answers. The UI ends the process when it cannot listen, so its port is chosen
// at the last moment.
func (s *Server) startUI(ctx context.Context, opts Options) error {
	port, err := loopback.FreePort(opts.UIPort)
	if err != nil {
		return err
	}
	s.ui = uiserver.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
		Host:                loopback.Host,
		Port:                port,
		TemporalGRPCAddress: s.HostPort,
		EnableUI:            true,
		DefaultNamespace:    opts.Namespace,
		Codec:               uiconfig.Codec{Endpoint: opts.CodecEndpoint, IncludeCredentials: opts.CodecEndpoint != ""},
		CORS:                uiconfig.CORS{CookieInsecure: true},
		DisableNewsFetch:    true,
		HideLogs:            true,
	}))
	s.UIURL = "http://" + loopback.Address(port)
	go func() { _ = s.ui.Start() }()
	return s.waitForUI(ctx)
}

func (s *Server) waitForUI(ctx context.Context) error {
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.UIURL+"/healthz", nil)
		if err != nil {
			return fmt.Errorf("make request to the Web UI: %w", err)
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the Web UI: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

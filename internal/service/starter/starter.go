// Package starter is the service through which people and programs work with Rollcall: it serves
// the API and starts and signals workflows.
package starter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-sync/rollcall/internal/admin"
	"github.com/rollcall-sync/rollcall/internal/config"
	"github.com/rollcall-sync/rollcall/internal/engine"
	"github.com/rollcall-sync/rollcall/internal/service"
	"github.com/rollcall-sync/rollcall/internal/store"
	"github.com/rollcall-sync/rollcall/internal/web"
)

// Run serves until ctx is done, and then lets requests under way come to their end. Temporal's
// address and namespace are taken from the environment where tc leaves them empty.
func Run(ctx context.Context, c config.Starter, tc engine.Options, log *slog.Logger) error {
	db, err := store.Open(ctx, string(c.DatabaseURL), store.MaxConnections(20))
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer func() { _ = db.Close() }()
	tc.Keyring, tc.Logger = c.Keyring, log
	temporalClient, err := engine.Dial(ctx, tc)
	if err != nil {
		return err
	}
	defer temporalClient.Close()
	a := admin.New(admin.Options{
		Store: db, Temporal: temporalClient, Sources: service.Sources(c.Common), Keyring: c.Keyring, Log: log,
		PublicURL: c.PublicURL, TemporalUIURL: c.TemporalUIURL, Namespace: engine.Namespace,
		EntraClientID: c.Entra.ClientID, EntraClientSecret: string(c.Entra.ClientSecret),
		EntraLoginURL: c.Entra.LoginURL, GraphURL: c.Entra.GraphURL,
		GoogleClientID: c.Google.ClientID, GoogleClientSecret: string(c.Google.ClientSecret),
		GoogleLoginURL: c.Google.LoginURL, PrivateWebhooks: c.WebhookPrivate, HTTP: service.HTTPClient(c.Common),
	})
	handler, err := web.Handler(web.Options{Admin: a, Log: log, SCIMRate: c.SCIMRate, Wake: waking(ctx, a.Wake), Mounts: codec(c)})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", c.Listen, err)
	}
	log.InfoContext(ctx, "listening", "address", listener.Addr().String())
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return serve(ctx, listener, handler) })
	group.Go(func() error { return keepWorkflows(ctx, a, log) })
	return group.Wait()
}

// codec is the endpoint at which Temporal's Web UI has payloads decoded, for whoever knows its
// token: the Web UI can be given an address, but sends no credentials of ours.
func codec(c config.Starter) map[string]http.Handler {
	if c.CodecToken == "" || c.TemporalUIURL == "" {
		return nil
	}
	prefix := "/codec/" + string(c.CodecToken)
	return map[string]http.Handler{prefix + "/": http.StripPrefix(prefix, engine.CodecHandler(c.Keyring, []string{c.TemporalUIURL}))}
}

func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		shutdown, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		stopped <- server.Shutdown(shutdown)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return <-stopped
}

// keepWorkflows sees to it, now and every minute, that every configuration has its workflow, and that
// what waits is delivered: a starter may have stopped between writing one down and starting the other.
func keepWorkflows(ctx context.Context, a *admin.Admin, log *slog.Logger) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		if err := a.EnsureWorkflows(ctx); err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, "could not see to the workflows of all configurations", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

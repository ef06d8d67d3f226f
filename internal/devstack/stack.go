package devstack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-sync/rollcall/internal/devstack/loopback"
	"github.com/rollcall-sync/rollcall/internal/devstack/mailbox"
	"github.com/rollcall-sync/rollcall/internal/devstack/postgres"
	"github.com/rollcall-sync/rollcall/internal/engine"
	"github.com/rollcall-sync/rollcall/internal/secret"
	"github.com/rollcall-sync/rollcall/internal/simulate/google"
	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
	"github.com/rollcall-sync/rollcall/internal/store"
	"github.com/rollcall-sync/rollcall/internal/web/scim"
)

// Stack is everything, running.
type Stack struct {
	opts     Options
	database string
	keys     string
	codec    string // token of the endpoint that decodes payloads for the Web UI
	ports    ports

	postgres *postgres.Server
	mailbox  *mailbox.Mailbox

	entraTenant   *graph.Tenant
	googleTenant  *google.Tenant
	entra, google *served
	ca            string // file with the certificate authority of both

	services *services
	accounts []Account
}

type ports struct{ starter, temporal, ui int }

// Start runs everything and returns when all of it answers. Stop it also when it has ended by itself.
func Start(ctx context.Context, opts Options) (*Stack, error) {
	s := &Stack{opts: opts}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Stack) start(ctx context.Context) error {
	if err := os.MkdirAll(s.opts.Dir, 0o755); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	if err := s.remember(); err != nil {
		return err
	}
	if err := s.choosePorts(); err != nil {
		return err
	}
	for _, account := range s.accounts {
		if account.SCIM != nil {
			account.SCIM.BaseURL = s.StarterURL() + scim.Root
		}
	}
	s.services = newServices(s)
	group, starting := errgroup.WithContext(ctx)
	group.Go(func() error { return s.startDatabase(starting) })
	group.Go(func() error { return s.startTenants(ctx) })
	group.Go(func() error { return s.startMailbox(ctx) })
	group.Go(func() error { return s.services.startTemporal(ctx) })
	if err := group.Wait(); err != nil {
		return err
	}
	if err := s.services.startRollcall(ctx); err != nil {
		return err
	}
	return s.WriteDescription()
}

func (s *Stack) choosePorts() error {
	var err error
	if s.ports.starter, err = loopback.FreePort(s.opts.prefer(portStarter)); err != nil {
		return err
	}
	if s.ports.temporal, err = loopback.FreePort(s.opts.prefer(portTemporal)); err != nil {
		return err
	}
	if s.opts.NoUI {
		s.ports.ui = -1
		return nil
	}
	s.ports.ui, err = loopback.FreePort(s.opts.prefer(portUI))
	return err
}

func (s *Stack) startDatabase(ctx context.Context) error {
	s.database = s.opts.DatabaseURL
	if s.database == "" {
		if err := s.startPostgres(ctx); err != nil {
			return err
		}
		if err := s.postgres.EnsureDatabase(ctx, databaseName); err != nil {
			return err
		}
		s.database = s.postgres.URL(databaseName)
	}
	return store.Migrate(ctx, s.database)
}

const databaseName = "rollcall"

func (s *Stack) startPostgres(ctx context.Context) error {
	port := s.opts.prefer(portPostgres)
	if s.postgres != nil {
		port = s.postgres.Port
	}
	server, err := postgres.Start(ctx, postgres.Options{Dir: filepath.Join(s.opts.Dir, "postgres"), Port: port, Ephemeral: s.opts.Ephemeral})
	if err != nil {
		return err
	}
	s.postgres = server
	return nil
}

func (s *Stack) startMailbox(ctx context.Context) error {
	options := mailbox.Options{SMTPAddr: s.opts.listen(portSMTP), HTTPAddr: s.opts.listen(portMailbox), Dir: filepath.Join(s.opts.Dir, "mailbox")}
	var err error
	s.mailbox, err = mailbox.Start(context.WithoutCancel(ctx), options)
	return err
}

// scimRate lets whoever tries out SCIM push as fast as they can, unless the environment says otherwise.
const scimRate = "20000"

// environment configures worker and starter.
func (s *Stack) environment() map[string]string {
	return map[string]string{
		"ROLLCALL_DATABASE_URL": s.database, "ROLLCALL_KEYS": s.keys, "ROLLCALL_LISTEN": loopback.Address(s.ports.starter),
		"ROLLCALL_PUBLIC_URL": s.StarterURL(), "ROLLCALL_SMTP_URL": s.mailbox.SMTPURL, "ROLLCALL_CA_FILE": s.ca, "ROLLCALL_WEBHOOK_PRIVATE": "true",
		"ROLLCALL_ENTRA_CLIENT_ID": "rollcall-dev", "ROLLCALL_ENTRA_CLIENT_SECRET": "not-a-secret",
		"ROLLCALL_ENTRA_LOGIN_URL": s.entra.TLSURL, "ROLLCALL_GRAPH_URL": s.entra.TLSURL,
		"ROLLCALL_GOOGLE_CLIENT_ID": "rollcall-dev.apps.googleusercontent.com", "ROLLCALL_GOOGLE_CLIENT_SECRET": "not-a-secret",
		"ROLLCALL_GOOGLE_LOGIN_URL": s.google.TLSURL, "ROLLCALL_GOOGLE_API_URL": s.google.TLSURL,
		"ROLLCALL_TEMPORAL_UI_URL": s.uiURL(), "ROLLCALL_CODEC_TOKEN": s.codec, "ROLLCALL_SCIM_RATE": cmp.Or(os.Getenv("ROLLCALL_SCIM_RATE"), scimRate),
		"TEMPORAL_ADDRESS": loopback.Address(s.ports.temporal), "TEMPORAL_NAMESPACE": engine.Namespace,
	}
}

// StarterURL is the address of the starter.
func (s *Stack) StarterURL() string { return "http://" + loopback.Address(s.ports.starter) }

func (s *Stack) uiURL() string {
	if s.opts.NoUI {
		return ""
	}
	return "http://" + loopback.Address(s.ports.ui)
}

// Mailbox is where all mail arrives.
func (s *Stack) Mailbox() *mailbox.Mailbox { return s.mailbox }

// Keyring is what payloads and links are secured with.
func (s *Stack) Keyring() (*secret.Keyring, error) { return secret.Parse(s.keys) }

// Failed is sent what ended although nobody stopped it, unless it could be started again.
func (s *Stack) Failed() <-chan error { return s.services.failed }

// Stop ends everything, in the order in which the parts depend on each other.
func (s *Stack) Stop() error {
	var errs []error
	if s.services != nil {
		errs = append(errs, s.services.stop())
	}
	errs = append(errs, s.entra.stop(), s.google.stop())
	if s.mailbox != nil {
		errs = append(errs, s.mailbox.Stop())
	}
	if s.postgres != nil {
		errs = append(errs, s.postgres.Stop())
	}
	return errors.Join(errs...)
}

// answers waits until url answers 200.
func answers(ctx context.Context, url string) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", url, ctx.Err())
		case <-tick.C:
		}
	}
}

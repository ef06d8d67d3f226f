package devstack

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"

	"github.com/rollcall-sync/rollcall/internal/devstack/keeper"
	"github.com/rollcall-sync/rollcall/internal/simulate"
	"github.com/rollcall-sync/rollcall/internal/simulate/google"
	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

// The files of the data folder in which the simulated tenants' directories are kept.
const (
	entraFile  = "entra.json"
	googleFile = "google.json"
)

// served is a simulated tenant that is served, and kept unless all is ephemeral.
type served struct {
	*simulate.Server
	keeper *keeper.Keeper // nil: not kept
}

func (s *served) stop() error {
	if s == nil {
		return nil
	}
	err := s.Close()
	if s.keeper == nil {
		return err
	}
	return errors.Join(err, s.keeper.Stop())
}

// startTenants serves both simulated tenants.
func (s *Stack) startTenants(ctx context.Context) error {
	ca, err := simulate.LoadOrCreateCA(s.opts.Dir)
	if err != nil {
		return err
	}
	s.ca = filepath.Join(s.opts.Dir, simulate.CAFile)
	entra, err := beginWith(s.opts.Entra, filepath.Join(s.opts.Dir, entraFile), graph.Load, graph.Demo)
	if err != nil {
		return err
	}
	workspace, err := beginWith(s.opts.Google, filepath.Join(s.opts.Dir, googleFile), google.Load, google.Demo)
	if err != nil {
		return err
	}
	s.entraTenant, s.googleTenant = graph.New(entra), google.New(workspace)
	s.entra, err = s.serve(ctx, ca, tenant{
		handler: s.entraTenant, file: entraFile, port: portEntra, tlsPort: portEntraTLS,
		write: func(w io.Writer) (int64, error) { return s.entraTenant.Directory().WriteTo(w) },
	})
	if err != nil {
		return err
	}
	s.google, err = s.serve(ctx, ca, tenant{
		handler: s.googleTenant, file: googleFile, port: portGoogle, tlsPort: portGoogleTLS,
		write: func(w io.Writer) (int64, error) { return s.googleTenant.Directory().WriteTo(w) },
	})
	return err
}

// beginWith is the directory that was given, or else the kept one, or else the demo's.
func beginWith[D any](given *D, kept string, load func(string) (D, error), demo func() D) (D, error) {
	if given != nil {
		return *given, nil
	}
	_, err := os.Stat(kept)
	if errors.Is(err, fs.ErrNotExist) {
		return demo(), nil
	}
	return load(kept)
}

// tenant is a simulated tenant to serve. It has the same addresses at every start, if it can: links
// that it has given out name them.
type tenant struct {
	handler       http.Handler
	file          string
	port, tlsPort int
	write         func(io.Writer) (int64, error) // writes its directory as it is now
}

func (s *Stack) serve(ctx context.Context, ca *simulate.CA, t tenant) (*served, error) {
	var kept *keeper.Keeper
	if !s.opts.Ephemeral {
		kept = keeper.New(filepath.Join(s.opts.Dir, t.file), t.write, s.opts.Log)
		t.handler = kept.Around(t.handler)
	}
	server, err := simulate.Serve(context.WithoutCancel(ctx), t.handler, simulate.ServeOptions{
		CA: ca, Addr: s.opts.listen(t.port), TLSAddr: s.opts.listen(t.tlsPort),
	})
	if err != nil && kept != nil {
		err = errors.Join(err, kept.Stop())
	}
	if err != nil {
		return nil, err
	}
	return &served{Server: server, keeper: kept}, nil
}

// Tenant is the simulated Entra tenant. What is changed through it, past its address, is not kept.
func (s *Stack) Tenant() *graph.Tenant { return s.entraTenant }

// GoogleTenant is the simulated Google tenant. What is changed through it, past its address, is not kept.
func (s *Stack) GoogleTenant() *google.Tenant { return s.googleTenant }

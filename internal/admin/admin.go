// Package admin is what an administrator can do: the use cases behind the API and the pages.
//
// It is the only holder of a Temporal client outside the worker. It knows no HTTP; its errors are
// *directory.Error. Plain reads of the store are no use cases: callers ask the store.
package admin

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/secret"
	"github.com/rollcall-sync/rollcall/internal/source"
	"github.com/rollcall-sync/rollcall/internal/store"
)

// Temporal is the part of a Temporal client that administering needs.
type Temporal interface {
	ExecuteWorkflow(ctx context.Context, options client.StartWorkflowOptions, workflow any, args ...any) (client.WorkflowRun, error)
	SignalWithStartWorkflow(ctx context.Context, workflowID, signalName string, signalArg any,
		options client.StartWorkflowOptions, workflow any, workflowArgs ...any) (client.WorkflowRun, error)
	SignalWorkflow(ctx context.Context, workflowID, runID, signalName string, arg any) error
	CancelWorkflow(ctx context.Context, workflowID, runID string) error
	CheckHealth(ctx context.Context, request *client.CheckHealthRequest) (*client.CheckHealthResponse, error)
}

// Options are what administering needs. All are required but HTTP and the registrations with the
// providers: without its client id, no connection to a provider can be made.
type Options struct {
	Store    *store.Store
	Temporal Temporal
	Sources  map[directory.Provider]source.Opener
	Keyring  *secret.Keyring
	Log      *slog.Logger

	PublicURL     string // where people and identity providers reach the starter
	TemporalUIURL string // where the Temporal Web UI is
	Namespace     string // Temporal's namespace, for links into the Web UI

	PrivateWebhooks bool // whether events may be sent to addresses of the own network, and unencrypted

	HTTP *http.Client // asks the providers' sign-in services; nil: http.DefaultClient

	EntraClientID     string
	EntraClientSecret string
	EntraLoginURL     string // for example https://login.microsoftonline.com
	GraphURL          string // for example https://graph.microsoft.com

	GoogleClientID     string
	GoogleClientSecret string
	GoogleLoginURL     string // for example https://accounts.google.com
}

// Admin does what administrators ask for.
type Admin struct {
	Options
	providers providers
	previews  sync.Mutex // held while a preview is begun
}

// New makes an Admin.
func New(o Options) *Admin {
	o.HTTP = cmp.Or(o.HTTP, http.DefaultClient)
	return &Admin{Options: o}
}

// How long a request waits for a workflow to act on a signal before it answers that the matter is
// under way.
const (
	patience     = 5 * time.Second
	runPatience  = 3 * time.Second
	pollInterval = 40 * time.Millisecond
)

// await polls until done says so, or the time is up; then it returns false.
func await(ctx context.Context, limit time.Duration, done func(context.Context) (bool, error)) (bool, error) {
	deadline := time.After(limit)
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		if ok, err := done(ctx); ok || err != nil {
			return ok, err
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-deadline:
			return false, nil
		case <-tick.C:
		}
	}
}

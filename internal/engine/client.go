package engine

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/log"

	"github.com/rollcall-sync/rollcall/internal/secret"
)

// Options say which Temporal to connect to, and how.
type Options struct {
	// HostPort of a server on a trusted network, reached without TLS. When empty, the standard TEMPORAL_* environment
	// variables and the profile they name decide about address, TLS and credentials.
	HostPort string
	// Namespace wins over TEMPORAL_NAMESPACE. Without either it is the constant Namespace.
	Namespace string
	// Keyring encrypts payloads. Required.
	Keyring *secret.Keyring
	// Logger receives what the SDK logs. Required.
	Logger *slog.Logger
}

// Dial connects to Temporal. It fails when no server answers; once connected, the client reconnects by itself.
func Dial(ctx context.Context, opts Options) (client.Client, error) {
	options, err := opts.connection()
	if err != nil {
		return nil, err
	}
	options.Namespace = cmp.Or(opts.Namespace, options.Namespace, Namespace)
	options.Logger = log.NewStructuredLogger(opts.Logger)
	options.DataConverter = DataConverter(opts.Keyring)
	temporal, err := client.DialContext(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("connect to Temporal: %w", err)
	}
	return temporal, nil
}

func (o Options) connection() (client.Options, error) {
	if o.HostPort != "" {
		return client.Options{HostPort: o.HostPort}, nil
	}
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return client.Options{}, fmt.Errorf("read TEMPORAL_* environment: %w", err)
	}
	return options, nil
}

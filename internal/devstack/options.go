// Package devstack runs everything that Rollcall needs on one machine: PostgreSQL, Temporal with its
// Web UI, simulated tenants, a mailbox, and Rollcall's own worker and starter, in this process or in
// processes of their own.
//
// It is for development, tests and measurements; neither service links it.
package devstack

import (
	"io"
	"log/slog"

	"github.com/rollcall-sync/rollcall/internal/devstack/loopback"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/simulate/google"
	"github.com/rollcall-sync/rollcall/internal/simulate/graph"
)

// Options say what to run and where.
type Options struct {
	// Dir holds all data. The next start in the same folder finds it again.
	Dir string
	// DatabaseURL is a PostgreSQL of your own to use; empty runs one.
	DatabaseURL string
	// Ephemeral trades durability for speed: PostgreSQL does not sync, Temporal keeps its state in memory.
	Ephemeral bool
	// Processes runs worker, starter and Temporal in processes of their own, and starts again what ends.
	Processes bool
	// NoUI leaves out Temporal's Web UI.
	NoUI bool
	// FreePorts takes any free ports instead of the usual ones.
	FreePorts bool
	// Entra and Google are what the simulated tenants serve; nil serves what the last start ended
	// with, or else the demo company.
	Entra  *graph.Directory
	Google *google.Directory
	// Out is told what happens; Log gets what the parts log.
	Out io.Writer
	Log *slog.Logger
}

// The usual ports. One that is taken gives way to a free one.
const (
	portStarter   = 8080
	portMailbox   = 8025
	portSMTP      = 1025
	portTemporal  = 7233
	portUI        = 8233
	portPostgres  = 5433
	portEntra     = 8090
	portEntraTLS  = 8490
	portGoogle    = 8091
	portGoogleTLS = 8491
)

// prefer is a usual port, or 0 for any.
func (o Options) prefer(port int) int {
	if o.FreePorts {
		return 0
	}
	return port
}

// listen is the address to listen on for a usual port, or for any.
func (o Options) listen(port int) string {
	if free, err := loopback.FreePort(port); err == nil && !o.FreePorts {
		return loopback.Address(free)
	}
	return loopback.Address(0)
}

// Description is what dev.json says: every address, and how to sign in.
type Description struct {
	Starter    string     `json:"starter"`
	Temporal   string     `json:"temporal"`
	Namespace  string     `json:"namespace"`
	TemporalUI string     `json:"temporal_ui"`
	Database   string     `json:"database"`
	Mailbox    string     `json:"mailbox"`
	Simulators Simulators `json:"simulators"`
	PIDs       PIDs       `json:"pids"`
	Accounts   []Account  `json:"accounts"`
}

// Simulators are the addresses of the simulated tenants.
type Simulators struct {
	Entra  string `json:"entra"`
	Google string `json:"google"`
}

// PIDs are the processes that the parts run in.
type PIDs struct {
	Worker   int `json:"worker"`
	Starter  int `json:"starter"`
	Temporal int `json:"temporal"`
	Postgres int `json:"postgres"` // 0 for a server that was given
}

// Account is an account that dev made, with its API token.
type Account struct {
	ID              string             `json:"id"`
	Name            string             `json:"name"`
	Provider        directory.Provider `json:"provider,omitempty"`
	Token           string             `json:"token"`
	ConfigurationID string             `json:"configuration_id,omitempty"`
	SCIM            *SCIM              `json:"scim,omitempty"` // of an account of PushedBySCIM
}

// PushedBySCIM is the provider of an account whose people are pushed instead of read.
const PushedBySCIM directory.Provider = "scim"

// SCIM is where an identity provider pushes an account's people, and its token.
type SCIM struct {
	BaseURL string `json:"base_url"`
	Token   string `json:"token"`
}

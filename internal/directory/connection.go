package directory

import "time"

// ConnectionState says how far a connection has come.
type ConnectionState string

// The states of a connection.
const (
	ConnectionPending   ConnectionState = "pending"
	ConnectionConnected ConnectionState = "connected"
	ConnectionRevoked   ConnectionState = "revoked"
)

// Tenant is the organization of a directory that a connection reads.
type Tenant struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Domains []string `json:"domains"`
}

// Connection is an account's consent to read one tenant of a provider.
type Connection struct {
	ID        string          `db:"id"`
	AccountID string          `db:"account_id"`
	Provider  Provider        `db:"provider"`
	State     ConnectionState `db:"state"`
	Tenant    *Tenant         `db:"-"` // nil until connected
	// Secret is the sealed credential of the connection, for its provider's source alone to open;
	// nil for a provider that needs none per tenant.
	Secret    []byte    `db:"secret" json:"-"`
	CreatedAt time.Time `db:"created_at"`
}

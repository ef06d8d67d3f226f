package api

import (
	"context"
	"net/http"
	"time"

	"github.com/rollcall-sync/rollcall/internal/admin"
	"github.com/rollcall-sync/rollcall/internal/directory"
)

// Connection is a connection as the API shows it.
type Connection struct {
	ID        string                    `json:"id"`
	Provider  directory.Provider        `json:"provider" enum:"entra,google"`
	State     directory.ConnectionState `json:"state" enum:"pending,connected,revoked"`
	Tenant    nullable[tenant]          `json:"tenant" doc:"Null until connected."`
	CreatedAt time.Time                 `json:"created_at"`
}

type tenant struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Domains []string `json:"domains"`
}

type begunConnection struct {
	Connection
	AuthorizeURL string `json:"authorize_url" doc:"Where an administrator of the directory consents; good once, for ten minutes."`
	Reads        string `json:"reads" doc:"What will be read, for the administrator to know before consenting."`
}

type newConnection struct {
	Body struct {
		Provider directory.Provider `json:"provider" enum:"entra,google"`
	}
}

func (s *api) connectionRoutes() {
	route(s, "GET /v1/connections", "The connections to directories", func(ctx context.Context, who directory.Principal, _ *none) (*body[list[Connection]], error) {
		connections, err := s.store.Connections(ctx, who.AccountID)
		return listed(connections, err, showConnection)
	})
	route(s, "POST /v1/connections", "Begin a connection", s.createConnection, status(http.StatusCreated))
	route(s, "GET /v1/connections/{id}", "A connection", func(ctx context.Context, who directory.Principal, in *byID) (*body[Connection], error) {
		c, err := s.store.Connection(ctx, who.AccountID, in.ID)
		return shown(c, err, showConnection)
	})
	route(s, "DELETE /v1/connections/{id}", "Revoke a connection and destroy its credentials", func(ctx context.Context, who directory.Principal, in *byID) (*none, error) {
		return nil, s.store.RevokeConnection(ctx, who.AccountID, in.ID)
	}, status(http.StatusNoContent))
	route(s, "GET /v1/connections/{id}/attributes", "What a person of the directory can have, with types", func(ctx context.Context, who directory.Principal, in *byID) (*body[list[directory.Attribute]], error) {
		attributes, err := s.admin.SourceAttributes(ctx, who.AccountID, in.ID)
		return listed(attributes, err, func(a directory.Attribute) directory.Attribute { return a })
	})
}

func (s *api) createConnection(ctx context.Context, who directory.Principal, in *newConnection) (*body[begunConnection], error) {
	c, authorizeURL, err := s.admin.CreateConnection(ctx, who.AccountID, in.Body.Provider)
	if err != nil {
		return nil, err
	}
	return &body[begunConnection]{begunConnection{showConnection(c), authorizeURL, admin.Reads(c.Provider)}}, nil
}

func showConnection(c directory.Connection) Connection {
	return Connection{
		ID: c.ID, Provider: c.Provider, State: c.State, CreatedAt: c.CreatedAt,
		Tenant: nullableOf(c.Tenant, func(t directory.Tenant) tenant { return tenant{t.ID, t.Name, orEmpty(t.Domains)} }),
	}
}

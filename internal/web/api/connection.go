package api

import (
	"context"
	"net/http"
	"time"

	"github.com/rollcall-sync/rollcall/internal/admin"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
	"github.com/rollcall-sync/rollcall/internal/store"
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

type sourceGroup struct {
	ID          string `json:"id" doc:"The directory's id, for scope and groups of a directory sync."`
	Name        string `json:"name"`
	Description string `json:"description"`
	Email       string `json:"email" doc:"Empty for none."`
}

type sourceGroupQuery struct {
	ID     string `path:"id" format:"uuid"`
	Search string `query:"search" maxLength:"200" doc:"Beginning of a name."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many items at most, as far as the directory follows it."`
	Cursor string `query:"cursor" maxLength:"20000" doc:"The next of the previous stretch."`
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
	route(s, "POST /v1/connections/{id}/reconnect", "Ask for consent anew", s.reconnect)
	route(s, "GET /v1/connections/{id}", "A connection", func(ctx context.Context, who directory.Principal, in *byID) (*body[Connection], error) {
		c, err := s.store.Connection(ctx, who.AccountID, in.ID)
		return shown(c, err, showConnection)
	})
	route(s, "DELETE /v1/connections/{id}", "Revoke a connection and destroy its credentials", func(ctx context.Context, who directory.Principal, in *byID) (*none, error) {
		return nil, s.admin.Disconnect(ctx, who.AccountID, in.ID)
	}, status(http.StatusNoContent))
	route(s, "GET /v1/connections/{id}/attributes", "What a person of the directory can have, with types", func(ctx context.Context, who directory.Principal, in *byID) (*body[list[directory.Attribute]], error) {
		attributes, err := s.admin.SourceAttributes(ctx, who.AccountID, in.ID)
		return listed(attributes, err, func(a directory.Attribute) directory.Attribute { return a })
	})
	route(s, "GET /v1/connections/{id}/groups", "Groups of the directory", s.listSourceGroups)
}

func (s *api) listSourceGroups(ctx context.Context, who directory.Principal, in *sourceGroupQuery) (*body[list[sourceGroup]], error) {
	page, err := s.admin.SourceGroups(ctx, who.AccountID, in.ID, in.Search, in.Cursor, in.Limit)
	return paged(store.Page[source.Group]{Items: page.Groups, Next: page.Next}, err, func(g source.Group) sourceGroup {
		return sourceGroup{ID: g.ID, Name: g.Name, Description: g.Description, Email: g.Email}
	})
}

func (s *api) createConnection(ctx context.Context, who directory.Principal, in *newConnection) (*body[begunConnection], error) {
	c, authorizeURL, err := s.admin.CreateConnection(ctx, who, in.Body.Provider)
	return shown(c, err, begunAt(authorizeURL))
}

func (s *api) reconnect(ctx context.Context, who directory.Principal, in *byID) (*body[begunConnection], error) {
	c, authorizeURL, err := s.admin.Reconnect(ctx, who, in.ID)
	return shown(c, err, begunAt(authorizeURL))
}

func begunAt(authorizeURL string) func(directory.Connection) begunConnection {
	return func(c directory.Connection) begunConnection {
		return begunConnection{showConnection(c), authorizeURL, admin.Reads(c.Provider)}
	}
}

func showConnection(c directory.Connection) Connection {
	return Connection{
		ID: c.ID, Provider: c.Provider, State: c.State, CreatedAt: c.CreatedAt,
		Tenant: nullableOf(c.Tenant, func(t directory.Tenant) tenant { return tenant{t.ID, t.Name, orEmpty(t.Domains)} }),
	}
}

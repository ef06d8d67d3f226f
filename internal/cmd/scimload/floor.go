package main

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"net/http"
	"time"
)

// measureCommits is how many single-row transactions a second PostgreSQL makes durable: each client
// has a connection and a prepared statement, and the table has its key only.
func measureCommits(ctx context.Context, db *sql.DB, o options, m meter) (Phase, error) {
	if _, err := db.ExecContext(ctx, "CREATE TABLE scimload_floor (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text NOT NULL)"); err != nil {
		return Phase{}, err
	}
	body := string(appendPerson(nil, "floor@load.example", 1))
	statements := make([]*sql.Stmt, o.Clients)
	for i := range statements {
		connection, err := db.Conn(ctx)
		if err != nil {
			return Phase{}, err
		}
		defer func() { _ = connection.Close() }()
		if statements[i], err = connection.PrepareContext(ctx, "INSERT INTO scimload_floor (body) VALUES ($1)"); err != nil {
			return Phase{}, err
		}
	}
	floor, err := measure(ctx, m, commits, statements, forAsLongAs(o.Phase), func(ctx context.Context, insert *sql.Stmt) error {
		_, err := insert.ExecContext(ctx, body)
		return err
	})
	if err := errors.Join(err, floor.failed()); err != nil {
		return floor, err
	}
	_, err = db.ExecContext(ctx, "DROP TABLE scimload_floor")
	return floor, err
}

// measureRequests is how many requests a second these clients and a handler that does nothing get done.
func measureRequests(ctx context.Context, o options, m meter) (Phase, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return Phase{}, err
	}
	nothing := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), ReadHeaderTimeout: time.Minute}
	go func() { _ = nothing.Serve(listener) }()
	clients := newServer("http://"+listener.Addr().String(), "token", o.Clients).clients(o.Clients)
	floor, err := measure(ctx, m, requests, clients, forAsLongAs(o.Phase), func(ctx context.Context, c *client) error {
		_, err := c.call(ctx, http.MethodGet, "/", nil)
		return err
	})
	return floor, errors.Join(err, floor.failed(), nothing.Close())
}

// Package postgres runs a PostgreSQL server of its own on loopback, from the system's binaries, for development and tests.
// It knows nothing of Rollcall's schema.
package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/lib/pq"

	"github.com/rollcall-sync/rollcall/internal/devstack/loopback"
)

const (
	superuser    = "rollcall"
	startTimeout = 60 * time.Second
	stopTimeout  = 8 * time.Second
)

// Options say where and how a server runs.
type Options struct {
	// Dir holds the data folder, the log and a lock; it is made when missing. One server at a time may use it.
	Dir string
	// Port is preferred; a free one is taken when it is 0 or in use.
	Port int
	// TimeZone is the server's default; UTC when empty.
	TimeZone string
	// Ephemeral trades durability for speed, and deletes Dir when the server stops or this process ends.
	Ephemeral bool
}

// Server is a running PostgreSQL. It does not outlive this process, however that ends.
type Server struct {
	// PID is the process id of the postmaster.
	PID int
	// Port on 127.0.0.1.
	Port int

	options  Options
	lock     *os.File
	process  *process
	released chan struct{}
}

// Start runs a server over opts.Dir, making the data folder on first use, and returns when it takes connections; ctx bounds
// the start only. A server left behind in Dir by a process that was killed is stopped first. Without PostgreSQL's binaries
// the error is ErrNoBinaries; a Dir in use by a living process is ErrInUse.
func Start(ctx context.Context, opts Options) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	bin, err := findBinaries()
	if err != nil {
		return nil, err
	}
	opts.TimeZone = cmp.Or(opts.TimeZone, "UTC")
	if opts.Dir, err = filepath.Abs(opts.Dir); err != nil {
		return nil, fmt.Errorf("resolve data folder: %w", err)
	}
	lock, err := lockDir(opts.Dir)
	if err != nil {
		return nil, err
	}
	server, err := open(ctx, bin, opts)
	if err != nil {
		cleanUp(opts, lock)
		return nil, err
	}
	server.lock = lock
	go server.releaseOnExit()
	return server, nil
}

func open(ctx context.Context, bin binaries, opts Options) (*Server, error) {
	owner, err := chooseOwner(filepath.Join(opts.Dir, dataFolder))
	if err != nil {
		return nil, err
	}
	cluster := cluster{bin: bin, opts: opts, owner: owner}
	if err := cluster.init(ctx); err != nil {
		return nil, err
	}
	if err := cluster.stopLeftover(ctx); err != nil {
		return nil, err
	}
	proc, port, err := cluster.launch(ctx)
	if err != nil {
		return nil, err
	}
	return &Server{PID: proc.pid(), Port: port, options: opts, process: proc, released: make(chan struct{})}, nil
}

// URL is the connection string of a database of this server.
func (s *Server) URL(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.User(superuser), Host: loopback.Address(s.Port),
		Path: "/" + database, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// EnsureDatabase creates the database when it is not there.
func (s *Server) EnsureDatabase(ctx context.Context, name string) error {
	db, err := sql.Open("postgres", s.URL("postgres"))
	if err != nil {
		return fmt.Errorf("open maintenance database: %w", err)
	}
	defer db.Close()
	var exists bool
	if err := db.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&exists); err != nil {
		return fmt.Errorf("look up database %s: %w", name, err)
	}
	if exists {
		return nil
	}
	if _, err := db.ExecContext(ctx, `CREATE DATABASE `+pq.QuoteIdentifier(name)); err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}

// Done is closed when the server has ended, whether by Stop or by itself, and its folder may be used again.
func (s *Server) Done() <-chan struct{} { return s.released }

// Stop shuts the server down, breaking off open connections, and waits for it to end; a server that takes more than
// 8 seconds is ended without a checkpoint and recovers at its next start. Stopping twice is harmless.
func (s *Server) Stop() error {
	err := s.process.stop(stopTimeout)
	<-s.released
	return err
}

func (s *Server) releaseOnExit() {
	<-s.process.exited
	cleanUp(s.options, s.lock)
	close(s.released)
}

func cleanUp(opts Options, lock *os.File) {
	if opts.Ephemeral {
		_ = os.RemoveAll(opts.Dir)
	}
	_ = lock.Close()
}

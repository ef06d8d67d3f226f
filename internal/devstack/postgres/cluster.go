package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/rollcall-sync/rollcall/internal/devstack/loopback"
)

const (
	dataFolder = "data"
	logFile    = "postgres.log"
	pollEvery  = 10 * time.Millisecond
)

// cluster is a data folder and what is needed to serve it.
type cluster struct {
	bin   binaries
	opts  Options
	owner owner
}

func (c cluster) dataDir() string { return filepath.Join(c.opts.Dir, dataFolder) }
func (c cluster) logPath() string { return filepath.Join(c.opts.Dir, logFile) }

// init makes the data folder unless it is there. It is made under another name first: an interrupted start leaves no
// half-made one behind.
func (c cluster) init(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(c.dataDir(), "PG_VERSION")); err == nil {
		return nil
	}
	fresh := c.dataDir() + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("clear half-made data folder: %w", err)
	}
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	if err := c.owner.take(fresh); err != nil {
		return err
	}
	if err := c.runInitdb(ctx, fresh); err != nil {
		return err
	}
	if err := os.Rename(fresh, c.dataDir()); err != nil {
		return fmt.Errorf("put data folder in place: %w", err)
	}
	return nil
}

func (c cluster) runInitdb(ctx context.Context, dir string) error {
	ctype := "C.UTF-8"
	if runtime.GOOS == "darwin" {
		ctype = "UTF-8"
	}
	cmd := c.command(exec.CommandContext(ctx, c.bin.initdb, "--username="+superuser, "--auth=trust", "--encoding=UTF8",
		"--locale=C", "--lc-ctype="+ctype, "--no-instructions"))
	if c.opts.Ephemeral {
		cmd.Args = append(cmd.Args, "--no-sync")
	}
	name, opened, err := c.owner.openDataDir(cmd, dir)
	if err != nil {
		return err
	}
	defer opened.Close()
	cmd.Args = append(cmd.Args, "--pgdata="+name)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(string(output)))
	}
	return nil
}

// command sets what all of the server's programs need: an owner, and a working folder that this owner may enter.
func (c cluster) command(cmd *exec.Cmd) *exec.Cmd {
	cmd.Dir = "/"
	cmd.SysProcAttr = c.owner.attributes()
	return cmd
}

// errSharedMemory says that processes of a killed server are still ending; the next attempt may find them gone.
var errSharedMemory = errors.New("an earlier server's memory is still in use")

// launch starts the server and waits until it takes connections. It tries again while an earlier server is still ending, or
// when another process takes the port first.
func (c cluster) launch(ctx context.Context) (*process, int, error) {
	for attempt := 1; ; attempt++ {
		port, err := loopback.FreePort(c.opts.Port)
		if err != nil {
			return nil, 0, err
		}
		proc, err := c.launchOn(ctx, port)
		if err == nil {
			return proc, port, nil
		}
		if !errors.Is(err, errSharedMemory) && (attempt == 3 || !errors.Is(err, errPortTaken)) {
			return nil, 0, err
		}
		select {
		case <-ctx.Done():
			return nil, 0, err
		case <-time.After(20 * pollEvery):
		}
	}
}

var errPortTaken = errors.New("another process took the port")

func (c cluster) launchOn(ctx context.Context, port int) (*process, error) {
	proc, err := c.spawn(port)
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !c.ready(proc.pid()) {
		select {
		case <-proc.exited:
			return nil, c.explainExit()
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("wait for PostgreSQL (log: %s): %w", c.logPath(), ctx.Err()), proc.stop(time.Second))
		case <-tick.C:
		}
	}
	return proc, nil
}

// spawn starts the server with a guard beside it.
func (c cluster) spawn(port int) (*process, error) {
	log, err := os.Create(c.logPath())
	if err != nil {
		return nil, fmt.Errorf("open server log: %w", err)
	}
	defer log.Close()
	cmd := c.command(exec.Command(c.bin.postgres))
	cmd.Stdout, cmd.Stderr = log, log
	name, opened, err := c.owner.openDataDir(cmd, c.dataDir())
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	cmd.Args = append(cmd.Args, "-D", name)
	for _, setting := range c.settings(port) {
		cmd.Args = append(cmd.Args, "-c", setting)
	}
	proc, err := spawn(cmd)
	if err != nil {
		return nil, err
	}
	if err := watch(proc, c.opts); err != nil {
		return nil, errors.Join(err, proc.stop(stopTimeout))
	}
	return proc, nil
}

// settings keep statements and row values, which are personal data, out of the server's log.
func (c cluster) settings(port int) []string {
	settings := []string{
		"listen_addresses=" + loopback.Host, "port=" + strconv.Itoa(port), "unix_socket_directories=",
		"max_connections=200", "max_wal_size=4GB", "checkpoint_timeout=15min",
		"timezone=" + c.opts.TimeZone, "lc_messages=C",
		"log_error_verbosity=terse", "log_min_error_statement=panic",
	}
	if c.opts.Ephemeral {
		return append(settings, "shared_buffers=64MB", "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	}
	return append(settings, "shared_buffers=256MB", "fsync=on")
}

// explainExit turns the log of a server that did not come up into an error.
func (c cluster) explainExit() error {
	content, err := os.ReadFile(c.logPath())
	if err != nil {
		return fmt.Errorf("PostgreSQL ended at once, and its log cannot be read: %w", err)
	}
	text := strings.TrimSpace(string(content))
	switch {
	case strings.Contains(text, "shared memory block"):
		return errSharedMemory
	case strings.Contains(text, "could not bind"):
		return errPortTaken
	}
	return fmt.Errorf("PostgreSQL ended at once: %s", text)
}

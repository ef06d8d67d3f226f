package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// pidFile is where the postmaster writes its process id, and in line 8 its state.
// https://www.postgresql.org/docs/current/storage-file-layout.html
const pidFile = "postmaster.pid"

func (c cluster) pidLines() []string {
	content, err := os.ReadFile(filepath.Join(c.dataDir(), pidFile))
	if err != nil {
		return nil
	}
	return strings.Split(string(content), "\n")
}

func (c cluster) ready(pid int) bool {
	lines := c.pidLines()
	return len(lines) >= 8 && lines[0] == strconv.Itoa(pid) && strings.TrimSpace(lines[7]) == "ready"
}

// stopLeftover ends a server that an earlier process left running on this data folder. When the process id of a dead
// server has since been given to another program, PostgreSQL would take that program for the server and refuse to
// start: the file is removed. The caller holds the folder's lock, so no server in use is touched.
func (c cluster) stopLeftover(ctx context.Context) error {
	lines := c.pidLines()
	if len(lines) == 0 {
		return nil
	}
	pid, err := strconv.Atoi(lines[0])
	if err != nil || pid <= 1 || !alive(pid) {
		return nil
	}
	if !c.servedBy(pid) {
		if err := os.Remove(filepath.Join(c.dataDir(), pidFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove stale %s: %w", pidFile, err)
		}
		return nil
	}
	return endProcess(ctx, pid)
}

// servedBy reports whether the process is a PostgreSQL that works in this data folder.
func (c cluster) servedBy(pid int) bool {
	if cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); err == nil {
		real, err := filepath.EvalSymlinks(c.dataDir())
		return err == nil && cwd == real
	}
	command, err := exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(command), "postgres") && strings.Contains(string(command), c.dataDir())
}

func endProcess(ctx context.Context, pid int) error {
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop leftover PostgreSQL %d: %w", pid, err)
	}
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for alive(pid) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("leftover PostgreSQL %d does not stop: end it and start again", pid)
		case <-tick.C:
		}
	}
	return nil
}

// alive reports whether a process has this id. One that has ended but that nobody has waited for yet counts as gone.
func alive(pid int) bool {
	if err := syscall.Kill(pid, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}

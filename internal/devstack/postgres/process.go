package postgres

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// ErrInUse says that another living process runs a server on the folder.
var ErrInUse = errors.New("the folder is in use by another process")

// process is a child process that is waited for.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{}
}

func spawn(cmd *exec.Cmd) (*process, error) {
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(cmd.Path), err)
	}
	proc := &process{cmd: cmd, exited: make(chan struct{})}
	go func() {
		defer close(proc.exited)
		_ = cmd.Wait()
	}()
	return proc, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// stop asks for a fast shutdown (SIGINT), after the time allowed for an immediate one (SIGQUIT), and at last kills.
// https://www.postgresql.org/docs/current/server-shutdown.html
func (p *process) stop(within time.Duration) error {
	steps := []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, within}, {syscall.SIGQUIT, time.Second}, {syscall.SIGKILL, time.Second}}
	for _, step := range steps {
		if err := p.cmd.Process.Signal(step.signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stop PostgreSQL %d: %w", p.pid(), err)
		}
		select {
		case <-p.exited:
			return nil
		case <-time.After(step.wait):
		}
	}
	return fmt.Errorf("PostgreSQL %d does not end", p.pid())
}

// lockDir makes the folder and locks it for the life of this process. Where the owner of the server is another user, the
// folder stays ours: only the data folder in it is handed over.
func lockDir(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", dir, ErrInUse)
	}
	return file, nil
}

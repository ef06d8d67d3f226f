package devstack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/rollcall-sync/rollcall/internal/devstack/temporal"
)

// processVariable, when set, makes a program that calls RunProcess one of the services instead of
// what it would be.
const processVariable = "ROLLCALL_DEV_PROCESS"

// processOptions travel to the process in a variable.
type processOptions struct {
	Name        string
	Environment map[string]string
	Temporal    temporal.Options
}

// stopWithin is how long a process may take to stop before it is killed.
const stopWithin = 7 * time.Second

// inOwnProcess runs a service in a process of its own: this very program, started once more.
func (all *services) inOwnProcess(_ context.Context, name string) (*service, error) {
	options := processOptions{Name: name}
	if name == nameTemporal {
		options.Temporal = all.temporalOptions()
		options.Temporal.Logger = nil
	} else {
		options.Environment = all.stack.environment()
	}
	text, err := json.Marshal(options)
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(filepath.Join(all.stack.opts.Dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.Command(program)
	command.Env = append(os.Environ(), processVariable+"="+string(text))
	command.Stdout, command.Stderr = log, log
	// Ctrl-C in the terminal is for this process, which stops the others in order.
	command.SysProcAttr = processAttributes()
	done, err := startBoundToUs(command, log)
	if err != nil {
		return nil, err
	}
	return &service{name: name, pid: command.Process.Pid, done: done, stop: func() error { return stopProcess(command, done) }}, nil
}

// startBoundToUs starts the command on a thread that lives as long as it does: where the system can
// end a child with its parent, the parent is the thread.
func startBoundToUs(command *exec.Cmd, log *os.File) (<-chan struct{}, error) {
	started, done := make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer close(done)
		defer func() { _ = log.Close() }()
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait()
		}
	}()
	return done, <-started
}

func stopProcess(command *exec.Cmd, done <-chan struct{}) error {
	if err := command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop process %d: %w", command.Process.Pid, err)
	}
	select {
	case <-done:
		return nil
	case <-time.After(stopWithin):
		_ = command.Process.Kill()
		<-done
		return fmt.Errorf("process %d had to be killed", command.Process.Pid)
	}
}

// RunProcess is called first thing by every program that runs a Stack with Processes. In a process
// that was started as a service it runs that service and does not return.
func RunProcess() {
	text, ok := os.LookupEnv(processVariable)
	if !ok {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	slog.SetDefault(log)
	if err := runProcess(ctx, text, log); err != nil {
		log.Error("service ended", "error", err)
		stop()
		os.Exit(1)
	}
	stop()
	os.Exit(0)
}

func runProcess(ctx context.Context, text string, log *slog.Logger) error {
	var options processOptions
	if err := json.Unmarshal([]byte(text), &options); err != nil {
		return err
	}
	if options.Name != nameTemporal {
		return untilReachable(ctx, func() error { return runService(ctx, options.Name, options.Environment, Options{Log: log}) })
	}
	options.Temporal.Logger = log
	server, err := temporal.Start(ctx, options.Temporal)
	if err != nil {
		return err
	}
	<-ctx.Done()
	return server.Stop()
}

// untilReachable starts a service anew while what it needs is not there yet, as a process manager
// would, for as long as half a minute.
func untilReachable(ctx context.Context, run func() error) error {
	give := time.Now().Add(30 * time.Second)
	for {
		err := run()
		if err == nil || ctx.Err() != nil || time.Now().After(give) {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(500 * time.Millisecond):
		}
	}
}

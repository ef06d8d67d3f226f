package devstack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/rollcall-sync/rollcall/internal/config"
	"github.com/rollcall-sync/rollcall/internal/devstack/loopback"
	"github.com/rollcall-sync/rollcall/internal/devstack/temporal"
	"github.com/rollcall-sync/rollcall/internal/engine"
	"github.com/rollcall-sync/rollcall/internal/service/starter"
	"github.com/rollcall-sync/rollcall/internal/service/worker"
)

// The names of the services, in the order in which they are stopped.
const (
	nameWorker   = "worker"
	nameStarter  = "starter"
	nameTemporal = "temporal"
)

// service is a running part: it ends when told to, or by itself.
type service struct {
	name string
	pid  int
	stop func() error // ends it and waits for its end
	done <-chan struct{}
}

// services runs Temporal, worker and starter, in this process or each in its own.
type services struct {
	stack  *Stack
	failed chan error

	mu       sync.Mutex
	running  map[string]*service
	stopping bool
	watchers sync.WaitGroup
}

func newServices(s *Stack) *services {
	return &services{stack: s, failed: make(chan error, 4), running: map[string]*service{}}
}

// startTemporal starts the Temporal server and waits until it takes connections.
func (all *services) startTemporal(ctx context.Context) error {
	if err := all.launch(ctx, nameTemporal); err != nil {
		return err
	}
	return accepts(ctx, loopback.Address(all.stack.ports.temporal))
}

// startRollcall starts worker and starter and waits until the starter is ready.
func (all *services) startRollcall(ctx context.Context) error {
	for _, name := range []string{nameWorker, nameStarter} {
		if err := all.launch(ctx, name); err != nil {
			return err
		}
	}
	if all.stack.opts.Processes && all.stack.postgres != nil {
		all.watchers.Go(all.watchPostgres)
	}
	return all.ready(ctx)
}

// ready waits until the starter is ready, or a service has ended.
func (all *services) ready(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answer := make(chan error, 1)
	go func() { answer <- answers(ctx, all.stack.StarterURL()+"/readyz") }()
	select {
	case err := <-answer:
		return err
	case err := <-all.failed:
		return err
	}
}

// launch starts a service and watches over it.
func (all *services) launch(ctx context.Context, name string) error {
	start := all.inProcess
	if all.stack.opts.Processes {
		start = all.inOwnProcess
	}
	service, err := start(context.WithoutCancel(ctx), name)
	if err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	all.mu.Lock()
	all.running[name] = service
	all.mu.Unlock()
	all.watchers.Go(func() { all.watch(service) })
	return nil
}

// inProcess runs a service in a goroutine.
func (all *services) inProcess(ctx context.Context, name string) (*service, error) {
	if name == nameTemporal {
		return all.embedTemporal(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := runService(ctx, name, all.stack.environment(), all.stack.opts); err != nil {
			all.report(fmt.Errorf("%s: %w", name, err))
		}
	}()
	stop := func() error {
		cancel()
		<-done
		return nil
	}
	return &service{name: name, pid: os.Getpid(), stop: stop, done: done}, nil
}

func (all *services) embedTemporal(ctx context.Context) (*service, error) {
	server, err := temporal.Start(ctx, all.temporalOptions())
	if err != nil {
		return nil, err
	}
	done := make(chan struct{})
	stop := func() error {
		defer close(done)
		return server.Stop()
	}
	return &service{name: nameTemporal, pid: os.Getpid(), stop: stop, done: done}, nil
}

func (all *services) temporalOptions() temporal.Options {
	s := all.stack
	options := temporal.Options{
		Dir: filepath.Join(s.opts.Dir, "temporal"), FrontendPort: s.ports.temporal, UIPort: s.ports.ui,
		CodecEndpoint: s.StarterURL() + "/codec/" + s.codec, Namespace: engine.Namespace,
		Retention: 90 * 24 * time.Hour, SearchAttributes: engine.SearchAttributes(), Logger: s.opts.Log,
	}
	if s.opts.Ephemeral {
		options.Dir = ""
	}
	return options
}

// runService runs worker or starter until ctx is done.
func runService(ctx context.Context, name string, environment map[string]string, opts Options) error {
	tc := engine.Options{HostPort: environment["TEMPORAL_ADDRESS"], Namespace: environment["TEMPORAL_NAMESPACE"]}
	log := opts.Log.With("service", name)
	switch name {
	case nameWorker:
		c, err := config.ForWorker(environment)
		if err != nil {
			return err
		}
		return worker.Run(ctx, c, tc, log)
	case nameStarter:
		c, err := config.ForStarter(environment)
		if err != nil {
			return err
		}
		return starter.Run(ctx, c, tc, log)
	default:
		return errors.New("there is no service " + name)
	}
}

// watch waits for a service's end. One that ran in a process of its own is started again.
func (all *services) watch(ended *service) {
	<-ended.done
	all.mu.Lock()
	stopping := all.stopping
	all.mu.Unlock()
	if stopping || !all.stack.opts.Processes {
		return
	}
	all.revive(ended.name, func(ctx context.Context) error { return all.launch(ctx, ended.name) })
}

func (all *services) watchPostgres() {
	<-all.stack.postgres.Done()
	all.mu.Lock()
	stopping := all.stopping
	all.mu.Unlock()
	if !stopping {
		all.revive("postgres", all.stack.startPostgres)
		all.watchers.Go(all.watchPostgres)
	}
}

// revive starts a part again, and says so.
func (all *services) revive(name string, start func(context.Context) error) {
	_, _ = fmt.Fprintf(all.stack.opts.Out, "%s has ended; starting it again.\n", name)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := start(ctx); err != nil {
		all.report(fmt.Errorf("start %s again: %w", name, err))
		return
	}
	if err := all.stack.WriteDescription(); err != nil {
		all.report(err)
	}
}

func (all *services) report(err error) {
	select {
	case all.failed <- err:
	default:
	}
}

// stop ends worker and starter together, then Temporal.
func (all *services) stop() error {
	all.mu.Lock()
	all.stopping = true
	all.mu.Unlock()
	var errs []error
	var both sync.WaitGroup
	results := make(chan error, 2)
	for _, name := range []string{nameWorker, nameStarter} {
		both.Go(func() { results <- all.end(name) })
	}
	both.Wait()
	errs = append(errs, <-results, <-results, all.end(nameTemporal))
	return errors.Join(errs...)
}

func (all *services) end(name string) error {
	all.mu.Lock()
	service := all.running[name]
	delete(all.running, name)
	all.mu.Unlock()
	if service == nil {
		return nil
	}
	return service.stop()
}

func (all *services) pids() PIDs {
	all.mu.Lock()
	defer all.mu.Unlock()
	pid := func(name string) int {
		if service := all.running[name]; service != nil {
			return service.pid
		}
		return 0
	}
	pids := PIDs{Worker: pid(nameWorker), Starter: pid(nameStarter), Temporal: pid(nameTemporal)}
	if all.stack.postgres != nil {
		pids.Postgres = all.stack.postgres.PID
	}
	return pids
}

// accepts waits until something listens on the address.
func accepts(ctx context.Context, address string) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		connection, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			return connection.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", address, ctx.Err())
		case <-tick.C:
		}
	}
}

// Package keeper keeps the directory of a simulated tenant in a file, so that a program that is
// killed loses the changes of the last second at most.
package keeper

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// pause is how long a keeper rests after writing.
const pause = time.Second

// Keeper writes a directory to its file whenever it has changed.
type Keeper struct {
	path  string
	write func(io.Writer) (int64, error) // writes the directory as it is now
	log   *slog.Logger

	changed chan struct{}
	stopped chan struct{}
	ended   chan error
}

// New makes a keeper that writes the file at once, and then after each change.
func New(path string, write func(io.Writer) (int64, error), log *slog.Logger) *Keeper {
	k := &Keeper{path: path, write: write, log: log, changed: make(chan struct{}, 1), stopped: make(chan struct{}), ended: make(chan error, 1)}
	k.note()
	go func() { k.ended <- k.run() }()
	return k
}

// Around has every change that is made through the control plane written.
func (k *Keeper) Around(tenant http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tenant.ServeHTTP(w, r)
		if r.Method != http.MethodGet && strings.HasPrefix(r.URL.Path, "/_sim/") && !strings.HasPrefix(r.URL.Path, "/_sim/faults") {
			k.note()
		}
	})
}

func (k *Keeper) note() {
	select {
	case k.changed <- struct{}{}:
	default:
	}
}

// Stop writes what is not written yet. Call it once, when there are no requests any more.
func (k *Keeper) Stop() error {
	close(k.stopped)
	return <-k.ended
}

func (k *Keeper) run() error {
	for {
		select {
		case <-k.stopped:
			return k.last()
		case <-k.changed:
		}
		if err := k.save(); err != nil {
			k.log.Error("simulated tenant is not saved", "error", err)
			k.note()
		}
		select {
		case <-k.stopped:
			return k.last()
		case <-time.After(pause):
		}
	}
}

func (k *Keeper) last() error {
	select {
	case <-k.changed:
		return k.save()
	default:
		return nil
	}
}

func (k *Keeper) save() error {
	file, err := os.OpenFile(k.path+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("save simulated tenant: %w", err)
	}
	_, err = k.write(file)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(file.Name(), k.path)
	}
	if err != nil {
		return fmt.Errorf("save simulated tenant in %s: %w", filepath.Base(k.path), err)
	}
	return nil
}

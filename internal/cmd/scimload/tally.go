package main

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"
)

// tally is what became of the requests of one client, or of all.
type tally struct {
	took   []time.Duration // of those that were answered as they should be
	errors int
	first  error
}

func (t *tally) add(took time.Duration, err error) {
	if err == nil {
		t.took = append(t.took, took)
		return
	}
	t.errors++
	if t.first == nil {
		t.first = err
	}
}

// drive has each worker do its work again and again, one after the other, as long as there is more
// to do, and tells what came of it and how long it took in all.
func drive[W any](ctx context.Context, workers []W, more func() bool, do func(context.Context, W) error) (tally, time.Duration) {
	tallies := make([]tally, len(workers))
	var working sync.WaitGroup
	begun := time.Now()
	for i, worker := range workers {
		working.Go(func() {
			for ctx.Err() == nil && more() {
				start := time.Now()
				err := do(ctx, worker)
				tallies[i].add(time.Since(start), err)
			}
		})
	}
	working.Wait()
	took := time.Since(begun)
	var all tally
	for _, t := range tallies {
		all.took = append(all.took, t.took...)
		all.errors += t.errors
		if all.first == nil {
			all.first = t.first
		}
	}
	slices.Sort(all.took)
	return all, took
}

// measure drives workers and says what came of it.
func measure[W any](ctx context.Context, m meter, name string, workers []W, more func() bool, do func(context.Context, W) error) (Phase, error) {
	before, err := m.read()
	if err != nil {
		return Phase{}, err
	}
	t, took := drive(ctx, workers, more, do)
	after, err := m.read()
	measured := newPhase(name, t, took)
	measured.spend(before, after, runtime.NumCPU())
	return measured, errors.Join(err, ctx.Err())
}

// failed is the first error of the phase's requests.
func (p Phase) failed() error {
	if p.Errors == 0 {
		return nil
	}
	return errors.New(p.FirstError)
}

// forAsLongAs is more to do until the time is up.
func forAsLongAs(d time.Duration) func() bool {
	end := time.Now().Add(d)
	return func() bool { return time.Now().Before(end) }
}

// percentile of the sorted times, by nearest rank; 0 when there is none.
func percentile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max((len(sorted)*percent+99)/100-1, 0)]
}

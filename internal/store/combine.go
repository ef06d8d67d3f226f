package store

import (
	"sync"
	"time"
)

// combiner runs what is asked for under one key together: what comes while a round is under way
// waits for the next one and shares it. It makes one transaction of many small ones that would
// otherwise wait for each other, each for as long as a commit takes.
type combiner[T any] struct {
	mu      sync.Mutex
	waiting map[string][]T // by key; present while rounds of the key are run
}

// add has run called with item and whatever else is asked for under the key, at most limit at a time. It
// does not wait for it.
func (c *combiner[T]) add(key string, item T, limit int, run func([]T)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting == nil {
		c.waiting = map[string][]T{}
	}
	items, running := c.waiting[key]
	c.waiting[key] = append(items, item)
	if !running {
		go c.run(key, limit, run)
	}
}

// linger is how long a round that follows one of several waits for more to share it: whoever was
// answered is about to ask again.
const linger = 500 * time.Microsecond

func (c *combiner[T]) run(key string, limit int, run func([]T)) {
	for {
		items := c.take(key, limit)
		if len(items) == 0 {
			return
		}
		run(items)
		if len(items) > 1 {
			time.Sleep(linger)
		}
	}
}

// take is the next items of the key. When there are none, the next add begins anew.
func (c *combiner[T]) take(key string, limit int) []T {
	c.mu.Lock()
	defer c.mu.Unlock()
	items := c.waiting[key]
	n := min(len(items), limit)
	if n == 0 {
		delete(c.waiting, key)
		return nil
	}
	c.waiting[key] = items[n:]
	return items[:n:n]
}

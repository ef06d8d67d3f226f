package starter

import (
	"context"
	"sync"
	"time"
)

// rest is how long an account is left alone once what waits in it was woken.
const rest = time.Second

// waker has what waits in accounts woken without anybody waiting for it: at once, but at most once a
// second for each account; who asks in between is heard at the end of it.
type waker struct {
	wake func(accountID string)

	mu      sync.Mutex
	resting map[string]bool // by account: whether somebody asked in between
}

// waking passes on in which account something may wait, until ctx is done.
func waking(ctx context.Context, wake func(ctx context.Context, accountID string)) func(accountID string) {
	w := &waker{resting: map[string]bool{}, wake: func(accountID string) {
		if ctx.Err() == nil {
			wake(ctx, accountID)
		}
	}}
	return w.ask
}

func (w *waker) ask(accountID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, resting := w.resting[accountID]; resting {
		w.resting[accountID] = true
		return
	}
	w.resting[accountID] = false
	go func() {
		w.wake(accountID)
		time.AfterFunc(rest, func() { w.rested(accountID) })
	}()
}

func (w *waker) rested(accountID string) {
	w.mu.Lock()
	asked := w.resting[accountID]
	delete(w.resting, accountID)
	w.mu.Unlock()
	if asked {
		w.ask(accountID)
	}
}

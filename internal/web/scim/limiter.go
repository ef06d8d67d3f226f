package scim

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// forget is how often the limits of tokens that rest are dropped.
const forget = time.Minute

// limiter keeps each token to a number of requests a second. It knows valid tokens alone, and only
// while they are in use.
type limiter struct {
	perSecond int

	mu     sync.Mutex
	tokens map[string]*rate.Limiter // by token id
	swept  time.Time
}

func newLimiter(perSecond int) *limiter {
	return &limiter{perSecond: perSecond, tokens: map[string]*rate.Limiter{}}
}

// take counts n requests of a token, or says how long to wait before they are asked for again and counts
// none. Beyond the burst they cost nothing, so that a token that has rested can pay for one request and
// as many operations as it may have.
func (l *limiter) take(tokenID string, n int, now time.Time) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	limit := l.tokens[tokenID]
	if limit == nil {
		limit = rate.NewLimiter(rate.Limit(l.perSecond), 2*l.perSecond)
		l.tokens[tokenID] = limit
	}
	taken := limit.ReserveN(now, min(n, limit.Burst()-1))
	if wait = taken.DelayFrom(now); wait > 0 {
		taken.CancelAt(now)
	}
	return wait
}

// sweep drops limits that are back at their beginning.
func (l *limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < forget {
		return
	}
	l.swept = now
	for id, limit := range l.tokens {
		if limit.TokensAt(now) >= float64(limit.Burst()) {
			delete(l.tokens, id)
		}
	}
}

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

// allow counts a request of a token and says whether it may go on.
func (l *limiter) allow(tokenID string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	limit := l.tokens[tokenID]
	if limit == nil {
		limit = rate.NewLimiter(rate.Limit(l.perSecond), 2*l.perSecond)
		l.tokens[tokenID] = limit
	}
	return limit.AllowN(now, 1)
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

package scim

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLimiterKeepsEachTokenToItsRate(t *testing.T) {
	t.Parallel()
	l, now := newLimiter(10), time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	allowed := func(token string) (n int) {
		for range 1000 {
			if l.take(token, 1, now) == 0 {
				n++
			}
		}
		return n
	}
	require.Equal(t, 20, allowed("a"), "a burst of twice the rate")
	require.Equal(t, 20, allowed("b"), "a token does not pay for another")
	now = now.Add(time.Second)
	require.Equal(t, 10, allowed("a"))
}

func TestLimiterTakesSeveralAtOnceOrNone(t *testing.T) {
	t.Parallel()
	l, now := newLimiter(500), time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	require.Zero(t, l.take("a", 1, now))
	require.Zero(t, l.take("a", 999, now), "a bulk request of 1,000 operations")
	require.Equal(t, 2*time.Second-2*time.Millisecond, l.take("a", 999, now))
	require.Equal(t, 2*time.Millisecond, l.take("a", 1, now), "what is refused costs nothing")
	slow := newLimiter(1)
	require.Zero(t, slow.take("a", 1, now))
	require.Zero(t, slow.take("a", 999, now), "who asks for more than any token may pays all that it has")
	require.NotZero(t, slow.take("a", 1, now))
}

func TestLimiterForgetsTokensThatRest(t *testing.T) {
	t.Parallel()
	l, now := newLimiter(1), time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for i := range 10_000 {
		require.Zero(t, l.take(fmt.Sprint(i), 1, now))
	}
	now = now.Add(forget)
	require.Zero(t, l.take("one more", 1, now))
	require.Len(t, l.tokens, 1)
}

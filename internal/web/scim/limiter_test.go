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
			if l.allow(token, now) {
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

func TestLimiterForgetsTokensThatRest(t *testing.T) {
	t.Parallel()
	l, now := newLimiter(1), time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for i := range 10_000 {
		require.True(t, l.allow(fmt.Sprint(i), now))
	}
	now = now.Add(forget)
	require.True(t, l.allow("one more", now))
	require.Len(t, l.tokens, 1)
}
